/**
 * Objects: any parsed YAML or JSON value in; a checked object out, and the problems it had. Pure; never throws,
 * whatever the value is.
 */
import { readEndpoints } from './endpoints.ts'
import { type Fields, faultAt, isMapping, type Report, rootFields, valueAt } from './fields.ts'
import { objectKey } from './key.ts'
import { readNode } from './node.ts'
import { shownName, shownValue } from './problem.ts'
import { readService } from './service.ts'
import { readServiceCIDR } from './service-cidr.ts'
import { readSlice } from './slice.ts'
import type { ClusterObject, Kind, Place, Problem } from './types.ts'

export interface ReadResult {
  /** null: of a kind that is not read (no problem), or too broken to use (a problem). */
  readonly object: ClusterObject | null
  readonly problems: readonly Problem[]
}

interface KindReader {
  readonly apiVersion: string
  readonly read: (root: Fields) => ClusterObject | null
}

const READERS: Readonly<Record<Kind, KindReader>> = {
  Service: { apiVersion: 'v1', read: readService },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', read: readSlice },
  Endpoints: { apiVersion: 'v1', read: readEndpoints },
  Node: { apiVersion: 'v1', read: readNode },
  ServiceCIDR: { apiVersion: 'networking.k8s.io/v1', read: readServiceCIDR },
}

/** Finds the place of a field such as `spec.ports[1].port`; called for problems only. */
export type PlaceOf = (field: string) => Place

/**
 * Reads one object, which must carry `apiVersion` and `kind`. A kind of another API group, such as a Knative Service,
 * is not ours and no problem; another version of an API that we read is one.
 */
export const readObject = (raw: unknown, place?: PlaceOf): ReadResult => {
  if (!isMapping(raw))
    return refused(raw, { code: 'NOT_AN_OBJECT', fact: 'is not an object' }, place)
  const report: Report = { subject: subjectOf(raw), problems: [], place }
  const root = rootFields(raw, report)
  const kind = valueAt(root, 'kind')
  if (typeof kind !== 'string' || kind === '')
    return refused(raw, { code: 'NO_KIND', fact: 'has no kind' }, place)
  if (!isKind(kind)) return { object: null, problems: [] }
  const { apiVersion, read } = READERS[kind]
  const given = valueAt(root, 'apiVersion')
  if (given === apiVersion) return { object: read(root), problems: report.problems }
  if (typeof given === 'string' && groupOf(given) !== groupOf(apiVersion))
    return { object: null, problems: [] }
  faultAt(root, 'apiVersion', {
    code: 'BAD_API_VERSION',
    fact: given === undefined ? `is missing (${apiVersion} is read)` : `is not ${apiVersion}`,
    consequence: `${kind} skipped`,
  })
  return { object: null, problems: report.problems }
}

const isKind = (kind: string): kind is Kind => Object.hasOwn(READERS, kind)

const groupOf = (apiVersion: string): string =>
  apiVersion.slice(0, Math.max(0, apiVersion.lastIndexOf('/')))

/** How an object is named before any of its names is checked. */
const subjectOf = (raw: Fields['values']): string => {
  const metadata = isMapping(raw['metadata']) ? raw['metadata'] : {}
  const { name, namespace: given } = metadata
  const kind = shownName(raw['kind'] ?? 'object')
  if (name === undefined || name === null)
    return `${kind} without a name${given === undefined || given === null ? '' : ` in ${shownName(given)}`}`
  const isClusterWide = kind === 'Node' || kind === 'ServiceCIDR'
  const namespace = isClusterWide ? '' : shownName(given ?? 'default')
  return objectKey({ kind, namespace, name: shownName(name) })
}

const refused = (
  raw: unknown,
  { code, fact }: { readonly code: string; readonly fact: string },
  placeOf: PlaceOf | undefined,
): ReadResult => {
  const place = placeOf?.('')
  const problem: Problem = {
    code,
    severity: 'error',
    subject: place?.file ?? 'input',
    field: '',
    value: shownValue(raw),
    fact,
    consequence: 'document skipped',
    ...(place === undefined ? {} : { place }),
  }
  return { object: null, problems: [problem] }
}
