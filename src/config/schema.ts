/**
 * The fields of KubeProxyConfiguration v1alpha1 and how each is read (spec agent, sections 1.1 and 1.3). The compiler
 * sees to it that every field of ProxyConfig is here. Pure data.
 */
import { HEALTHZ_PORT, METRICS_PORT } from './defaults.ts'
import { headerText, interfaceName, nodeName, schedulerName } from './names.ts'
import {
  address,
  addressAndPort,
  cidrs,
  duration,
  durationOrNanoseconds,
  flag,
  gates,
  integer,
  nodePortAddresses,
  number,
  oneOf,
  type Reader,
  text,
  unlessZero,
} from './reading.ts'
import type { ProxyConfig } from './types.ts'

type Leaf = string | number | boolean | readonly string[] | Readonly<Record<string, boolean>>

/** A reader for each field, sections within sections. */
export type Schema<T> = {
  readonly [K in keyof T]: T[K] extends Leaf ? Reader<T[K]> : Schema<T[K]>
}

const bit = integer(0, 31)
const period = unlessZero(duration)

export const SCHEMA: Schema<ProxyConfig> = {
  featureGates: gates,
  clientConnection: {
    kubeconfig: text,
    acceptContentTypes: headerText,
    contentType: unlessZero(headerText),
    qps: unlessZero(number),
    burst: unlessZero(integer(0)),
  },
  logging: {
    format: unlessZero(oneOf('text', 'json')),
    flushFrequency: unlessZero(durationOrNanoseconds),
    verbosity: integer(0),
  },
  hostnameOverride: nodeName,
  bindAddress: unlessZero(address),
  healthzBindAddress: unlessZero(addressAndPort(HEALTHZ_PORT)),
  metricsBindAddress: unlessZero(addressAndPort(METRICS_PORT)),
  bindAddressHardFail: flag,
  enableProfiling: flag,
  showHiddenMetricsForVersion: text,
  mode: oneOf('', 'iptables', 'ipvs', 'nftables', 'userspace'),
  iptables: {
    masqueradeBit: bit,
    masqueradeAll: flag,
    localhostNodePorts: flag,
    syncPeriod: period,
    minSyncPeriod: period,
  },
  ipvs: {
    syncPeriod: period,
    minSyncPeriod: duration,
    scheduler: schedulerName,
    excludeCIDRs: cidrs,
    strictARP: flag,
    tcpTimeout: duration,
    tcpFinTimeout: duration,
    udpTimeout: duration,
  },
  nftables: { masqueradeBit: bit, masqueradeAll: flag, syncPeriod: period, minSyncPeriod: period },
  detectLocalMode: unlessZero(
    oneOf('ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'),
  ),
  detectLocal: { bridgeInterface: interfaceName, interfaceNamePrefix: interfaceName },
  clusterCIDR: text,
  nodePortAddresses,
  oomScoreAdj: integer(-1000, 1000),
  conntrack: {
    maxPerCore: integer(0),
    min: integer(0),
    tcpEstablishedTimeout: duration,
    tcpCloseWaitTimeout: duration,
    tcpBeLiberal: flag,
    udpTimeout: duration,
    udpStreamTimeout: duration,
  },
  configSyncPeriod: period,
  portRange: text,
  udpIdleTimeout: period,
}

/** Fields that are part of the API and mean nothing here: other systems' settings and details of logging. */
export const UNUSED: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'logging.vmodule',
  'logging.options',
  'winkernel.networkName',
  'winkernel.sourceVip',
  'winkernel.enableDSR',
  'winkernel.rootHnsEndpointName',
  'winkernel.forwardHealthCheckVip',
  'windowsRunAsService',
])
