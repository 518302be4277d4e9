/**
 * A proxy under test: one case's pipeline with one backend behind it, its entry type closed over so that tests can
 * hold all backends in one table. Clusters in; program text, traces and, through a kernel, rules out.
 */
import type { PortChange } from '../../src/agent/conntrack.ts'
import { Pipeline } from '../../src/agent/pipeline.ts'
import type { Backend, BackendIo, Packet, Trace } from '../../src/backend.ts'
import type { ProxyConfig } from '../../src/config/types.ts'
import type { PortState } from '../../src/model/types.ts'
import type { NodeFacts, PortPlan } from '../../src/plan/types.ts'
import { diff } from '../../src/program/program.ts'
import type { Change, Entry } from '../../src/program/types.ts'
import { type Cluster, EMPTY_CLUSTER, eventsBetween, type NodeSetting } from './cases.ts'
import { isNodeAddress } from './network.ts'

export interface ProxyUnderTest {
  /** The cluster is now this one. Gives what became of the service ports that this touched. */
  readonly see: (cluster: Cluster) => readonly PortChange[]
  readonly render: () => string
  /** Prepares the program of this moment. */
  readonly tracer: () => (packet: Packet) => Trace<Entry>
  readonly facts: () => NodeFacts
  readonly plans: () => Iterable<PortPlan>
  readonly states: () => Iterable<PortState>
  /** The node under test is there and not about to go. */
  readonly nodeEligible: () => boolean
  readonly open: (io: BackendIo) => Promise<ProxyKernel>
}

export interface ProxyKernel extends AsyncDisposable {
  /** As after a start: reads the kernel and applies the difference. */
  readonly resync: () => Promise<void>
  /** As while running: applies what changed since the last call, without a look at the kernel. */
  readonly push: () => Promise<void>
  /** What a resync would change, a line each. */
  readonly difference: () => Promise<readonly string[]>
}

interface ProxySetting {
  readonly config: ProxyConfig
  readonly node: NodeSetting
}

/** The name of a backend, and how a proxy of it starts. */
export interface BackendRow {
  readonly name: string
  readonly start: (setting: ProxySetting) => ProxyUnderTest
}

/** Closes over a backend's entry type. */
export const backendRow = <E extends Entry>(backend: Backend<E>): BackendRow => ({
  name: backend.name,
  start: setting => startProxy(backend, setting),
})

const startProxy = <E extends Entry>(
  backend: Backend<E>,
  { config, node }: ProxySetting,
): ProxyUnderTest => {
  const { nodeName, families, kernel } = node
  const interfaceAddresses = [...new Set(Object.values(node.interfaces).flat())]
  const given = { config, nodeName, families, kernel, interfaceAddresses }
  const pipeline = new Pipeline({ backend, ...given })
  let seen = EMPTY_CLUSTER
  let pending: Change<E>[] = []
  return {
    see: cluster => {
      const { changes, ports } = pipeline.apply(eventsBetween(seen, cluster))
      pending.push(...changes)
      seen = cluster
      return ports
    },
    render: () => backend.render(pipeline.program.values()),
    tracer: () => {
      const trace = backend.tracer(pipeline.program)
      return packet => trace(packet, { isNodeAddress })
    },
    facts: () => pipeline.facts,
    plans: () => pipeline.plans.values(),
    states: () => pipeline.model.ports(),
    nodeEligible: () => pipeline.model.node(nodeName)?.eligible ?? false,
    open: async io => {
      const body = await backend.open(io)
      const missing = async (): Promise<readonly Change<E>[]> =>
        diff(new Map(await body.read()), pipeline.program, backend.equal)
      return {
        resync: async () => {
          pending = []
          await body.apply(await missing())
        },
        push: async () => {
          const changes = pending
          pending = []
          await body.apply(changes)
        },
        difference: async () => (await missing()).map(change => changeText(backend, change)),
        [Symbol.asyncDispose]: () => body[Symbol.asyncDispose](),
      }
    },
  }
}

const changeText = <E extends Entry>(backend: Backend<E>, change: Change<E>): string => {
  switch (change.op) {
    case 'add':
      return `+ ${backend.lines(change.entry).join(' / ')}`
    case 'replace':
      return `~ ${backend.lines(change.was).join(' / ')} -> ${backend.lines(change.entry).join(' / ')}`
    case 'remove':
      return `- ${backend.lines(change.was).join(' / ')}`
  }
}
