/**
 * How packets find a service port: the rules for its virtual addresses and node ports in the shared chains, and the
 * refusals where nothing can serve them (spec iptables, section 5). Pure.
 */
import type { Frontend, PortPlan, Route } from '../../src/plan/types.ts'
import { onLocalhost } from './base.ts'
import * as chains from './names.ts'
import {
  comment,
  destination,
  destinationPort,
  jump,
  type Match,
  type Rule,
  rule,
  type Target,
} from './rule.ts'
import { addRule, PROTOCOLS, policyChain, type Work } from './work.ts'

const DROP: Target = { kind: 'drop' }
const REJECT: Target = { kind: 'reject' }
const ACCEPT: Target = { kind: 'accept' }
const TO_NODE: Match = { kind: 'address-type', side: 'destination' }
const TO_LOOPBACK = destination('127.0.0.0/8')
const LOCALHOST_COUNTER: Match = { kind: 'accounting', name: chains.LOCALHOST_COUNTER }

/** Adds the rules of a plan in the shared chains. */
export const frontendEntries = (work: Work): void => {
  for (const frontend of work.plan.frontends) dispatch(work, frontend)
  if (work.plan.healthCheckNodePort !== 0) acceptHealthChecks(work)
}

const dispatch = (work: Work, frontend: Frontend): void => {
  switch (frontend.kind) {
    case 'cluster-ip':
      toClusterIp(work)
      break
    case 'external-ip':
      toExternalIp(work, to(work, frontend))
      break
    case 'load-balancer-ip':
      toLoadBalancerIp(work, to(work, frontend), frontend.fenced)
      break
    case 'node-port':
      toNodePort(work, frontend.port)
      break
  }
}

const to = (
  { protocol }: Work,
  { address, port }: { readonly address: string; readonly port: number },
): readonly Match[] => [protocol, destination(address), destinationPort(port)]

const toClusterIp = (work: Work): void => {
  const { plan, hash, clusterIp } = work
  if (!clusterIp) return
  const { route } = plan.internal
  if (route === 'cluster' || route === 'local') {
    addRule(work, 'nat', chains.SERVICES, rule(clusterIp, jump(policyChain(route, hash))))
    return
  }
  const [, ...address] = clusterIp
  addRule(work, 'filter', chains.SERVICES, refusal(plan, route, address))
}

const toExternalIp = (work: Work, address: readonly Match[]): void => {
  const { plan, hash } = work
  if (plan.hasEndpoints) {
    const parts = [comment(`${plan.label} external IP`), ...address]
    addRule(work, 'nat', chains.SERVICES, rule(parts, jump(`KUBE-EXT-${hash}`)))
  }
  refuse(work, address)
}

const toLoadBalancerIp = (work: Work, address: readonly Match[], fenced: boolean): void => {
  const { plan, hash } = work
  const { label } = plan
  if (plan.hasEndpoints) {
    const parts = [comment(`${label} loadbalancer IP`), ...address]
    const target = jump(fenced ? `KUBE-FW-${hash}` : `KUBE-EXT-${hash}`)
    addRule(work, 'nat', chains.SERVICES, rule(parts, target))
    if (fenced) {
      const outside = comment(`${label} traffic not accepted by KUBE-FW-${hash}`)
      addRule(work, 'filter', chains.PROXY_FIREWALL, rule([outside, ...address], DROP))
    }
  }
  refuse(work, address)
}

const toNodePort = (work: Work, nodePort: number): void => {
  const { plan, facts, protocol, hash } = work
  const port = destinationPort(nodePort)
  if (plan.hasEndpoints) {
    const label = comment(plan.label)
    const target = jump(`KUBE-EXT-${hash}`)
    if (facts.kernel.nfacct && onLocalhost(plan.family, facts)) {
      const counted = [label, protocol, TO_LOOPBACK, port, LOCALHOST_COUNTER]
      addRule(work, 'nat', chains.NODE_PORTS, rule(counted, target))
    }
    addRule(work, 'nat', chains.NODE_PORTS, rule([label, protocol, port], target))
  }
  refuse(work, [TO_NODE, protocol, port])
}

/** External destinations that nothing can serve. */
const refuse = (work: Work, at: readonly Match[]): void => {
  const route = work.plan.external?.route
  if (route === 'reject' || route === 'drop')
    addRule(work, 'filter', chains.EXTERNAL_SERVICES, refusal(work.plan, route, at))
}

const refusal = (
  { label }: PortPlan,
  route: Extract<Route, 'reject' | 'drop'>,
  at: readonly Match[],
): Rule =>
  route === 'reject'
    ? rule([comment(`${label} has no endpoints`), ...at], REJECT)
    : rule([comment(`${label} has no local endpoints`), ...at], DROP)

/** On TCP, whatever the service port speaks, and once for each port of the Service. */
const acceptHealthChecks = (work: Work): void => {
  const { label, healthCheckNodePort } = work.plan
  const about = comment(`${label} health check node port`)
  const parts = [about, PROTOCOLS.TCP, destinationPort(healthCheckNodePort)]
  addRule(work, 'filter', chains.NODE_PORTS, rule(parts, ACCEPT))
}
