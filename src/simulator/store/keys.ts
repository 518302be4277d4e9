/**
 * The versions of one resource by key, and its keys in order. Sorting waits for the first reader, so that loading
 * many objects costs one sort; a reader's array is replaced, never changed, when keys come or go.
 */
import { byCodeUnit } from '../../order.ts'
import type { Item } from './types.ts'

export interface Keys {
  readonly newest: Map<string, Item>
  sorted: readonly string[]
  fresh: string[]
  live: number
}

export const emptyKeys = (): Keys => ({ newest: new Map(), sorted: [], fresh: [], live: 0 })

/** Makes an item the newest version of its key. */
export const push = (keys: Keys, item: Item): void => {
  const before = keys.newest.get(item.key)
  if (before === undefined) keys.fresh.push(item.key)
  const wasLive = before !== undefined && !before.deleted
  keys.live += (item.deleted ? 0 : 1) - (wasLive ? 1 : 0)
  keys.newest.set(item.key, item)
}

/** Drops keys whose newest version is a removal that nobody can see any more. */
export const forget = (keys: Keys, gone: ReadonlySet<string>): void => {
  if (gone.size === 0) return
  for (const key of gone) keys.newest.delete(key)
  keys.sorted = ordered(keys).filter(key => !gone.has(key))
}

/** The live versions at a revision, in the order of their keys, behind `after` and below a prefix. */
export const versionsAt = (
  keys: Keys,
  { prefix, after, revision }: { prefix: string; after: string; revision: number },
): readonly Item[] => {
  const sorted = ordered(keys)
  const found: Item[] = []
  for (let index = startOf(sorted, prefix, after); index < sorted.length; index++) {
    const key = sorted[index] ?? ''
    if (!key.startsWith(prefix)) break
    const item = versionAt(keys.newest.get(key), revision)
    if (item !== undefined && !item.deleted) found.push(item)
  }
  return found
}

const versionAt = (newest: Item | undefined, revision: number): Item | undefined => {
  let item: Item | null | undefined = newest
  while (item && item.revision > revision) item = item.previous
  return item ?? undefined
}

const startOf = (sorted: readonly string[], prefix: string, after: string): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const key = sorted[middle] ?? ''
    if (byCodeUnit(key, prefix) < 0 || (after !== '' && byCodeUnit(key, after) <= 0))
      low = middle + 1
    else high = middle
  }
  return low
}

const ordered = (keys: Keys): readonly string[] => {
  if (keys.fresh.length === 0) return keys.sorted
  const fresh = keys.fresh.sort(byCodeUnit)
  keys.fresh = []
  keys.sorted = keys.sorted.length === 0 ? fresh : merged(keys.sorted, fresh)
  return keys.sorted
}

const merged = (a: readonly string[], b: readonly string[]): readonly string[] => {
  const out = new Array<string>(a.length + b.length)
  let i = 0
  let j = 0
  for (let k = 0; k < out.length; k++) {
    const [left, right] = [a[i], b[j]]
    const takeLeft = right === undefined || (left !== undefined && left < right)
    out[k] = (takeLeft ? left : right) ?? ''
    if (takeLeft) i++
    else j++
  }
  return out
}
