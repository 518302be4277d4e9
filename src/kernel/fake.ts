/**
 * A kernel in memory: what dry runs without privileges, traces and laws work on. It is strict, as the real one is: a
 * change that does not fit what it holds is refused, and a refused batch changes nothing.
 */
import type { Kernel } from '../backend.ts'
import type { Change, Entry } from '../program/types.ts'

export class MisfitError extends Error {
  readonly code = 'MISFIT'
  /** The key of the entry that did not fit. */
  readonly key: string
  constructor(op: string, key: string, fact: string) {
    super(`cannot ${op} ${key}: ${fact}; nothing was changed`)
    this.name = 'MisfitError'
    this.key = key
  }
}

const patch = <E extends Entry>(entries: Map<string, E>, change: Change<E>): void => {
  if (change.op === 'add') {
    const { key } = change.entry
    if (entries.has(key)) throw new MisfitError('add', key, 'it is already there')
    entries.set(key, change.entry)
    return
  }
  const { key } = change.was
  if (!entries.has(key)) throw new MisfitError(change.op, key, 'it is not there')
  if (change.op === 'remove') entries.delete(key)
  else entries.set(key, change.entry)
}

/** What a table is after these changes. Throws MisfitError where one does not fit. */
const patched = <E extends Entry>(
  entries: ReadonlyMap<string, E>,
  changes: readonly Change<E>[],
): Map<string, E> => {
  const next = new Map(entries)
  for (const change of changes) patch(next, change)
  return next
}

/** A kernel that holds `initial` and nothing else. */
export const fakeKernel = <E extends Entry>(initial: Iterable<E> = []): Kernel<E> => {
  let entries: Map<string, E> = new Map([...initial].map(entry => [entry.key, entry]))
  return {
    read: async () => new Map(entries),
    check: async changes => void patched(entries, changes),
    apply: async changes => {
      entries = patched(entries, changes)
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}
