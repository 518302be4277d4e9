/**
 * Replacing an object by another state of itself, whole or in one of its subresources: what is carried over, what may
 * not change, and when the last finalizer's going takes the object along.
 */
import { equal, isObject, type JsonObject, listAt, mapAt, numberAt, textAt } from '../../json.ts'
import { trackUpdate } from '../../managed/owners.ts'
import { validateMetadata, validateMetadataUpdate } from '../../resources/metadata.ts'
import type { Resource } from '../../resources/types.ts'
import type { Item } from '../../store/types.ts'
import { conflict, invalidObject, MODIFIED } from '../status.ts'
import type { Api, Call } from '../types.ts'
import { commit, type Fresh, identify, refuse, remove, writerOf } from './write.ts'

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
