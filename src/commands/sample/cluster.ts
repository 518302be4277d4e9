/**
 * The API server behind the sample cluster: the simulator with the objects of a text, written to and followed over the
 * wire. It ends with the signal.
 */
import type { ClusterEvent, EndpointSlice, Problem, SliceEndpoint } from '../../objects/types.ts'
import { realClock } from '../../ports/clock.ts'
import type { SourceUpdate } from '../../sources/source.ts'

interface SampleCluster {
  /** What was told until `isEnough` of it holds, as one update. null: the signal has aborted. */
  readonly next: (isEnough: (update: SourceUpdate) => boolean) => Promise<SourceUpdate | null>
  /** Puts a slice in the place of the one of its name. */
  readonly write: (slice: EndpointSlice) => Promise<void>
}

export const openSampleCluster = async (
  objects: string,
  nodeName: string,
  signal: AbortSignal,
): Promise<SampleCluster> => {
  // The API's type maps take half a second to load, which only the sample should wait for.
  const [{ startSimulator }, { openClient }, { clusterSource }] = await Promise.all([
    import('../../simulator/simulator.ts'),
    import('../../sources/cluster/client.ts'),
    import('../../sources/cluster.ts'),
  ])
  const simulator = await startSimulator({ tls: false, apiService: false, objects: [objects] })
  if (signal.aborted) await simulator.close()
  else signal.addEventListener('abort', () => void simulator.close(), { once: true })
  const client = openClient({ text: simulator.kubeconfig })
  // Not the clock of the story: a server that does not answer keeps nobody's time.
  const timing = { random: Math.random, sleep: realClock.sleep }
  const updates = clusterSource({ client, nodeName, timing })(signal)[Symbol.asyncIterator]()
  return {
    next: async isEnough => {
      const events: ClusterEvent[] = []
      const problems: Problem[] = []
      for (;;) {
        const told = await updates.next()
        if (told.done === true) return null
        events.push(...told.value.events)
        problems.push(...told.value.problems)
        const update = { events, problems, synced: told.value.synced }
        if (isEnough(update)) return update
      }
    },
    write: async slice => {
      const { url, adminToken } = simulator
      const path = `/apis/discovery.k8s.io/v1/namespaces/${slice.namespace}/endpointslices/${slice.name}`
      const answer = await fetch(`${url}${path}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(rawSlice(slice)),
        signal,
      })
      if (!answer.ok) throw new Error(`PUT ${path}: ${await answer.text()}`)
    },
  }
}

const rawSlice = ({
  namespace,
  name,
  service,
  family,
  ports,
  endpoints,
}: EndpointSlice): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name, labels: { 'kubernetes.io/service-name': service } },
  addressType: family,
  ports,
  endpoints: endpoints.map(rawEndpoint),
})

const rawEndpoint = (endpoint: SliceEndpoint): object => {
  const { ip, nodeName, ready, serving, terminating, zoneHints, nodeHints } = endpoint
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(nodeName === null ? {} : { nodeName }),
    ...(zoneHints.length + nodeHints.length === 0
      ? {}
      : {
          hints: {
            forZones: zoneHints.map(name => ({ name })),
            forNodes: nodeHints.map(name => ({ name })),
          },
        }),
  }
}
