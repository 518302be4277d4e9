/**
 * Text of iptables-save in, the form in which golden dumps are kept out: what differs between two dumps of equal
 * rules is gone, nothing else is. golden/README.md gives the reason for each step.
 */
import { byCodeUnit } from '../../src/order.ts'

/** Chains that kube-proxy fills in the order of a map, so that their order says nothing. */
const UNORDERED: ReadonlySet<string> = new Set([
  'nat KUBE-SERVICES',
  'filter KUBE-SERVICES',
  'nat KUBE-NODEPORTS',
  'filter KUBE-NODEPORTS',
  'filter KUBE-EXTERNAL-SERVICES',
  'filter KUBE-PROXY-FIREWALL',
])

/** The jump to the node ports is the last rule of its chain, whatever else stands there. */
const LAST = ' -j KUBE-NODEPORTS'

const chainOf = (rule: string): string => rule.split(' ', 2)[1] ?? ''

const sorted = (rules: readonly string[]): readonly string[] => [
  ...rules.filter(rule => !rule.endsWith(LAST)).sort(byCodeUnit),
  ...rules.filter(rule => rule.endsWith(LAST)).sort(byCodeUnit),
]

/** Rules of one table, those of unordered chains sorted in the place where they stand. */
const settle = (table: string, rules: readonly string[]): readonly string[] => {
  const settled: string[] = []
  for (let start = 0; start < rules.length; ) {
    const chain = chainOf(rules[start] ?? '')
    let end = start
    while (end < rules.length && chainOf(rules[end] ?? '') === chain) end++
    const group = rules.slice(start, end)
    settled.push(...(UNORDERED.has(`${table} ${chain}`) ? sorted(group) : group))
    start = end
  }
  return settled
}

const withoutCounters = (line: string): string =>
  line.startsWith(':') ? line.replace(/\[\d+:\d+\]$/, '[0:0]') : line

/** The dump of one or several tables, normalised. Ends with one line feed. */
export const normaliseDump = (dump: string): string => {
  const out: string[] = []
  let table = ''
  let rules: string[] = []
  for (const raw of dump.split('\n')) {
    const line = withoutCounters(raw.replace(/[ \t]+$/, ''))
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('-A ')) {
      rules.push(line)
      continue
    }
    if (line.startsWith('*')) table = line.slice(1)
    out.push(...settle(table, rules), line)
    rules = []
  }
  return [...out, ...rules].map(line => `${line}\n`).join('')
}
