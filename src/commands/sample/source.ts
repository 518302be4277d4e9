/**
 * The sample cluster as a source: a simulator plays it, and is followed over the wire like any API server. First comes
 * what stands in cluster.yaml, then the story, again and again, until the signal aborts. Whoever listens hears what each
 * step is about before its events arrive.
 */
import { fileURLToPath } from 'node:url'
import { objectKey } from '../../objects/key.ts'
import type { ClusterEvent, EndpointSlice, SliceEndpoint } from '../../objects/types.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Source } from '../../sources/source.ts'
import { openSampleCluster } from './cluster.ts'
import { type Edit, STORY, type Step } from './story.ts'

const fileBeside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const SAMPLE_CLUSTER: string = fileBeside('cluster.yaml')
export const SAMPLE_CONFIG: string = fileBeside('kubeproxy.yaml')

interface SampleOptions {
  readonly clock: Clock
  readonly readFile: (path: string) => Promise<string>
  readonly onStep: (says: string) => void
  readonly nodeName: string
}

export const sampleSource = ({ clock, readFile, onStep, nodeName }: SampleOptions): Source =>
  async function* (signal) {
    const cluster = await openSampleCluster(await readFile(SAMPLE_CLUSTER), nodeName, signal)
    const start = await cluster.next(({ synced }) => synced)
    if (start === null) return
    yield start
    let slices = slicesOf(start.events)
    while (!signal.aborted)
      for (const step of STORY) {
        await clock.sleep(step.after, signal)
        if (signal.aborted) return
        const next = playStep(slices, step)
        slices = next.slices
        onStep(step.says)
        const changed = slicesOf(next.events)
        for (const slice of changed.values()) await cluster.write(slice)
        const update = await cluster.next(({ events }) => slicesOf(events).size >= changed.size)
        if (update === null) return
        yield update
      }
  }

/** The slices by `namespace/name`. */
export type Slices = ReadonlyMap<string, EndpointSlice>

export const slicesOf = (events: readonly ClusterEvent[]): Slices =>
  new Map(
    events
      .flatMap(event => (event.type === 'set' ? [event.object] : []))
      .filter(object => object.kind === 'EndpointSlice')
      .map(slice => [objectKey(slice).replace('EndpointSlice ', ''), slice]),
  )

/** One step: the slices after it, and the events that tell of it. */
export const playStep = (
  before: Slices,
  { edits }: Step,
): { readonly slices: Slices; readonly events: readonly ClusterEvent[] } => {
  const slices = new Map(before)
  const touched = new Set(edits.map(({ slice }) => slice))
  for (const edit of edits) {
    const slice = slices.get(edit.slice)
    if (slice !== undefined)
      slices.set(edit.slice, { ...slice, endpoints: edited(slice.endpoints, edit) })
  }
  const events = [...touched].flatMap((name): readonly ClusterEvent[] => {
    const object = slices.get(name)
    return object === undefined ? [] : [{ type: 'set', object }]
  })
  return { slices, events }
}

const edited = (endpoints: readonly SliceEndpoint[], edit: Edit): readonly SliceEndpoint[] => {
  const others = endpoints.filter(({ ip }) => ip !== edit.ip)
  if (edit.to === 'remove') return others
  if (edit.to === 'add') return [...others, newEndpoint(edit.ip, edit.node)]
  const ready = edit.to === 'ready'
  const terminating = edit.to === 'terminating'
  // A pod that is told to stop still answers until it ends.
  const conditions = { ready, serving: ready || terminating, terminating }
  return endpoints.map(each => (each.ip === edit.ip ? { ...each, ...conditions } : each))
}

const newEndpoint = (ip: string, nodeName: string): SliceEndpoint => ({
  ip,
  nodeName,
  ready: true,
  serving: true,
  terminating: false,
  zoneHints: [],
  nodeHints: [],
})
