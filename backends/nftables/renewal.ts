/**
 * A whole program for a table that nobody uses yet: everything but the hooks, in whatever pieces; and what puts it in
 * place of the old table in one piece. No packet ever meets one without the other.
 */
import { by } from '../../src/order.ts'
import type { EntryTable } from '../../src/program/types.ts'
import type { Chain, Element, NftEntry, SetEntry } from './entries.ts'
import type { Operation, Unit } from './phases.ts'

/** What has to be there before an element can be. */
export function* constructionUnits(program: EntryTable<NftEntry>): Generator<Unit> {
  const chains: Chain[] = []
  const sets: SetEntry[] = []
  const elements = new Map<string, Element[]>()
  for (const entry of program.values()) {
    if (entry.kind === 'table') yield [{ op: 'make-table', entry }]
    if (entry.kind === 'set') sets.push(entry)
    if (entry.kind === 'chain' && entry.hook === null) chains.push(entry)
  }
  sets.sort(byKey)
  chains.sort(byKey)
  for (const entry of sets) yield [{ op: 'make-set', entry }]
  for (const entry of chains) yield [{ op: 'make-chain', entry }]
  for (const entry of chains) yield [{ op: 'fill-chain', entry }]
  for (const entry of program.values()) {
    if (entry.kind === 'table' || entry.kind === 'set' || entry.kind === 'chain') continue
    const name = bucketOf(entry)
    const bucket = elements.get(name)
    if (bucket) bucket.push(entry)
    else elements.set(name, [entry])
  }
  for (const bucket of elements.values()) {
    // nft lists ranges in the order in which they came.
    if (bucket[0]?.kind === 'source') bucket.sort(byKey)
    for (const entry of bucket) yield [{ op: 'add', entry }]
  }
}

const byKey = by(({ key }: NftEntry) => key)

/** Elements of one set, together. The name of the set is the second word of a key. */
const bucketOf = ({ key }: Element): string => key.slice(0, key.indexOf(' ', 2))

/** The hooks, all in one piece. */
export const hookUnit = (program: EntryTable<NftEntry>): Unit => {
  const hooks: Chain[] = []
  for (const entry of program.values())
    if (entry.kind === 'chain' && entry.hook !== null) hooks.push(entry)
  return hooks.sort(byKey).flatMap((entry): Operation[] => [
    { op: 'make-chain', entry },
    { op: 'fill-chain', entry },
  ])
}
