/**
 * A service port's endpoints as chains: KUBE-SVC and KUBE-SVL choose among them, one KUBE-SEP for each sends packets
 * there (spec iptables, sections 6.4 and 7). Pure.
 */
import type { PlanEndpoint } from '../../src/plan/types.ts'
import { type ChainEntry, chainEntry, type IptablesEntry } from './entries.ts'
import { chainHash, PROTOCOL_NAMES } from './names.ts'
import { comment, jump, type Match, type Rule, rule, source } from './rule.ts'
import { MASQUERADE, policyChain, type Work } from './work.ts'

const NONE: readonly never[] = []

/**
 * Adds KUBE-SVC, KUBE-SVL, then a KUBE-SEP for each reachable endpoint. `first` is the rule with which the chain of
 * the cluster IP begins, if any; `previous` are the entries that these replace, if any.
 */
export const endpointEntries = (
  work: Work,
  first: Rule | null,
  previous: readonly IptablesEntry[] | undefined,
): void => {
  const { plan, entries } = work
  if (plan.reachable.length === 0) return
  const chains = endpointChains(work, previous)
  for (const route of ['cluster', 'local'] as const) {
    if (plan[route].length === 0) continue
    const rules = choices(work, plan[route], chains)
    if (first && plan.internal.route === route) rules.unshift(first)
    entries.push(chainEntry(plan.family, 'nat', policyChain(route, work.hash), rules))
  }
  entries.push(...chains.values())
}

/** By the text of the endpoint, in the order of `reachable`. */
type EndpointChains = ReadonlyMap<string, ChainEntry>

/** Comments go from these chains in a large cluster (section 8.4). */
const isLarge = ({ plan, facts }: Work): boolean => facts.largeCluster[plan.family]

const endpointChains = (
  work: Work,
  previous: readonly IptablesEntry[] | undefined,
): EndpointChains => {
  const { plan } = work
  const before = previous && reusable(work, previous)
  const about = isLarge(work) ? NONE : [comment(plan.label)]
  const chains = new Map<string, ChainEntry>()
  for (const endpoint of plan.reachable) {
    const { text } = endpoint
    chains.set(text, before?.get(text) ?? endpointChain(work, endpoint, about))
  }
  return chains
}

const endpointChain = (
  { plan, protocol }: Work,
  { ip, text }: PlanEndpoint,
  about: readonly Match[],
): ChainEntry => {
  const name = `KUBE-SEP-${chainHash(plan.label + PROTOCOL_NAMES[plan.protocol] + text)}`
  const remember: readonly Match[] =
    plan.affinitySeconds === null ? NONE : [{ kind: 'remember', name }]
  return chainEntry(plan.family, 'nat', name, [
    rule([...about, source(ip)], MASQUERADE),
    rule([...about, ...remember, protocol], { kind: 'dnat', to: text }),
  ])
}

/**
 * The endpoint chains of a previous fragment that would come out the same today. That it is this service port's
 * shows in a chain that carries its hash; what else such a chain depends on shows in its second rule.
 */
const reusable = (work: Work, previous: readonly IptablesEntry[]): EndpointChains | undefined => {
  const { plan, hash } = work
  const isOwn = ({ chain, family }: IptablesEntry): boolean =>
    chain.endsWith(hash) && family === plan.family
  if (!previous.some(isOwn)) return undefined
  const chains = new Map<string, ChainEntry>()
  const remembers = plan.affinitySeconds !== null
  for (const entry of previous) {
    if (entry.kind !== 'chain') continue
    const last = entry.rules?.[1]
    if (last?.target?.kind !== 'dnat') continue
    const commented = last.parts[0]?.kind === 'comment'
    const remembered = last.parts.some(part => part.kind === 'remember')
    if (commented !== isLarge(work) && remembered === remembers) chains.set(last.target.to, entry)
  }
  return chains
}

/** First those whom a client was sent to before, then one at random (section 6.4). */
const choices = (work: Work, list: readonly PlanEndpoint[], chains: EndpointChains): Rule[] => {
  const { label, affinitySeconds: seconds } = work.plan
  const large = isLarge(work)
  const remembered: Rule[] = []
  const chosen: Rule[] = []
  let left = list.length
  for (const { text } of list) {
    const name = chains.get(text)?.chain
    if (name === undefined) continue
    const about = large ? NONE : [comment(`${label} -> ${text}`)]
    const target = jump(name)
    if (seconds !== null)
      remembered.push(rule([...about, { kind: 'remembered', name, seconds }], target))
    const chance: Match = { kind: 'chance', probability: 1 / left }
    chosen.push(rule(left === 1 ? about : [...about, chance], target))
    left--
  }
  return seconds === null ? chosen : [...remembered, ...chosen]
}
