/**
 * A whole program as text that iptables-restore loads into empty tables: the frame and the rules as kube-proxy feeds
 * them, and besides them what kube-proxy writes by single commands, the jumps and canaries. Chains are sorted by
 * name, rules of shared chains by their save form. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import { FAMILIES } from '../../src/objects/types.ts'
import { by, byCodeUnit } from '../../src/order.ts'
import { type IptablesEntry, type JumpEntry, type RuleEntry, rulesOf, TABLES } from './entries.ts'
import type { Rule } from './rule.ts'
import { feedText } from './rule-text.ts'

/** The command that loads a family's block. */
export const RESTORE: Readonly<Record<Family, string>> = {
  IPv4: 'iptables-restore',
  IPv6: 'ip6tables-restore',
}

export const render = (entries: Iterable<IptablesEntry>): string => {
  const all = [...entries]
  return FAMILIES.map(family => {
    const text = renderFamily(all, family)
    return text === '' ? '' : `${headOf(all, family)}${text}`
  }).join('')
}

/** What a person has to know before loading a block; lines that iptables-restore passes over. */
const headOf = (entries: readonly IptablesEntry[], family: Family): string => {
  const counters = countersOf(entries.filter(entry => entry.family === family))
  const lines = [
    `# ${family}: load with ${RESTORE[family]} --noflush`,
    ...counters.map(
      counter => `# a rule counts in an object that has to be there: nfacct add ${counter}`,
    ),
  ]
  return lines.map(line => `${line}\n`).join('')
}

const countersOf = (entries: readonly IptablesEntry[]): readonly string[] => {
  const names = entries
    .flatMap(rulesOf)
    .flatMap(({ parts }) => parts)
    .flatMap(part => (part.kind === 'accounting' ? [part.name] : []))
  return [...new Set(names)].sort(byCodeUnit)
}

/** One family's block. Empty where there is nothing in it. */
export const renderFamily = (entries: Iterable<IptablesEntry>, family: Family): string => {
  const own = [...entries].filter(entry => entry.family === family).sort(by(({ key }) => key))
  return TABLES.map(table => renderTable(own, table)).join('')
}

const renderTable = (entries: readonly IptablesEntry[], table: IptablesEntry['table']): string => {
  const here = entries.filter(entry => entry.table === table)
  if (here.length === 0) return ''
  const chains = here.filter(entry => entry.kind === 'chain')
  const rules = here.filter(entry => entry.kind === 'rule')
  const shared = Map.groupBy(rules, ({ chain }) => chain)
  const jumps = here.filter(entry => entry.kind === 'jump')
  const text = [
    `*${table}`,
    ...chains.map(({ chain }) => `:${chain} - [0:0]`),
    ...chains.flatMap(entry =>
      (entry.content ? rulesOf(entry) : sharedRules(shared.get(entry.chain) ?? [])).map(rule =>
        ruleLine('-A', entry.chain, rule),
      ),
    ),
    ...jumpLines(jumps),
    'COMMIT',
  ]
  return `${text.join('\n')}\n`
}

const sharedRules = (entries: readonly RuleEntry[]): readonly Rule[] =>
  [
    ...entries.filter(({ place }) => place === 'body'),
    ...entries.filter(({ place }) => place === 'last'),
  ].map(({ rule }) => rule)

/** Each goes in at the top, as kube-proxy does it. */
const jumpLines = (jumps: readonly JumpEntry[]): readonly string[] =>
  jumps
    .toSorted((a, b) => byCodeUnit(a.chain, b.chain) || a.turn - b.turn)
    .map(({ chain, rule }) => ruleLine('-I', chain, rule))

/** A line of restore input. */
export const ruleLine = (operation: '-A' | '-I', chain: string, rule: Rule): string => {
  const text = feedText(rule)
  return text === '' ? `${operation} ${chain}` : `${operation} ${chain} ${text}`
}
