/**
 * A kube-proxy configuration file in, the configuration that holds out, with everything that is wrong with the file
 * as problems (spec agent, section 1). Whoever starts a proxy should refuse to do so on a problem of severity error,
 * as kube-proxy does. Pure.
 */
import type { Problem } from '../objects/types.ts'
import { checkTogether, withDefaultAddresses } from './check.ts'
import { DEFAULT_MODE, DEFAULTS } from './defaults.ts'
import { readDocument } from './document.ts'
import { REFUSED, type Reporter, readFields, report } from './fields.ts'
import { NODE_NAME, nodeNameOf } from './names.ts'
import { isMapping } from './reading.ts'
import type { ProxyConfig, ProxyMode } from './types.ts'

export interface ConfigReading {
  readonly config: ProxyConfig
  readonly problems: readonly Problem[]
}

/** The configuration of an empty file. */
export const defaultConfig = (): ProxyConfig => DEFAULTS

/**
 * Reads YAML or JSON. `file` is the name that problems give; `flagMode` is the mode in force where the file names none.
 * A field that is wrong keeps its default.
 */
export const readConfig = (
  text: string,
  file: string,
  flagMode: ProxyMode = DEFAULT_MODE,
): ConfigReading => {
  const document = readDocument(text, file)
  const problems: Problem[] = []
  const reporter: Reporter = { file, document, problems }
  for (const { repeatedKey, fact, place } of document.faults)
    problems.push({
      code: repeatedKey ? 'REPEATED_CONFIG_FIELD' : 'BAD_CONFIG_SYNTAX',
      severity: repeatedKey ? 'warning' : 'error',
      subject: file,
      field: '',
      value: '',
      fact,
      consequence: repeatedKey ? 'the last one holds' : REFUSED,
      place,
    })
  const { content } = document
  if (document.faults.some(({ repeatedKey }) => !repeatedKey)) return { config: DEFAULTS, problems }
  if (!isMapping(content)) reportContent(content, reporter)
  if (!isMapping(content) || !checkKind(content, reporter)) return { config: DEFAULTS, problems }
  const fields = withDefaultAddresses(readFields(content, reporter), content)
  const mode = fields.mode || flagMode
  const config = checkTogether(fields, mode, reporter)
  return { config, problems: problems.map(problem => weighed(problem, mode)) }
}

/** As in kube-proxy, what is wrong in the section of a mode that is not in force stops nobody. */
const weighed = (problem: Problem, mode: ProxyMode): Problem => {
  if (problem.severity === 'warning') return problem
  const idle = ['ipvs', 'nftables'].some(
    section => section !== mode && problem.field.startsWith(`${section}.`),
  )
  return idle ? { ...problem, severity: 'warning' } : { ...problem, consequence: REFUSED }
}

const API = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }

const checkKind = (content: Readonly<Record<string, unknown>>, reporter: Reporter): boolean => {
  let right = true
  for (const [name, wanted] of Object.entries(API)) {
    const given = content[name]
    if (given === wanted) continue
    const isMissing = given === undefined || given === null
    reportKind(reporter, [name], given, isMissing ? `is missing (${wanted})` : `is not ${wanted}`)
    right = false
  }
  return right
}

const reportContent = (content: unknown, reporter: Reporter): void => {
  const isEmpty = content === undefined || content === null
  const fact = isEmpty ? 'is empty' : 'is not a mapping of fields'
  const kind = `${API.kind} of ${API.apiVersion}`
  reportKind(reporter, [], isEmpty ? undefined : content, `${fact}: a ${kind} is read here`)
}

const reportKind = (
  reporter: Reporter,
  path: readonly string[],
  value: unknown,
  fact: string,
): void =>
  report(reporter, {
    code: 'NOT_A_PROXY_CONFIG',
    severity: 'error',
    path,
    value: value ?? undefined,
    fact,
    consequence: REFUSED,
  })

/** What the command line says about the configuration. */
export interface ConfigFlags {
  /** The configuration file, where one was given: kube-proxy then ignores most flags. */
  readonly config?: string | undefined
  readonly hostnameOverride?: string | undefined
  readonly proxyMode?: string | undefined
}

const MODES: readonly (ProxyMode | '')[] = ['', 'iptables', 'ipvs', 'nftables', 'userspace']

/**
 * Puts flags over a configuration with kube-proxy's precedence: the host name always wins, the mode only where a
 * configuration file names none.
 */
export const withFlags = (config: ProxyConfig, flags: ConfigFlags): ConfigReading => {
  const named = withHostname(config, flags.hostnameOverride)
  const chosen = withMode(named.config, flags)
  return { config: chosen.config, problems: [...named.problems, ...chosen.problems] }
}

const withHostname = (config: ProxyConfig, flag: string | undefined): ConfigReading => {
  if (flag === undefined || flag === '') return { config, problems: [] }
  const hostnameOverride = nodeNameOf(flag)
  if (hostnameOverride !== null) return { config: { ...config, hostnameOverride }, problems: [] }
  const fact = `is not ${NODE_NAME}`
  return { config, problems: [flagFault('--hostname-override', flag, fact, REFUSED)] }
}

const withMode = (config: ProxyConfig, flags: ConfigFlags): ConfigReading => {
  const { proxyMode } = flags
  if (proxyMode === undefined) return { config, problems: [] }
  const mode = MODES.find(word => word === proxyMode)
  const known = MODES.filter(word => word !== '').join(', ')
  if (mode === undefined) {
    const fault = flagFault('--proxy-mode', proxyMode, `is not one of ${known}`, REFUSED)
    return { config, problems: [fault] }
  }
  // kube-proxy ignores the flag beside a file; where the file names no mode, nothing speaks against the flag.
  if (flags.config === undefined || config.mode === '')
    return { config: { ...config, mode }, problems: [] }
  if (mode === config.mode) return { config, problems: [] }
  const fact = `does not hold beside --config, whose mode is ${JSON.stringify(config.mode)}`
  const ignored = flagFault('--proxy-mode', proxyMode, fact, 'flag ignored')
  return { config, problems: [{ ...ignored, severity: 'warning' }] }
}

const flagFault = (subject: string, value: string, fact: string, consequence: string): Problem => ({
  code: 'BAD_FLAG',
  severity: 'error',
  subject,
  field: '',
  value: JSON.stringify(value),
  fact,
  consequence,
})
