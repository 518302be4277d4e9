/**
 * What the rules of one service port share while its plan is compiled: each made once, as every service port of a
 * cluster passes.
 */
import type { NodeFacts, PortPlan } from '../../src/plan/types.ts'
import { type IptablesEntry, nthKey, ruleEntry, type Table } from './entries.ts'
import type { Match, Rule } from './rule.ts'

export interface Work {
  readonly plan: PortPlan
  readonly facts: NodeFacts
  readonly protocol: Match
  /** Of the service port: the second half of its chains' names. */
  readonly hash: string
  /** What a packet to the cluster IP is recognised by, with the comment; null: there is no cluster IP. */
  readonly clusterIp: ClusterIpParts | null
  /** Takes what comes out. */
  readonly entries: IptablesEntry[]
}

export type ClusterIpParts = readonly [
  comment: Match,
  protocol: Match,
  destination: Match,
  port: Match,
]

export const PROTOCOLS: Readonly<Record<PortPlan['protocol'], Match>> = {
  TCP: { kind: 'protocol', protocol: 'tcp' },
  UDP: { kind: 'protocol', protocol: 'udp' },
  SCTP: { kind: 'protocol', protocol: 'sctp' },
}

/** The chain of a service port that leads to its `cluster` or its `local` endpoints. */
export const policyChain = (route: 'cluster' | 'local', hash: string): string =>
  route === 'cluster' ? `KUBE-SVC-${hash}` : `KUBE-SVL-${hash}`

/**
 * Adds a rule to a shared chain. Where a Service names one address twice (as external IP and as load-balancer IP),
 * kube-proxy writes some rules twice, and so do we.
 */
export const addRule = (
  { plan, entries }: Work,
  table: Table,
  chain: string,
  added: Rule,
): void => {
  const entry = ruleEntry(plan.family, table, chain, added)
  let { key } = entry
  for (let copy = 2; entries.some(other => other.key === key); copy++) key = nthKey(entry.key, copy)
  entries.push(key === entry.key ? entry : { ...entry, key })
}
