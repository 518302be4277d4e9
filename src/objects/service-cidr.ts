/**
 * Objects: a networking.k8s.io/v1 ServiceCIDR: ranges from which cluster IPs are taken.
 */
import { cidrsAt } from './address-fields.ts'
import { type Fields, mappingAt } from './fields.ts'
import { readMetadata } from './metadata.ts'
import type { ServiceCIDR } from './types.ts'

export const readServiceCIDR = (root: Fields): ServiceCIDR | null => {
  const rule = { namespaced: false, name: 'subdomain' } as const
  const metadata = readMetadata(root, rule, 'ServiceCIDR skipped')
  if (metadata === null) return null
  const cidrs = cidrsAt(mappingAt(root, 'spec'), 'cidrs').map(({ text }) => text)
  return { kind: 'ServiceCIDR', name: metadata.name, cidrs }
}
