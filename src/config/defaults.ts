/**
 * The configuration of an empty file (spec agent, section 1.1).
 */
import type { ProxyConfig, ProxyMode } from './types.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Ports that the health and metrics servers listen on unless told otherwise. */
export const HEALTHZ_PORT = 10256
export const METRICS_PORT = 10249

/** The mode in force where neither a file nor a flag names one; kube-proxy's is iptables. */
export const DEFAULT_MODE: ProxyMode & 'nftables' = 'nftables'

/** The defaults, as kube-proxy has them; mode is not chosen. */
export const DEFAULTS: ProxyConfig = {
  featureGates: {},
  clientConnection: {
    kubeconfig: '',
    acceptContentTypes: '',
    contentType: 'application/vnd.kubernetes.protobuf',
    qps: 5,
    burst: 10,
  },
  logging: { format: 'text', flushFrequency: 5 * SECOND, verbosity: 0 },
  hostnameOverride: '',
  bindAddress: '0.0.0.0',
  healthzBindAddress: `0.0.0.0:${HEALTHZ_PORT}`,
  metricsBindAddress: `127.0.0.1:${METRICS_PORT}`,
  bindAddressHardFail: false,
  enableProfiling: false,
  showHiddenMetricsForVersion: '',
  mode: '',
  iptables: {
    masqueradeBit: 14,
    masqueradeAll: false,
    localhostNodePorts: true,
    syncPeriod: 30 * SECOND,
    minSyncPeriod: SECOND,
  },
  ipvs: {
    syncPeriod: 30 * SECOND,
    minSyncPeriod: 0,
    scheduler: '',
    excludeCIDRs: [],
    strictARP: false,
    tcpTimeout: 0,
    tcpFinTimeout: 0,
    udpTimeout: 0,
  },
  nftables: {
    masqueradeBit: 14,
    masqueradeAll: false,
    syncPeriod: 30 * SECOND,
    minSyncPeriod: SECOND,
  },
  detectLocalMode: 'ClusterCIDR',
  detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
  clusterCIDR: '',
  nodePortAddresses: [],
  oomScoreAdj: -999,
  conntrack: {
    maxPerCore: 32768,
    min: 131072,
    tcpEstablishedTimeout: 24 * HOUR,
    tcpCloseWaitTimeout: HOUR,
    tcpBeLiberal: false,
    udpTimeout: 0,
    udpStreamTimeout: 0,
  },
  configSyncPeriod: 15 * MINUTE,
  portRange: '',
  udpIdleTimeout: 250,
}
