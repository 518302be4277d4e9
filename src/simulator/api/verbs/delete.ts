/**
 * delete and deletecollection: at once, or marked to go when a grace period is over or the last finalizer is taken off
 * (spec of metav1.DeleteOptions).
 */
import { clone, isObject, type JsonObject, listAt, mapAt, numberAt, textAt } from '../../json.ts'
import type { Resource } from '../../resources/types.ts'
import type { Item } from '../../store/types.ts'
import { selectorTest } from '../selectors.ts'
import { badRequest, conflict, methodNotAllowed, notFound } from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { admitNamespaceDeletion } from './namespace.ts'
import { listOrExpire } from './read.ts'
import { commit, isDryRun, remove, replyWith, settledOrFail } from './write.ts'

interface How {
  readonly options: JsonObject
  readonly dryRun: boolean
}

const optionsOf = async (call: Call): Promise<JsonObject> => {
  const { value } = await call.body()
  const options: JsonObject = isObject(value) ? { ...value } : {}
  const grace = call.query.get('gracePeriodSeconds')
  if (grace !== null) {
    if (!/^-?\d{1,9}$/.test(grace))
      throw badRequest(`gracePeriodSeconds: Invalid value: ${JSON.stringify(grace)}`)
    options['gracePeriodSeconds'] = Number(grace)
  }
  const policy = call.query.get('propagationPolicy')
  if (policy !== null) options['propagationPolicy'] = policy
  const orphan = call.query.get('orphanDependents')
  if (orphan !== null) options['orphanDependents'] = orphan === 'true'
  checkOptions(options)
  return options
}

const checkOptions = (options: JsonObject): void => {
  const policy = options['propagationPolicy']
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(String(policy)))
    throw badRequest(
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    )
  if (policy !== undefined && options['orphanDependents'] !== undefined)
    throw badRequest(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: orphanDependents and deletionPropagation cannot be both set',
    )
  const grace = options['gracePeriodSeconds']
  if (grace !== undefined && (typeof grace !== 'number' || !Number.isInteger(grace) || grace < 0))
    throw badRequest(
      `DeleteOptions.meta.k8s.io "" is invalid: gracePeriodSeconds: Invalid value: ${JSON.stringify(grace)}: must be greater than or equal to 0`,
    )
}

export const deleteOne = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace, name } = call.target
  const options = await optionsOf(call)
  const old = api.store.get(resource.id, `${namespace}/${name}`)
  if (old === undefined) throw notFound(resource, name)
  const dryRun = isDryRun(call.query, options)
  const left = deleteObject(api, resource, old, { options, dryRun })
  if (left !== null) return replyWith(api, call, 200, left)
  await settledOrFail(api)
  return {
    kind: 'object',
    code: 200,
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(resource.group === '' ? {} : { group: resource.group }),
        kind: resource.plural,
        uid: textAt(old.object, 'metadata', 'uid'),
      },
    },
  }
}

/** Deletes an object, or marks it. null: it is gone; else its state while it lingers. */
export const deleteObject = (
  api: Api,
  resource: Resource,
  old: Item,
  { options, dryRun }: How,
): Item | JsonObject | null => {
  const name = textAt(old.object, 'metadata', 'name')
  checkPreconditions(resource, old, options)
  admitNamespaceDeletion(resource, name)
  const object = clone(old.object)
  const metadata = mapAt(object, 'metadata')
  const finalizers = withPropagation(listAt(metadata, 'finalizers').map(String), options)
  const asked = numberAt(options, 'gracePeriodSeconds')
  const grace = resource.strategy.grace?.(object, asked) ?? 0
  const held = finalizers.length > 0 || listAt(object, 'spec', 'finalizers').length > 0
  const namespaceHeld = resource.kind === 'Namespace' ? held : finalizers.length > 0
  const { key, namespace } = old
  if (grace === 0 && !namespaceHeld) {
    if (!dryRun) remove(api, { resource, key, namespace, object })
    return null
  }
  const before = metadata['deletionTimestamp'] === undefined ? null : old
  const graceBefore = numberAt(metadata, 'deletionGracePeriodSeconds') ?? 0
  if (
    before !== null &&
    graceBefore <= grace &&
    finalizers.length === listAt(old.object, 'metadata', 'finalizers').length
  )
    return before
  mark(object, { now: api.now(), grace, finalizers })
  if (dryRun) return object
  return commit(api, { resource, key, namespace, object, allocation: undefined })
}

const mark = (
  object: JsonObject,
  { now, grace, finalizers }: { now: number; grace: number; finalizers: readonly string[] },
): void => {
  const metadata = mapAt(object, 'metadata')
  metadata['deletionTimestamp'] = `${new Date(now + grace * 1000).toISOString().slice(0, 19)}Z`
  metadata['deletionGracePeriodSeconds'] = grace
  if (finalizers.length > 0) metadata['finalizers'] = [...finalizers]
  if (object['kind'] === 'Namespace') mapAt(object, 'status')['phase'] = 'Terminating'
  if (typeof metadata['generation'] === 'number') metadata['generation'] += 1
}

const checkPreconditions = (
  resource: Resource,
  { object, revision }: Item,
  options: JsonObject,
): void => {
  const name = textAt(object, 'metadata', 'name')
  const uid = textAt(options, 'preconditions', 'uid')
  const current = textAt(object, 'metadata', 'uid')
  if (uid !== '' && uid !== current)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current}`,
    )
  const version = textAt(options, 'preconditions', 'resourceVersion')
  if (version !== '' && version !== String(revision))
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${version}, ResourceVersion in object meta: ${revision}`,
    )
}

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

/** Orphaning dependents, or waiting for them, is a finalizer that the garbage collector takes off. */
const withPropagation = (finalizers: readonly string[], options: JsonObject): readonly string[] => {
  const policy = options['propagationPolicy']
  const rest = finalizers.filter(one => one !== ORPHAN && one !== FOREGROUND)
  if (policy === 'Orphan' || options['orphanDependents'] === true) return [...rest, ORPHAN]
  if (policy === 'Foreground') return [...rest, FOREGROUND]
  return policy === 'Background' ? rest : finalizers
}

export const deleteCollection = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace } = call.target
  if (resource.kind === 'Namespace') throw methodNotAllowed()
  const options = await optionsOf(call)
  const test = selectorTest(call.query, resource)
  const dryRun = isDryRun(call.query, options)
  const revision = Number.MAX_SAFE_INTEGER
  const all = listOrExpire(api.store, { resource: resource.id, namespace, after: '', revision })
  const items = all.filter(({ object }) => test === null || test(object))
  for (const item of items) deleteObject(api, resource, item, { options, dryRun })
  await settledOrFail(api)
  return {
    kind: 'object',
    code: 200,
    object: {
      kind: `${resource.kind}List`,
      apiVersion: resource.group === '' ? 'v1' : `${resource.group}/v1`,
      metadata: { resourceVersion: String(api.store.revision()) },
      items: items.map(({ object }) => object),
    },
  }
}
