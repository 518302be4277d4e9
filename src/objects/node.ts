/**
 * Objects: a v1 Node: its zone, its pod ranges, its addresses and whether it is about to go.
 */

import { parseCidr } from '../addresses.ts'
import { addressOf, cidrsAt } from './address-fields.ts'
import { type Fields, listAt, mappingAt, mappingsAt, valueAt } from './fields.ts'
import { noteAt, readMetadata } from './metadata.ts'
import type { Node } from './types.ts'

export const readNode = (root: Fields): Node | null => {
  const rule = { namespaced: false, name: 'subdomain' } as const
  const metadata = readMetadata(root, rule, 'Node skipped')
  if (metadata === null) return null
  const zone = noteAt(metadata.labels, 'topology.kubernetes.io/zone')
  return {
    kind: 'Node',
    name: metadata.name,
    zone: zone === '' ? null : zone,
    podCIDRs: podCIDRsAt(mappingAt(root, 'spec')),
    addresses: addressesAt(mappingAt(root, 'status')),
    eligible: isEligible(root),
  }
}

/** The autoscaler's mark counts with any value and effect. */
const isEligible = (root: Fields): boolean =>
  valueAt(mappingAt(root, 'metadata'), 'deletionTimestamp') === undefined &&
  !mappingsAt(mappingAt(root, 'spec'), 'taints', 'taint ignored').some(
    taint => valueAt(taint, 'key') === 'ToBeDeletedByClusterAutoscaler',
  )

// podCIDR is the older field and repeats the first of podCIDRs.
const podCIDRsAt = (spec: Fields): readonly string[] => {
  if (listAt(spec, 'podCIDRs').length > 0) return cidrsAt(spec, 'podCIDRs').map(({ text }) => text)
  const single = valueAt(spec, 'podCIDR')
  const cidr = typeof single === 'string' ? parseCidr(single.trim()) : null
  return cidr === null ? [] : [cidr.text]
}

const addressesAt = (status: Fields): readonly string[] => {
  const listed = mappingsAt(status, 'addresses', 'address ignored')
  const ofType = (type: 'InternalIP' | 'ExternalIP'): readonly string[] =>
    listed.flatMap(fields =>
      valueAt(fields, 'type') === type
        ? (addressOf(valueAt(fields, 'address'), fields, 'address', 'address ignored')?.text ?? [])
        : [],
    )
  return [...ofType('InternalIP'), ...ofType('ExternalIP')]
}
