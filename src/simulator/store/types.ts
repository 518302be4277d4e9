/**
 * The store's contract, which plays etcd's role: one revision counter for everything, old versions until compaction,
 * and a log of events to watch from. Two bodies share it, in memory and on disk. Objects given to it belong to it
 * from then on and are never changed.
 */
import type { JsonObject } from '../json.ts'

/** One version of one object. */
export interface Item {
  /** "group/plural", the group empty for core. */
  readonly resource: string
  /** "namespace/name", the namespace empty for a cluster-wide object. */
  readonly key: string
  readonly namespace: string
  readonly revision: number
  readonly object: JsonObject
  /** This version says that the object is gone; `object` is its last state with the revision of the deletion. */
  readonly deleted: boolean
  /** The version before it, until compaction cuts it off. */
  previous: Item | null
  /** The object as JSON text, once somebody asked for it. */
  text: string | null
}

/** What is written: an object as it is to be, or the removal of one. */
export interface Change {
  readonly resource: string
  readonly key: string
  readonly namespace: string
  readonly object: JsonObject
  readonly deleted: boolean
}

export interface Range {
  readonly resource: string
  /** Empty: all namespaces. */
  readonly namespace: string
  /** Only keys behind this one; empty: from the start. */
  readonly after: string
  /** The revision to read at. */
  readonly revision: number
}

export interface Store {
  /** The newest revision that any reader may be told of: it outlives a crash. */
  revision(): number
  /** Revisions below this one cannot be read or watched from any more. */
  compacted(): number
  get(resource: string, key: string): Item | undefined
  /** How many objects of a resource there are now. */
  count(resource: string): number
  /** Live versions at a revision, ordered by key. Throws CompactedError. */
  list(range: Range): readonly Item[]
  /** Gives the change the next revision and shows it to readers; durable only once `settled` resolves. */
  commit(change: Change): Item
  /** Resolves when all commits so far outlive a crash. */
  settled(): Promise<void>
  /** The version that a revision brought. Undefined for one compacted or not yet durable. */
  event(revision: number): Item | undefined
  /** Calls back after new revisions became durable. Returns the way to stop it. */
  subscribe(listener: () => void): () => void
  /** Forgets versions that nobody reading at `revision` or later can see. */
  compact(revision: number): void
  close(): Promise<void>
}

/** A revision was asked for whose versions are gone. */
export class CompactedError extends Error {
  readonly revision: number
  constructor(revision: number, compacted: number) {
    super(`too old resource version: ${revision} (${compacted})`)
    this.name = 'CompactedError'
    this.revision = revision
  }
}

/** The JSON text of a version; made once. */
export const textOf = (item: Item): string => {
  item.text ??= JSON.stringify(item.object)
  return item.text
}

export const nameOf = (key: string): string => key.slice(key.indexOf('/') + 1)
