/**
 * Objects: the metadata of an object, its names checked. A name that does not follow its grammar costs the object,
 * since names end up in rules.
 */
import { type Fields, faultAt, mappingAt, textAt, valueAt } from './fields.ts'
import { isLabel, isSubdomain } from './names.ts'

export interface Metadata {
  readonly namespace: string
  readonly name: string
  readonly labels: Fields
  readonly annotations: Fields
}

export interface NameRule {
  readonly namespaced: boolean
  readonly name: 'label' | 'subdomain'
}

/** null: a name is missing or bad, which is a problem noted with `consequence`. */
export const readMetadata = (
  root: Fields,
  rule: NameRule,
  consequence: string,
): Metadata | null => {
  const metadata = mappingAt(root, 'metadata', consequence)
  const name = nameAt(metadata, 'name', { grammar: rule.name, absent: '', consequence })
  const namespace = rule.namespaced
    ? nameAt(metadata, 'namespace', { grammar: 'label', absent: 'default', consequence })
    : ''
  if (name === null || namespace === null) return null
  const labels = mappingAt(metadata, 'labels')
  return { namespace, name, labels, annotations: mappingAt(metadata, 'annotations') }
}

/** Whether a label is there at all; its value, also a null, does not matter. */
export const hasLabel = ({ labels }: Metadata, label: string): boolean =>
  Object.hasOwn(labels.values, label)

/** The text of a label or annotation; empty where there is none or it is no text (a problem). */
export const noteAt = (notes: Fields, key: string): string =>
  textAt(notes, key, '', 'field ignored') ?? ''

export interface NameField {
  readonly grammar: NameRule['name']
  readonly absent: string
  readonly consequence: string
}

/** A name that follows its grammar, or null and a problem. */
export const nameAt = (
  fields: Fields,
  key: string,
  { grammar, absent, consequence }: NameField,
): string | null => {
  const name = textAt(fields, key, absent, consequence)
  if (name === null) return null
  if (grammar === 'label' ? isLabel(name) : isSubdomain(name)) return name
  const missing = valueAt(fields, key) === undefined
  faultAt(fields, key, {
    code: 'BAD_NAME',
    fact: missing ? 'is missing' : `is not ${GRAMMAR[grammar]}`,
    consequence,
  })
  return null
}

const GRAMMAR: Readonly<Record<NameRule['name'], string>> = {
  label: 'a DNS label (a-z, 0-9 and -, 63 characters at most)',
  subdomain: 'a DNS subdomain (labels of a-z, 0-9 and - joined by dots)',
}
