/**
 * One service port's plan in, its entries out: the rules that lead to it from the shared chains, and its own chains
 * (spec iptables, sections 5 to 7). Pure.
 */
import type { NodeFacts, PortPlan } from '../../src/plan/types.ts'
import type { Fragment } from '../../src/program/types.ts'
import { MASQUERADE } from './chain-content.ts'
import { endpointEntries } from './endpoints.ts'
import { chainEntry, type IptablesEntry } from './entries.ts'
import { frontendEntries } from './frontends.ts'
import * as chains from './names.ts'
import { ifLocal, ifNotLocal } from './pod-detector.ts'
import {
  comment,
  destination,
  destinationPort,
  jump,
  type Match,
  type Rule,
  rule,
  source,
} from './rule.ts'
import { type ClusterIpParts, PROTOCOLS, policyChain, type Work } from './work.ts'

/** Compiles a plan. `previous` only saves work: chains of endpoints that are as they were are taken from it. */
export const compile = (
  plan: PortPlan,
  facts: NodeFacts,
  previous?: Fragment<IptablesEntry>,
): Fragment<IptablesEntry> => {
  const hash = chains.chainHash(plan.label + chains.PROTOCOL_NAMES[plan.protocol])
  const entries: IptablesEntry[] = []
  const protocol = PROTOCOLS[plan.protocol]
  const work: Work = { plan, facts, protocol, hash, clusterIp: clusterIpParts(plan), entries }
  frontendEntries(work)
  if (plan.hasEndpoints && plan.external) {
    entries.push(ownChain(work, 'KUBE-EXT-', externalRules(work)))
    if (isFenced(plan)) entries.push(ownChain(work, 'KUBE-FW-', firewallRules(work)))
  }
  endpointEntries(work, clusterIpMasquerade(work), previous?.entries)
  // Exactly as long as it is: a cluster keeps many of these, and an array that grew has room to spare.
  return { entries: entries.slice() }
}

const clusterIpParts = ({
  frontends: [first],
  label,
  protocol,
}: PortPlan): ClusterIpParts | null =>
  first?.kind === 'cluster-ip'
    ? [
        comment(`${label} cluster IP`),
        PROTOCOLS[protocol],
        destination(first.address),
        destinationPort(first.port),
      ]
    : null

const ownChain = ({ plan, hash }: Work, prefix: string, rules: readonly Rule[]): IptablesEntry =>
  chainEntry(plan.family, 'nat', prefix + hash, { kind: 'rules', rules })

const isFenced = ({ frontends, sourceRanges }: PortPlan): boolean =>
  sourceRanges.length > 0 &&
  frontends.some(frontend => frontend.kind === 'load-balancer-ip' && frontend.fenced)

/** The first rule of the chain that the cluster IP leads to (section 6.1); null: none. */
const clusterIpMasquerade = ({ plan, facts, clusterIp }: Work): Rule | null => {
  const { masquerade } = plan.internal
  if (!clusterIp || masquerade === 'never' || plan.reachable.length === 0) return null
  const detector = facts.podDetector[plan.family]
  if (masquerade === 'always' || !detector) return rule(clusterIp, MASQUERADE)
  const [about, protocol, address, port] = clusterIp
  return rule([about, protocol, address, port, ifNotLocal(detector)], MASQUERADE)
}

const externalRules = ({ plan, facts, hash }: Work): readonly Rule[] => {
  const { label, external } = plan
  const rules: Rule[] = []
  if (external?.policy === 'Cluster')
    rules.push(rule([comment(`masquerade traffic for ${label} external destinations`)], MASQUERADE))
  else if (plan.cluster.length > 0) rules.push(...shortCircuit(plan, facts, hash))
  if (external?.route === 'cluster' || external?.route === 'local')
    rules.push(rule([], jump(policyChain(external.route, hash))))
  return rules
}

const FROM_NODE: Match = { kind: 'address-type', side: 'source' }

/** Under policy Local, pods and the node itself get any endpoint all the same (section 6.2). */
const shortCircuit = (plan: PortPlan, facts: NodeFacts, hash: string): readonly Rule[] => {
  const about = `for ${plan.label} external destinations`
  const detector = facts.podDetector[plan.family]
  const cluster = jump(policyChain('cluster', hash))
  const fromNode = [
    rule([comment(`masquerade LOCAL traffic ${about}`), FROM_NODE], MASQUERADE),
    rule([comment(`route LOCAL traffic ${about}`), FROM_NODE], cluster),
  ]
  if (!detector) return fromNode
  return [rule([comment(`pod traffic ${about}`), ifLocal(detector)], cluster), ...fromNode]
}

const firewallRules = ({ plan, hash }: Work): readonly Rule[] => {
  const { label, frontends, sourceRanges, sourceRangesHoldNode } = plan
  const about = comment(`${label} loadbalancer IP`)
  const target = jump(`KUBE-EXT-${hash}`)
  const vips = frontends.flatMap(frontend =>
    frontend.kind === 'load-balancer-ip' ? [frontend.address] : [],
  )
  // A node that talks to a VIP of its own uses the VIP as its source (spec services-and-endpoints, section 7.3).
  const allowed = sourceRangesHoldNode ? [...sourceRanges, ...vips] : sourceRanges
  const other = comment(`other traffic to ${label} will be dropped by KUBE-PROXY-FIREWALL`)
  return [...allowed.map(net => rule([about, source(net)], target)), rule([other], null)]
}
