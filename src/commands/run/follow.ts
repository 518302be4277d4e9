/**
 * A run from its first look at the objects to its exit code: source, pipeline, kernel, loop and view put together.
 */
import { type LoopResult, runLoop, type SyncReport } from '../../agent/loop.ts'
import type { Pipeline } from '../../agent/pipeline.ts'
import type { Problem } from '../../objects/types.ts'
import type { Entry } from '../../program/types.ts'
import type { SourceUpdate } from '../../sources/source.ts'
import { withAddresses } from '../../sources/with-addresses.ts'
import { counted } from '../../terminal/amounts.ts'
import { canErase, openProgress } from '../../terminal/progress.ts'
import { Failure } from '../failure.ts'
import { isError } from '../problems.ts'
import { Whereabouts } from '../whereabouts.ts'
import { ENDED_READING, whileReading } from '../while-reading.ts'
import { documentView } from './document-view.ts'
import { openWithFirst } from './first-update.ts'
import { flowCleaner } from './flows.ts'
import { type Job, openParts, openSource, seesAddresses } from './job.ts'
import { logSync } from './log.ts'
import { ownNodeWatch } from './own-node.ts'
import { makeSysctls } from './sysctls.ts'
import { textView } from './text-view.ts'
import { tidier } from './tidy.ts'
import type { Scene, View } from './view.ts'

/** Resolves to the exit code. Throws Failure. */
export const follow = async <E extends Entry>(job: Job<E>): Promise<number> => {
  const { io, values } = job
  const timeUp = new AbortController()
  const signal = AbortSignal.any([io.signal, timeUp.signal])
  if (values.for !== undefined) void io.clock.sleep(values.for, signal).then(() => timeUp.abort())
  try {
    return await followUntil(job, signal)
  } finally {
    timeUp.abort()
  }
}

const followUntil = async <E extends Entry>(
  asked: Job<E>,
  signal: AbortSignal,
): Promise<number> => {
  const { io, values, backend } = asked
  let view: View<E> | undefined
  const opened = await firstLook(asked, says => view?.caption(says), signal)
  if (opened === undefined) {
    if (values.once) throw new Failure(ENDED_READING)
    io.stderr.write(`${ENDED_READING}\n`)
    return 0
  }
  const { job, kernel: openedKernel, pipeline } = await openParts(asked, opened.first)
  await using kernel = openedKernel
  const scene = sceneOf(job, opened.first, pipeline)
  view = viewOf(scene, job)
  const record = newRecord(job, pipeline, view)
  const watchOwnNode = ownNodeWatch(job.setting.nodeName, record.problems)
  if (!job.dryRun) await makeSysctls({ backend, facts: pipeline.facts, io, log: job.log })
  const source = opened.source(({ events }) => {
    if (isShown(job)) scene.whereabouts.note(events)
    watchOwnNode(events)
  })
  const tidy = tidier(io, signal)
  const result = await runLoop({
    source: seesAddresses(job)
      ? withAddresses(source, {
          list: io.interfaceAddresses,
          everyMs: ADDRESSES_EVERY_MS,
          clock: io.clock,
        })
      : source,
    pipeline,
    backend,
    kernel,
    clock: io.clock,
    signal,
    once: values.once,
    onSync: report => {
      record.sync(report)
      if (!values.once) tidy()
    },
    onProblems: record.problems,
    ...(job.dryRun ? {} : { afterSync: flowCleaner(job.log) }),
  })
  if (!values.once) record.end()
  return exitCode(job, result, record.isFlawed())
}

/** How soon a new address of the node counts for its node ports. */
const ADDRESSES_EVERY_MS = 5000

const firstLook = async <E extends Entry>(
  job: Job<E>,
  onStep: (says: string) => void,
  signal: AbortSignal,
): ReturnType<typeof openWithFirst> => {
  const { io, setting } = job
  using progress = openProgress(io.stderr.write, canErase(io.env, io.stderr.isTerminal))
  progress.say(`reading ${setting.from}`)
  const source = await openSource(job, onStep)
  const opened = await whileReading(openWithFirst(source, signal, job.report), signal)
  const first = opened?.first
  if (first?.events.length === 0 && first.problems.some(isError)) {
    progress[Symbol.dispose]()
    job.report(first.problems)
    throw new Failure('no object could be read, so nothing was done')
  }
  return opened
}

const sceneOf = <E extends Entry>(
  { backend, setting, values, dryRun, privileged, obstacle = 'that needs root' }: Job<E>,
  { events }: SourceUpdate,
  pipeline: Pipeline<E>,
): Scene<E> => {
  const objects = events.flatMap(event => (event.type === 'set' ? [event.object] : []))
  const slices = objects.filter(object => object.kind === 'EndpointSlice')
  return {
    backend,
    pipeline,
    whereabouts: new Whereabouts(),
    nodeName: setting.nodeName,
    dryRun,
    from: setting.from,
    totals: {
      nodes: objects.filter(({ kind }) => kind === 'Node').length,
      services: objects.filter(({ kind }) => kind === 'Service').length,
      endpoints: slices.reduce((total, slice) => total + slice.endpoints.length, 0),
    },
    kernelView: values.demo ? 'none' : privileged ? 'seen' : 'unseen',
    obstacle,
    goesOn: !values.once && values.for === undefined,
    verbosity: values.verbose,
  }
}

/** A run that writes shows its changes only on request: its log says what it does. */
const isShown = <E extends Entry>({ values, dryRun }: Job<E>): boolean =>
  dryRun || values.verbose > 0 || (values.output ?? 'text') !== 'text'

const viewOf = <E extends Entry>(scene: Scene<E>, job: Job<E>): View<E> => {
  const { output = 'text' } = job.values
  if (output !== 'text') return documentView(scene, output, job.io)
  if (isShown(job)) return textView(scene, job.io)
  return {
    sync: () => undefined,
    problems: () => undefined,
    caption: () => undefined,
  }
}

/** What is told of a run while it goes on, and remembered for its end. */
interface RunRecord<E extends Entry> {
  readonly sync: (report: SyncReport<E>) => void
  readonly problems: (problems: readonly Problem[]) => void
  readonly end: () => void
  /** Something in the input was bad, or the kernel would not take some of it. */
  readonly isFlawed: () => boolean
}

const newRecord = <E extends Entry>(
  { io, dryRun, backend, setting, log, report }: Job<E>,
  pipeline: Pipeline<E>,
  view: View<E>,
): RunRecord<E> => {
  let flawed = false
  let syncs = 0
  if (!dryRun)
    log.info('started', {
      mode: backend.name,
      node: setting.nodeName,
      from: setting.from,
    })
  return {
    sync: done => {
      syncs++
      if (done.outcome === 'failed' && done.withheld.length > 0) flawed = true
      view.sync(done)
      if (!dryRun || done.outcome === 'failed') logSync(log, done, pipeline)
    },
    problems: problems => {
      if (problems.length === 0) return
      report(problems)
      view.problems(problems)
      flawed ||= problems.some(isError)
    },
    end: () => {
      if (dryRun) io.stderr.write(`ended after ${counted(syncs, 'sync')}; nothing was written\n`)
      else log.info('ended; the rules stay as they are', { syncs })
    },
    isFlawed: () => flawed,
  }
}

const exitCode = <E extends Entry>(
  { values, dryRun }: Job<E>,
  { synced, changed }: LoopResult,
  isFlawed: boolean,
): number => {
  if (!values.once) return 0
  if (!synced || isFlawed) return 2
  return dryRun && changed ? 1 : 0
}
