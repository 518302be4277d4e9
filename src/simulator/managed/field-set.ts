/**
 * Sets of fields as metadata.managedFields writes them (FieldsV1): a tree whose keys are `f:name`, `k:{…}` for an item
 * of a keyed list, `v:…` for an item of a set, and `.` for the node itself. A leaf `{}` is a member; an inner node is
 * one only with `.`. Pure.
 */
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { ListShape, Shape } from '../schema/shapes.ts'

export type FieldSet = JsonObject

export const isEmptySet = (set: FieldSet): boolean => Object.keys(set).length === 0

const childOf = (set: FieldSet, key: string): FieldSet | undefined => {
  const child = set[key]
  return isObject(child) ? child : undefined
}

const isMember = (node: FieldSet): boolean => isEmptySet(node) || node['.'] !== undefined

/** All fields that an object sets, by its shape. */
export const fieldsOf = (shape: Shape, value: Json): FieldSet => {
  switch (shape.kind) {
    case 'scalar':
    case 'any':
      return {}
    case 'struct':
      return shape.atomic || !isObject(value) ? {} : structFields(shape.fields, value)
    case 'map':
      return shape.atomic || !isObject(value) ? {} : mapFields(shape.of, value)
    case 'list':
      return listFields(shape, value)
  }
}

const structFields = (fields: ReadonlyMap<string, Shape>, value: JsonObject): FieldSet => {
  const set: FieldSet = {}
  for (const [key, item] of Object.entries(value)) {
    const shape = fields.get(key)
    if (shape !== undefined && item !== undefined && item !== null)
      set[`f:${key}`] = fieldsOf(shape, item)
  }
  return set
}

const mapFields = (of: Shape, value: JsonObject): FieldSet => {
  const keys = Object.keys(value)
  if (keys.length === 0) return {}
  const set: FieldSet = { '.': {} }
  for (const key of keys) set[`f:${key}`] = fieldsOf(of, value[key] ?? null)
  return set
}

const listFields = (shape: ListShape, value: Json): FieldSet => {
  if (shape.type === 'atomic' || !Array.isArray(value) || value.length === 0) return {}
  const set: FieldSet = { '.': {} }
  for (const item of value) {
    const key = itemKey(shape, item)
    const inner = shape.type === 'set' ? {} : fieldsOf(shape.of, item)
    set[key] = shape.type === 'set' ? {} : { '.': {}, ...inner }
  }
  return set
}

/** What an item of a keyed list or of a set is called in a field set. */
export const itemKey = (shape: ListShape, item: Json): string => {
  if (shape.type === 'set') return `v:${JSON.stringify(item)}`
  const keys: JsonObject = {}
  for (const key of [...shape.keys].sort()) {
    const value = isObject(item) ? item[key] : undefined
    // Protocol is the one key with a default, and apply patches may leave it out.
    keys[key] = value ?? (key === 'protocol' ? 'TCP' : null)
  }
  return `k:${JSON.stringify(keys)}`
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  if (isEmptySet(a)) return isEmptySet(b) ? {} : withSelf(b)
  if (isEmptySet(b)) return withSelf(a)
  const out: FieldSet = { ...a }
  for (const key of Object.keys(b)) {
    const [left, right] = [childOf(a, key), childOf(b, key)]
    if (key === '.' || left === undefined) out[key] = b[key]
    else if (right !== undefined) out[key] = union(left, right)
  }
  return out
}

const withSelf = (set: FieldSet): FieldSet => ({ '.': {}, ...set })

/** Union of two roots, where an empty set has no member at all. */
export const unionRoots = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmptySet(a) ? b : isEmptySet(b) ? a : union(a, b)

/** The members of `a` that are not in `b`. */
export const without = (a: FieldSet, b: FieldSet): FieldSet => {
  const out: FieldSet = {}
  for (const key of Object.keys(a)) {
    const [left, right] = [childOf(a, key), childOf(b, key)]
    if (left === undefined) continue
    if (key === '.') {
      if (right === undefined) out['.'] = {}
    } else if (right === undefined) out[key] = left
    else {
      const rest = difference(left, right)
      if (rest !== null) out[key] = rest
    }
  }
  return out
}

/** A node less another; null: nothing remains. */
const difference = (a: FieldSet, b: FieldSet): FieldSet | null => {
  const stays = isMember(a) && !isMember(b)
  const inner = without(a, b)
  delete inner['.']
  if (isEmptySet(inner)) return stays ? {} : null
  return stays ? withSelf(inner) : inner
}

/** The members that both have. */
export const common = (a: FieldSet, b: FieldSet): FieldSet => {
  const out: FieldSet = {}
  for (const key of Object.keys(a)) {
    const [left, right] = [childOf(a, key), childOf(b, key)]
    if (left === undefined || right === undefined) continue
    if (key === '.') {
      out['.'] = {}
      continue
    }
    const both = isMember(left) && isMember(right)
    const inner = common(left, right)
    delete inner['.']
    if (isEmptySet(inner)) {
      if (both) out[key] = {}
    } else out[key] = both ? withSelf(inner) : inner
  }
  return out
}

/** Every member as a path of its keys, inner nodes before what they hold. */
export const paths = (set: FieldSet, prefix: readonly string[] = []): (readonly string[])[] =>
  Object.keys(set).flatMap(key => {
    const child = childOf(set, key)
    if (key === '.' || child === undefined) return []
    const path = [...prefix, key]
    return [...(isMember(child) ? [path] : []), ...paths(child, path)]
  })

/** A path as conflicts print it: `.spec.ports[port=80,protocol="TCP"].name`. */
export const pathText = (path: readonly string[]): string =>
  path
    .map(key => {
      if (key.startsWith('f:')) return `.${key.slice(2)}`
      if (key.startsWith('v:')) return `[=${key.slice(2)}]`
      const keys = JSON.parse(key.slice(2)) as JsonObject
      return `[${Object.entries(keys)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
