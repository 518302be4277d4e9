/** patch: four kinds of patch, told apart by the body's content type, all ending in the same update. */
import { clone, isObject, type Json, type JsonObject, mapAt, textAt } from '../../json.ts'
import { applyConfiguration, type Conflict } from '../../managed/apply.ts'
import { applyJsonPatch, PatchError } from '../../patch/json-patch.ts'
import { applyMergePatch } from '../../patch/merge-patch.ts'
import { applyStrategicPatch } from '../../patch/strategic.ts'
import type { Item } from '../../store/types.ts'
import type { Parsed } from '../body.ts'
import { isTrue } from '../request.ts'
import {
  ApiError,
  badRequest,
  methodNotAllowed,
  notFound,
  unsupportedMediaType,
} from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { decodeFor, objectOf } from './create.ts'
import { scaled, scaleOf } from './scale.ts'
import { updateObject } from './update-object.ts'
import { createObject, identify, isDryRun, replyWith, writerOf } from './write.ts'

const TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

export const patch = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace, name, subresource } = call.target
  if (name === '' || subresource === 'binding' || subresource === 'eviction')
    throw methodNotAllowed()
  const type = call.contentType.split(';')[0]?.trim() ?? ''
  if (!TYPES.includes(type)) throw unsupportedMediaType(TYPES)
  const parsed = await call.body()
  const old = api.store.get(resource.id, `${namespace}/${name}`)
  if (type === 'application/apply-patch+yaml') return apply(api, call, old, parsed)
  if (isTrue(call.query.get('force')))
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    )
  if (old === undefined) throw notFound(resource, name)
  const dryRun = isDryRun(call.query)
  if (subresource === 'scale')
    return patchScale(api, call, { old, patch: parsed.value, type, dryRun })
  const patched = patchedValue(call, { document: old.object, patch: parsed.value, type })
  keepSystemFields(patched, old.object)
  const object = decodeFor(call, patched, parsed.duplicates)
  const written = updateObject(api, call, { old, object, dryRun, owned: false })
  return replyWith(api, call, 200, written)
}

interface Patched {
  readonly document: JsonObject
  readonly patch: Json
  readonly type: string
}

const patchedValue = (call: Call, { document, patch, type }: Patched): JsonObject => {
  const { resource } = call.target
  try {
    const value = patchBy(type, { shape: resource.shape, document, patch })
    if (!isObject(value)) throw new PatchError('the patched value is not an object', false)
    return value
  } catch (cause) {
    if (!(cause instanceof PatchError)) throw cause
    if (cause.malformed) throw Object.assign(badRequest(cause.message), { cause })
    throw Object.assign(
      new ApiError(
        422,
        'Invalid',
        `the server rejected our request due to an error in our request: ${cause.message}`,
        { details: {} },
      ),
      { cause },
    )
  }
}

const patchBy = (
  type: string,
  {
    shape,
    document,
    patch,
  }: { shape: Call['target']['resource']['shape']; document: JsonObject; patch: Json },
): Json => {
  if (type === 'application/json-patch+json') return applyJsonPatch(document, patch)
  if (!isObject(patch)) throw new PatchError('a merge patch must be an object', true)
  return type === 'application/merge-patch+json'
    ? applyMergePatch(document, patch)
    : applyStrategicPatch(shape, document, patch)
}

/** A patch cannot take away what identifies an object: those fields come back from the old state. */
const keepSystemFields = (patched: JsonObject, old: JsonObject): void => {
  const metadata = { ...mapAt(patched, 'metadata') }
  const before = mapAt(old, 'metadata')
  for (const key of ['name', 'namespace', 'uid', 'creationTimestamp', 'resourceVersion'])
    if (metadata[key] === undefined && before[key] !== undefined) metadata[key] = before[key]
  patched['metadata'] = metadata
}

const patchScale = async (
  api: Api,
  call: Call,
  { old, patch, type, dryRun }: { old: Item; patch: Json; type: string; dryRun: boolean },
): Promise<Reply> => {
  const merge =
    type === 'application/strategic-merge-patch+json' ? 'application/merge-patch+json' : type
  const scale = patchedValue(call, { document: scaleOf(old.object), patch, type: merge })
  const object = scaled(old.object, scale)
  const written = updateObject(api, call, { old, object, dryRun, owned: false })
  const bare = { ...call, media: { ...call.media, as: '' as const } }
  return replyWith(api, bare, 200, scaleOf(objectOf(written)))
}

const apply = async (
  api: Api,
  call: Call,
  old: Item | undefined,
  { value, duplicates }: Parsed,
): Promise<Reply> => {
  const { resource, name, subresource } = call.target
  const manager = call.query.get('fieldManager') ?? ''
  if (manager === '')
    throw new ApiError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  if (!isObject(value)) throw badRequest('an apply patch must be an object')
  if (textAt(value, 'kind') === '' || textAt(value, 'apiVersion') === '')
    throw badRequest('an apply patch must name its apiVersion and kind')
  if (mapAt(value, 'metadata')['managedFields'] !== undefined)
    throw badRequest('metadata.managedFields must be nil')
  const configuration = decodeFor(call, value, duplicates)
  identify(call, configuration)
  const [writer, dryRun] = [writerOf(api, call), isDryRun(call.query)]
  const force = isTrue(call.query.get('force'))
  if (old === undefined) {
    if (subresource !== '') throw notFound(resource, name)
    const empty: JsonObject = { metadata: {} }
    const { object } = applyConfiguration(resource.shape, empty, configuration, { writer, force })
    return replyWith(api, call, 201, createObject(api, call, object, { dryRun, owned: true }))
  }
  const { object, conflicts } = applyConfiguration(resource.shape, old.object, configuration, {
    writer,
    force,
  })
  if (conflicts.length > 0) throw applyConflict(conflicts)
  checkApplied(configuration, old, object)
  const written = updateObject(api, call, { old, object: clone(object), dryRun, owned: true })
  return replyWith(api, call, 200, written)
}

/** A resourceVersion or uid in an apply patch is a precondition; merged in, it is what the update compares. */
const checkApplied = (configuration: JsonObject, old: Item, object: JsonObject): void => {
  const given = textAt(configuration, 'metadata', 'resourceVersion')
  mapAt(object, 'metadata')['resourceVersion'] = given === '' ? String(old.revision) : given
}

const applyConflict = (conflicts: readonly Conflict[]): ApiError => {
  const by = new Map<string, string[]>()
  for (const { manager, field } of conflicts) by.set(manager, [...(by.get(manager) ?? []), field])
  const texts = [...by].map(([manager, fields]) =>
    fields.length === 1
      ? `conflict with ${JSON.stringify(manager)}: ${fields[0]}`
      : `conflicts with ${JSON.stringify(manager)}:\n${fields.map(field => `- ${field}`).join('\n')}`,
  )
  const count = `${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}`
  return new ApiError(409, 'Conflict', `Apply failed with ${count}: ${texts.join('\n')}`, {
    details: {
      causes: conflicts.map(({ manager, field }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${JSON.stringify(manager)}`,
        field,
      })),
    },
  })
}
