/**
 * The garbage collector: dependents go after their owners (background), before them (foreground), or are let go of
 * (orphan). Metadata of every kind in, by watches; deletions and patches out, for what an owner's going touches only.
 */
import { at, type Json, type JsonObject, listAt, textAt } from '../json.ts'
import { RESOURCES, resourceOfKind } from '../resources/table.ts'
import { groupVersion, type Resource } from '../resources/types.ts'
import type { ControllerClient } from './client.ts'
import { createDependents, type Dependents, FOREGROUND, type Known, knownAt } from './dependents.ts'

/** Watches of several kinds have no common order: what was written before an owner's going is known after this. */
const SETTLE_MS = 100
const AGAIN_MS = 500

interface Collector {
  readonly client: ControllerClient
  readonly dependents: Dependents
}

/** Runs until the signal aborts. */
export const runGarbageCollector = async (
  client: ControllerClient,
  signal: AbortSignal,
): Promise<void> => {
  const dependents = createDependents()
  const queue = openQueue(uid => attend({ client, dependents }, uid), signal)
  const later = (uids: () => readonly string[]): void => {
    const timer = setTimeout(() => uids().forEach(queue.add), SETTLE_MS)
    timer.unref()
  }
  const here = (known: Known): void => {
    const owners = [...(dependents.get(known.uid)?.owners ?? []), ...known.owners]
    dependents.put(known)
    if (known.waits !== '') later(() => [known.uid])
    wake(owners)
  }
  const gone = ({ uid, owners }: Known): void => {
    dependents.drop(uid)
    wake(owners)
    later(() => dependents.of(uid).map(one => one.uid))
  }
  /** Owners that wait may have waited for this one. */
  const wake = (owners: readonly Json[]): void => {
    for (const owner of owners) {
      const uid = textAt(owner, 'uid')
      if (dependents.get(uid)?.waits) later(() => [uid])
    }
  }
  const followed = RESOURCES.filter(({ kind }) => kind !== 'Event')
  const unlisted = new Set(followed)
  const follow = (resource: Resource): Promise<void> => {
    const known = (object: JsonObject): Known => knownAt(pathOf(resource, object), object)
    return client.follow(rootOf(resource), {
      here: object => here(known(object)),
      gone: object => gone(known(object)),
      listed: () => {
        unlisted.delete(resource)
        if (unlisted.size === 0) queue.open()
      },
    })
  }
  await Promise.all(followed.map(follow))
}

const rootOf = (resource: Resource, namespace = ''): string =>
  [
    resource.group === '' ? '/api' : '/apis',
    groupVersion(resource),
    ...(namespace === '' ? [] : ['namespaces', namespace]),
    resource.plural,
  ].join('/')

const pathOf = (resource: Resource, object: JsonObject): string =>
  `${rootOf(resource, textAt(object, 'metadata', 'namespace'))}/${encodeURIComponent(textAt(object, 'metadata', 'name'))}`

interface Queue {
  readonly add: (uid: string) => void
  /** Nothing is done before: to act on half a list would be to miss dependents. */
  readonly open: () => void
}

/** One after the other, each once however often it was added; what fails comes again. */
const openQueue = (work: (uid: string) => Promise<void>, signal: AbortSignal): Queue => {
  const waiting = new Set<string>()
  let state: 'closed' | 'idle' | 'busy' = 'closed'
  const drain = async (): Promise<void> => {
    state = 'busy'
    for (const uid of waiting) {
      if (signal.aborted) break
      waiting.delete(uid)
      await work(uid).catch(() => setTimeout(add, AGAIN_MS, uid).unref())
    }
    state = 'idle'
  }
  const start = (): void => {
    if (state === 'idle') void drain()
  }
  const add = (uid: string): void => {
    waiting.add(uid)
    start()
  }
  return {
    add,
    open: () => {
      if (state === 'closed') state = 'idle'
      start()
    },
  }
}

/** Does for one object what is due: its dependents first, when it waits for that, else what becomes of itself. */
const attend = async (collector: Collector, uid: string): Promise<void> => {
  const known = collector.dependents.get(uid)
  if (known === undefined) return
  if (known.waits !== '') await finish(collector, known)
  else await judge(collector, known)
}

const finish = async (collector: Collector, known: Known): Promise<void> => {
  const { client, dependents } = collector
  const { uid, waits } = known
  for (const one of dependents.of(uid)) {
    if (waits === FOREGROUND) {
      if (!one.isGoing) await judge(collector, one)
    } else await edit(client, one, 'ownerReferences', owner => textAt(owner, 'uid') !== uid)
  }
  const blocks = (owner: Json): boolean =>
    textAt(owner, 'uid') === uid && at(owner, 'blockOwnerDeletion') === true
  if (waits === FOREGROUND && dependents.of(uid).some(one => one.owners.some(blocks))) return
  await edit(client, known, 'finalizers', one => one !== waits)
}

/** A dependent with an owner that stays only loses the others; without one it goes. */
const judge = async ({ client, dependents }: Collector, { path, uid }: Known): Promise<void> => {
  const found = await current(client, path, uid)
  if (found === null) return
  const known = knownAt(path, found)
  if (known.isGoing) return
  const lost = new Set<string>()
  let isAwaited = false
  for (const owner of known.owners) {
    const state = await stateOf(client, owner, known.namespace)
    if (state !== 'stays') lost.add(textAt(owner, 'uid'))
    if (state === 'awaits') isAwaited = true
  }
  if (lost.size === 0) return
  if (known.owners.some(owner => !lost.has(textAt(owner, 'uid')))) {
    await edit(client, known, 'ownerReferences', owner => !lost.has(textAt(owner, 'uid')))
    return
  }
  const own = dependents.of(uid)
  // One that waits for its own dependents may wait for this one: a circle is cut here.
  const isCircle = own.some(one => one.waits === FOREGROUND)
  const passesOn = isAwaited && own.length > 0 && !isCircle
  await client.send('DELETE', path, {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid, resourceVersion: textAt(found, 'metadata', 'resourceVersion') },
    ...(passesOn ? { propagationPolicy: 'Foreground' } : {}),
  })
}

/** Kinds that are not served here may have their owners elsewhere: they stay. */
const stateOf = async (
  client: ControllerClient,
  owner: Json,
  namespace: string,
): Promise<'stays' | 'awaits' | 'gone'> => {
  const resource = resourceOfKind(textAt(owner, 'apiVersion'), textAt(owner, 'kind'))
  if (resource === undefined || (resource.namespaced && namespace === '')) return 'stays'
  const metadata = { name: textAt(owner, 'name'), namespace: resource.namespaced ? namespace : '' }
  const path = pathOf(resource, { metadata })
  const found = await current(client, path, textAt(owner, 'uid'))
  if (found === null) return 'gone'
  return knownAt(path, found).waits === FOREGROUND ? 'awaits' : 'stays'
}

/** Takes entries out of a list in an object's metadata, as it is now. */
const edit = async (
  client: ControllerClient,
  { path, uid }: Known,
  field: 'finalizers' | 'ownerReferences',
  keeps: (one: Json) => boolean,
): Promise<void> => {
  const found = await current(client, path, uid)
  if (found === null) return
  const resourceVersion = textAt(found, 'metadata', 'resourceVersion')
  const kept = listAt(found, 'metadata', field).filter(keeps)
  const metadata = { uid, resourceVersion, [field]: kept.length === 0 ? null : kept }
  await client.send('PATCH', path, { metadata })
}

/** The metadata of an object as it is now; null when it is gone, or another has its name. */
const current = async (
  client: ControllerClient,
  path: string,
  uid: string,
): Promise<JsonObject | null> => {
  const found = await client.send('GET', path)
  return textAt(found, 'metadata', 'uid') === uid ? found : null
}
