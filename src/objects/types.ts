/**
 * The fields of cluster objects that kpc reads, checked and canonical. Whoever holds one of these may use every
 * field as it stands: addresses and ranges are in canonical form (spec: services-and-endpoints, 1.1), ports are in
 * 1 … 65535, names follow their Kubernetes grammar. What did not pass is not here and is a Problem instead.
 */

export type Family = 'IPv4' | 'IPv6'
export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6']

export type Protocol = 'TCP' | 'UDP' | 'SCTP'

/** A value for each IP family. */
export type PerFamily<T> = Readonly<Record<Family, T>>

export interface ServicePort {
  /** Empty for an unnamed port. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  /** 0: none. Taken as it stands, whatever the Service type. */
  readonly nodePort: number
}

export interface Service {
  readonly kind: 'Service'
  readonly namespace: string
  readonly name: string
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** The label service.kubernetes.io/service-proxy-name is present: another proxy serves it. */
  readonly foreign: boolean
  /** The cluster IP of each family; null where the Service is to be ignored for that family (spec section 2). */
  readonly clusterIPs: PerFamily<string | null>
  readonly ports: readonly ServicePort[]
  readonly externalIPs: PerFamily<readonly string[]>
  /** spec.externalIPs is not empty, whatever is in it (it decides "externally accessible by spec"). */
  readonly listsExternalIPs: boolean
  /** Ingress addresses of the status whose ipMode is VIP or unset. */
  readonly loadBalancerIPs: PerFamily<readonly string[]>
  /** Empty: everyone is allowed. */
  readonly sourceRanges: PerFamily<readonly string[]>
  /** Seconds of ClientIP affinity; null: none. */
  readonly affinitySeconds: number | null
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  /** As written in the spec; whether it has an effect is the plan's business. */
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  /** As written in the spec; 0: none. */
  readonly healthCheckNodePort: number
}

export interface SlicePort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

export interface SliceEndpoint {
  /** addresses[0], canonical, of the slice's family. */
  readonly ip: string
  /** null: unknown, thus never local. */
  readonly nodeName: string | null
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly zoneHints: readonly string[]
  readonly nodeHints: readonly string[]
}

export interface EndpointSlice {
  readonly kind: 'EndpointSlice'
  readonly namespace: string
  readonly name: string
  /** The Service of the label kubernetes.io/service-name. */
  readonly service: string
  /** The label service.kubernetes.io/headless is present: the slice is not seen. */
  readonly headless: boolean
  readonly family: Family
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly SliceEndpoint[]
  /** The annotation endpoints.kubernetes.io/last-change-trigger-time, in ms since 1970; null: none or unparsable. */
  readonly triggerTime: number | null
}

/** A legacy Endpoints object, already in the shape that slice mirroring would give it. */
export interface Endpoints {
  readonly kind: 'Endpoints'
  readonly namespace: string
  readonly name: string
  /** Used where the Service of the same name has no EndpointSlice of its own. */
  readonly slices: readonly EndpointSlice[]
}

export interface Node {
  readonly kind: 'Node'
  readonly name: string
  /** The label topology.kubernetes.io/zone; null: none. */
  readonly zone: string | null
  readonly podCIDRs: readonly string[]
  /** status.addresses of type InternalIP, then ExternalIP, each group in order, canonical. */
  readonly addresses: readonly string[]
  /** Not about to go: no deletion timestamp, no taint of the cluster autoscaler (spec agent, section 5). */
  readonly eligible: boolean
}

export interface ServiceCIDR {
  readonly kind: 'ServiceCIDR'
  readonly name: string
  readonly cidrs: readonly string[]
}

export type ClusterObject = Service | EndpointSlice | Endpoints | Node | ServiceCIDR
export type Kind = ClusterObject['kind']

/** What a source tells: an object as it is now, or that it is gone. */
export type ClusterEvent =
  | { readonly type: 'set'; readonly object: ClusterObject }
  | {
      readonly type: 'delete'
      readonly kind: Kind
      readonly namespace: string
      readonly name: string
    }

/** Where an object was read. */
export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly document: number
  /** Counted from 1; of the field where known, else of the document. */
  readonly line: number
}

/** A fault found in input: a value, not an exception. */
export interface Problem {
  /** A constant such as BAD_ENDPOINT_IP; callers switch on it, never on text. */
  readonly code: string
  /** error: something is left out. warning: odd, but nothing is lost. */
  readonly severity: 'error' | 'warning'
  /** "EndpointSlice shop/cart-x7k2"; a file's name where no object could be read. */
  readonly subject: string
  /** "endpoints[3].addresses[0]"; empty where the fault is in no field. */
  readonly field: string
  /** The offending value as JSON, cut to 80 characters; empty where there is none. */
  readonly value: string
  /** "is not an IPv4 address" */
  readonly fact: string
  /** "endpoint skipped" */
  readonly consequence: string
  readonly place?: Place
}
