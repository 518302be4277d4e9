/**
 * How this node recognises packets of its own pods, in each family (spec services-and-endpoints, section 8). Pure.
 */
import { parseCidr } from '../addresses.ts'
import type { ProxyConfig } from '../config/types.ts'
import type { Family, Node, PerFamily, Problem } from '../objects/types.ts'
import type { PodDetector } from './types.ts'

export interface PodDetectors {
  /** null: pods of this family cannot be told. */
  readonly detectors: PerFamily<PodDetector | null>
  readonly problems: readonly Problem[]
}

/** The detectors that the configured mode gives; a problem where no family that is served has one. */
export const podDetectors = (
  config: ProxyConfig,
  node: Node | undefined,
  families: readonly Family[],
): PodDetectors => {
  const detectors = detectorsOf(config, node)
  const blind = families.length > 0 && families.every(family => detectors[family] === null)
  return { detectors, problems: blind ? [undetectable(config, node)] : [] }
}

const detectorsOf = (
  { detectLocalMode, detectLocal, clusterCIDR }: ProxyConfig,
  node: Node | undefined,
): PerFamily<PodDetector | null> => {
  switch (detectLocalMode) {
    case 'ClusterCIDR':
      return fromCidrs(clusterCIDR.split(','))
    case 'NodeCIDR':
      return fromCidrs(node?.podCIDRs ?? [])
    case 'BridgeInterface':
      return both(detectLocal.bridgeInterface, name => ({ kind: 'interface', name }))
    case 'InterfaceNamePrefix':
      return both(detectLocal.interfaceNamePrefix, prefix => ({ kind: 'interface-prefix', prefix }))
  }
}

const fromCidrs = (texts: readonly string[]): PerFamily<PodDetector | null> => {
  const cidrs = texts.map(text => parseCidr(text.trim()))
  const first = (family: Family): PodDetector | null => {
    const cidr = cidrs.find(candidate => candidate?.family === family)
    return cidr ? { kind: 'cidr', cidr: cidr.text } : null
  }
  return { IPv4: first('IPv4'), IPv6: first('IPv6') }
}

const both = (
  name: string,
  detectorOf: (name: string) => PodDetector,
): PerFamily<PodDetector | null> => {
  const detector = name === '' ? null : detectorOf(name)
  return { IPv4: detector, IPv6: detector }
}

const undetectable = (config: ProxyConfig, node: Node | undefined): Problem => {
  const inNode = config.detectLocalMode === 'NodeCIDR'
  return {
    code: 'NO_POD_DETECTOR',
    severity: 'warning',
    subject: inNode ? `Node ${node?.name ?? ''}`.trim() : 'configuration',
    field: inNode ? 'spec.podCIDRs' : 'clusterCIDR',
    value: JSON.stringify(inNode ? (node?.podCIDRs ?? []) : config.clusterCIDR).slice(0, 80),
    fact: 'has no range of a family that is served',
    consequence:
      'pods cannot be told from other clients: cluster IP traffic is masqueraded only with masqueradeAll, ' +
      'and policy Local holds for pods too',
  }
}
