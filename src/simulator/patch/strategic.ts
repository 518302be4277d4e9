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
  for (const [key, value] of Object.entries(patch))
    if (key.startsWith(REMOVE)) removeValues(merged, key.slice(REMOVE.length), value)
  for (const key of orderedKeys(patch)) {
    const list = fieldShape(shape, key)
    if (list.kind === 'list' && list.mergeKey !== null)
      reorder(merged, key, {
        mergeKey: list.mergeKey,
        order: patch[`${ORDER}${key}`] ?? patch[key],
        before: document[key],
      })
  }
  return merged
}

/** Fields whose order a patch has a say in: by a directive, or by the items it brings. */
const orderedKeys = (patch: JsonObject): ReadonlySet<string> =>
  new Set(
    Object.keys(patch)
      .map(key => (key.startsWith(ORDER) ? key.slice(ORDER.length) : key))
      .filter(key => !key.startsWith('$')),
  )

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

/**
 * Items that the patch names come in the patch's order, the others in their old one; where an item of each kind is to
 * come next, the old list decides, and an item that is new goes first.
 */
const reorder = (
  merged: JsonObject,
  key: string,
  {
    mergeKey,
    order,
    before,
  }: { mergeKey: string; order: Json | undefined; before: Json | undefined },
): void => {
  const list = merged[key]
  if (!Array.isArray(list) || !Array.isArray(order)) return
  const idOf = (item: Json): string =>
    JSON.stringify(mergeKey !== '' && isObject(item) ? (item[mergeKey] ?? null) : item)
  const placesIn = (items: readonly Json[]): ReadonlyMap<string, number> =>
    new Map(items.map((item, index) => [idOf(item), index]))
  const [wanted, old] = [placesIn(order), placesIn(Array.isArray(before) ? before : [])]
  const place = (item: Json, places: ReadonlyMap<string, number>): number =>
    places.get(idOf(item)) ?? Number.MAX_SAFE_INTEGER
  const named = list
    .filter(item => wanted.has(idOf(item)))
    .sort((a, b) => place(a, wanted) - place(b, wanted))
  const others = list.filter(item => !wanted.has(idOf(item)))
  const all: Json[] = []
  for (const item of named) {
    while (
      others[0] !== undefined &&
      old.has(idOf(item)) &&
      place(others[0], old) < place(item, old)
    )
      all.push(others.shift() ?? null)
    all.push(item)
  }
  merged[key] = [...all, ...others]
}
