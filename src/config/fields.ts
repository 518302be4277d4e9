/**
 * Lays the schema over a parsed file: every field that is given and right replaces its default, every other one is a
 * problem. Pure.
 */
import type { Problem } from '../objects/types.ts'
import { DEFAULTS } from './defaults.ts'
import type { ConfigDocument, Path } from './document.ts'
import { formatDuration } from './duration.ts'
import { isMapping, type Reader } from './reading.ts'
import { SCHEMA, UNUSED } from './schema.ts'
import type { ProxyConfig } from './types.ts'

/** Makes problems of one file. */
export interface Reporter {
  readonly file: string
  readonly document: ConfigDocument
  readonly problems: Problem[]
}

/** What is wrong with a field. */
export interface FieldFault {
  readonly code: string
  readonly severity: Problem['severity']
  readonly path: Path
  readonly value: unknown
  readonly fact: string
  /** Of a warning; an error has but one, REFUSED. */
  readonly consequence: string
}

/** What follows from an error in a configuration. */
export const REFUSED = 'kpc does not start'

export const report = ({ file, document, problems }: Reporter, fault: FieldFault): void => {
  const { code, severity, path, value, fact, consequence } = fault
  const text = value === undefined ? '' : (JSON.stringify(value) ?? '').slice(0, 80)
  const place = document.placeOf(path)
  const field = path.join('.')
  problems.push({ code, severity, subject: file, field, value: text, fact, consequence, place })
}

/** The configuration that the file's content asks for, defaults where it does not or must not. */
export const readFields = (content: object, reporter: Reporter): ProxyConfig =>
  readSection(content, SCHEMA as AnySchema, DEFAULTS, [], reporter) as ProxyConfig

type AnySchema = { readonly [field: string]: Reader<unknown> | AnySchema }

const readSection = (
  content: unknown,
  schema: AnySchema,
  defaults: object,
  path: Path,
  reporter: Reporter,
): object => {
  if (content === undefined || content === null) return defaults
  if (!isMapping(content)) {
    const fact = 'is not a mapping of fields'
    report(reporter, { ...WRONG, path, value: content, fact, consequence: REFUSED })
    return defaults
  }
  const read: Record<string, unknown> = { ...defaults }
  for (const [name, given] of Object.entries(content)) {
    const rule = Object.hasOwn(schema, name) ? schema[name] : undefined
    const at = [...path, name]
    const fallback = read[name]
    if (rule === undefined) reportUnknown(given, at, reporter)
    else if (typeof rule === 'function') read[name] = readField(given, rule, fallback, at, reporter)
    else read[name] = readSection(given, rule, fallback as object, at, reporter)
  }
  return read
}

const WRONG = { code: 'BAD_CONFIG_VALUE', severity: 'error' } as const

const readField = (
  given: unknown,
  reader: Reader<unknown>,
  fallback: unknown,
  path: Path,
  reporter: Reporter,
): unknown => {
  if (given === null) return fallback
  const reading = reader(given)
  switch (reading.kind) {
    case 'value':
      return reading.value
    case 'unset':
      return fallback
    case 'fault': {
      const shown =
        reading.isDuration && typeof fallback === 'number'
          ? formatDuration(fallback)
          : JSON.stringify(fallback)
      const consequence = `the default, ${shown}, holds`
      report(reporter, { ...WRONG, path, value: given, fact: reading.fact, consequence })
      return fallback
    }
  }
}

const reportUnknown = (given: unknown, path: Path, reporter: Reporter): void => {
  const name = path.join('.')
  if (UNUSED.has(name)) return
  const isSection = [...UNUSED].some(unused => unused.startsWith(`${name}.`))
  if (isSection && (given === null || isMapping(given))) {
    for (const [inner, value] of Object.entries(given ?? {}))
      reportUnknown(value, [...path, inner], reporter)
    return
  }
  report(reporter, {
    code: 'UNKNOWN_CONFIG_FIELD',
    severity: 'warning',
    path,
    value: given,
    fact: 'is not a field of KubeProxyConfiguration v1alpha1',
    consequence: 'ignored',
  })
}
