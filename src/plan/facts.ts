/**
 * Configuration, Node object, interfaces and kernel in, the facts of this node out, with what is odd about them as
 * problems (spec agent, section 3; services-and-endpoints, sections 8 and 9). Pure: a change of any of these is just
 * new facts.
 */
import { parseAddress } from '../addresses.ts'
import type { ProxyConfig } from '../config/types.ts'
import type { Family, Node, PerFamily, Problem } from '../objects/types.ts'
import { byCodeUnit } from '../order.ts'
import { podDetectors } from './detector.ts'
import { nodePortAddressesOf, nodePortProblems, nodePortRanges } from './node-port-addresses.ts'
import type { KernelFacts, NodeFacts } from './types.ts'

export interface FactsInput {
  readonly config: ProxyConfig
  readonly nodeName: string
  /** This node's object; undefined: not seen. */
  readonly node: Node | undefined
  /** Canonical, of all interfaces, loopback too, without those that the backend itself binds. */
  readonly interfaceAddresses: readonly string[]
  readonly serviceCIDRs: PerFamily<readonly string[]>
  readonly largeCluster: PerFamily<boolean>
  readonly kernel: KernelFacts
  readonly families: readonly Family[]
  /** The backend's name. Some settings hold for one mode only. */
  readonly mode: string
}

/** Makes the facts. Problems are about the node's facts, not about the configuration's form. */
export const makeFacts = (
  input: FactsInput,
): { readonly facts: NodeFacts; readonly problems: readonly Problem[] } => {
  const { config, node, mode, kernel } = input
  const { ips } = nodeAddresses(node, config.bindAddress)
  const detectors = podDetectors(config, node, input.families)
  const interfaces = perFamily(family => ownAddresses(input.interfaceAddresses, family))
  const asked = nodePortRanges(config, mode, ips)
  const nodePorts = perFamily(family =>
    nodePortAddressesOf(family, asked.ranges, interfaces[family]),
  )
  const { masqueradeAll, masqueradeBit } = mode === 'nftables' ? config.nftables : config.iptables
  const facts: NodeFacts = {
    nodeName: input.nodeName,
    zone: node?.zone ?? null,
    families: input.families,
    nodeIPs: ips,
    podDetector: detectors.detectors,
    nodePortAddresses: nodePorts,
    interfaceAddresses: interfaces,
    serviceCIDRs: input.serviceCIDRs,
    masqueradeAll,
    masqueradeBit,
    localhostNodePorts:
      mode === 'iptables' && config.iptables.localhostNodePorts && nodePorts.IPv4.holdsLoopback,
    allowExternalIPs: config.featureGates['AllowServiceExternalIPs'] ?? true,
    largeCluster: input.largeCluster,
    kernel: { ...kernel, tcpBeLiberal: kernel.tcpBeLiberal || config.conntrack.tcpBeLiberal },
  }
  const problems = input.families.flatMap(family =>
    nodePortProblems(family, asked, nodePorts[family]),
  )
  return { facts, problems: [...detectors.problems, ...problems] }
}

/** A node's address of each family, and which family comes first. */
export interface NodeAddresses {
  readonly primary: Family
  readonly ips: PerFamily<string | null>
}

/** The first address and the first of the other family; a specific bind address overrides its family. */
export const nodeAddresses = (node: Node | undefined, bindAddress: string): NodeAddresses => {
  const listed = node?.addresses ?? []
  const bound = parseAddress(bindAddress)
  const specific = bound && !UNSPECIFIED.has(bound.text) ? bound : null
  const first = (family: Family): string | null =>
    specific?.family === family
      ? specific.text
      : (listed.find(address => familyOf(address) === family) ?? null)
  const primary = specific?.family ?? (listed[0] === undefined ? 'IPv4' : familyOf(listed[0]))
  return { primary, ips: perFamily(first) }
}

const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

const familyOf = (canonical: string): Family => (canonical.includes(':') ? 'IPv6' : 'IPv4')

const perFamily = <T>(of: (family: Family) => T): PerFamily<T> => ({
  IPv4: of('IPv4'),
  IPv6: of('IPv6'),
})

const ownAddresses = (addresses: readonly string[], family: Family): readonly string[] =>
  [...new Set(addresses.filter(address => familyOf(address) === family))].sort(byCodeUnit)
