/**
 * The worked example of spec iptables, section 12, as plans, with its two texts beside this file, and small parts
 * to build other plans from.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { base } from '../../../../backends/iptables/base.ts'
import { compile } from '../../../../backends/iptables/compile.ts'
import { equal, type IptablesEntry } from '../../../../backends/iptables/entries.ts'
import type { Family, Protocol } from '../../../../src/objects/types.ts'
import type { NodeFacts, PlanEndpoint, PortPlan } from '../../../../src/plan/types.ts'
import { Program } from '../../../../src/program/program.ts'

export const worked = (kind: 'restore' | 'save'): string =>
  readFileSync(join(import.meta.dirname, `worked-example.${kind}`), 'utf8')

export const FACTS: NodeFacts = {
  nodeName: 'node-a',
  zone: null,
  interfaceAddresses: { IPv4: ['192.168.0.2', '127.0.0.1'], IPv6: [] },
  families: ['IPv4'],
  nodeIPs: { IPv4: '192.168.0.2', IPv6: null },
  podDetector: { IPv4: { kind: 'cidr', cidr: '10.0.0.0/8' }, IPv6: null },
  nodePortAddresses: {
    IPv4: { all: true, holdsLoopback: true },
    IPv6: { all: true, holdsLoopback: false },
  },
  serviceCIDRs: { IPv4: [], IPv6: [] },
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  allowExternalIPs: true,
  largeCluster: { IPv4: false, IPv6: false },
  kernel: { tcpBeLiberal: false, nfacct: true, randomFully: true },
}

export const endpoint = (ip: string, port: number, isLocal = false): PlanEndpoint => ({
  ip,
  port,
  text: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
  isLocal,
})

interface Wanted {
  readonly label?: string
  readonly protocol?: Protocol
  readonly family?: Family
}

/** A plan of one port on a cluster IP, policy Cluster everywhere, without endpoints where nothing else is said. */
export const planOf = (
  { label = 'default/web:http', protocol = 'TCP', family = 'IPv4' }: Wanted,
  rest: Partial<PortPlan> = {},
): PortPlan => {
  const cluster = rest.cluster ?? []
  const hasEndpoints = cluster.length > 0
  return {
    key: `${family} ${label} ${protocol}`,
    family,
    namespace: label.split('/')[0] ?? '',
    service: label.split(/[/:]/)[1] ?? '',
    portName: label.split(':')[1] ?? '',
    protocol,
    label,
    frontends: [{ kind: 'cluster-ip', address: '10.96.10.20', port: 80 }],
    hasEndpoints,
    internal: {
      policy: 'Cluster',
      route: hasEndpoints ? 'cluster' : 'reject',
      masquerade: 'unless-pod',
    },
    external: null,
    sourceRanges: [],
    sourceRangesHoldNode: false,
    affinitySeconds: null,
    healthCheckNodePort: 0,
    cluster,
    local: [],
    reachable: cluster,
    onNode: [],
    serving: [],
    ...rest,
  }
}

const WEB = [
  endpoint('10.0.1.5', 8080, true),
  endpoint('10.0.2.9', 8080),
  endpoint('10.0.3.7', 8080),
]

export const EXAMPLE: readonly PortPlan[] = [
  planOf(
    { label: 'default/web:http' },
    {
      cluster: WEB,
      local: WEB.slice(0, 1),
      reachable: WEB,
      frontends: [
        { kind: 'cluster-ip', address: '10.96.10.20', port: 80 },
        { kind: 'load-balancer-ip', address: '198.51.100.10', port: 80, fenced: true },
        { kind: 'node-port', port: 30080 },
      ],
      external: { policy: 'Local', route: 'local' },
      sourceRanges: ['203.0.113.0/24'],
      affinitySeconds: 10800,
      healthCheckNodePort: 32000,
    },
  ),
  planOf(
    { label: 'kube-system/kube-dns:dns', protocol: 'UDP' },
    {
      cluster: [endpoint('10.0.1.2', 53, true), endpoint('10.0.2.2', 53)],
      frontends: [{ kind: 'cluster-ip', address: '10.96.0.10', port: 53 }],
    },
  ),
  planOf(
    { label: 'default/empty' },
    { frontends: [{ kind: 'cluster-ip', address: '10.96.10.30', port: 8080 }] },
  ),
]

/** The base and these plans, as the pipeline would put them together. */
export const programOf = (
  plans: readonly PortPlan[],
  facts: NodeFacts = FACTS,
): Program<IptablesEntry> => {
  const program = new Program<IptablesEntry>(equal)
  program.replace('base', base(facts))
  for (const plan of plans) program.replace(plan.key, compile(plan, facts))
  return program
}
