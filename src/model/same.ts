/**
 * Equality of what the model keeps, field by field: an update that says nothing new must make nothing dirty. Pure.
 */
import type {
  EndpointSlice,
  Family,
  Node,
  Service,
  ServicePort,
  SliceEndpoint,
} from '../objects/types.ts'
import type { Endpoint } from './types.ts'

export const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || sameList(a, b, (x, y) => x === y)

const sameList = <T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean => {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (!same(a[at] as T, b[at] as T)) return false
  return true
}

type Traits = Omit<SliceEndpoint, 'ip'>

const sameTraits = (a: Traits, b: Traits): boolean =>
  a.nodeName === b.nodeName &&
  a.ready === b.ready &&
  a.serving === b.serving &&
  a.terminating === b.terminating &&
  sameTexts(a.zoneHints, b.zoneHints) &&
  sameTexts(a.nodeHints, b.nodeHints)

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a === b || (a.text === b.text && sameTraits(a, b))

/** Equal in all that endpoints are made of; the trigger time is not. */
export const sameSlice = (a: EndpointSlice, b: EndpointSlice): boolean =>
  a === b ||
  (a.service === b.service &&
    a.headless === b.headless &&
    a.family === b.family &&
    sameList(a.ports, b.ports, sameSlicePort) &&
    sameList(a.endpoints, b.endpoints, (x, y) => x.ip === y.ip && sameTraits(x, y)))

export const sameSlices = (a: readonly EndpointSlice[], b: readonly EndpointSlice[]): boolean =>
  sameList(a, b, (x, y) => x.name === y.name && sameSlice(x, y))

type SlicePort = EndpointSlice['ports'][number]

const sameSlicePort = (a: SlicePort, b: SlicePort): boolean =>
  a.name === b.name && a.protocol === b.protocol && a.port === b.port

export const samePort = (a: ServicePort, b: ServicePort): boolean =>
  sameSlicePort(a, b) && a.nodePort === b.nodePort

/** Equal in all that one service port of one family can notice; the Service's other ports are not part of that. */
export const sameServiceFor = (family: Family, a: Service, b: Service): boolean =>
  a === b ||
  (a.type === b.type &&
    a.clusterIPs[family] === b.clusterIPs[family] &&
    sameTexts(a.externalIPs[family], b.externalIPs[family]) &&
    a.listsExternalIPs === b.listsExternalIPs &&
    sameTexts(a.loadBalancerIPs[family], b.loadBalancerIPs[family]) &&
    sameTexts(a.sourceRanges[family], b.sourceRanges[family]) &&
    a.affinitySeconds === b.affinitySeconds &&
    a.internalTrafficPolicy === b.internalTrafficPolicy &&
    a.externalTrafficPolicy === b.externalTrafficPolicy &&
    a.healthCheckNodePort === b.healthCheckNodePort)

export const sameService = (a: Service, b: Service): boolean =>
  a === b ||
  (sameServiceFor('IPv4', a, b) &&
    sameServiceFor('IPv6', a, b) &&
    sameList(a.ports, b.ports, samePort))

export const sameNode = (a: Node, b: Node): boolean =>
  a === b ||
  (a.zone === b.zone &&
    a.eligible === b.eligible &&
    sameTexts(a.podCIDRs, b.podCIDRs) &&
    sameTexts(a.addresses, b.addresses))
