/**
 * Objects: a v1 Service. The rules of spec services-and-endpoints, sections 2 and 3, that need nothing but the
 * Service itself are applied here.
 */
import type { Address } from '../addresses.ts'
import { addressesAt, addressOf, byFamily, cidrsAt } from './address-fields.ts'
import { clusterIPsAt } from './cluster-ips.ts'
import {
  type Fields,
  faultAt,
  integerAt,
  listAt,
  mappingAt,
  mappingsAt,
  valueAt,
  wordAt,
} from './fields.ts'
import { hasLabel, readMetadata } from './metadata.ts'
import { optionalPortAt, PORT_SKIPPED, portNameAt, portNumberAt, protocolAt } from './port.ts'
import type { PerFamily, Service, ServicePort } from './types.ts'

/** What the API server fills in for ClientIP affinity, in seconds. */
const DEFAULT_AFFINITY_SECONDS = 10800

const POLICIES = ['Cluster', 'Local'] as const
const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const

export const readService = (root: Fields): Service | null => {
  const metadata = readMetadata(root, { namespaced: true, name: 'label' }, 'Service skipped')
  if (metadata === null) return null
  const spec = mappingAt(root, 'spec', 'Service ignored')
  const type = wordAt(spec, 'type', TYPES, 'ClusterIP')
  const service: Service = {
    kind: 'Service',
    namespace: metadata.namespace,
    name: metadata.name,
    type,
    foreign: hasLabel(metadata, 'service.kubernetes.io/service-proxy-name'),
    clusterIPs: clusterIPsAt(spec, type),
    ports: portsAt(spec),
    externalIPs: byFamily(addressesAt(spec, 'externalIPs')),
    listsExternalIPs: listsExternalIPs(spec),
    loadBalancerIPs: byFamily(ingressAddresses(root)),
    sourceRanges: sourceRangesAt(spec),
    affinitySeconds: affinityAt(spec),
    internalTrafficPolicy: wordAt(spec, 'internalTrafficPolicy', POLICIES, 'Cluster'),
    externalTrafficPolicy: wordAt(spec, 'externalTrafficPolicy', POLICIES, 'Cluster'),
    healthCheckNodePort: optionalPortAt(spec, 'healthCheckNodePort'),
  }
  if (isServed(service)) reportMissing(spec, service)
  return service
}

const isServed = ({ foreign, clusterIPs: { IPv4, IPv6 } }: Service): boolean =>
  !foreign && (IPv4 !== null || IPv6 !== null)

/** What the API server would have filled in or asked for, and its absence would go unnoticed. */
const reportMissing = (spec: Fields, { type, externalTrafficPolicy }: Service): void => {
  const ports = valueAt(spec, 'ports')
  if (ports === undefined || (Array.isArray(ports) && ports.length === 0)) {
    const fact = ports === undefined ? 'is missing' : 'is empty'
    const consequence = 'nothing is served'
    faultAt(spec, 'ports', { code: 'NO_PORT', severity: 'warning', fact, consequence })
  }
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local') return
  if ((valueAt(spec, 'healthCheckNodePort') ?? 0) === 0)
    faultAt(spec, 'healthCheckNodePort', {
      code: 'NO_HEALTH_CHECK_PORT',
      severity: 'warning',
      fact: 'is not set for a load balancer with externalTrafficPolicy Local',
      consequence: 'no health check is answered, so the load balancer may send nothing here',
    })
}

const listsExternalIPs = (spec: Fields): boolean => {
  const list = valueAt(spec, 'externalIPs')
  return Array.isArray(list) && list.length > 0
}

const portsAt = (spec: Fields): readonly ServicePort[] => {
  const ports = new Map<string, ServicePort>()
  for (const fields of mappingsAt(spec, 'ports', PORT_SKIPPED)) {
    const port = readPort(fields)
    if (port === null) continue
    const identity = `${port.name} ${port.protocol}`
    if (!ports.has(identity)) {
      ports.set(identity, port)
      continue
    }
    const fact = 'has the name and protocol of an earlier port'
    const fault = { code: 'DUPLICATE_PORT', fact, consequence: PORT_SKIPPED }
    faultAt(spec, 'ports', fault, fields.index ?? 0)
  }
  return [...ports.values()]
}

const readPort = (fields: Fields): ServicePort | null => {
  const name = portNameAt(fields)
  const protocol = protocolAt(fields)
  const port = portNumberAt(fields)
  const nodePort = optionalPortAt(fields, 'nodePort')
  if (name === null || protocol === null || port === null) return null
  return { name, protocol, port, nodePort }
}

const ingressAddresses = (root: Fields): readonly Address[] => {
  const balancer = mappingAt(mappingAt(root, 'status'), 'loadBalancer')
  return mappingsAt(balancer, 'ingress', 'load balancer address ignored').flatMap(ingress => {
    const ip = valueAt(ingress, 'ip')
    if (ip === undefined || ip === '') return []
    // Proxy (or a mode to come): traffic is meant to leave for the load balancer itself.
    if ((valueAt(ingress, 'ipMode') ?? 'VIP') !== 'VIP') return []
    return addressOf(ip, ingress, 'ip', 'load balancer address ignored') ?? []
  })
}

const sourceRangesAt = (spec: Fields): PerFamily<readonly string[]> => {
  const key = 'loadBalancerSourceRanges'
  const ranges = cidrsAt(spec, key)
  if (ranges.length === 0 && listAt(spec, key).length > 0) {
    faultAt(spec, key, {
      code: 'NO_SOURCE_RANGE',
      severity: 'warning',
      fact: 'holds no address range',
      consequence: 'every source is allowed',
    })
  }
  const open = new Set(ranges.filter(({ length }) => length === 0).map(({ family }) => family))
  return byFamily(ranges.filter(({ family }) => !open.has(family)))
}

const affinityAt = (spec: Fields): number | null => {
  if (wordAt(spec, 'sessionAffinity', ['None', 'ClientIP'], 'None') === 'None') return null
  const clientIP = mappingAt(mappingAt(spec, 'sessionAffinityConfig'), 'clientIP')
  const seconds = integerAt(clientIP, 'timeoutSeconds', {
    code: 'BAD_TIMEOUT',
    what: 'a number of seconds',
    min: 1,
    max: 86400,
    absent: DEFAULT_AFFINITY_SECONDS,
    consequence: `taken as ${DEFAULT_AFFINITY_SECONDS}`,
  })
  return seconds ?? DEFAULT_AFFINITY_SECONDS
}
