/**
 * nftables, compile step: one service port's plan in, its elements out, with the shared chains they lead to. Pure.
 * Elements that the replaced fragment already had are taken over as they are.
 */
import type {
  NodeFacts,
  PlanEndpoint,
  Frontend as PlanFrontend,
  PortPlan,
} from '../../src/plan/types.ts'
import type { Fragment } from '../../src/program/types.ts'
import { markMask } from './base.ts'
import { DROP, goto, LOCAL_OFFSET, learnWay, type Manner, sizedWay, type Way } from './chains.ts'
import {
  type Chain,
  type Element,
  elementKey,
  type Frontend,
  frontendOf,
  type NftEntry,
  PROTOCOL,
  type VerdictMap,
} from './entries.ts'
import { withoutNested } from './ranges.ts'
import { assignSlots, listName, type SlotTable, slotsIn } from './slots.ts'

interface Job {
  readonly plan: PortPlan
  readonly mask: number
  readonly before: SlotTable
  readonly entries: NftEntry[]
  /** Those that several frontends lead to, once. */
  readonly chains: Set<Chain>
}

const REFUSE: Way = { verdict: goto('refuse'), chains: [] }
const NOWHERE: Way = { verdict: DROP, chains: [] }

/** `previous` keeps endpoints at their numbers; any fragment, or none, gives a correct result. */
export const compile = (
  plan: PortPlan,
  facts: NodeFacts,
  previous?: Fragment<NftEntry>,
): Fragment<NftEntry> => {
  const before = slotsIn(previous?.entries, [0, LOCAL_OFFSET])
  const job: Job = { plan, mask: markMask(facts), before, entries: [], chains: new Set() }
  for (const [frontend, planned] of frontendsOf(plan)) compileFrontend(job, frontend, planned)
  for (const endpoint of plan.reachable) if (endpoint.isLocal) hairpin(job, endpoint)
  job.entries.push(...job.chains)
  return { entries: job.entries }
}

/**
 * What can be dialled, each once. An address that is listed twice is fenced if one of its mentions is: of two
 * readings the one that lets less in.
 */
const frontendsOf = (plan: PortPlan): Iterable<readonly [Frontend, PlanFrontend]> => {
  const found = new Map<string, readonly [Frontend, PlanFrontend]>()
  for (const planned of plan.frontends) {
    const address = planned.kind === 'node-port' ? null : planned.address
    const frontend = frontendOf(plan.family, address, plan.protocol, planned.port)
    if (!found.has(frontend.text) || isFenced(planned))
      found.set(frontend.text, [frontend, planned])
  }
  return found.values()
}

const isFenced = (planned: PlanFrontend): boolean =>
  planned.kind === 'load-balancer-ip' && planned.fenced

const compileFrontend = (job: Job, frontend: Frontend, planned: PlanFrontend): void => {
  if (planned.kind === 'cluster-ip') {
    address(job, frontend, planned.address)
    put(job, 'services', frontend, internalWay(job, frontend))
    return
  }
  const way = externalWay(job, frontend)
  if (planned.kind === 'node-port') put(job, 'nodeports', frontend, way)
  else if (isFenced(planned)) fence(job, frontend, way)
  else put(job, 'services', frontend, way)
}

const internalWay = (job: Job, frontend: Frontend): Way => {
  const { route } = job.plan.internal
  if (route === 'reject') return REFUSE
  if (route === 'drop') return NOWHERE
  sticky(job, frontend, job.plan[route])
  return listWay(job, frontend, job.plan[route], { list: 'cluster', masquerade: false })
}

const externalWay = (job: Job, frontend: Frontend): Way => {
  const { plan } = job
  if (!plan.external || plan.external.route === 'reject') return REFUSE
  const { policy, route } = plan.external
  if (policy === 'Local') return externalLocalWay(job, frontend, route === 'local')
  if (route === 'drop') return NOWHERE
  sticky(job, frontend, plan[route])
  return listWay(job, frontend, plan[route], { list: 'cluster', masquerade: true })
}

/** Two lists: pods and the node get the whole one, everybody else the local one, if there is any. */
const externalLocalWay = (job: Job, frontend: Frontend, hasLocal: boolean): Way => {
  const { cluster, reachable } = job.plan
  const local = hasLocal ? job.plan.local : []
  const np = frontend.address === null ? 'np-' : ''
  sticky(job, frontend, reachable)
  const short = listWay(job, frontend, cluster, { list: 'cluster', masquerade: false })
  if (short !== NOWHERE) put(job, `${np}short-services`, frontend, short)
  const outside = listWay(job, frontend, local, { list: 'local', masquerade: false })
  if (outside !== NOWHERE) put(job, `${np}local-services`, frontend, outside)
  return { verdict: goto(`${np}external-local`), chains: [] }
}

/** Writes a list down and says how to choose from it. */
const listWay = (
  { plan, mask, before, entries }: Job,
  frontend: Frontend,
  wanted: readonly PlanEndpoint[],
  how: Pick<Manner, 'list' | 'masquerade'>,
): Way => {
  if (wanted.length === 0) return NOWHERE
  const nodePort = frontend.address === null
  const offset = how.list === 'local' ? LOCAL_OFFSET : 0
  const slots = before.get(listName(frontend.text, offset)) ?? []
  const set = nodePort ? 'np-endpoints' : 'endpoints'
  const prefix = elementKey(frontend.family, set, frontend.text)
  assignSlots(slots, wanted).forEach((to, slot) => {
    const was = slots[slot]
    const same = was?.to.ip === to.ip && was.to.port === to.port
    const index = offset + slot
    // Joined, because V8 keeps the pieces of what is added, and most entries are these.
    const key = [prefix, index].join(' ')
    entries.push(same ? was : { kind: 'endpoint', key, frontend, index, to })
  })
  const manner: Manner = { ...how, nodePort, sticky: plan.affinitySeconds !== null }
  return sizedWay(frontend.family, manner, wanted.length, mask)
}

const put = (job: Job, map: VerdictMap, frontend: Frontend, way: Way): void => {
  const key = elementKey(frontend.family, map, frontend.text)
  job.entries.push({ kind: 'verdict', key, map, frontend, verdict: way.verdict })
  for (const chain of way.chains) job.chains.add(chain)
}

const fence = (job: Job, frontend: Frontend, way: Way): void => {
  put(job, 'fenced-services', frontend, way)
  put(job, 'services', frontend, { verdict: goto('fenced'), chains: [] })
  for (const range of withoutNested(allowedSources(job.plan))) {
    const key = elementKey(frontend.family, 'allowed-sources', `${frontend.text} ${range}`)
    job.entries.push({ kind: 'source', key, frontend, range })
  }
}

/** A node that talks to a load-balancer address which is its own has that address as its source. */
const allowedSources = (plan: PortPlan): readonly string[] => [
  ...plan.sourceRanges,
  ...(plan.sourceRangesHoldNode
    ? plan.frontends.flatMap(frontend =>
        frontend.kind === 'load-balancer-ip'
          ? [`${frontend.address}/${plan.family === 'IPv4' ? 32 : 128}`]
          : [],
      )
    : []),
]

const sticky = (job: Job, frontend: Frontend, endpoints: readonly PlanEndpoint[]): void => {
  const seconds = job.plan.affinitySeconds
  if (seconds === null) return
  const nodePort = frontend.address === null
  const map = nodePort ? 'sticky-nodeports' : 'sticky-services'
  put(job, map, frontend, learnWay(frontend.family, nodePort, seconds))
  const set = nodePort ? 'np-live' : 'live'
  const prefix = elementKey(frontend.family, set, frontend.text)
  for (const endpoint of endpoints) {
    const key = `${prefix} ${endpoint.ip} ${endpoint.port}`
    job.entries.push({ kind: 'live', key, frontend, endpoint })
  }
}

const address = ({ entries }: Job, { family }: Frontend, text: string): void => {
  const key = elementKey(family, 'cluster-ips', text)
  entries.push({
    kind: 'address',
    key,
    family,
    set: 'cluster-ips',
    address: text,
  } satisfies Element)
}

const hairpin = ({ plan, entries }: Job, endpoint: PlanEndpoint): void => {
  const { family, protocol } = plan
  const values = `${endpoint.ip} ${endpoint.ip} ${PROTOCOL[protocol]} ${endpoint.port}`
  const key = elementKey(family, 'hairpins', values)
  entries.push({ kind: 'hairpin', key, family, protocol, endpoint })
}
