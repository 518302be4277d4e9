/**
 * Rules that join several fields of a configuration (spec agent, section 1.3), and the defaults that follow from other
 * fields. Pure.
 */
import { parseAddress, parseCidr } from '../addresses.ts'
import { HEALTHZ_PORT, METRICS_PORT } from './defaults.ts'
import { formatDuration } from './duration.ts'
import { type FieldFault, REFUSED, type Reporter, report } from './fields.ts'
import type { ProxyConfig, ProxyMode, SyncPeriods } from './types.ts'

type Fault = Omit<FieldFault, 'code' | 'severity' | 'consequence'>

/** The periods of the section that the mode uses. */
const activePeriods = (config: ProxyConfig, mode: ProxyMode): SyncPeriods =>
  mode === 'ipvs' || mode === 'nftables' ? config[mode] : config.iptables

/** Reports what does not go together in mode `mode` and returns the configuration that holds instead. */
export const checkTogether = (
  config: ProxyConfig,
  mode: ProxyMode,
  reporter: Reporter,
): ProxyConfig => {
  for (const fault of [
    ...detectorFaults(config),
    ...clusterCidrFaults(config),
    ...gateFaults(config),
  ])
    reportOnce(reporter, fault)
  reportUnknownGates(config, reporter)
  return withPeriods(config, mode, reporter)
}

// A field that was refused by itself has its default now, about which nobody needs to hear.
const reportOnce = (reporter: Reporter, fault: Fault): void => {
  const field = fault.path.join('.')
  if (reporter.problems.some(problem => problem.field === field)) return
  report(reporter, { code: 'BAD_CONFIG_VALUE', severity: 'error', ...fault, consequence: REFUSED })
}

/** An IPv6 bind address moves the default addresses of the health and metrics servers to IPv6. */
export const withDefaultAddresses = (
  config: ProxyConfig,
  given: Readonly<Record<string, unknown>>,
): ProxyConfig => {
  if (parseAddress(config.bindAddress)?.family !== 'IPv6') return config
  return {
    ...config,
    ...(given['healthzBindAddress'] ? {} : { healthzBindAddress: `[::]:${HEALTHZ_PORT}` }),
    ...(given['metricsBindAddress'] ? {} : { metricsBindAddress: `[::1]:${METRICS_PORT}` }),
  }
}

const detectorFaults = ({ detectLocalMode, detectLocal }: ProxyConfig): readonly Fault[] => {
  const needed = (name: keyof typeof detectLocal): readonly Fault[] =>
    detectLocal[name] === ''
      ? [
          {
            path: ['detectLocal', name],
            value: '',
            fact: `is empty, and detectLocalMode ${detectLocalMode} needs it`,
          },
        ]
      : []
  switch (detectLocalMode) {
    case 'BridgeInterface':
      return needed('bridgeInterface')
    case 'InterfaceNamePrefix':
      return needed('interfaceNamePrefix')
    case 'ClusterCIDR':
    case 'NodeCIDR':
      return []
  }
}

const clusterCidrFaults = ({ detectLocalMode, clusterCIDR }: ProxyConfig): readonly Fault[] => {
  if (detectLocalMode !== 'ClusterCIDR' || clusterCIDR === '') return []
  const families = clusterCIDR.split(',').map(text => parseCidr(text.trim())?.family)
  const right = families.length <= 2 && !families.includes(undefined) && families[0] !== families[1]
  return right
    ? []
    : [
        {
          path: ['clusterCIDR'],
          value: clusterCIDR,
          fact: 'is neither one range nor an IPv4 and an IPv6 range with a comma between them',
        },
      ]
}

/** Gates of the proxy and whether they may be turned off. */
const GATES: Readonly<Record<string, 'open' | 'locked'>> = {
  AllowServiceExternalIPs: 'open',
  PreferSameTrafficDistribution: 'locked',
  MultiCIDRServiceAllocator: 'locked',
  NFTablesProxyMode: 'locked',
  ComponentFlagz: 'open',
  ComponentStatusz: 'open',
}

const gateFaults = ({ featureGates }: ProxyConfig): readonly Fault[] =>
  Object.entries(featureGates).flatMap(([name, on]) =>
    GATES[name] === 'locked' && !on
      ? [
          {
            path: ['featureGates', name],
            value: on,
            fact: 'cannot be false: the gate is locked to true',
          },
        ]
      : [],
  )

const reportUnknownGates = ({ featureGates }: ProxyConfig, reporter: Reporter): void => {
  for (const [name, value] of Object.entries(featureGates))
    if (!Object.hasOwn(GATES, name))
      report(reporter, {
        code: 'UNKNOWN_FEATURE_GATE',
        severity: 'warning',
        path: ['featureGates', name],
        value,
        fact: 'is no feature gate of the proxy',
        consequence: 'ignored',
      })
}

const withPeriods = (config: ProxyConfig, mode: ProxyMode, reporter: Reporter): ProxyConfig => {
  const section = mode === 'userspace' ? 'iptables' : mode
  const { syncPeriod, minSyncPeriod } = activePeriods(config, mode)
  if (minSyncPeriod <= syncPeriod) return config
  reportOnce(reporter, {
    path: [section, 'minSyncPeriod'],
    value: formatDuration(minSyncPeriod),
    fact: `is longer than ${section}.syncPeriod, ${formatDuration(syncPeriod)}`,
  })
  return { ...config, [section]: { ...config[section], minSyncPeriod: syncPeriod } }
}
