/**
 * Changes in, input for one iptables-restore --noflush out: a block for each table that changes, and in it only the
 * differences, in an order in which no rule ever names a chain that is not there. Every line knows the entry it
 * comes from, for when the kernel refuses it. Pure.
 */
import { by, byCodeUnit } from '../../src/order.ts'
import { keyOf } from '../../src/program/program.ts'
import type { Change } from '../../src/program/types.ts'
import {
  type IptablesEntry,
  type JumpEntry,
  type RuleEntry,
  rulesOf,
  TABLES,
  type Table,
} from './entries.ts'
import { FIREWALL } from './names.ts'
import { ruleLine } from './render.ts'
import { saveText } from './rule-text.ts'

export type IptablesChange = Change<IptablesEntry>

export interface ScriptLine {
  readonly text: string
  /** null: part of the frame. */
  readonly entry: IptablesEntry | null
}

export interface Block {
  readonly table: Table
  readonly changes: readonly IptablesChange[]
  readonly lines: readonly ScriptLine[]
}

/**
 * The script of one family's changes, a block for each table. Empty: nothing to write. kubelet's chain and the jumps
 * to it are never removed.
 */
export const buildScript = (changes: readonly IptablesChange[]): readonly Block[] =>
  blocksOf(changes.filter(change => change.op !== 'remove' || !isKubelets(change.was)))

/** The script that takes back what the script of these changes did. */
export const undoScript = (changes: readonly IptablesChange[]): readonly Block[] =>
  blocksOf(
    changes.filter(change => change.op !== 'remove' || !isKubelets(change.was)).map(inverseOf),
  )

const blocksOf = (changes: readonly IptablesChange[]): readonly Block[] => {
  const sorted = changes.toSorted(by(keyOf))
  return TABLES.flatMap(table => {
    const here = sorted.filter(change => subjectOf(change).table === table)
    const lines = blockLines(here)
    return lines.length === 0 ? [] : [{ table, changes: here, lines: framed(table, lines) }]
  })
}

export const scriptText = (blocks: readonly Block[]): string =>
  `${blocks.flatMap(({ lines }) => lines.map(({ text }) => text)).join('\n')}\n`

const framed = (table: Table, lines: readonly ScriptLine[]): readonly ScriptLine[] => [
  { text: `*${table}`, entry: null },
  ...lines,
  { text: 'COMMIT', entry: null },
]

const subjectOf = (change: IptablesChange): IptablesEntry =>
  change.op === 'remove' ? change.was : change.entry

/** kubelet uses this chain too, so it and a jump to it stay. A second jump (its key says so) may go. */
const isKubelets = ({ kind, chain, key }: IptablesEntry): boolean =>
  kind === 'chain' ? chain === FIREWALL : kind === 'jump' && key.endsWith(` -j ${FIREWALL}`)

const blockLines = (changes: readonly IptablesChange[]): readonly ScriptLine[] => {
  const written = changes.flatMap(change => (change.op === 'remove' ? [] : [change.entry]))
  const removed = changes.flatMap(change => (change.op === 'remove' ? [change.was] : []))
  const chains = written.filter(({ kind }) => kind === 'chain')
  const goneChains = removed.filter(({ kind }) => kind === 'chain')
  const created = new Set(
    changes.flatMap(change =>
      change.op === 'add' && change.entry.kind === 'chain' ? [change.entry.chain] : [],
    ),
  )
  const gone = new Set(goneChains.map(({ chain }) => chain))
  const goneRules = removed.filter(entry => entry.kind !== 'chain' && !gone.has(entry.chain))
  return [
    ...[...chains, ...goneChains].map(entry => ({ text: `:${entry.chain} - [0:0]`, entry })),
    ...goneRules.flatMap(deletions),
    ...chains.flatMap(appends),
    ...sharedLines(
      written.filter(entry => entry.kind === 'rule'),
      created,
    ),
    ...jumpLines(written.filter(entry => entry.kind === 'jump')),
    ...goneChains.map(entry => ({ text: `-X ${entry.chain}`, entry })),
  ]
}

const deletions = (entry: IptablesEntry): readonly ScriptLine[] =>
  rulesOf(entry).map(rule => ({
    text: `-D ${entry.chain} ${saveText(rule, entry.family)}`,
    entry,
  }))

const appends = (entry: IptablesEntry): readonly ScriptLine[] =>
  rulesOf(entry).map(rule => ({ text: ruleLine('-A', entry.chain, rule), entry }))

const insert = (entry: RuleEntry | JumpEntry): ScriptLine => ({
  text: ruleLine('-I', entry.chain, entry.rule),
  entry,
})

/**
 * Rules of shared chains. In a chain that is there already, those for one destination go in at the top: above a last
 * rule, and above the rules of other destinations.
 */
const sharedLines = (
  entries: readonly RuleEntry[],
  created: ReadonlySet<string>,
): readonly ScriptLine[] => {
  const isInserted = ({ chain, rule, place }: RuleEntry): boolean =>
    place === 'body' &&
    !created.has(chain) &&
    rule.parts.some(({ kind }) => kind === 'destination' || kind === 'opaque')
  const inserted = entries.filter(isInserted)
  const appended = entries.filter(entry => !isInserted(entry))
  return [
    ...inserted.toReversed().map(insert),
    ...appended.filter(({ place }) => place === 'body').flatMap(appends),
    ...appended.filter(({ place }) => place === 'last').flatMap(appends),
  ]
}

const jumpLines = (jumps: readonly JumpEntry[]): readonly ScriptLine[] =>
  jumps.toSorted((a, b) => byCodeUnit(a.chain, b.chain) || a.turn - b.turn).map(insert)

const inverseOf = (change: IptablesChange): IptablesChange => {
  switch (change.op) {
    case 'add':
      return { op: 'remove', was: change.entry }
    case 'remove':
      return { op: 'add', entry: change.was }
    case 'replace':
      return { op: 'replace', entry: change.was, was: change.entry }
  }
}
