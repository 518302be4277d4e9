/**
 * KubeProxyConfiguration v1alpha1 as it holds after defaults: every field has a value, every duration is in
 * milliseconds, lists are plain. Field names are those of the API (spec agent, section 1.1).
 */

export type ProxyMode = 'iptables' | 'ipvs' | 'nftables' | 'userspace'

type DetectLocalMode = 'ClusterCIDR' | 'NodeCIDR' | 'BridgeInterface' | 'InterfaceNamePrefix'

/** How often rules are written, in milliseconds. */
export interface SyncPeriods {
  readonly syncPeriod: number
  readonly minSyncPeriod: number
}

interface IptablesConfig extends SyncPeriods {
  /** 0 … 31; for modes iptables, ipvs and userspace. */
  readonly masqueradeBit: number
  readonly masqueradeAll: boolean
  readonly localhostNodePorts: boolean
}

interface NftablesConfig extends SyncPeriods {
  readonly masqueradeBit: number
  readonly masqueradeAll: boolean
}

interface IpvsConfig extends SyncPeriods {
  /** Empty: rr. */
  readonly scheduler: string
  readonly excludeCIDRs: readonly string[]
  readonly strictARP: boolean
  /** Milliseconds; 0 leaves the kernel's value. */
  readonly tcpTimeout: number
  readonly tcpFinTimeout: number
  readonly udpTimeout: number
}

interface ConntrackConfig {
  readonly maxPerCore: number
  readonly min: number
  /** Milliseconds; 0 leaves the kernel's value. */
  readonly tcpEstablishedTimeout: number
  readonly tcpCloseWaitTimeout: number
  readonly tcpBeLiberal: boolean
  readonly udpTimeout: number
  readonly udpStreamTimeout: number
}

interface ClientConnectionConfig {
  /** Empty: in-cluster configuration. */
  readonly kubeconfig: string
  readonly acceptContentTypes: string
  readonly contentType: string
  readonly qps: number
  readonly burst: number
}

interface LoggingConfig {
  readonly format: 'text' | 'json'
  /** Milliseconds. */
  readonly flushFrequency: number
  readonly verbosity: number
}

interface DetectLocalConfig {
  readonly bridgeInterface: string
  readonly interfaceNamePrefix: string
}

export interface ProxyConfig {
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly clientConnection: ClientConnectionConfig
  readonly logging: LoggingConfig
  readonly hostnameOverride: string
  /** An unspecified address (0.0.0.0 or ::) leaves the node's address to its Node object. */
  readonly bindAddress: string
  /** address:port */
  readonly healthzBindAddress: string
  readonly metricsBindAddress: string
  readonly bindAddressHardFail: boolean
  readonly enableProfiling: boolean
  readonly showHiddenMetricsForVersion: string
  /** Empty: not chosen. */
  readonly mode: ProxyMode | ''
  readonly iptables: IptablesConfig
  readonly ipvs: IpvsConfig
  readonly nftables: NftablesConfig
  readonly detectLocalMode: DetectLocalMode
  readonly detectLocal: DetectLocalConfig
  /** One range, or two of different families with a comma between them, or empty. */
  readonly clusterCIDR: string
  /** Ranges, or the one word `primary`, or nothing. */
  readonly nodePortAddresses: readonly string[]
  readonly oomScoreAdj: number
  readonly conntrack: ConntrackConfig
  /** Milliseconds. */
  readonly configSyncPeriod: number
  /** Mode userspace: the ports it may listen on, as first-last or first+count; empty: any. */
  readonly portRange: string
  /** Mode userspace: milliseconds after which a silent UDP client is forgotten. */
  readonly udpIdleTimeout: number
}
