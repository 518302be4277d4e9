/**
 * Which UDP flows that the kernel remembers are stale after a sync: flows to endpoints that went away, flows that
 * began before their service was there, and flows of services that are gone. Pure; whoever calls lists the flows and
 * deletes those that are named here. Follows spec services-and-endpoints, section 11, and improves on it as spec
 * known-problems, section 1, asks: node ports count on the node's addresses only (1.2), the first table that knows a
 * destination decides (1.3), changes of the Service count too (1.4), equal sets end the matter (1.6), and a service
 * port without serving endpoints lets go of its translated flows (1.1).
 */
import { endpointText } from '../addresses.ts'
import type { Family } from '../objects/types.ts'
import type { NodeFacts, PortPlan } from '../plan/types.ts'

/** The two destinations of a tracked flow: what the client dialled, and who answers. */
export interface TrackedFlow {
  readonly dialled: { readonly ip: string; readonly port: number }
  readonly answers: { readonly ip: string; readonly port: number }
}

/** A service port before and after a sync; undefined: it was not there, or is not there any more. */
export interface PortChange {
  readonly before: PortPlan | undefined
  readonly after: PortPlan | undefined
}

/** What may happen to flows to one destination. */
type Judgement =
  /** These endpoints are living; all other flows are stale, untranslated ones too. */
  | { readonly kind: 'living'; readonly endpoints: ReadonlySet<string> }
  /** Nobody serves: translated flows are stale, others were never ours. */
  | { readonly kind: 'nobody' }
  /** The destination is no service any more: flows to what were its endpoints are stale. */
  | { readonly kind: 'former'; readonly endpoints: ReadonlySet<string> }

/** Flows of which destinations to look at, and which of them to delete. */
export interface StaleFlows {
  readonly family: Family
  /** Addresses dialled, `10.0.0.1:53`. */
  readonly addresses: ReadonlyMap<string, Judgement>
  readonly nodePorts: ReadonlyMap<number, Judgement>
  isStale(flow: TrackedFlow): boolean
}

/** undefined: no UDP service port of the family changed in a way that makes a flow stale. */
export const staleFlows = (
  family: Family,
  changes: Iterable<PortChange>,
  facts: Pick<NodeFacts, 'nodePortAddresses' | 'interfaceAddresses'>,
): StaleFlows | undefined => {
  const addresses = new Map<string, Judgement>()
  const nodePorts = new Map<number, Judgement>()
  for (const change of changes) {
    if (familyOf(change) !== family || !matters(change)) continue
    judge(addresses, nodePorts, change.before, FORMER)
    judge(addresses, nodePorts, change.after, PRESENT)
  }
  if (addresses.size === 0 && nodePorts.size === 0) return undefined
  const ownAddresses = nodePortAddresses(family, facts)
  const judgementOf = ({ dialled }: TrackedFlow): Judgement | undefined =>
    addresses.get(endpointText(dialled.ip, dialled.port)) ??
    (ownAddresses.has(dialled.ip) ? nodePorts.get(dialled.port) : undefined)
  return { family, addresses, nodePorts, isStale: flow => isStale(flow, judgementOf(flow)) }
}

const familyOf = ({ before, after }: PortChange): Family | undefined =>
  (after ?? before)?.protocol === 'UDP' ? (after ?? before)?.family : undefined

/** The destinations or the serving endpoints differ. */
const matters = ({ before, after }: PortChange): boolean =>
  before === undefined ||
  after === undefined ||
  before.serving.join() !== after.serving.join() ||
  destinationsOf(before).join() !== destinationsOf(after).join()

const destinationsOf = ({ frontends }: PortPlan): readonly (string | number)[] =>
  frontends.map(frontend =>
    frontend.kind === 'node-port' ? frontend.port : endpointText(frontend.address, frontend.port),
  )

type Judge = (plan: PortPlan) => Judgement

const PRESENT: Judge = ({ serving }) =>
  serving.length === 0 ? { kind: 'nobody' } : { kind: 'living', endpoints: new Set(serving) }
const FORMER: Judge = ({ serving }) => ({ kind: 'former', endpoints: new Set(serving) })

/** A service that is there has the last word over one that was, whichever comes first. */
const judge = (
  addresses: Map<string, Judgement>,
  nodePorts: Map<number, Judgement>,
  plan: PortPlan | undefined,
  how: Judge,
): void => {
  if (!plan) return
  const judgement = how(plan)
  const settled = (known: Judgement | undefined): Judgement =>
    known && judgement.kind === 'former' ? known : judgement
  for (const destination of destinationsOf(plan))
    if (typeof destination === 'number')
      nodePorts.set(destination, settled(nodePorts.get(destination)))
    else addresses.set(destination, settled(addresses.get(destination)))
}

const nodePortAddresses = (
  family: Family,
  facts: Pick<NodeFacts, 'nodePortAddresses' | 'interfaceAddresses'>,
): ReadonlySet<string> => {
  const chosen = facts.nodePortAddresses[family]
  return new Set(chosen.all ? facts.interfaceAddresses[family] : chosen.addresses)
}

const isStale = ({ dialled, answers }: TrackedFlow, judgement: Judgement | undefined): boolean => {
  if (!judgement) return false
  const endpoint = endpointText(answers.ip, answers.port)
  switch (judgement.kind) {
    case 'living':
      return !judgement.endpoints.has(endpoint)
    case 'nobody':
      return answers.ip !== dialled.ip || answers.port !== dialled.port
    case 'former':
      return judgement.endpoints.has(endpoint)
  }
}
