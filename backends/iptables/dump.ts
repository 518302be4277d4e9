/**
 * The output of iptables-save in, our entries out: the chains that kube-proxy and we have in common, whoever wrote
 * them, and the jumps to them. Chains and rules of others do not appear. What stands twice or in the wrong place
 * gets a key that no program has, so that every comparison shows it. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import {
  chainEntry,
  type IptablesEntry,
  nthKey,
  type RuleEntry,
  ruleEntry,
  TABLES,
  type Table,
} from './entries.ts'
import { holdingOf } from './holding.ts'
import { jumpOf } from './jumps.ts'
import { parseRule } from './parse.ts'
import type { Rule } from './rule.ts'

/** Reads a dump of all tables of one family. */
export const readDump = (dump: string, family: Family): readonly IptablesEntry[] => {
  const entries: IptablesEntry[] = []
  let table: DumpedTable | null = null
  for (const line of linesOf(dump)) {
    if (line.startsWith('*')) table = startTable(line.slice(1), family)
    else if (!table) continue
    else if (line.startsWith('-A ')) table.addRule(line)
    else if (line.startsWith(':')) table.addChain(line.slice(1, line.indexOf(' ')))
    else if (line === 'COMMIT') {
      for (const entry of table.entries()) entries.push(entry)
      table = null
    }
  }
  return entries
}

function* linesOf(text: string): Generator<string> {
  let from = 0
  while (from < text.length) {
    const end = text.indexOf('\n', from)
    const to = end < 0 ? text.length : end
    yield text.slice(from, to)
    from = to + 1
  }
}

interface DumpedTable {
  readonly addChain: (chain: string) => void
  readonly addRule: (line: string) => void
  readonly entries: () => Generator<IptablesEntry>
}

/** null: we have nothing in that table. */
const startTable = (name: string, family: Family): DumpedTable | null => {
  const table = TABLES.find(known => known === name)
  if (!table) return null
  const chains = new Map<string, string[]>()
  return {
    addChain: chain => chains.set(chain, []),
    addRule: line => {
      const blank = line.indexOf(' ', 3)
      const end = blank < 0 ? line.length : blank
      chains.get(line.slice(3, end))?.push(line.slice(end + 1))
    },
    *entries() {
      for (const [chain, texts] of chains) yield* chainEntries(family, table, chain, texts)
    },
  }
}

function* chainEntries(
  family: Family,
  table: Table,
  chain: string,
  texts: readonly string[],
): Generator<IptablesEntry> {
  const rules = (): readonly Rule[] => texts.map(text => parseRule(text, family))
  switch (holdingOf(table, chain)) {
    case 'all':
      yield chainEntry(family, table, chain, { kind: 'rules', rules: rules() })
      break
    case 'rules':
      yield chainEntry(family, table, chain, null)
      yield* sharedEntries(rules().map(rule => placed(family, table, chain, rule)))
      break
    case 'jumps':
      yield* jumpEntries(family, table, chain, texts)
      break
    case 'nothing':
      break
  }
}

/** What stands last is known by where it leads: to the node ports. */
const placed = (family: Family, table: Table, chain: string, rule: Rule): RuleEntry => {
  const isLast = rule.target?.kind === 'jump' && rule.target.chain === 'KUBE-NODEPORTS'
  return ruleEntry(family, table, chain, rule, isLast ? 'last' : 'body')
}

/**
 * A rule that stands behind one which should be last is never reached for what that one takes. All rules that read
 * like it are then marked, since deleting by text takes the first of them, wherever it stands.
 */
function* sharedEntries(rules: readonly RuleEntry[]): Generator<RuleEntry> {
  const last = rules.findIndex(({ place }) => place === 'last')
  const isMisplaced = ({ place }: RuleEntry, at: number): boolean =>
    last >= 0 && at > last && place === 'body'
  const misplaced = new Set(rules.filter(isMisplaced).map(({ key }) => key))
  const copies = new Map<string, number>()
  for (const entry of rules) {
    const copy = (copies.get(entry.key) ?? 0) + 1
    copies.set(entry.key, copy)
    const key = misplaced.has(entry.key) ? `${entry.key}#misplaced` : entry.key
    yield copy === 1 && key === entry.key ? entry : { ...entry, key: copyKey(key, copy) }
  }
}

const copyKey = (key: string, copy: number): string => (copy === 1 ? key : nthKey(key, copy))

function* jumpEntries(
  family: Family,
  table: Table,
  chain: string,
  texts: readonly string[],
): Generator<IptablesEntry> {
  const copies = new Map<string, number>()
  for (const text of texts) {
    const entry = jumpOf(family, table, chain, text)
    if (!entry) continue
    const copy = (copies.get(entry.key) ?? 0) + 1
    copies.set(entry.key, copy)
    yield copy === 1 ? entry : { ...entry, key: copyKey(entry.key, copy) }
  }
}
