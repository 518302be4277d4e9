/**
 * Health-check node ports: which Services have one, how many local endpoints are ready, where to listen and what to
 * answer a load balancer's probe (spec services-and-endpoints, section 10). Pure; the listeners are the agent's.
 */
import type { PortState } from '../model/types.ts'
import type { Family } from '../objects/types.ts'
import { healthCheckNodePort } from './make.ts'
import type { NodePortAddresses } from './types.ts'

/** One Service's health check in one family. */
export interface HealthCheck {
  readonly family: Family
  readonly namespace: string
  readonly service: string
  readonly port: number
  /** Distinct addresses of endpoints that are ready and on this node, over all ports of the Service. */
  readonly localEndpoints: number
}

/**
 * The health checks of the Services whose states these are, in the order in which they are first met. All states of
 * a Service must be among them, or its count is too small; states of several Services may be mixed.
 */
export const healthChecks = (
  states: Iterable<PortState>,
  nodeName: string,
): readonly HealthCheck[] => {
  const found = new Map<string, { readonly state: PortState; readonly ips: Set<string> }>()
  for (const state of states) {
    if (healthCheckNodePort(state) === 0) continue
    const { family, service, endpoints } = state
    const id = `${family} ${service.namespace}/${service.name}`
    const check = found.get(id) ?? { state, ips: new Set() }
    found.set(id, check)
    for (const { ip, ready, nodeName: runsOn } of endpoints)
      if (ready && runsOn === nodeName) check.ips.add(ip)
  }
  return [...found.values()].map(({ state, ips }) => ({
    family: state.family,
    namespace: state.service.namespace,
    service: state.service.name,
    port: healthCheckNodePort(state),
    localEndpoints: ips.size,
  }))
}

/** An HTTP answer, the same for every path and method. */
export interface HealthAnswer {
  readonly status: 200 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What a probe of this Service is told. `proxyHealthy`: rules are being written in time, whatever becomes of the
 * node. undefined, a Service that was closed while the request came in, is refused; kube-proxy says 200 there.
 */
export const healthAnswer = (
  check: Pick<HealthCheck, 'namespace' | 'service' | 'localEndpoints'> | undefined,
  proxyHealthy: boolean,
): HealthAnswer => {
  if (!check) return { status: 503, headers: {}, body: '' }
  const { namespace, service, localEndpoints } = check
  const answer = { service: { namespace, name: service }, localEndpoints }
  return {
    status: localEndpoints > 0 && proxyHealthy ? 200 : 503,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
    },
    body: JSON.stringify({ ...answer, serviceProxyHealthy: proxyHealthy }, undefined, '\t'),
  }
}

/** Where a health-check port of a family listens. `::` is meant without IPv4. */
export const healthAddresses = (
  family: Family,
  nodePortAddresses: NodePortAddresses,
): readonly string[] => {
  if (!nodePortAddresses.all) return nodePortAddresses.addresses
  return [family === 'IPv4' ? '0.0.0.0' : '::']
}
