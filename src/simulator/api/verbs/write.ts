/**
 * What create, update and patch share: metadata, defaulting, validation, allocation, ownership, commit. Everything from
 * reading the old object to the commit happens in one turn of the event loop, so nothing can come between.
 */
import { isObject, type JsonObject, listAt, mapAt, textAt } from '../../json.ts'
import type { Writer } from '../../managed/owners.ts'
import { trackUpdate } from '../../managed/owners.ts'
import { validateMetadata } from '../../resources/metadata.ts'
import { type Allocation, groupVersion, type Resource } from '../../resources/types.ts'
import type { Item } from '../../store/types.ts'
import { shaped } from '../forms.ts'
import { ApiError, alreadyExists, badRequest, invalidObject } from '../status.ts'
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
  leavesStatus: target.subresource === '' && target.resource.subresources.includes('status'),
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

export const refuse = (
  resource: Resource,
  name: string,
  allocation: Allocation | undefined,
): void => {
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

/** Takes an object out of the store, and gives back what it had taken. */
export const remove = (
  api: Api,
  { resource, key, namespace, object }: Omit<Commit, 'allocation'>,
): Item => {
  const last = { ...object, metadata: { ...mapAt(object, 'metadata') } }
  const allocation = resource.strategy.release?.(last, api.world)
  return commit(api, { resource, key, namespace, object: last, allocation, deleted: true })
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
