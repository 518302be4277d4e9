/**
 * The table of entries that should be in the kernel, put together from fragments. An entry that two fragments want is
 * kept until the last of them lets go of it; where they disagree about it, the owner with the smaller name has its
 * way, so the result never depends on who came first.
 */
import { by, byCodeUnit } from '../order.ts'
import type { Change, Entry, EntryTable, Fragment } from './types.ts'

interface Claim<E extends Entry> {
  readonly owner: string
  readonly entry: E
}

type Equal<E extends Entry> = (a: E, b: E) => boolean

export class Program<E extends Entry> implements EntryTable<E> {
  readonly #equal: Equal<E>
  readonly #fragments = new Map<string, Fragment<E>>()
  /** The entry in force for each key. */
  readonly #entries = new Map<string, E>()
  /** Keys with more than one claim, sorted by owner. Rare, so single claims cost nothing. */
  readonly #contested = new Map<string, readonly Claim<E>[]>()
  /** The owner of each key that has one claim. */
  readonly #owners = new Map<string, string>()

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

  /** Everyone who wants the entry of this key, the one in force first. */
  owners(key: string): readonly string[] {
    const contested = this.#contested.get(key)
    if (contested) return contested.map(claim => claim.owner)
    const owner = this.#owners.get(key)
    return owner === undefined ? [] : [owner]
  }

  /** Puts a fragment in place of its owner's previous one; undefined takes it away. Returns what that changes. */
  replace(owner: string, fragment: Fragment<E> | undefined): Change<E>[] {
    const changes: Change<E>[] = []
    const before = this.#fragments.get(owner)?.entries ?? []
    const after = fragment?.entries ?? []
    const kept = new Set<string>()
    for (const entry of after) {
      if (kept.has(entry.key)) continue
      kept.add(entry.key)
      this.#note(changes, entry.key, () => this.#claim(entry.key, { owner, entry }))
    }
    for (const { key } of before)
      if (!kept.has(key)) this.#note(changes, key, () => this.#release(key, owner))
    if (fragment) this.#fragments.set(owner, fragment)
    else this.#fragments.delete(owner)
    return changes
  }

  #note(changes: Change<E>[], key: string, act: () => void): void {
    const was = this.#entries.get(key)
    act()
    const change = changeOf(was, this.#entries.get(key), this.#equal)
    if (change) changes.push(change)
  }

  #claim(key: string, claim: Claim<E>): void {
    const holder = this.#owners.get(key)
    const contested = this.#contested.get(key)
    if (!contested && (holder === undefined || holder === claim.owner)) {
      this.#owners.set(key, claim.owner)
      this.#entries.set(key, claim.entry)
      return
    }
    const others = contested ?? this.#soleClaim(key)
    const claims = [...others.filter(other => other.owner !== claim.owner), claim]
    this.#settle(key, claims.sort(by(({ owner }) => owner)))
  }

  #release(key: string, owner: string): void {
    const claims = this.#contested.get(key) ?? this.#soleClaim(key)
    this.#settle(
      key,
      claims.filter(claim => claim.owner !== owner),
    )
  }

  #soleClaim(key: string): readonly Claim<E>[] {
    const owner = this.#owners.get(key)
    const entry = this.#entries.get(key)
    return owner === undefined || entry === undefined ? [] : [{ owner, entry }]
  }

  #settle(key: string, claims: readonly Claim<E>[]): void {
    const [first] = claims
    if (first) {
      this.#entries.set(key, first.entry)
      this.#owners.set(key, first.owner)
    } else {
      this.#entries.delete(key)
      this.#owners.delete(key)
    }
    if (claims.length > 1) this.#contested.set(key, claims)
    else this.#contested.delete(key)
  }
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
