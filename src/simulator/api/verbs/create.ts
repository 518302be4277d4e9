/** create and update: an object in the body, the object as stored in the reply. */
import type { Json, JsonObject } from '../../json.ts'
import { decodeObject, fieldValidationOf } from '../body.ts'
import { methodNotAllowed, notFound } from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { bind, evict } from './pods.ts'
import { scaled, scaleOf } from './scale.ts'
import { updateObject } from './update-object.ts'
import { checkKind, createObject, identify, isDryRun, replyWith } from './write.ts'

/** Reads the body as an object of the target's kind. */
export const objectIn = async (call: Call): Promise<JsonObject> => {
  const { value, duplicates } = await call.objectBody()
  return decodeFor(call, value, duplicates)
}

export const decodeFor = (call: Call, value: Json, duplicates: readonly string[]): JsonObject => {
  const { resource } = call.target
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    checkKind(resource, value)
  return decodeObject(resource.shape, value, {
    validation: fieldValidationOf(call.query),
    duplicates,
    warn: call.warn,
  })
}

export const create = async (api: Api, call: Call): Promise<Reply> => {
  const { subresource, name } = call.target
  if (subresource === 'binding') return bind(api, call)
  if (subresource === 'eviction') return evict(api, call)
  if (name !== '') throw methodNotAllowed()
  const object = await objectIn(call)
  const dryRun = isDryRun(call.query)
  return replyWith(api, call, 201, createObject(api, call, object, { dryRun, owned: false }))
}

export const update = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace, name, subresource } = call.target
  if (name === '') throw methodNotAllowed()
  const key = `${namespace}/${name}`
  const dryRun = isDryRun(call.query)
  if (subresource === 'scale') {
    const { value } = await call.objectBody()
    const old = api.store.get(resource.id, key)
    if (old === undefined) throw notFound(resource, name)
    const object = scaled(old.object, (value ?? {}) as JsonObject)
    const written = updateObject(api, call, { old, object, dryRun, owned: false })
    return replyWith(
      api,
      { ...call, media: { ...call.media, as: '' } },
      200,
      scaleOf(objectOf(written)),
    )
  }
  const object = await objectIn(call)
  const old = api.store.get(resource.id, key)
  if (old !== undefined)
    return replyWith(api, call, 200, updateObject(api, call, { old, object, dryRun, owned: false }))
  if (!resource.strategy.createOnUpdate || subresource !== '') throw notFound(resource, name)
  identify(call, object)
  return replyWith(api, call, 201, createObject(api, call, object, { dryRun, owned: false }))
}

/** The object of a write, stored or not. */
export const objectOf = (written: ReturnType<typeof updateObject>): JsonObject =>
  'revision' in written && typeof written.revision === 'number'
    ? (written.object as JsonObject)
    : (written as JsonObject)
