/**
 * One service port and what is true of the node in, its plan out: all policy is decided here (spec
 * services-and-endpoints, sections 3, 5 and 7). Pure. What many plans have alike is shared between them, so that a
 * large cluster's plans stay small.
 */
import { cidrContains } from '../addresses.ts'
import { type Endpoint, type PortState, portLabel } from '../model/types.ts'
import type { Family } from '../objects/types.ts'
import { chooseEndpoints, isExternalPolicyLocal, policiesOf } from './policy.ts'
import { externalTraffic, internalTraffic } from './traffic.ts'
import type { ClusterMasquerade, Frontend, NodeFacts, PlanEndpoint, PortPlan } from './types.ts'

/** Makes the plan of a service port. */
export const makePlan = (state: PortState, facts: NodeFacts): PortPlan => {
  const { key, family, service, port, endpoints } = state
  const policies = policiesOf(state)
  const choice = chooseEndpoints(endpoints, policies, facts)
  const sourceRanges = fences(service.sourceRanges[family])
  const { cluster, local, reachable, onNode } = planEndpoints(endpoints, choice, facts.nodeName)
  return {
    key,
    family,
    namespace: service.namespace,
    service: service.name,
    portName: port.name,
    protocol: port.protocol,
    label: portLabel(service.namespace, service.name, port.name),
    frontends: frontendsOf(state, sourceRanges.length > 0, facts.allowExternalIPs),
    hasEndpoints: choice.hasEndpoints,
    internal: internalTraffic(policies, choice, masqueradeOf(family, facts)),
    external: policies.externallyAccessible ? externalTraffic(policies, choice) : null,
    sourceRanges,
    sourceRangesHoldNode: holdNode(sourceRanges, family, facts),
    affinitySeconds: service.affinitySeconds,
    healthCheckNodePort: healthCheckNodePort(state),
    cluster,
    local,
    reachable,
    onNode,
    serving: port.protocol === 'UDP' ? servingOf(endpoints) : NONE,
  }
}

const servingOf = (endpoints: readonly Endpoint[]): readonly string[] =>
  endpoints.filter(({ serving }) => serving).map(({ text }) => text)

/** The health-check node port of the Service, 0 for none: LoadBalancer under external policy Local only. */
export const healthCheckNodePort = ({ service }: Pick<PortState, 'service'>): number =>
  service.type === 'LoadBalancer' && isExternalPolicyLocal(service)
    ? service.healthCheckNodePort
    : 0

const frontendsOf = (
  { service, port: { port, nodePort }, family }: PortState,
  fenced: boolean,
  allowExternalIPs: boolean,
): readonly Frontend[] => {
  const clusterIP = service.clusterIPs[family]
  const first: readonly Frontend[] =
    clusterIP === null ? [] : [{ kind: 'cluster-ip', address: clusterIP, port }]
  const externalIPs = allowExternalIPs ? service.externalIPs[family] : []
  const loadBalancerIPs = service.loadBalancerIPs[family]
  if (externalIPs.length === 0 && loadBalancerIPs.length === 0 && nodePort === 0) return first
  return [
    ...first,
    ...externalIPs.map((address): Frontend => ({ kind: 'external-ip', address, port })),
    ...loadBalancerIPs.map(
      (address): Frontend => ({ kind: 'load-balancer-ip', address, port, fenced }),
    ),
    ...(nodePort === 0 ? [] : [{ kind: 'node-port', port: nodePort } as const]),
  ]
}

/** A range that everyone is in lifts the fence, whatever else is listed. */
const fences = (ranges: readonly string[]): readonly string[] =>
  ranges.length > 0 && ranges.some(range => range.endsWith('/0')) ? NONE : ranges

const NONE: readonly never[] = []

// kube-proxy takes a node whose address it does not know for one at loopback.
const UNKNOWN_NODE: Readonly<Record<Family, string>> = { IPv4: '127.0.0.1', IPv6: '::1' }

const holdNode = (ranges: readonly string[], family: Family, { nodeIPs }: NodeFacts): boolean =>
  ranges.length > 0 &&
  ranges.some(range => cidrContains(range, nodeIPs[family] ?? UNKNOWN_NODE[family]))

const masqueradeOf = (family: Family, facts: NodeFacts): ClusterMasquerade => {
  if (facts.masqueradeAll) return 'always'
  return facts.podDetector[family] ? 'unless-pod' : 'never'
}

type Lists<E> = Readonly<Record<'cluster' | 'local' | 'reachable', readonly E[]>>

/** The chosen endpoints as backends need them, and all of this node. Equal lists are one list. */
const planEndpoints = (
  endpoints: readonly Endpoint[],
  choice: Lists<Endpoint>,
  nodeName: string,
): Lists<PlanEndpoint> & Pick<PortPlan, 'onNode'> => {
  if (endpoints.length === 0) return NO_LISTS
  const planned: readonly PlanEndpoint[] = endpoints.some(
    endpoint => endpoint.nodeName === nodeName,
  )
    ? endpoints.map(endpoint => planEndpoint(endpoint, nodeName))
    : endpoints
  const take = (list: readonly Endpoint[]): readonly PlanEndpoint[] =>
    list === endpoints ? planned : pick(planned, endpoints, list)
  const cluster = take(choice.cluster)
  const local = take(choice.local)
  const onNode = planned === endpoints ? NONE : planned.filter(({ isLocal }) => isLocal)
  return {
    cluster,
    local,
    reachable: choice.reachable === choice.cluster ? cluster : take(choice.reachable),
    onNode: onNode.length === local.length ? local : onNode.slice(),
  }
}

const NO_LISTS = { cluster: NONE, local: NONE, reachable: NONE, onNode: NONE }

const planEndpoint = (endpoint: Endpoint, here: string): PlanEndpoint => {
  const { ip, port, text, nodeName } = endpoint
  return nodeName === here ? { ip, port, text, isLocal: true } : endpoint
}

/** What became of the endpoints of `list`, which is a part of `endpoints` in the same order. */
const pick = (
  planned: readonly PlanEndpoint[],
  endpoints: readonly Endpoint[],
  list: readonly Endpoint[],
): readonly PlanEndpoint[] => {
  if (list.length === 0) return NONE
  let next = 0
  return planned.filter((_, at) => endpoints[at] === list[next] && ++next > 0).slice()
}
