/**
 * Sources: one object as it was written, before it is checked, and the way back to its lines. Lists of objects
 * (`kind: List`, `kind: ServiceList`) are opened here.
 */
import { isMapping } from '../objects/fields.ts'
import type { PlaceOf } from '../objects/read.ts'
import type { Problem } from '../objects/types.ts'

export interface RawObject {
  readonly value: unknown
  readonly placeOf: PlaceOf
}

/** The value of one document, and the line of a field in it, counted from 1; of what holds it where it is missing. */
export interface ReadDocument {
  readonly value: unknown
  readonly lineOf: (field: string) => number
}

/** What a text holds: the objects of its sound documents, and problems of the others. */
export interface ParsedText {
  readonly objects: readonly RawObject[]
  readonly problems: readonly Problem[]
}

/** The objects of one document: itself, or the items of a list. An empty document has none. */
export const objectsOf = (value: unknown, placeOf: PlaceOf): readonly RawObject[] => {
  if (value === null || value === undefined) return []
  if (!isMapping(value)) return [{ value, placeOf }]
  const { kind, items, apiVersion } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items))
    return [{ value, placeOf }]
  // Items of a typed list, as the API server gives them, leave out what the list's own kind tells.
  const inherited = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
  return items.flatMap((item: unknown, index) =>
    objectsOf(isMapping(item) ? { ...inherited, ...item } : item, field =>
      placeOf(`items[${index}]${field === '' || field.startsWith('[') ? field : `.${field}`}`),
    ),
  )
}

/** The steps of a field path: `spec.ports[1].name` is spec, ports, 1, name. */
export const stepsOf = (field: string): readonly (string | number)[] => {
  const steps: (string | number)[] = []
  for (const [, key, index, quoted] of field.matchAll(/([^.[\]]+)|\[(\d+)\]|\["([^"]*)"\]/g))
    steps.push(index === undefined ? (quoted ?? key ?? '') : Number(index))
  return steps
}
