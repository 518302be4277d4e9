/**
 * Strategic merge patch: a merge patch whose lists merge by the keys that their types declare, with the directives
 * $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder. The patch is read by an object's shape.
 */
import { clone, equal, isObject, type Json, type JsonObject, put } from '../json.ts'
import type { ListShape, Shape } from '../schema/shapes.ts'
import { PatchError } from './json-patch.ts'

/** Applies a patch to a copy of the document. Throws PatchError for directives that make no sense. */
export const applyStrategicPatch = (shape: Shape, document: Json, patch: Json): Json => {
  if (!isObject(patch)) throw new PatchError('a strategic merge patch must be an object', true)
  return mergeObject(shape, isObject(document) ? document : {}, patch) ?? {}
}

const ORDER = '$setElementOrder/'
const REMOVE = '$deleteFromPrimitiveList/'

/** null: the object is to go. */
const mergeObject = (shape: Shape, document: JsonObject, patch: JsonObject): JsonObject | null => {
  const directive = patch['$patch']
  if (directive === 'delete') return null
  if (directive === 'replace') return plain(patch)
  if (directive !== undefined && directive !== 'merge')
    throw new PatchError(`unknown patch type ${JSON.stringify(directive)}`, true)
  const merged: JsonObject = retained(document, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === undefined) continue
    const inner = fieldShape(shape, key)
    if (value === null) delete merged[key]
    else mergeField(merged, key, { inner, value })
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(REMOVE)) removeValues(merged, key.slice(REMOVE.length), value)
    if (key.startsWith(ORDER)) {
      const field = key.slice(ORDER.length)
      reorder(merged, field, { shape: fieldShape(shape, field), order: value })
    }
  }
  return merged
}

const mergeField = (
  merged: JsonObject,
  key: string,
  { inner, value }: { inner: Shape; value: Json },
): void => {
  if (isObject(value)) {
    const before = merged[key]
    const result = mergeObject(inner, isObject(before) ? before : {}, value)
    if (result === null) delete merged[key]
    else put(merged, key, result)
  } else if (Array.isArray(value) && inner.kind === 'list' && inner.mergeKey !== null)
    put(merged, key, mergeList(inner, Array.isArray(merged[key]) ? merged[key] : [], value))
  else put(merged, key, clone(value))
}

const fieldShape = (shape: Shape, key: string): Shape => {
  if (shape.kind === 'struct') return shape.fields.get(key) ?? { kind: 'any' }
  return shape.kind === 'map' ? shape.of : { kind: 'any' }
}

/** $retainKeys lists all fields that the object may have afterwards. */
const retained = (document: JsonObject, patch: JsonObject): JsonObject => {
  const keys = patch['$retainKeys']
  if (!Array.isArray(keys)) return { ...document }
  return Object.fromEntries(Object.entries(document).filter(([key]) => keys.includes(key)))
}

const plain = (patch: JsonObject): JsonObject =>
  clone(Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$'))))

const mergeList = (shape: ListShape, document: readonly Json[], patch: readonly Json[]): Json[] => {
  const key = shape.mergeKey ?? ''
  if (key === '') return mergeValues(document, patch)
  const replaces = patch.some(item => isObject(item) && isReplace(item))
  const items = replaces ? [] : [...document]
  for (const item of patch) {
    if (!isObject(item))
      throw new PatchError(`an item of a list merged by ${key} must be an object`, true)
    if (isReplace(item) && item[key] === undefined) continue
    if (item[key] === undefined)
      throw new PatchError(
        `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`,
        false,
      )
    const at = items.findIndex(one => isObject(one) && equal(one[key], item[key]))
    const before = items[at]
    const merged = mergeObject(shape.of, isObject(before) ? before : {}, item)
    if (merged === null) {
      if (at >= 0) items.splice(at, 1)
    } else if (at >= 0) items[at] = merged
    else items.push(merged)
  }
  return items
}

const isReplace = (item: JsonObject): boolean => item['$patch'] === 'replace'

const mergeValues = (document: readonly Json[], patch: readonly Json[]): Json[] => [
  ...document,
  ...patch.filter(value => !document.some(one => equal(one, value))),
]

const removeValues = (merged: JsonObject, key: string, values: Json | undefined): void => {
  const list = merged[key]
  if (Array.isArray(list) && Array.isArray(values))
    merged[key] = list.filter(item => !values.some(value => equal(value, item)))
}

/** Items named in the order come as it says; others keep their place behind the item they followed. */
const reorder = (
  merged: JsonObject,
  key: string,
  { shape, order }: { shape: Shape; order: Json | undefined },
): void => {
  const list = merged[key]
  if (!Array.isArray(list) || !Array.isArray(order) || shape.kind !== 'list') return
  const mergeKey = shape.mergeKey ?? ''
  const idOf = (item: Json): string =>
    JSON.stringify(mergeKey !== '' && isObject(item) ? (item[mergeKey] ?? null) : item)
  const places = new Map(order.map((item, index) => [idOf(item), index]))
  let last = -1
  const ranked = list.map((item, index) => {
    const place = places.get(idOf(item))
    last = place ?? last
    return { item, rank: last, named: place !== undefined, index }
  })
  ranked.sort((a, b) => a.rank - b.rank || Number(b.named) - Number(a.named) || a.index - b.index)
  merged[key] = ranked.map(({ item }) => item)
}
