/**
 * The intermediate representation: what one service port means on this node, and what is true of the node. No
 * backend's word is in here, and every Kubernetes policy is decided before: a backend only translates.
 * Rules and names: spec services-and-endpoints, sections 3, 5, 7, 8 and 9.
 */
import type { Endpoint, PortKey } from '../model/types.ts'
import type { Family, PerFamily, Protocol } from '../objects/types.ts'

/**
 * Where a new connection goes. `cluster` and `local` name an endpoint list of the plan, neither of them empty then.
 * `reject`: no endpoint anywhere. `drop`: there are some, none of them usable under policy Local.
 */
export type Route = 'cluster' | 'local' | 'reject' | 'drop'

/** Which connections to the cluster IP get the node's address as their source. */
export type ClusterMasquerade = 'always' | 'unless-pod' | 'never'

/** What a client dials. An order within the plan: cluster IP, external IPs, load-balancer IPs, node port. */
export type Frontend =
  | { readonly kind: 'cluster-ip' | 'external-ip'; readonly address: string; readonly port: number }
  /** fenced: only sources in `PortPlan.sourceRanges` may use it. */
  | {
      readonly kind: 'load-balancer-ip'
      readonly address: string
      readonly port: number
      readonly fenced: boolean
    }
  | { readonly kind: 'node-port'; readonly port: number }

export interface InternalTraffic {
  readonly policy: 'Cluster' | 'Local'
  readonly route: Route
  readonly masquerade: ClusterMasquerade
}

/**
 * Traffic to external IPs, load-balancer IPs and the node port. Policy Cluster: always masqueraded. Policy Local:
 * pods (if the node can tell them) and the node itself go to the `cluster` list whenever the plan has endpoints,
 * masqueraded for the node only; all others follow `route` and keep their source.
 */
export interface ExternalTraffic {
  readonly policy: 'Cluster' | 'Local'
  readonly route: Route
}

export interface PortPlan {
  readonly key: PortKey
  readonly family: Family
  readonly namespace: string
  readonly service: string
  readonly portName: string
  readonly protocol: Protocol
  /** `namespace/name:port`; the protocol and family are not in it. */
  readonly label: string
  readonly frontends: readonly Frontend[]
  /** Usable endpoints exist somewhere. */
  readonly hasEndpoints: boolean
  readonly internal: InternalTraffic
  /** null: the service port is not externally accessible. */
  readonly external: ExternalTraffic | null
  /** Canonical ranges for load-balancer IPs. Empty: everyone is allowed. */
  readonly sourceRanges: readonly string[]
  /** One of the ranges holds this node's address, so a load-balancer IP is allowed as a source too. */
  readonly sourceRangesHoldNode: boolean
  /** Seconds of ClientIP affinity; null: none. */
  readonly affinitySeconds: number | null
  /** 0: none. */
  readonly healthCheckNodePort: number
  /** Sorted by text. `reachable` is the union that any route may lead to. */
  readonly cluster: readonly PlanEndpoint[]
  readonly local: readonly PlanEndpoint[]
  readonly reachable: readonly PlanEndpoint[]
  /** All endpoints that run on this node, usable or not: what hairpin rules of some backends name. Sorted by text. */
  readonly onNode: readonly PlanEndpoint[]
  /** UDP only: texts of all endpoints that still serve, whatever the policies say. Flows to any other are stale. */
  readonly serving: readonly string[]
}

/**
 * An endpoint as a backend needs it. One that runs elsewhere is the model's own, which a large cluster has but once;
 * what more it holds is none of a backend's business.
 */
export interface PlanEndpoint extends Pick<Endpoint, 'ip' | 'port' | 'text'> {
  /** Runs on this node. */
  readonly isLocal?: boolean
}

/** How a packet is recognised as sent by a local pod. */
export type PodDetector =
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'interface'; readonly name: string }
  | { readonly kind: 'interface-prefix'; readonly prefix: string }

/** On which of the node's own addresses node ports are served. */
export type NodePortAddresses =
  | { readonly all: true; readonly holdsLoopback: boolean }
  /** Interface addresses that fall in a configured range; may be empty. */
  | { readonly all: false; readonly holdsLoopback: boolean; readonly addresses: readonly string[] }

/** What is true of the node and holds for every service port. */
export interface NodeFacts {
  readonly nodeName: string
  readonly zone: string | null
  readonly families: readonly Family[]
  /** The node's primary address of each family; null: unknown. */
  readonly nodeIPs: PerFamily<string | null>
  readonly podDetector: PerFamily<PodDetector | null>
  readonly nodePortAddresses: PerFamily<NodePortAddresses>
  /** All addresses of the node's interfaces, those that the backend itself binds left out. Sorted, each once. */
  readonly interfaceAddresses: PerFamily<readonly string[]>
  readonly serviceCIDRs: PerFamily<readonly string[]>
  readonly masqueradeAll: boolean
  /** 0 … 31 */
  readonly masqueradeBit: number
  /** iptables mode, IPv4: node ports answer on loopback too (configured, and loopback is a node-port address). */
  readonly localhostNodePorts: boolean
  /** Feature gate AllowServiceExternalIPs. */
  readonly allowExternalIPs: boolean
  /** More than 1000 endpoints in the family, usable or not: rules go without some comments (spec iptables, 8.4). */
  readonly largeCluster: PerFamily<boolean>
  readonly kernel: KernelFacts
}

/** What the running kernel and tools offer; a render without a kernel takes `MODERN_KERNEL`. */
export interface KernelFacts {
  /** net.netfilter.nf_conntrack_tcp_be_liberal is not 0, or conntrack.tcpBeLiberal asks for it. */
  readonly tcpBeLiberal: boolean
  readonly nfacct: boolean
  readonly randomFully: boolean
}

export const MODERN_KERNEL: KernelFacts = { tcpBeLiberal: false, nfacct: true, randomFully: true }
