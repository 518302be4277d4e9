/** Services, endpoints, states and facts for tables in tests: the plainest ones, and what a case changes in them. */
import type { Endpoint, PortState } from '../../src/model/types.ts'
import { portKey, portLabel } from '../../src/model/types.ts'
import type { Service, ServicePort } from '../../src/objects/types.ts'
import { MODERN_KERNEL, type NodeFacts } from '../../src/plan/types.ts'

const serviceOf = (more: Partial<Service> = {}): Service => ({
  kind: 'Service',
  namespace: 'shop',
  name: 'web',
  type: 'ClusterIP',
  foreign: false,
  clusterIPs: { IPv4: '10.96.0.1', IPv6: 'fd00:96::1' },
  ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 0 }],
  externalIPs: { IPv4: [], IPv6: [] },
  listsExternalIPs: false,
  loadBalancerIPs: { IPv4: [], IPv6: [] },
  sourceRanges: { IPv4: [], IPv6: [] },
  affinitySeconds: null,
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Cluster',
  healthCheckNodePort: 0,
  ...more,
})

export const endpointOf = (ip: string, more: Partial<Endpoint> = {}): Endpoint => ({
  ip,
  port: 8080,
  text: ip.includes(':') ? `[${ip}]:8080` : `${ip}:8080`,
  nodeName: null,
  ready: true,
  serving: true,
  terminating: false,
  zoneHints: [],
  nodeHints: [],
  ...more,
})

export const stateOf = (
  service: Partial<Service> = {},
  endpoints: readonly Endpoint[] = [],
  port: Partial<ServicePort> = {},
  family: PortState['family'] = 'IPv4',
): PortState => {
  const whole = serviceOf(service)
  const own = { name: 'http', protocol: 'TCP', port: 80, nodePort: 0, ...port } as const
  const label = portLabel(whole.namespace, whole.name, own.name)
  return { key: portKey(family, label, own.protocol), family, service: whole, port: own, endpoints }
}

export const factsOf = (more: Partial<NodeFacts> = {}): NodeFacts => ({
  nodeName: 'node-a',
  zone: 'z1',
  families: ['IPv4', 'IPv6'],
  nodeIPs: { IPv4: '192.168.50.10', IPv6: 'fd00:50::10' },
  podDetector: { IPv4: { kind: 'cidr', cidr: '10.244.0.0/16' }, IPv6: null },
  nodePortAddresses: {
    IPv4: { all: true, holdsLoopback: true },
    IPv6: { all: true, holdsLoopback: false },
  },
  interfaceAddresses: { IPv4: ['192.168.50.10'], IPv6: ['fd00:50::10'] },
  serviceCIDRs: { IPv4: [], IPv6: [] },
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: false,
  allowExternalIPs: true,
  largeCluster: { IPv4: false, IPv6: false },
  kernel: MODERN_KERNEL,
  ...more,
})
