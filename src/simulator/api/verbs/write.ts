/**
 * What create, update and patch share: metadata, defaulting, validation, allocation, ownership, commit. Everything from
 * reading the old object to the commit happens in one turn of the event loop, so nothing can come between.
 */
import { equal, isObject, type JsonObject, listAt, mapAt, numberAt, textAt } from '../../json.ts'
import type { Writer } from '../../managed/owners.ts'
import { trackUpdate } from '../../managed/owners.ts'
import { validateMetadata, validateMetadataUpdate } from '../../resources/metadata.ts'
import { type Allocation, groupVersion, type Resource } from '../../resources/types.ts'
import type { Item } from '../../store/types.ts'
import { shaped } from '../forms.ts'
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  invalidObject,
  MODIFIED,
} from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { admitNamespace } from './namespace.ts'
import { formOf } from './read.ts'

const GENERATED = 'bcdfghjklmnpqrstvwxz2456789'

export const isDryRun = (query: URLSearchParams, body?: JsonObject): boolean => {
  const given = [...query.getAll('dryRun'), ...listAt(body, 'dryRun').map(String)]
  const odd = given.find(value => value !== 'All' && value !== '')
  if (odd !== undefined)
    throw badRequest(
      `invalid dryRun option: Unsupported value: ${JSON.stringify(odd)}: supported values: "All"`,
    )
  return given.includes('All')
}

export const writerOf = (api: Api, { query, agent, target }: Call): Writer => ({
  manager: query.get('fieldManager') || agent || 'unknown',
  apiVersion: groupVersion(target.resource),
  subresource: target.subresource,
  now: api.world.now(),
})

/** Fills in what the server knows of an object that came in a request, and checks that it fits the path. */
export const identify = (call: Call, object: JsonObject): void => {
  const { resource, namespace, name } = call.target
  object['kind'] = resource.kind
  object['apiVersion'] = groupVersion(resource)
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  object['metadata'] = metadata
  const given = textAt(metadata, 'namespace')
  if (given !== '' && given !== namespace)
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  if (resource.namespaced) metadata['namespace'] = namespace
  else delete metadata['namespace']
  const own = textAt(metadata, 'name')
  if (name !== '' && own !== '' && own !== name)
    throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
  if (name !== '') metadata['name'] = name
}

/** The kind and version that a body gives itself must be those of the path. */
export const checkKind = (resource: Resource, object: JsonObject): void => {
  const { apiVersion, kind } = object
  const expected = groupVersion(resource)
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected)
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    )
  if (kind !== undefined && kind !== '' && kind !== resource.kind)
    throw badRequest(
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${kind}" is registered for ${expected}`,
    )
}

export interface Fresh {
  readonly dryRun: boolean
  /** An apply patch that created the object has set its owners already. */
  readonly owned: boolean
}

/** Creates an object. Gives it as stored, or as it would be. */
export const createObject = (
  api: Api,
  call: Call,
  object: JsonObject,
  { dryRun, owned }: Fresh,
): Item | JsonObject => {
  const { resource, namespace } = call.target
  const { strategy } = resource
  identify(call, object)
  born(api, object)
  const name = textAt(object, 'metadata', 'name')
  if (resource.namespaced) admitNamespace(api, resource, namespace)
  strategy.defaults?.(object)
  if (!owned) trackUpdate(resource.shape, null, object, writerOf(api, call))
  strategy.prepareCreate?.(object, api.world)
  if (strategy.generation) mapAt(object, 'metadata')['generation'] = 1
  const errors = [...validateMetadata(resource, object), ...(strategy.validate?.(object) ?? [])]
  if (errors.length > 0) throw invalidObject(resource, name, errors)
  const key = `${namespace}/${name}`
  if (api.store.get(resource.id, key) !== undefined) throw alreadyExists(resource, name)
  const allocation = strategy.allocate?.(object, null, api.world)
  refuse(resource, name, allocation)
  if (dryRun) return object
  return commit(api, { resource, key, namespace, object, allocation })
}

const born = ({ world }: Api, object: JsonObject): void => {
  const metadata = mapAt(object, 'metadata')
  const base = textAt(metadata, 'generateName')
  if (textAt(metadata, 'resourceVersion') !== '')
    throw badRequest('resourceVersion should not be set on objects to be created')
  if (textAt(metadata, 'name') === '' && base !== '') {
    const suffix = Array.from(
      { length: 5 },
      () => GENERATED[Math.floor(world.random() * GENERATED.length)],
    ).join('')
    metadata['name'] = `${base.slice(0, 58)}${suffix}`
  }
  for (const key of ['selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'])
    delete metadata[key]
  metadata['uid'] = world.uid()
  metadata['creationTimestamp'] = world.now()
}

const refuse = (resource: Resource, name: string, allocation: Allocation | undefined): void => {
  if (allocation !== undefined && allocation.errors.length > 0)
    throw invalidObject(resource, name, allocation.errors)
}

interface Commit {
  readonly resource: Resource
  readonly key: string
  readonly namespace: string
  readonly object: JsonObject
  readonly allocation: Allocation | undefined
  readonly deleted?: boolean
}

export const commit = (
  api: Api,
  { resource, key, namespace, object, allocation, deleted = false }: Commit,
): Item => {
  for (const change of allocation?.changes ?? []) api.store.commit(change)
  const item = api.store.commit({ resource: resource.id, key, namespace, object, deleted })
  allocation?.committed()
  return item
}

/** Replaces an object by another state of it. A write that changes nothing is not one. */
export const updateObject = (
  api: Api,
  call: Call,
  { old, object, dryRun, owned }: Fresh & { old: Item; object: JsonObject },
): Item | JsonObject => {
  const { resource, namespace, name } = call.target
  identify(call, object)
  checkVersion(resource, old, object)
  carry(object, old.object)
  prepare(api, call, { old: old.object, object, owned })
  const errors = [
    ...validateMetadata(resource, object),
    ...validateMetadataUpdate(object, old.object),
    ...validateUpdate(call, object, old.object),
  ]
  if (errors.length > 0) throw invalidObject(resource, name, errors)
  const whole = call.target.subresource !== 'status' && call.target.subresource !== 'finalize'
  const allocation = whole ? resource.strategy.allocate?.(object, old.object, api.world) : undefined
  refuse(resource, name, allocation)
  if (dryRun) return object
  const key = `${namespace}/${name}`
  if (isReleased(resource, object, old.object))
    return remove(api, { resource, key, namespace, object })
  if (isSame(object, old.object)) return old
  return commit(api, { resource, key, namespace, object, allocation })
}

const checkVersion = (resource: Resource, old: Item, object: JsonObject): void => {
  const metadata = mapAt(object, 'metadata')
  const name = textAt(metadata, 'name')
  const version = textAt(metadata, 'resourceVersion')
  const uid = textAt(metadata, 'uid')
  const current = textAt(old.object, 'metadata', 'uid')
  if (version === '' && !resource.strategy.unconditionalUpdate)
    throw invalidObject(resource, name, [
      {
        type: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        message: 'Invalid value: 0: must be specified for an update',
      },
    ])
  if (version !== '' && version !== '0' && version !== String(old.revision))
    throw conflict(resource, name, MODIFIED)
  if (uid !== '' && uid !== current)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current}`,
    )
}

const CARRIED = ['uid', 'creationTimestamp', 'generateName'] as const
const KEPT = [
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'selfLink',
  'resourceVersion',
] as const

/** What an update need not repeat, and what it cannot change. */
const carry = (object: JsonObject, old: JsonObject): void => {
  const [metadata, before] = [mapAt(object, 'metadata'), mapAt(old, 'metadata')]
  for (const key of CARRIED)
    if (metadata[key] === undefined && before[key] !== undefined) metadata[key] = before[key]
  for (const key of KEPT) {
    if (before[key] === undefined) delete metadata[key]
    else metadata[key] = before[key]
  }
}

const prepare = (
  api: Api,
  call: Call,
  { old, object, owned }: { old: JsonObject; object: JsonObject; owned: boolean },
): void => {
  const { resource, subresource } = call.target
  const { strategy, shape } = resource
  strategy.defaults?.(object)
  if (subresource === 'status') {
    if (strategy.prepareStatus === undefined) keepAllBut(object, old, 'status')
    else strategy.prepareStatus(object, old)
  } else if (subresource === 'finalize') keepAllBut(object, old, 'spec')
  else strategy.prepareUpdate?.(object, old, api.world)
  if (!owned) trackUpdate(shape, old, object, writerOf(api, call))
  if (strategy.generation && !equal(object['spec'], old['spec'])) {
    const metadata = mapAt(object, 'metadata')
    metadata['generation'] = (numberAt(metadata, 'generation') ?? 0) + 1
  }
}

const keepAllBut = (object: JsonObject, old: JsonObject, but: string): void => {
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (key === but || key === 'metadata') continue
    if (old[key] === undefined) delete object[key]
    else object[key] = old[key]
  }
}

const validateUpdate = (
  { target: { resource, subresource } }: Call,
  object: JsonObject,
  old: JsonObject,
): ReturnType<typeof validateMetadata> => {
  const { strategy } = resource
  if (subresource === 'finalize') return []
  if (subresource === 'status') return strategy.validateStatus?.(object) ?? []
  return [...(strategy.validate?.(object) ?? []), ...(strategy.validateUpdate?.(object, old) ?? [])]
}

/** The last finalizer of an object that is to go has gone: so does the object. */
const isReleased = (resource: Resource, object: JsonObject, old: JsonObject): boolean => {
  const metadata = mapAt(object, 'metadata')
  const held =
    listAt(metadata, 'finalizers').length +
    (resource.kind === 'Namespace' ? listAt(object, 'spec', 'finalizers').length : 0)
  const heldBefore =
    listAt(old, 'metadata', 'finalizers').length +
    (resource.kind === 'Namespace' ? listAt(old, 'spec', 'finalizers').length : 0)
  return (
    metadata['deletionTimestamp'] !== undefined &&
    (metadata['deletionGracePeriodSeconds'] ?? 0) === 0 &&
    held === 0 &&
    heldBefore > 0
  )
}

/** Takes an object out of the store, and gives back what it had taken. */
export const remove = (
  api: Api,
  { resource, key, namespace, object }: Omit<Commit, 'allocation'>,
): Item => {
  const last = { ...object, metadata: { ...mapAt(object, 'metadata') } }
  const allocation = resource.strategy.release?.(last, api.world)
  return commit(api, { resource, key, namespace, object: last, allocation, deleted: true })
}

const isSame = (object: JsonObject, old: JsonObject): boolean => {
  const strip = (one: JsonObject): JsonObject => {
    const metadata = { ...mapAt(one, 'metadata') }
    metadata['managedFields'] = listAt(metadata, 'managedFields').map(entry =>
      isObject(entry) ? { ...entry, time: '' } : entry,
    )
    return { ...one, metadata }
  }
  return equal(strip(object), strip(old))
}

/** The reply to a write: the object in the form asked for, once the write would survive a crash. */
export const replyWith = async (
  api: Api,
  call: Call,
  code: number,
  written: Item | JsonObject,
): Promise<Reply> => {
  await settledOrFail(api)
  const item = isItem(written) ? written : null
  if (item !== null && call.media.as === '') return { kind: 'item', code, item }
  const object = item?.object ?? (written as JsonObject)
  return { kind: 'object', code, object: shaped(object, formOf(api, call)) }
}

const isItem = (written: Item | JsonObject): written is Item =>
  typeof written['revision'] === 'number' && typeof written['resource'] === 'string'

export const settledOrFail = async ({ store }: Api): Promise<void> => {
  try {
    await store.settled()
  } catch (cause) {
    throw Object.assign(
      new ApiError(
        500,
        'InternalError',
        'Internal error occurred: the store cannot write to its disk',
      ),
      { cause },
    )
  }
}
