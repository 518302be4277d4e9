/**
 * What the garbage collector remembers: the objects that have owners, by the owners' uids, and those whose deletion waits
 * for it. Objects in as their metadata, told one by one. Pure.
 */
import { type Json, type JsonObject, listAt, textAt } from '../json.ts'

export const ORPHAN = 'orphan'
export const FOREGROUND = 'foregroundDeletion'

export interface Known {
  readonly uid: string
  /** The object's URL path. */
  readonly path: string
  readonly namespace: string
  /** metadata.ownerReferences. */
  readonly owners: readonly Json[]
  readonly isGoing: boolean
  /** The finalizer that the garbage collector is to take off. */
  readonly waits: '' | typeof ORPHAN | typeof FOREGROUND
}

export interface Dependents {
  readonly get: (uid: string) => Known | undefined
  readonly of: (owner: string) => readonly Known[]
  readonly put: (known: Known) => void
  readonly drop: (uid: string) => void
}

/** The object at a path, told by its metadata. */
export const knownAt = (path: string, object: JsonObject): Known => {
  const isGoing = textAt(object, 'metadata', 'deletionTimestamp') !== ''
  const finalizers = listAt(object, 'metadata', 'finalizers')
  const waits = [ORPHAN, FOREGROUND].find(one => isGoing && finalizers.includes(one))
  return {
    uid: textAt(object, 'metadata', 'uid'),
    path,
    namespace: textAt(object, 'metadata', 'namespace'),
    owners: listAt(object, 'metadata', 'ownerReferences'),
    isGoing,
    waits: waits === ORPHAN || waits === FOREGROUND ? waits : '',
  }
}

export const createDependents = (): Dependents => {
  const all = new Map<string, Known>()
  const byOwner = new Map<string, Set<string>>()
  const drop = (uid: string): void => {
    for (const owner of all.get(uid)?.owners ?? []) {
      const of = byOwner.get(textAt(owner, 'uid'))
      of?.delete(uid)
      if (of?.size === 0) byOwner.delete(textAt(owner, 'uid'))
    }
    all.delete(uid)
  }
  return {
    get: uid => all.get(uid),
    of: owner => [...(byOwner.get(owner) ?? [])].flatMap(uid => all.get(uid) ?? []),
    put: known => {
      drop(known.uid)
      if (known.owners.length === 0 && known.waits === '') return
      all.set(known.uid, known)
      for (const owner of known.owners) {
        const of = byOwner.get(textAt(owner, 'uid')) ?? new Set()
        byOwner.set(textAt(owner, 'uid'), of.add(known.uid))
      }
    },
    drop,
  }
}
