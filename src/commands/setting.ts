/**
 * What commands share before they compile: the configuration that holds, the mode, the node's name and the families.
 * Flags, configuration file and host in; values out. A configuration that kube-proxy would refuse is a Failure.
 */
import type { BackendName } from '../../backends/registry.ts'
import { parseAddress } from '../addresses.ts'
import { DEFAULT_MODE } from '../config/defaults.ts'
import { defaultConfig, readConfig, withFlags } from '../config/read.ts'
import type { ProxyConfig } from '../config/types.ts'
import { FAMILIES, type Family, type Problem } from '../objects/types.ts'
import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { MODES } from './modes.ts'
import type { Values } from './options.ts'
import { isError, type ReportProblems } from './problems.ts'
import { SAMPLE_CLUSTER, SAMPLE_CONFIG } from './sample/source.ts'
import { UsageError } from './usage.ts'
import { ENDED_READING, whileReading } from './while-reading.ts'

/** The flags that decide what is compiled, the same for every command that compiles. */
export type SettingOption =
  | 'filename'
  | 'demo'
  | 'config'
  | 'hostnameOverride'
  | 'proxyMode'
  | 'ipFamily'
  | 'nodeAddress'

export const SETTING_OPTIONS: readonly SettingOption[] = [
  'filename',
  'demo',
  'config',
  'hostnameOverride',
  'proxyMode',
  'ipFamily',
  'nodeAddress',
]

export type SettingValues = Values<SettingOption>

export interface Setting {
  readonly paths: readonly string[]
  /** Says how to reach the API server that the objects come from; undefined: they come from `paths`. */
  readonly kubeconfig: string | undefined
  /** Where the objects come from, for people. */
  readonly from: string
  readonly config: ProxyConfig
  readonly mode: BackendName
  readonly nodeName: string
  /** undefined: whatever the kernel has. */
  readonly families: readonly Family[] | undefined
  /** Canonical; of --node-address. */
  readonly nodeAddresses: readonly string[]
}

interface Asked {
  readonly command: string
  readonly values: SettingValues & { readonly kubeconfig?: string | undefined }
  readonly io: Io
  /** Hears what is wrong with the configuration. */
  readonly report: ReportProblems
}

/** Throws UsageError and Failure. */
export const readSetting = async ({ command, values, io, report }: Asked): Promise<Setting> => {
  const { demo, filename, kubeconfig } = values
  if (kubeconfig !== undefined && (demo || filename.length > 0))
    throw new UsageError(
      '--kubeconfig brings the objects of a cluster, so there is no -f or --demo beside it',
      `kpc ${command} --kubeconfig ${kubeconfig}`,
    )
  if (demo && filename.length > 0)
    throw new UsageError(
      '--demo brings a cluster of its own, so there is no -f beside it',
      `kpc ${command} --demo`,
    )
  if (!demo && kubeconfig === undefined && filename.length === 0)
    throw new UsageError(
      `kpc ${command} needs the objects to work from`,
      `kpc ${command} -f PATH, or kpc ${command} --demo for the sample cluster`,
    )
  const config = await readProxyConfig({ command, values, io, report })
  return {
    paths: demo ? [SAMPLE_CLUSTER] : filename,
    kubeconfig,
    from: demo ? 'sample cluster' : (kubeconfig ?? filename.join(', ')),
    config,
    mode: modeOf(config),
    nodeName: config.hostnameOverride || hostNodeName(io),
    nodeAddresses: values.nodeAddress.map(text => canonicalAddress(command, text)),
    families: values.ipFamily === undefined ? undefined : FAMILIES_OF[values.ipFamily],
  }
}

const FAMILIES_OF = {
  ipv4: ['IPv4'],
  ipv6: ['IPv6'],
  dual: FAMILIES,
} as const satisfies Readonly<Record<string, readonly Family[]>>

const readProxyConfig = async ({ values, io, report }: Asked): Promise<ProxyConfig> => {
  const { config: given, hostnameOverride, proxyMode, demo } = values
  const file = given ?? (demo ? SAMPLE_CONFIG : undefined)
  const read =
    file === undefined
      ? { config: defaultConfig(), problems: [] }
      : readConfig(await textOf(file, io), file, proxyMode)
  const flagged = withFlags(read.config, { config: given, hostnameOverride, proxyMode })
  const problems: readonly Problem[] = [...read.problems, ...flagged.problems]
  report(problems)
  if (problems.some(isError))
    throw new Failure('with such a configuration kube-proxy does not start, and neither does kpc')
  return flagged.config
}

const canonicalAddress = (command: string, text: string): string => {
  const address = parseAddress(text)
  if (address !== null) return address.text
  throw new UsageError(
    `--node-address ${JSON.stringify(text)} is not an IP address`,
    `kpc ${command} --node-address 192.0.2.10`,
  )
}

const textOf = async (file: string, io: Io): Promise<string> => {
  const text = await whileReading(readConfigFile(file, io), io.signal)
  if (text === undefined) throw new Failure(ENDED_READING)
  return text
}

const readConfigFile = async (file: string, io: Io): Promise<string> => {
  try {
    return await io.readFile(file)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const fact = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`
    throw new Failure(`--config ${file}: the file ${fact}; nothing was done`, { cause: error })
  }
}

const modeOf = ({ mode }: ProxyConfig): BackendName => {
  if (mode === '') return DEFAULT_MODE
  const known = MODES.find(name => name === mode)
  if (known !== undefined) return known
  throw new Failure(`mode "${mode}" is not available; this kpc knows ${MODES.join(', ')}`)
}

const hostNodeName = (io: Io): string => {
  const name = io.hostname().trim().toLowerCase()
  if (name === '') throw new Failure('the host has no name; give one with --hostname-override')
  return name
}
