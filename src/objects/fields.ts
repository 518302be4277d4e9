/**
 * Objects: a reader of fields in parsed YAML or JSON, where nothing is to be trusted. A field of the wrong type is a
 * problem and reads as if it were not there; null counts as absent, as it does for the API server. Paths and values
 * are put into words only when there is a problem, since nearly all objects have none.
 */
import { shownValue } from './problem.ts'
import type { Place, Problem } from './types.ts'

/** A mapping of the object being read, and the way to it. */
export interface Fields {
  readonly values: Readonly<Record<string, unknown>>
  readonly report: Report
  readonly within: Fields | null
  /** The step from `within`; `index` is set for an item of a list. */
  readonly key: string
  readonly index: number | null
}

/** Collects the problems of one object. */
export interface Report {
  readonly subject: string
  readonly problems: Problem[]
  readonly place: ((field: string) => Place) | undefined
}

export interface Fault {
  readonly code: string
  readonly fact: string
  readonly consequence: string
  readonly severity?: Problem['severity']
}

type Values = Fields['values']

export const isMapping = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const rootFields = (values: Values, report: Report): Fields => ({
  values,
  report,
  within: null,
  key: '',
  index: null,
})

/** The raw value; undefined where the field is absent or null. Never what an object inherits. */
export const valueAt = (fields: Fields, key: string): unknown =>
  Object.hasOwn(fields.values, key) ? (fields.values[key] ?? undefined) : undefined

/** Notes a fault of one field, or of one item of a list in it. */
export const faultAt = (fields: Fields, key: string, fault: Fault, index?: number): void => {
  const { report } = fields
  const field = `${pathTo(fields, key)}${index === undefined ? '' : `[${index}]`}`
  const whole = valueAt(fields, key)
  const value = index === undefined || !Array.isArray(whole) ? whole : whole[index]
  report.problems.push({
    code: fault.code,
    severity: fault.severity ?? 'error',
    subject: report.subject,
    field,
    value: shownValue(value),
    fact: fault.fact,
    consequence: fault.consequence,
    ...(report.place === undefined ? {} : { place: report.place(field) }),
  })
}

/** `spec.ports[1].port`, or `metadata.labels["a.b/c"]` where a dot would mislead. */
const pathTo = ({ within, key: last, index }: Fields, key: string): string => {
  if (within === null) return key
  const parent = `${pathTo(within, last)}${index === null ? '' : `[${index}]`}`
  return PLAIN_KEY.test(key) ? `${parent}.${key}` : `${parent}["${key}"]`
}

const PLAIN_KEY = /^\w+$/

/** A nested mapping; an empty one where it is absent or no mapping. */
export const mappingAt = (fields: Fields, key: string, consequence = 'field ignored'): Fields => {
  const values = valueAt(fields, key)
  const nested = isMapping(values) ? values : NOTHING
  if (values !== undefined && nested === NOTHING)
    faultAt(fields, key, { code: 'BAD_TYPE', fact: 'is not a mapping', consequence })
  return { values: nested, report: fields.report, within: fields, key, index: null }
}

const NOTHING: Values = {}

/** A list; empty where absent or no list. Its items are not checked. */
export const listAt = (
  fields: Fields,
  key: string,
  consequence = 'field ignored',
): readonly unknown[] => {
  const list = valueAt(fields, key)
  if (list === undefined) return []
  if (Array.isArray(list)) return list
  faultAt(fields, key, { code: 'BAD_TYPE', fact: 'is not a list', consequence })
  return []
}

/** The mappings of a list; anything else in it is a problem. */
export const mappingsAt = (fields: Fields, key: string, consequence: string): readonly Fields[] => {
  const mappings: Fields[] = []
  for (const [index, values] of listAt(fields, key).entries()) {
    if (isMapping(values)) {
      mappings.push({ values, report: fields.report, within: fields, key, index })
    } else {
      faultAt(fields, key, { code: 'BAD_TYPE', fact: 'is not a mapping', consequence }, index)
    }
  }
  return mappings
}

/** A string: `absent` where the field is not there, null (and a problem) where it is something else. */
export const textAt = <A>(
  fields: Fields,
  key: string,
  absent: A,
  consequence: string,
): string | A | null => {
  const value = valueAt(fields, key)
  if (value === undefined) return absent
  if (typeof value === 'string') return value
  faultAt(fields, key, { code: 'BAD_TYPE', fact: 'is not a string', consequence })
  return null
}

/** A boolean; `absent` where the field is not there or is something else. */
export const booleanAt = (fields: Fields, key: string, absent: boolean): boolean => {
  const value = valueAt(fields, key)
  if (value === undefined) return absent
  if (typeof value === 'boolean') return value
  const consequence = `taken as ${absent}`
  faultAt(fields, key, { code: 'BAD_TYPE', fact: 'is neither true nor false', consequence })
  return absent
}

/** One of a few words; `absent` where the field is not there, empty or another word (a problem). */
export const wordAt = <W extends string>(
  fields: Fields,
  key: string,
  words: readonly W[],
  absent: W,
): W => {
  const value = valueAt(fields, key)
  if (value === undefined || value === '') return absent
  const word = words.find(candidate => candidate === value)
  if (word !== undefined) return word
  const fact = `is none of ${words.join(', ')}`
  faultAt(fields, key, { code: 'BAD_VALUE', fact, consequence: `taken as ${absent}` })
  return absent
}

/** A whole number in a range; `absent` where the field is not there, null (and a problem) where it is no such number. */
export const integerAt = (fields: Fields, key: string, rule: IntegerRule): number | null => {
  const value = valueAt(fields, key)
  if (value === undefined) return rule.absent
  const { min, max } = rule
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
    return value
  const fact = `is not ${rule.what} from ${min} to ${max}`
  faultAt(fields, key, { code: rule.code, fact, consequence: rule.consequence })
  return null
}

export interface IntegerRule {
  readonly code: string
  readonly what: string
  readonly min: number
  readonly max: number
  readonly absent: number | null
  readonly consequence: string
}
