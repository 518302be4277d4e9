/**
 * Entries laid out for following packets: the rules of each chain in the order in which the kernel meets them. Chains
 * that no packet enters cost nothing. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import { by } from '../../src/order.ts'
import type { EntryTable } from '../../src/program/types.ts'
import {
  chainKey,
  type IptablesEntry,
  type JumpEntry,
  type RuleEntry,
  rulesOf,
  type Table,
} from './entries.ts'
import type { Rule } from './rule.ts'

/** A rule where it stands. */
export interface Standing {
  readonly rule: Rule
  readonly entry: IptablesEntry
}

/** The rules of a chain, in order; none for a chain that is not there. */
export type ChainIndex = (family: Family, table: Table, chain: string) => readonly Standing[]

/**
 * Rules of shared chains in the order of a render, jumps as on a fresh host. Where two service ports claim one
 * address, the kernel may know another order; which of them wins is nowhere laid down.
 */
export const indexChains = (entries: EntryTable<IptablesEntry>): ChainIndex => {
  const parts = new Map<string, (RuleEntry | JumpEntry)[]>()
  for (const entry of entries.values()) {
    if (entry.kind === 'chain') continue
    const key = chainKey(entry)
    const list = parts.get(key)
    if (list) list.push(entry)
    else parts.set(key, [entry])
  }
  const known = new Map<string, readonly Standing[]>()
  return (family, table, chain) => {
    const key = chainKey({ family, table, chain })
    const found = known.get(key)
    if (found) return found
    const whole = entries.get(key)
    const own = whole ? rulesOf(whole).map(rule => ({ rule, entry: whole })) : []
    const standing = [...own, ...inOrder(parts.get(key) ?? [])]
    known.set(key, standing)
    return standing
  }
}

const inOrder = (parts: readonly (RuleEntry | JumpEntry)[]): readonly Standing[] => {
  const rules = parts.filter(part => part.kind === 'rule').sort(by(({ key }) => key))
  const jumps = parts.filter(part => part.kind === 'jump').sort((a, b) => b.turn - a.turn)
  return [
    ...jumps,
    ...rules.filter(({ place }) => place === 'body'),
    ...rules.filter(({ place }) => place === 'last'),
  ].map(entry => ({ rule: entry.rule, entry }))
}
