/**
 * Sources: one object as it was written, before it is checked, and the way back to its lines. Lists of objects
 * (`kind: List`, `kind: ServiceList`) are opened here.
 */
import { isMapping } from '../objects/fields.ts'
import type { PlaceOf } from '../objects/read.ts'
import type { Place } from '../objects/types.ts'

export interface RawObject {
  readonly value: unknown
  /** Of the object, or of the document that it is in; costs nothing to know. */
  readonly place: Place
  /** Of one field. Holds on to the text that the object was read from. */
  readonly placeOf: PlaceOf
}

/** The value of one document, and the line of a field in it, counted from 1; of what holds it where it is missing. */
export interface ReadDocument {
  readonly value: unknown
  readonly lineOf: (field: string) => number
}

/** The objects of one document: itself, or the items of a list. An empty document has none. */
export const objectsOf = (raw: RawObject): readonly RawObject[] =>
  raw.value === null || raw.value === undefined ? [] : opened(raw)

/** An object itself, or the items of a list. Unlike a document, an item that is null is a mistake: it stays. */
export const opened = (raw: RawObject): readonly RawObject[] => {
  const { value, place, placeOf } = raw
  const inherited = inheritedFrom(value)
  if (inherited === undefined || !isMapping(value) || !Array.isArray(value['items'])) return [raw]
  return value['items'].flatMap((item: unknown, index) =>
    opened(itemOf(item, { inherited, index, place, placeOf })),
  )
}

/**
 * What the items of a list take over from it: those of a typed list, as the API server gives them, leave out what the
 * list's own kind tells. undefined: no list.
 */
export const inheritedFrom = (list: unknown): object | undefined => {
  if (!isMapping(list)) return undefined
  const { kind, apiVersion } = list
  if (typeof kind !== 'string' || !kind.endsWith('List')) return undefined
  return kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
}

export interface Membership {
  readonly inherited: object
  readonly index: number
  /** Of the item, or of the list. */
  readonly place: Place
  /** Of the list's fields. */
  readonly placeOf: PlaceOf
}

/** One item of a list as an object of its own. */
export const itemOf = (
  item: unknown,
  { inherited, index, place, placeOf }: Membership,
): RawObject => ({
  value: isMapping(item) ? { ...inherited, ...item } : item,
  place,
  placeOf: field =>
    placeOf(`items[${index}]${field === '' || field.startsWith('[') ? field : `.${field}`}`),
})

/** The steps of a field path: `spec.ports[1].name` is spec, ports, 1, name. */
export const stepsOf = (field: string): readonly (string | number)[] => {
  const steps: (string | number)[] = []
  for (const [, key, index, quoted] of field.matchAll(/([^.[\]]+)|\[(\d+)\]|\["([^"]*)"\]/g))
    steps.push(index === undefined ? (quoted ?? key ?? '') : Number(index))
  return steps
}
