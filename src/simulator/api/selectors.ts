/**
 * Label and field selectors, from their text to a test of an object. The grammar is that of
 * k8s.io/apimachinery/pkg/labels and pkg/fields; what they refuse is refused here with a 400.
 */
import { type JsonObject, mapAt, textAt } from '../json.ts'
import { labelValueFault, qualifiedFault } from '../resources/names.ts'
import type { Resource } from '../resources/types.ts'
import { badRequest } from './status.ts'

export type Test = (object: JsonObject) => boolean

interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: ReadonlySet<string>
}

/** null: everything matches. */
export const labelTest = (text: string | null): Test | null => {
  if (text === null || text.trim() === '') return null
  const requirements = parseLabels(text)
  return object => {
    const labels = mapAt(object, 'metadata', 'labels')
    return requirements.every(requirement => holds(requirement, labels))
  }
}

const holds = ({ key, operator, values }: Requirement, labels: JsonObject): boolean => {
  const value = Object.hasOwn(labels, key) ? String(labels[key]) : undefined
  switch (operator) {
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'in':
      return value !== undefined && values.has(value)
    case 'notin':
      return value === undefined || !values.has(value)
    case 'gt':
    case 'lt':
      return compares(value, operator, [...values][0] ?? '')
  }
}

const compares = (value: string | undefined, operator: 'gt' | 'lt', bound: string): boolean => {
  if (value === undefined || !/^-?\d+$/.test(value)) return false
  return operator === 'gt' ? Number(value) > Number(bound) : Number(value) < Number(bound)
}

const parseLabels = (text: string): readonly Requirement[] =>
  splitOutside(text).map(part => {
    const requirement = parseRequirement(part.trim())
    if (requirement === null)
      throw badRequest(`unable to parse requirement: found '${part.trim()}', expected: identifier`)
    const fault = qualifiedFault(requirement.key)
    if (fault !== '')
      throw badRequest(
        `unable to parse requirement: <nil>: Invalid value: "${requirement.key}": ${fault}`,
      )
    for (const value of requirement.values) {
      const wrong = labelValueFault(value)
      if (wrong !== '')
        throw badRequest(
          `unable to parse requirement: values[0][${requirement.key}]: Invalid value: "${value}": ${wrong}`,
        )
    }
    return requirement
  })

/** Splits at commas that are not inside parentheses. */
const splitOutside = (text: string): readonly string[] => text.split(/,(?![^(]*\))/)

const SET = /^([^\s!=<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/
const EQUALITY = /^([^\s!=<>(),]+)\s*(==|=|!=|>|<)\s*([^\s!=<>(),]*)$/
const EXISTENCE = /^(!?)\s*([^\s!=<>(),]+)$/

const parseRequirement = (text: string): Requirement | null => {
  const set = SET.exec(text)
  if (set !== null) {
    const values = new Set((set[3] ?? '').split(',').map(value => value.trim()))
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'notin', values }
  }
  const equality = EQUALITY.exec(text)
  if (equality !== null) {
    const values = new Set([equality[3] ?? ''])
    const operator = OPERATORS[equality[2] ?? '']
    return operator === undefined ? null : { key: equality[1] ?? '', operator, values }
  }
  const existence = EXISTENCE.exec(text)
  if (existence === null) return null
  const operator = existence[1] === '!' ? '!' : 'exists'
  return { key: existence[2] ?? '', operator, values: new Set() }
}

const OPERATORS: Readonly<Record<string, Requirement['operator']>> = {
  '=': 'in',
  '==': 'in',
  '!=': 'notin',
  '>': 'gt',
  '<': 'lt',
}

/** null: everything matches. Throws a 400 for a field that the resource cannot be selected by. */
export const fieldTest = (text: string | null, resource: Resource): Test | null => {
  if (text === null || text === '') return null
  const tests = text
    .split(',')
    .filter(part => part !== '')
    .map(part => fieldRequirement(part, resource))
  return object => tests.every(test => test(object))
}

const fieldRequirement = (part: string, resource: Resource): Test => {
  const match = /^([^!=]+)(==|!=|=)(.*)$/.exec(part)
  if (match === null)
    throw badRequest(`invalid field selector: ${JSON.stringify(part)}: can't understand '${part}'`)
  const key = match[1] ?? ''
  const value = (match[3] ?? '').replaceAll(/\\(.)/g, '$1')
  const read = reader(key, resource)
  if (read === undefined) throw badRequest(`field label not supported: ${key}`)
  return match[2] === '!=' ? object => read(object) !== value : object => read(object) === value
}

const reader = (key: string, resource: Resource): ((object: JsonObject) => string) | undefined => {
  if (key === 'metadata.name') return object => textAt(object, 'metadata', 'name')
  if (key === 'metadata.namespace' && resource.namespaced)
    return object => textAt(object, 'metadata', 'namespace')
  return Object.hasOwn(resource.selectable, key) ? resource.selectable[key] : undefined
}

/** Both selectors of a query as one test; null: everything matches. */
export const selectorTest = (query: URLSearchParams, resource: Resource): Test | null => {
  const labels = labelTest(query.get('labelSelector'))
  const fields = fieldTest(query.get('fieldSelector'), resource)
  if (labels === null) return fields
  if (fields === null) return labels
  return object => labels(object) && fields(object)
}
