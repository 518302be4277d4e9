/**
 * Several changes of one key become one, or none: what was there before the first, and what is there after the last.
 * A kernel may then take a batch in any order that suits it.
 */
import { keyOf } from './program.ts'
import type { Change, Entry } from './types.ts'

interface Span<E extends Entry> {
  readonly was: E | undefined
  readonly entry: E | undefined
}

const wasOf = <E extends Entry>(change: Change<E>): E | undefined =>
  change.op === 'add' ? undefined : change.was
const entryOf = <E extends Entry>(change: Change<E>): E | undefined =>
  change.op === 'remove' ? undefined : change.entry

/** Keeps the order in which keys were first touched. */
export const squash = <E extends Entry>(
  changes: readonly Change<E>[],
  equal: (a: E, b: E) => boolean,
): Change<E>[] => {
  const spans = new Map<string, Span<E>>()
  for (const change of changes) {
    const key = keyOf(change)
    const span = spans.get(key)
    spans.set(key, { was: span ? span.was : wasOf(change), entry: entryOf(change) })
  }
  return [...spans.values()].flatMap(({ was, entry }): Change<E>[] => {
    if (was && entry) return equal(was, entry) ? [] : [{ op: 'replace', entry, was }]
    if (entry) return [{ op: 'add', entry }]
    return was ? [{ op: 'remove', was }] : []
  })
}
