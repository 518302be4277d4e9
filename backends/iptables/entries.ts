/**
 * The entries of an iptables program: whole chains where all content is ours, and single rules where many service
 * ports write into one chain, so that a change of one service port is a change of its own rules and nothing else.
 */
import type { Family } from '../../src/objects/types.ts'
import { type ChainContent, rulesIn } from './chain-content.ts'
import type { Rule } from './rule.ts'
import { saveText } from './rule-text.ts'

export type Table = 'mangle' | 'filter' | 'nat'

/** In the order in which they are written. */
export const TABLES: readonly Table[] = ['mangle', 'filter', 'nat']

interface Spot {
  readonly key: string
  readonly family: Family
  readonly table: Table
  readonly chain: string
}

/** `content` null: the chain exists; what is in it are entries of their own, or not ours. */
export interface ChainEntry extends Spot {
  readonly kind: 'chain'
  readonly content: ChainContent | null
}

/** A rule of a shared chain. Those in place `last` stand behind all others. */
export interface RuleEntry extends Spot {
  readonly kind: 'rule'
  readonly place: 'body' | 'last'
  readonly rule: Rule
}

/**
 * A jump from a built-in chain. A missing one is inserted at the top; one that is there stays where it is. Of several
 * that are missing, the one with the greatest `turn` is inserted last and so ends up first.
 */
export interface JumpEntry extends Spot {
  readonly kind: 'jump'
  readonly turn: number
  readonly rule: Rule
}

export type IptablesEntry = ChainEntry | RuleEntry | JumpEntry

/** Where a chain is. */
export interface ChainPlace {
  readonly family: Family
  readonly table: Table
  readonly chain: string
}

/** The key of a chain. No rule has it, as a rule's text is never empty. */
export const chainKey = ({ family, table, chain }: ChainPlace): string =>
  `${family} ${table} ${chain}`

/** The key of the n-th rule in a chain that reads like a first one. */
export const nthKey = (key: string, n: number): string => `${key}#${n}`

export const chainEntry = (
  family: Family,
  table: Table,
  chain: string,
  content: ChainContent | null,
): ChainEntry => ({
  kind: 'chain',
  key: `${family} ${table} ${chain}`,
  family,
  table,
  chain,
  content,
})

export const ruleEntry = (
  family: Family,
  table: Table,
  chain: string,
  rule: Rule,
  place: 'body' | 'last' = 'body',
): RuleEntry => ({
  kind: 'rule',
  key: `${family} ${table} ${chain} ${saveText(rule, family)}`,
  family,
  table,
  chain,
  place,
  rule,
})

const sameRules = (a: readonly Rule[], b: readonly Rule[], family: Family): boolean =>
  a.length === b.length &&
  a.every((rule, at) => {
    const other = b[at]
    return other === rule || (other && saveText(other, family) === saveText(rule, family))
  })

/**
 * Two entries of one key say the same to the kernel. A chain without content equals any chain of its name:
 * KUBE-FIREWALL keeps what kubelet wrote as long as we want nothing in it.
 */
export const equal = (a: IptablesEntry, b: IptablesEntry): boolean => {
  if (a === b) return true
  if (a.kind !== b.kind) return false
  if (a.kind !== 'chain' || b.kind !== 'chain') return true
  if (a.content === null || b.content === null) return true
  return sameRules(rulesIn(a.content), rulesIn(b.content), a.family)
}

/** An entry's rules in their chain's order. */
export const rulesOf = (entry: IptablesEntry): readonly Rule[] => {
  switch (entry.kind) {
    case 'chain':
      return entry.content ? rulesIn(entry.content) : []
    case 'rule':
    case 'jump':
      return [entry.rule]
  }
}

/** What iptables-save shows of an entry, a line each, with the table in front. A chain without rules is one line. */
export const lines = (entry: IptablesEntry): readonly string[] => {
  const { table, chain, family } = entry
  const rules = rulesOf(entry)
  if (rules.length === 0) return [`${table} ${chain}`]
  return rules.map(rule => `${table} ${chain} ${saveText(rule, family)}`)
}
