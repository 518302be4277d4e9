/**
 * Objects: a legacy v1 Endpoints object, turned into slices as the cluster's mirroring would do it: one slice for
 * each subset and family, not-ready addresses as endpoints that are neither ready nor serving.
 */
import { addressOf } from './address-fields.ts'
import { type Fields, mappingsAt, valueAt } from './fields.ts'
import { type Metadata, noteAt, readMetadata } from './metadata.ts'
import { PORT_SKIPPED, portNameAt, portNumberAt, protocolAt } from './port.ts'
import { ENDPOINT_SKIPPED, isHeadless, nodeNameAt, triggerTimeOf } from './slice.ts'
import {
  type EndpointSlice,
  type Endpoints,
  FAMILIES,
  type Family,
  type SliceEndpoint,
  type SlicePort,
} from './types.ts'

export const readEndpoints = (root: Fields): Endpoints | null => {
  const rule = { namespaced: true, name: 'subdomain' } as const
  const metadata = readMetadata(root, rule, 'Endpoints skipped')
  if (metadata === null) return null
  const { namespace, name } = metadata
  const subsets = isMirrored(metadata) ? mappingsAt(root, 'subsets', 'subset skipped') : []
  const slices = subsets.flatMap((subset, index) => slicesOf(subset, index, metadata))
  return { kind: 'Endpoints', namespace, name, slices }
}

// An Endpoints object that carries a leader election was never about endpoints.
const isMirrored = (metadata: Metadata): boolean =>
  noteAt(metadata.labels, 'endpointslice.kubernetes.io/skip-mirror') !== 'true' &&
  !Object.hasOwn(metadata.annotations.values, 'control-plane.alpha.kubernetes.io/leader')

const slicesOf = (subset: Fields, index: number, metadata: Metadata): readonly EndpointSlice[] => {
  const ports = mappingsAt(subset, 'ports', PORT_SKIPPED).flatMap(port => readPort(port) ?? [])
  const found: readonly Found[] = [
    ...addressesAt(subset, 'addresses', true),
    ...addressesAt(subset, 'notReadyAddresses', false),
  ]
  return FAMILIES.flatMap(family => {
    const endpoints = found.flatMap(one => (one.family === family ? [one.endpoint] : []))
    if (endpoints.length === 0) return []
    return {
      kind: 'EndpointSlice' as const,
      namespace: metadata.namespace,
      name: `${metadata.name}-${index}-${family.toLowerCase()}`,
      service: metadata.name,
      headless: isHeadless(metadata),
      family,
      ports,
      endpoints,
      triggerTime: triggerTimeOf(metadata),
    }
  })
}

// Unlike a slice's, a port here may simply lack its name.
const readPort = (fields: Fields): SlicePort | null => {
  const name = portNameAt(fields)
  const protocol = protocolAt(fields)
  const port = portNumberAt(fields)
  return name === null || protocol === null || port === null ? null : { name, protocol, port }
}

interface Found {
  readonly family: Family
  readonly endpoint: SliceEndpoint
}

const addressesAt = (
  subset: Fields,
  key: 'addresses' | 'notReadyAddresses',
  ready: boolean,
): readonly Found[] =>
  mappingsAt(subset, key, ENDPOINT_SKIPPED).flatMap(fields => {
    const address = addressOf(valueAt(fields, 'ip'), fields, 'ip', ENDPOINT_SKIPPED)
    if (address === null) return []
    const endpoint: SliceEndpoint = {
      ip: address.text,
      nodeName: nodeNameAt(fields),
      ready,
      serving: ready,
      terminating: false,
      zoneHints: [],
      nodeHints: [],
    }
    return { family: address.family, endpoint }
  })
