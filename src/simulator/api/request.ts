/**
 * From a request line to what it asks for. Pure. Paths are split before they are decoded, so that no escape can make a
 * separator, and nothing is ever normalised: a path that is not spelt as the API spells it does not exist.
 */
import { resourceNamed } from '../resources/table.ts'
import type { Resource, Subresource } from '../resources/types.ts'
import { badRequest, noSuchPath } from './status.ts'

export interface ResourceTarget {
  readonly kind: 'resource'
  readonly resource: Resource
  /** Empty for a cluster-wide object or for all namespaces. */
  readonly namespace: string
  /** Empty for a collection. */
  readonly name: string
  readonly subresource: Subresource | ''
}

export interface ReviewTarget {
  readonly kind: 'review'
  /** Such as selfsubjectaccessreviews. */
  readonly plural: string
  readonly group: string
  readonly namespace: string
}

export interface PathTarget {
  readonly kind: 'path'
  readonly segments: readonly string[]
}

export type Target = ResourceTarget | ReviewTarget | PathTarget

/** Splits a request's path. Throws a 400 for broken escapes, a 404 for what no path of ours can be. */
export const segmentsOf = (path: string): readonly string[] => {
  const raw = path.split('/').slice(1)
  if (raw.at(-1) === '') raw.pop()
  return raw.map(part => {
    const segment = decoded(part)
    if (segment === '' || segment === '.' || segment === '..' || /[/\0\\]/.test(segment))
      throw noSuchPath()
    return segment
  })
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw Object.assign(badRequest(`the path segment "${part}" has a malformed escape`), { cause })
  }
}

const REVIEWS: Readonly<Record<string, readonly string[]>> = {
  'authorization.k8s.io': [
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
    'localsubjectaccessreviews',
  ],
  'authentication.k8s.io': ['selfsubjectreviews', 'tokenreviews'],
}

/** What a path names: an object, a collection, a review, or a path of another kind (discovery, health). */
export const targetOf = (segments: readonly string[]): Target => {
  const [root, ...rest] = segments
  const path: PathTarget = { kind: 'path', segments }
  if (root === 'api')
    return rest.length < 2 ? path : groupTarget('', rest.slice(0, 1), rest.slice(1))
  if (root === 'apis')
    return rest.length < 3 ? path : groupTarget(rest[0] ?? '', rest.slice(1, 2), rest.slice(2))
  return path
}

const groupTarget = (
  group: string,
  [version]: readonly string[],
  rest: readonly string[],
): ResourceTarget | ReviewTarget => {
  if (version !== 'v1') throw noSuchPath()
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && !isNamespacePart(group, rest)
  const namespace = scoped ? (rest[1] ?? '') : ''
  const [plural = '', name = '', sub = '', ...more] = scoped ? rest.slice(2) : rest
  if (REVIEWS[group]?.includes(plural) && name === '')
    return { kind: 'review', plural, group, namespace }
  const resource = resourceNamed(group, plural)
  if (resource === undefined || more.length > 0) throw noSuchPath()
  if (scoped && !resource.namespaced) throw noSuchPath()
  if (resource.namespaced && !scoped && name !== '') throw noSuchPath()
  return { kind: 'resource', resource, namespace, name, subresource: subresourceOf(resource, sub) }
}

/** /api/v1/namespaces/x/status is the status of a namespace, not a resource in it. */
const isNamespacePart = (group: string, rest: readonly string[]): boolean =>
  group === '' && rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize')

const subresourceOf = (resource: Resource, text: string): Subresource | '' => {
  if (text === '') return ''
  const found = resource.subresources.find(one => one === text)
  if (found === undefined) throw noSuchPath()
  return found
}

/** The RBAC verb of a request. */
export const verbOf = (method: string, target: ResourceTarget, query: URLSearchParams): string => {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return target.name === '' ? 'deletecollection' : 'delete'
  }
  if (isTrue(query.get('watch'))) return 'watch'
  return target.name === '' ? 'list' : 'get'
}

export const isTrue = (text: string | null): boolean => text === 'true' || text === '1'
