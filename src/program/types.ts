/**
 * A program is a table of entries with unique keys. What an entry is, only its backend knows; here it has a key, a
 * kind, and an owner: the fragment (of one service port, or the base) that wants it.
 */

export interface Entry {
  readonly kind: string
  /** Unique in the program. Two entries with one key are versions of the same thing in the kernel. */
  readonly key: string
}

/** What a backend makes of one plan. */
export interface Fragment<E extends Entry> {
  readonly entries: readonly E[]
}

export type Change<E extends Entry> =
  | { readonly op: 'add'; readonly entry: E }
  | { readonly op: 'replace'; readonly entry: E; readonly was: E }
  | { readonly op: 'remove'; readonly was: E }

/** Read access to a program, or to what a kernel holds. */
export interface EntryTable<E extends Entry> {
  readonly size: number
  get(key: string): E | undefined
  has(key: string): boolean
  values(): IterableIterator<E>
}
