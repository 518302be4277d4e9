/**
 * A service port's endpoints as chains: KUBE-SVC and KUBE-SVL choose among them, one KUBE-SEP for each sends packets
 * there (spec iptables, sections 6.4 and 7). Pure. Every endpoint of a cluster passes here.
 */
import type { PlanEndpoint } from '../../src/plan/types.ts'
import type { EndpointContent } from './chain-content.ts'
import { type ChainEntry, chainEntry, type IptablesEntry } from './entries.ts'
import { chainHash, PROTOCOL_NAMES } from './names.ts'
import type { Rule } from './rule.ts'
import { policyChain, type Work } from './work.ts'

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
  const { reachable, cluster, local } = plan
  if (reachable.length === 0) return
  const before = previous && reusable(work, previous)
  const chains = reachable.map(
    endpoint => before?.get(endpoint.text) ?? endpointChain(work, endpoint),
  )
  const route = plan.internal.route
  if (cluster.length > 0) addChoice(work, 'cluster', route === 'cluster' ? first : null, chains)
  if (local.length > 0) addChoice(work, 'local', route === 'local' ? first : null, chains)
  for (const chain of chains) entries.push(chain)
}

/** Comments go from these chains in a large cluster (section 8.4). */
const commentOf = ({ plan, facts }: Work): string | null =>
  facts.largeCluster[plan.family] ? null : plan.label

const endpointChain = (work: Work, { ip, text }: PlanEndpoint): ChainEntry => {
  const { plan, protocol } = work
  const name = `KUBE-SEP-${chainHash(plan.label + PROTOCOL_NAMES[plan.protocol] + text)}`
  return chainEntry(plan.family, 'nat', name, {
    kind: 'endpoint',
    label: commentOf(work),
    protocol,
    ip,
    to: text,
    list: plan.affinitySeconds === null ? null : name,
  })
}

const addChoice = (
  work: Work,
  route: 'cluster' | 'local',
  first: Rule | null,
  chains: readonly ChainEntry[],
): void => {
  const { plan, hash, entries } = work
  const content = {
    kind: 'choice',
    label: commentOf(work),
    first,
    seconds: plan.affinitySeconds,
    endpoints: plan[route],
    chains: chainNames(plan[route], plan.reachable, chains),
  } as const
  entries.push(chainEntry(plan.family, 'nat', policyChain(route, hash), content))
}

/** `list` is a part of `reachable`, in the same order. */
const chainNames = (
  list: readonly PlanEndpoint[],
  reachable: readonly PlanEndpoint[],
  chains: readonly ChainEntry[],
): readonly string[] => {
  if (list.length === reachable.length) return chains.map(({ chain }) => chain)
  const wanted = new Set(list.map(({ text }) => text))
  return chains.filter((_, at) => wanted.has(reachable[at]?.text ?? '')).map(({ chain }) => chain)
}

/**
 * The endpoint chains of a previous fragment that would come out the same today, by endpoint. That it is this
 * service port's shows in a chain that carries its hash.
 */
const reusable = (
  work: Work,
  previous: readonly IptablesEntry[],
): ReadonlyMap<string, ChainEntry> | undefined => {
  const { plan, hash } = work
  const isOwn = ({ chain, family }: IptablesEntry): boolean =>
    chain.endsWith(hash) && family === plan.family
  if (!previous.some(isOwn)) return undefined
  const chains = new Map<string, ChainEntry>()
  for (const entry of previous) {
    if (entry.kind !== 'chain' || entry.content?.kind !== 'endpoint') continue
    if (isCurrent(work, entry.content)) chains.set(entry.content.to, entry)
  }
  return chains
}

const isCurrent = (work: Work, { label, list }: EndpointContent): boolean =>
  label === commentOf(work) && (list === null) === (work.plan.affinitySeconds === null)
