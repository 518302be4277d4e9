/**
 * metadata.managedFields: who owns which fields. Reads and writes the list, and keeps it true when somebody writes an
 * object as a whole or by a patch other than apply.
 */

import { byCodeUnit } from '../../order.ts'
import { isObject, type Json, type JsonObject, listAt, mapAt, textAt } from '../json.ts'
import type { StructShape } from '../schema/shapes.ts'
import { compare } from './compare.ts'
import { type FieldSet, fieldsOf, isEmptySet, unionRoots, without } from './field-set.ts'

export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string
  readonly fields: FieldSet
}

/** Who writes, and when. */
export interface Writer {
  readonly manager: string
  readonly apiVersion: string
  readonly subresource: string
  readonly now: string
  /** The write has no say in the status, whatever it holds. */
  readonly leavesStatus: boolean
}

/** What no manager owns: the server's own fields, and what names the object. */
const UNOWNED = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generateName',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'selfLink',
  'uid',
])

/** An object less what nobody owns, and what this write cannot own. */
export const ownable = (object: JsonObject, { leavesStatus }: Writer): JsonObject => {
  const { apiVersion, kind, metadata, ...rest } = object
  if (leavesStatus) delete rest['status']
  const own = Object.entries(mapAt(metadata)).filter(([key]) => !UNOWNED.has(key))
  return own.length === 0 ? rest : { metadata: Object.fromEntries(own), ...rest }
}

export const ownersOf = (object: JsonObject): readonly Owner[] =>
  listAt(object, 'metadata', 'managedFields')
    .filter(isObject)
    .filter(entry => textAt(entry, 'manager') !== '' || isObject(entry['fieldsV1']))
    .map(entry => ({
      manager: textAt(entry, 'manager'),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: textAt(entry, 'apiVersion'),
      subresource: textAt(entry, 'subresource'),
      time: textAt(entry, 'time'),
      fields: mapAt(entry, 'fieldsV1'),
    }))

export const setOwners = (object: JsonObject, owners: readonly Owner[]): void => {
  const metadata = mapAt(object, 'metadata')
  const entries = owners.filter(({ fields }) => !isEmptySet(fields)).sort(byTime)
  if (entries.length === 0) delete metadata['managedFields']
  else metadata['managedFields'] = entries.map(entryOf)
}

const byTime = (a: Owner, b: Owner): number =>
  Number(a.operation !== 'Apply') - Number(b.operation !== 'Apply') ||
  byCodeUnit(a.time, b.time) ||
  byCodeUnit(a.manager, b.manager)

const entryOf = (owner: Owner): Json => ({
  manager: owner.manager,
  operation: owner.operation,
  apiVersion: owner.apiVersion,
  time: owner.time,
  fieldsType: 'FieldsV1',
  fieldsV1: owner.fields,
  ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
})

export const sameOwner = (owner: Owner, writer: Writer, operation: Owner['operation']): boolean =>
  owner.manager === writer.manager &&
  owner.operation === operation &&
  owner.subresource === writer.subresource &&
  owner.apiVersion === writer.apiVersion

/** A client that sends an empty list gives up all that is known of owners. */
const isReset = (object: JsonObject): boolean => {
  const list = mapAt(object, 'metadata')['managedFields']
  return (
    Array.isArray(list) && (list.length === 0 || (list.length === 1 && isEmptySet(mapAt(list[0]))))
  )
}

/** Sets managedFields of an object that is about to replace `old` (null: to be created). */
export const trackUpdate = (
  shape: StructShape,
  old: JsonObject | null,
  object: JsonObject,
  writer: Writer,
): void => {
  const given = ownersOf(object)
  const owners = given.length > 0 || old === null || isReset(object) ? given : ownersOf(old)
  const now = ownable(object, writer)
  if (old === null) {
    setOwners(object, [ownerOf(writer, 'Update', fieldsOf(shape, now))])
    return
  }
  const { changed, removed } = compare(shape, ownable(old, writer), now)
  const mine = owners.find(owner => sameOwner(owner, writer, 'Update'))
  const rest = owners
    .filter(owner => owner !== mine)
    .map(owner => ({ ...owner, fields: without(without(owner.fields, changed), removed) }))
  if (isEmptySet(changed)) {
    setOwners(
      object,
      mine === undefined ? rest : [...rest, { ...mine, fields: without(mine.fields, removed) }],
    )
    return
  }
  const kept = mine === undefined ? {} : without(mine.fields, removed)
  setOwners(object, [...rest, ownerOf(writer, 'Update', unionRoots(kept, changed))])
}

export const ownerOf = (
  { manager, apiVersion, subresource, now }: Writer,
  operation: Owner['operation'],
  fields: FieldSet,
): Owner => ({ manager, operation, apiVersion, subresource, time: now, fields })
