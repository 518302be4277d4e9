/** Which fields differ between two states of an object, by its shape. Pure. */
import { equal, isObject, type Json, type JsonObject } from '../json.ts'
import type { ListShape, Shape } from '../schema/shapes.ts'
import { type FieldSet, fieldsOf, isEmptySet, itemKey } from './field-set.ts'

/** The fields of `now` that are new or changed, and the fields of `before` that are gone. */
export interface Comparison {
  readonly changed: FieldSet
  readonly removed: FieldSet
}

/** Compares two objects of one shape. */
export const compare = (shape: Shape, before: JsonObject, now: JsonObject): Comparison => ({
  changed: changes(shape, before, now, true) ?? {},
  removed: changes(shape, now, before, false) ?? {},
})

/** Fields that `b` has and `a` has not or, with `values`, has otherwise; null: none. */
const changes = (
  shape: Shape,
  a: Json | undefined,
  b: Json | undefined,
  values: boolean,
): FieldSet | null => {
  if (b === undefined || b === null) return null
  if (a === undefined || a === null) return fieldsOf(shape, b)
  if (a === b) return null
  if (shape.kind === 'list' && shape.type !== 'atomic') return listChanges(shape, a, b, values)
  const granular =
    (shape.kind === 'struct' || shape.kind === 'map') && !shape.atomic && isObject(a) && isObject(b)
  if (granular) return objectChanges(shape, a, b, values)
  return values && !equal(a, b) ? {} : null
}

const objectChanges = (
  shape: Shape & { kind: 'struct' | 'map' },
  a: JsonObject,
  b: JsonObject,
  values: boolean,
): FieldSet | null => {
  const set: FieldSet = {}
  for (const key of Object.keys(b)) {
    const inner = shape.kind === 'map' ? shape.of : shape.fields.get(key)
    const found = inner === undefined ? null : changes(inner, a[key], b[key], values)
    if (found !== null) set[`f:${key}`] = found
  }
  return isEmptySet(set) ? null : set
}

const listChanges = (shape: ListShape, a: Json, b: Json, values: boolean): FieldSet | null => {
  if (!Array.isArray(a) || !Array.isArray(b)) return values ? {} : null
  const known = new Map(a.map(item => [itemKey(shape, item), item]))
  const set: FieldSet = {}
  for (const item of b) {
    const key = itemKey(shape, item)
    const before = known.get(key)
    if (before === undefined)
      set[key] = shape.type === 'set' ? {} : { '.': {}, ...fieldsOf(shape.of, item) }
    else {
      const found = shape.type === 'set' ? null : changes(shape.of, before, item, values)
      if (found !== null) set[key] = found
    }
  }
  return isEmptySet(set) ? null : set
}
