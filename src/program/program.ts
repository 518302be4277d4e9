/**
 * The table of entries that should be in the kernel, put together from fragments. An entry that several fragments
 * want is kept until the last of them lets go of it. Where they disagree about it, the owner with the smaller name
 * has its way, so the result never depends on who came first.
 */
import { byCodeUnit } from '../order.ts'
import type { Change, Entry, EntryTable, Fragment } from './types.ts'

type Equal<E extends Entry> = (a: E, b: E) => boolean

/** Owners who want different things under one key. */
interface Dispute<E extends Entry> {
  readonly claims: Map<string, E>
  winner: string
}

export class Program<E extends Entry> implements EntryTable<E> {
  readonly #equal: Equal<E>
  readonly #fragments = new Map<string, Fragment<E>>()
  /** The entry in force for each key. */
  readonly #entries = new Map<string, E>()
  /** How many owners want the entry in force, where it is more than one and all want the same. */
  readonly #shared = new Map<string, number>()
  readonly #disputes = new Map<string, Dispute<E>>()

  constructor(equal: Equal<E>) {
    this.#equal = equal
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): E | undefined {
    return this.#entries.get(key)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  values(): MapIterator<E> {
    return this.#entries.values()
  }

  fragment(owner: string): Fragment<E> | undefined {
    return this.#fragments.get(owner)
  }

  /** Everyone who wants an entry of this key, by name. Looks at every fragment: for faults, not for each change. */
  owners(key: string): readonly string[] {
    return [...this.#claims(key).keys()].sort(byCodeUnit)
  }

  /**
   * Puts a fragment in place of its owner's previous one; undefined takes it away. Returns what that changes. A
   * fragment names each key once.
   */
  replace(owner: string, fragment: Fragment<E> | undefined): readonly Change<E>[] {
    const previous = this.#fragments.get(owner)
    const entries = fragment?.entries ?? []
    const changes = previous
      ? this.#exchange(owner, byKey(previous), entries)
      : this.#add(owner, entries)
    if (fragment) this.#fragments.set(owner, fragment)
    else this.#fragments.delete(owner)
    return changes
  }

  #add(owner: string, entries: readonly E[]): readonly Change<E>[] {
    // Of its final size from the start: a list that grows by pushing makes room for 17, and a first load keeps many.
    const changes = new Array<Change<E>>(entries.length)
    let count = 0
    for (const entry of entries) {
      const was = this.#entries.get(entry.key)
      if (was) this.#join(owner, was, entry)
      else this.#entries.set(entry.key, entry)
      const change: Change<E> | undefined = was
        ? changeOf(was, this.#entries.get(entry.key), this.#equal)
        : { op: 'add', entry }
      if (change) changes[count++] = change
    }
    changes.length = count
    return changes
  }

  #exchange(owner: string, before: Map<string, E>, entries: readonly E[]): readonly Change<E>[] {
    const changes: Change<E>[] = []
    for (const entry of entries) {
      const previous = before.get(entry.key)
      if (previous) before.delete(entry.key)
      if (previous === entry) continue
      const was = this.#entries.get(entry.key)
      if (previous) this.#amend(owner, entry)
      else if (was) this.#join(owner, was, entry)
      else this.#entries.set(entry.key, entry)
      this.#note(changes, was, was ? this.#entries.get(entry.key) : entry)
    }
    for (const key of before.keys()) {
      const was = this.#entries.get(key)
      this.#release(owner, key)
      this.#note(changes, was, this.#entries.get(key))
    }
    return changes
  }

  #note(changes: Change<E>[], was: E | undefined, entry: E | undefined): void {
    const change = changeOf(was, entry, this.#equal)
    if (change) changes.push(change)
  }

  /** An owner who had nothing under this key wants an entry there, where others have `current`. */
  #join(owner: string, current: E, entry: E): void {
    const { key } = entry
    if (this.#disputes.has(key) || !this.#equal(current, entry)) this.#dispute(owner, entry)
    else this.#shared.set(key, (this.#shared.get(key) ?? 1) + 1)
  }

  /** An owner wants another entry under a key that it has. */
  #amend(owner: string, entry: E): void {
    const { key } = entry
    const current = this.#entries.get(key)
    const agreed = current && !this.#disputes.has(key) && this.#equal(current, entry)
    if (this.#disputes.has(key) || (this.#shared.has(key) && !agreed)) this.#dispute(owner, entry)
    else if (!this.#shared.has(key)) this.#entries.set(key, entry)
  }

  #release(owner: string, key: string): void {
    const dispute = this.#disputes.get(key)
    if (dispute) {
      dispute.claims.delete(owner)
      this.#settle(key, dispute, owner)
      return
    }
    const owners = this.#shared.get(key) ?? 1
    if (owners > 2) this.#shared.set(key, owners - 1)
    else if (owners === 2) this.#shared.delete(key)
    else this.#entries.delete(key)
  }

  #dispute(owner: string, entry: E): void {
    const { key } = entry
    const known = this.#disputes.get(key)
    const dispute = known ?? { claims: this.#claims(key), winner: owner }
    dispute.claims.set(owner, entry)
    this.#disputes.set(key, dispute)
    this.#shared.delete(key)
    this.#settle(key, dispute, known ? owner : dispute.winner)
  }

  /** After `moved` changed its mind: who is in force, and is there still a dispute? */
  #settle(key: string, dispute: Dispute<E>, moved: string): void {
    const { claims } = dispute
    if (moved <= dispute.winner) dispute.winner = smallest(claims.keys())
    const entry = claims.get(dispute.winner)
    if (entry) this.#entries.set(key, entry)
    if (claims.size < 2) this.#disputes.delete(key)
  }

  /** Who wants what under a key, as the fragments in place say. */
  #claims(key: string): Map<string, E> {
    const claims = new Map<string, E>()
    for (const [owner, { entries }] of this.#fragments)
      for (const entry of entries) if (entry.key === key) claims.set(owner, entry)
    return claims
  }
}

const byKey = <E extends Entry>({ entries }: Fragment<E>): Map<string, E> =>
  new Map(entries.map(entry => [entry.key, entry]))

const smallest = (names: Iterable<string>): string => {
  let least: string | undefined
  for (const name of names) if (least === undefined || name < least) least = name
  return least ?? ''
}

const changeOf = <E extends Entry>(
  was: E | undefined,
  entry: E | undefined,
  equal: Equal<E>,
): Change<E> | undefined => {
  if (entry && !was) return { op: 'add', entry }
  if (was && !entry) return { op: 'remove', was }
  if (was && entry && was !== entry && !equal(was, entry)) return { op: 'replace', entry, was }
  return undefined
}

/** The one diff: what turns `have` into `want`. Sorted by key. */
export const diff = <E extends Entry>(
  have: EntryTable<E>,
  want: EntryTable<E>,
  equal: Equal<E>,
): Change<E>[] => {
  const changes: Change<E>[] = []
  for (const entry of want.values()) {
    const change = changeOf(have.get(entry.key), entry, equal)
    if (change) changes.push(change)
  }
  for (const was of have.values()) if (!want.has(was.key)) changes.push({ op: 'remove', was })
  return changes.sort((a, b) => byCodeUnit(keyOf(a), keyOf(b)))
}

/** The key that a change is about. */
export const keyOf = <E extends Entry>(change: Change<E>): string =>
  change.op === 'remove' ? change.was.key : change.entry.key
