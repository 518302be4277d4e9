/**
 * Objects: a discovery.k8s.io/v1 EndpointSlice (spec services-and-endpoints, sections 4.1 and 4.3). The hot path of
 * reading: a cluster has many more endpoints than anything else.
 */
import { parseAddress } from '../addresses.ts'
import {
  booleanAt,
  type Fields,
  faultAt,
  listAt,
  mappingAt,
  mappingsAt,
  textAt,
  valueAt,
} from './fields.ts'
import { hasLabel, type Metadata, nameAt, noteAt, readMetadata } from './metadata.ts'
import { isSubdomain } from './names.ts'
import { PORT_SKIPPED, portNameAt, portNumberAt, protocolAt } from './port.ts'
import {
  type EndpointSlice,
  FAMILIES,
  type Family,
  type SliceEndpoint,
  type SlicePort,
} from './types.ts'

export const ENDPOINT_SKIPPED = 'endpoint skipped'
const SLICE_SKIPPED = 'EndpointSlice skipped'

export const readSlice = (root: Fields): EndpointSlice | null => {
  const rule = { namespaced: true, name: 'subdomain' } as const
  const metadata = readMetadata(root, rule, SLICE_SKIPPED)
  if (metadata === null) return null
  const service = serviceOf(metadata)
  const family = familyAt(root)
  if (service === null || family === null) return null
  return {
    kind: 'EndpointSlice',
    namespace: metadata.namespace,
    name: metadata.name,
    service,
    headless: isHeadless(metadata),
    family,
    ports: mappingsAt(root, 'ports', PORT_SKIPPED).flatMap(port => readSlicePort(port) ?? []),
    endpoints: endpointsAt(root, family),
    triggerTime: triggerTimeOf(metadata),
  }
}

export const isHeadless = (metadata: Metadata): boolean =>
  hasLabel(metadata, 'service.kubernetes.io/headless')

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** Milliseconds since 1970; null: none or unparsable, which only costs a sample of a metric. */
export const triggerTimeOf = ({ annotations }: Metadata): number | null => {
  const text = noteAt(annotations, 'endpoints.kubernetes.io/last-change-trigger-time')
  const time = RFC3339.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : time
}

const serviceOf = ({ labels }: Metadata): string | null => {
  const key = 'kubernetes.io/service-name'
  const written = valueAt(labels, key)
  if (written !== undefined && written !== '')
    return nameAt(labels, key, { grammar: 'label', absent: '', consequence: SLICE_SKIPPED })
  const fact = 'is missing: the slice belongs to no Service'
  faultAt(labels, key, { code: 'NO_SERVICE_NAME', fact, consequence: SLICE_SKIPPED })
  return null
}

const familyAt = (root: Fields): Family | null => {
  const value = valueAt(root, 'addressType')
  const family = FAMILIES.find(known => known === value)
  if (family !== undefined) return family
  const fact = value === undefined ? 'is missing' : `is none of ${FAMILIES.join(', ')}`
  faultAt(root, 'addressType', { code: 'BAD_ADDRESS_TYPE', fact, consequence: SLICE_SKIPPED })
  return null
}

const readSlicePort = (fields: Fields): SlicePort | null => {
  if (valueAt(fields, 'name') === undefined) {
    const fact = 'is missing (an unnamed port has an empty one)'
    faultAt(fields, 'name', { code: 'NO_PORT_NAME', fact, consequence: PORT_SKIPPED })
    return null
  }
  const name = portNameAt(fields)
  const protocol = protocolAt(fields)
  const port = portNumberAt(fields)
  return name === null || protocol === null || port === null ? null : { name, protocol, port }
}

const endpointsAt = (root: Fields, family: Family): readonly SliceEndpoint[] => {
  const endpoints: SliceEndpoint[] = []
  for (const fields of mappingsAt(root, 'endpoints', ENDPOINT_SKIPPED)) {
    const ip = firstAddress(fields, family)
    if (ip !== null) endpoints.push(readEndpoint(fields, ip))
  }
  return endpoints
}

// Only the first address counts: what is behind it never had a meaning.
const firstAddress = (fields: Fields, family: Family): string | null => {
  const list = listAt(fields, 'addresses', ENDPOINT_SKIPPED)
  const [value] = list
  const address = typeof value === 'string' ? parseAddress(value) : null
  if (address?.family === family) return address.text
  if (list.length > 0) {
    const code = address === null ? 'BAD_ENDPOINT_IP' : 'WRONG_FAMILY'
    const fact = `is not an ${family} address`
    faultAt(fields, 'addresses', { code, fact, consequence: ENDPOINT_SKIPPED }, 0)
  } else if (!isOtherType(fields)) {
    const fact = 'is empty'
    faultAt(fields, 'addresses', { code: 'NO_ADDRESS', fact, consequence: ENDPOINT_SKIPPED })
  }
  return null
}

// Already told by listAt.
const isOtherType = (fields: Fields): boolean => !Array.isArray(valueAt(fields, 'addresses') ?? [])

const readEndpoint = (fields: Fields, ip: string): SliceEndpoint => {
  const conditions = mappingAt(fields, 'conditions')
  const hints = mappingAt(fields, 'hints')
  return {
    ip,
    nodeName: nodeNameAt(fields),
    ready: booleanAt(conditions, 'ready', true),
    serving: booleanAt(conditions, 'serving', true),
    terminating: booleanAt(conditions, 'terminating', false),
    zoneHints: hintsAt(hints, 'forZones'),
    nodeHints: hintsAt(hints, 'forNodes'),
  }
}

/** null: none given, or none that a node could have (a problem). */
export const nodeNameAt = (fields: Fields): string | null => {
  const consequence = 'endpoint counts as running on no known node'
  const name = textAt(fields, 'nodeName', null, consequence)
  if (name === null || name === '') return null
  if (isSubdomain(name)) return name
  faultAt(fields, 'nodeName', { code: 'BAD_NAME', fact: 'is not a DNS subdomain', consequence })
  return null
}

const NO_HINTS: readonly string[] = []

const hintsAt = (hints: Fields, key: 'forZones' | 'forNodes'): readonly string[] => {
  if (valueAt(hints, key) === undefined) return NO_HINTS
  return mappingsAt(hints, key, 'hint ignored').flatMap(
    hint => textAt(hint, 'name', null, 'hint ignored') ?? [],
  )
}
