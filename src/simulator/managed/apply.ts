/**
 * Server-side apply: merges what a manager wants into what there is, takes out what it wanted before and no longer
 * does, and names the fields where it disagrees with other managers (KEP-555). Pure.
 */
import { clone, equal, isObject, type Json, type JsonObject, put } from '../json.ts'
import type { ListShape, Shape, StructShape } from '../schema/shapes.ts'
import { compare } from './compare.ts'
import {
  common,
  type FieldSet,
  fieldsOf,
  isEmptySet,
  itemKey,
  paths,
  pathText,
  unionRoots,
  without,
} from './field-set.ts'
import {
  type Owner,
  ownable,
  ownerOf,
  ownersOf,
  sameOwner,
  setOwners,
  type Writer,
} from './owners.ts'

export interface Conflict {
  readonly manager: string
  readonly operation: Owner['operation']
  /** `.spec.replicas` */
  readonly field: string
}

export interface Applied {
  readonly object: JsonObject
  readonly conflicts: readonly Conflict[]
}

/**
 * Applies a configuration to a live object, or to nothing. With `force` the manager takes over fields in conflict;
 * without, the conflicts are listed and the object is not to be stored.
 */
export const applyConfiguration = (
  shape: StructShape,
  live: JsonObject,
  configuration: JsonObject,
  { writer, force }: { writer: Writer; force: boolean },
): Applied => {
  const owners = ownersOf(live)
  const mine = owners.find(owner => sameOwner(owner, writer, 'Apply'))
  const others = owners.filter(owner => owner !== mine)
  const wanted = fieldsOf(shape, ownable(configuration, writer))
  const merged = merge(shape, clone(live), configuration)
  if (!isObject(merged)) throw new Error('the merge of two objects is an object')
  const { changed } = compare(shape, ownable(live, writer), ownable(merged, writer))
  const disputed = common(wanted, changed)
  const conflicts = others.flatMap(owner =>
    paths(common(owner.fields, disputed)).map(path => ({
      manager: owner.manager,
      operation: owner.operation,
      field: pathText(path),
    })),
  )
  const rest = others.map(owner => ({ ...owner, fields: without(owner.fields, disputed) }))
  if (mine !== undefined) {
    const held = rest.reduce<FieldSet>((all, { fields }) => unionRoots(all, fields), {})
    const dropped = without(without(mine.fields, wanted), held)
    remove(shape, merged, dropped, unionRoots(held, wanted))
  }
  const same = mine !== undefined && equal(mine.fields, wanted)
  const unchanged = same && equal(ownable(live, writer), ownable(merged, writer))
  setOwners(merged, [...rest, unchanged ? mine : ownerOf(writer, 'Apply', wanted)])
  return { object: merged, conflicts: force ? [] : conflicts }
}

const merge = (shape: Shape, live: Json | undefined, wanted: Json): Json => {
  if (live === undefined || live === null) return clone(wanted)
  switch (shape.kind) {
    case 'scalar':
    case 'any':
      return clone(wanted)
    case 'struct':
    case 'map':
      if (shape.atomic || !isObject(live) || !isObject(wanted)) return clone(wanted)
      for (const [key, value] of Object.entries(wanted)) {
        const inner = shape.kind === 'map' ? shape.of : shape.fields.get(key)
        if (value !== undefined && inner !== undefined)
          put(live, key, merge(inner, live[key], value))
      }
      return live
    case 'list':
      return mergeList(shape, live, wanted)
  }
}

/** Items keep the order of the live list; new ones come behind, in the order of the configuration. */
const mergeList = (shape: ListShape, live: Json, wanted: Json): Json => {
  if (shape.type === 'atomic' || !Array.isArray(live) || !Array.isArray(wanted))
    return clone(wanted)
  const byKey = new Map(wanted.map(item => [itemKey(shape, item), item]))
  const merged = live.map(item => {
    const key = itemKey(shape, item)
    const found = byKey.get(key)
    byKey.delete(key)
    return found === undefined ? item : merge(shape.of, item, found)
  })
  return [...merged, ...[...byKey.values()].map(item => clone(item))]
}

/** Takes members of a set out of a value, except nodes below which something in `kept` lives. */
const remove = (shape: Shape, value: Json, set: FieldSet, kept: FieldSet): void => {
  for (const key of Object.keys(set)) {
    const child = set[key]
    if (key === '.' || !isObject(child)) continue
    const held = isObject(kept[key]) ? kept[key] : undefined
    const whole = isEmptySet(child) || child['.'] !== undefined
    if (whole && held === undefined) drop(shape, value, key)
    else {
      const [inner, item] = childOf(shape, value, key)
      if (inner !== null && item !== undefined) remove(inner, item, child, held ?? {})
    }
  }
}

const drop = (shape: Shape, value: Json, key: string): void => {
  if (key.startsWith('f:') && isObject(value)) delete value[key.slice(2)]
  if (shape.kind !== 'list' || !Array.isArray(value)) return
  const at = value.findIndex(item => itemKey(shape, item) === key)
  if (at >= 0) value.splice(at, 1)
}

const childOf = (
  shape: Shape,
  value: Json,
  key: string,
): readonly [Shape | null, Json | undefined] => {
  if (shape.kind === 'list' && Array.isArray(value))
    return [shape.of, value.find(item => itemKey(shape, item) === key)]
  if (!isObject(value)) return [null, undefined]
  const name = key.slice(2)
  if (shape.kind === 'map') return [shape.of, value[name]]
  return [shape.kind === 'struct' ? (shape.fields.get(name) ?? null) : null, value[name]]
}
