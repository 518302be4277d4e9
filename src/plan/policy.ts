/**
 * Traffic policies: which endpoint lists a service port needs, and what is in them
 * (spec services-and-endpoints, sections 3 and 5). Pure.
 */
import type { Endpoint, PortState } from '../model/types.ts'
import type { Family, Service, ServicePort } from '../objects/types.ts'
import { suits, topologyMode } from './topology.ts'
import type { NodeFacts } from './types.ts'

/** What the Service's policies come to for one service port in one family. */
export interface Policies {
  readonly internalLocal: boolean
  /** externalTrafficPolicy Local is in force. */
  readonly externalLocal: boolean
  readonly externallyAccessible: boolean
  readonly usesCluster: boolean
  readonly usesLocal: boolean
}

export const policiesOf = ({
  service,
  port,
  family,
}: Pick<PortState, 'service' | 'port' | 'family'>): Policies => {
  const internalLocal = service.internalTrafficPolicy === 'Local'
  const externalLocal = isExternalPolicyLocal(service)
  const externallyAccessible = isExternallyAccessible(service, port, family)
  return {
    internalLocal,
    externalLocal,
    externallyAccessible,
    usesCluster: !internalLocal || externallyAccessible,
    usesLocal: internalLocal || (externalLocal && externallyAccessible),
  }
}

/**
 * By its spec the Service is for the outside and wants local endpoints only; whether it has an address or a node port
 * does not matter, nor of which family.
 */
export const isExternalPolicyLocal = (service: Service): boolean =>
  service.externalTrafficPolicy === 'Local' &&
  (service.type === 'LoadBalancer' ||
    service.type === 'NodePort' ||
    (service.type === 'ClusterIP' && service.listsExternalIPs))

/** External IPs count even where the feature gate keeps them from being served. */
const isExternallyAccessible = (service: Service, port: ServicePort, family: Family): boolean =>
  port.nodePort !== 0 ||
  service.loadBalancerIPs[family].length > 0 ||
  service.externalIPs[family].length > 0

/** The endpoint lists of section 5, all sorted by text. */
export interface Choice {
  readonly hasEndpoints: boolean
  readonly cluster: readonly Endpoint[]
  readonly local: readonly Endpoint[]
  readonly reachable: readonly Endpoint[]
}

type Here = Pick<NodeFacts, 'nodeName' | 'zone'>

const NO_CHOICE: Choice = { hasEndpoints: false, cluster: [], local: [], reachable: [] }

/** Chooses endpoints. `endpoints` are sorted by text. */
export const chooseEndpoints = (
  endpoints: readonly Endpoint[],
  policies: Policies,
  here: Here,
): Choice => {
  if (endpoints.length === 0) return NO_CHOICE
  const mode = policies.usesCluster ? topologyMode(endpoints, here) : 'none'
  const cluster = policies.usesCluster
    ? orDraining(endpoints, endpoint => endpoint.ready && suits(mode, endpoint, here))
    : NO_CHOICE.cluster
  if (!policies.usesLocal)
    return { hasEndpoints: cluster.length > 0, cluster, local: NO_CHOICE.local, reachable: cluster }
  const hasEndpoints = endpoints.some(endpoint => endpoint.ready || isDraining(endpoint))
  const onNode = endpoints.filter(endpoint => endpoint.nodeName === here.nodeName)
  const local = orDraining(onNode, endpoint => endpoint.ready)
  const reachable = policies.usesCluster ? union(cluster, local) : local
  return { hasEndpoints, cluster, local, reachable }
}

/** Endpoints that pass; if there are none, those that are on their way out and still serve. */
const orDraining = (
  endpoints: readonly Endpoint[],
  passes: (endpoint: Endpoint) => boolean,
): readonly Endpoint[] => {
  if (endpoints.every(passes)) return endpoints
  const passed = endpoints.filter(passes)
  return passed.length > 0 ? passed : endpoints.filter(isDraining)
}

const isDraining = ({ ready, serving, terminating }: Endpoint): boolean =>
  !ready && serving && terminating

/** Of two lists sorted by text, cut from one list. */
const union = (a: readonly Endpoint[], b: readonly Endpoint[]): readonly Endpoint[] => {
  const inA = new Set(a)
  const more = b.filter(endpoint => !inA.has(endpoint))
  if (more.length === 0) return a
  return [...a, ...more].sort((x, y) => (x.text < y.text ? -1 : 1))
}
