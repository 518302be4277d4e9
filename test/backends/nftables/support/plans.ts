/** Plans and facts for the nftables tests, each with everything that a test does not care about filled in. */
import type { Frontend, NodeFacts, PlanEndpoint, PortPlan } from '../../../../src/plan/types.ts'
import { MODERN_KERNEL } from '../../../../src/plan/types.ts'

export const endpoint = (ip: string, port: number, isLocal = false): PlanEndpoint => ({
  ip,
  port,
  text: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
  isLocal,
})

export const facts = (changes: Partial<NodeFacts> = {}): NodeFacts => ({
  nodeName: 'node-a',
  zone: 'z1',
  families: ['IPv4', 'IPv6'],
  nodeIPs: { IPv4: '192.168.50.10', IPv6: 'fd00:50::10' },
  podDetector: {
    IPv4: { kind: 'cidr', cidr: '10.244.0.0/16' },
    IPv6: { kind: 'cidr', cidr: 'fd00:10:244::/56' },
  },
  nodePortAddresses: {
    IPv4: { all: false, holdsLoopback: false, addresses: ['192.168.50.10'] },
    IPv6: { all: false, holdsLoopback: false, addresses: ['fd00:50::10'] },
  },
  interfaceAddresses: { IPv4: ['192.168.50.10'], IPv6: ['fd00:50::10'] },
  serviceCIDRs: { IPv4: ['10.96.0.0/12'], IPv6: ['fd00:10:96::/112'] },
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: false,
  allowExternalIPs: true,
  largeCluster: { IPv4: false, IPv6: false },
  kernel: MODERN_KERNEL,
  ...changes,
})

/** `count` endpoints 10.244.N.M:8080, or fd00:10:244::N:M. */
export const endpoints = (count: number, family: 'IPv4' | 'IPv6' = 'IPv4'): PlanEndpoint[] =>
  Array.from({ length: count }, (_, at) =>
    endpoint(
      family === 'IPv4'
        ? `10.244.${at >> 8}.${at & 255}`
        : `fd00:10:244::${(at >> 8).toString(16)}:${((at & 255) + 1).toString(16)}`,
      8080,
      at % 3 === 0,
    ),
  )

/** A service port with policy Cluster, one cluster IP and three endpoints, changed as told. */
export const plan = (changes: Partial<PortPlan> = {}): PortPlan => {
  const family = changes.family ?? 'IPv4'
  const cluster = changes.cluster ?? endpoints(3, family)
  const frontends: readonly Frontend[] = changes.frontends ?? [
    { kind: 'cluster-ip', address: family === 'IPv4' ? '10.96.0.10' : 'fd00:10:96::10', port: 80 },
  ]
  const route = cluster.length > 0 ? 'cluster' : 'reject'
  const isExternal = frontends.some(({ kind }) => kind !== 'cluster-ip')
  return {
    key: `${family} shop/web:http TCP`,
    family,
    namespace: 'shop',
    service: 'web',
    portName: 'http',
    protocol: 'TCP',
    label: 'shop/web:http',
    frontends,
    hasEndpoints: cluster.length > 0,
    internal: { policy: 'Cluster', route, masquerade: 'unless-pod' },
    external: isExternal ? { policy: 'Cluster', route } : null,
    sourceRanges: [],
    sourceRangesHoldNode: false,
    affinitySeconds: null,
    healthCheckNodePort: 0,
    cluster,
    local: cluster.filter(({ isLocal }) => isLocal),
    reachable: cluster,
    onNode: cluster.filter(({ isLocal }) => isLocal),
    serving: [],
    ...changes,
  }
}
