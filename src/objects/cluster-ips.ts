/**
 * Objects: which cluster IP a Service has in each family, or none (spec services-and-endpoints, section 2).
 */
import { parseAddress } from '../addresses.ts'
import { addressOf } from './address-fields.ts'
import { type Fields, faultAt, listAt, textAt } from './fields.ts'
import { FAMILIES, type Family, type PerFamily, type Service } from './types.ts'

const NONE: PerFamily<null> = { IPv4: null, IPv6: null }

export const clusterIPsAt = (spec: Fields, type: Service['type']): PerFamily<string | null> => {
  const first = textAt(spec, 'clusterIP', '', 'Service ignored')
  if (first === null || first === 'None' || type === 'ExternalName') return NONE
  if (first === '') {
    faultAt(spec, 'clusterIP', {
      code: 'NO_CLUSTER_IP',
      severity: 'warning',
      fact: 'is not set',
      consequence: 'Service ignored',
    })
    return NONE
  }
  const families = listAt(spec, 'ipFamilies')
  if (families.length > 0) return listedIPs(spec, families)
  const address = addressOf(first, spec, 'clusterIP', 'Service ignored')
  return address === null ? NONE : { ...NONE, [address.family]: address.text }
}

const listedIPs = (spec: Fields, families: readonly unknown[]): PerFamily<string | null> => {
  const addresses = listAt(spec, 'clusterIPs')
  for (const [index, family] of families.entries()) {
    if (FAMILIES.some(known => known === family)) continue
    const fact = `is none of ${FAMILIES.join(', ')}`
    faultAt(spec, 'ipFamilies', { code: 'BAD_VALUE', fact, consequence: 'family ignored' }, index)
  }
  const ofFamily = (family: Family): string | null => {
    const index = families.indexOf(family)
    return index < 0 ? null : listedIP(spec, addresses[index], index, family)
  }
  return { IPv4: ofFamily('IPv4'), IPv6: ofFamily('IPv6') }
}

const listedIP = (spec: Fields, value: unknown, index: number, family: Family): string | null => {
  const consequence = `Service ignored for ${family}`
  if (value === undefined || value === null) {
    const fact = `is missing for ${family}`
    faultAt(
      spec,
      'clusterIPs',
      { code: 'NO_CLUSTER_IP', severity: 'warning', fact, consequence },
      index,
    )
    return null
  }
  const address = typeof value === 'string' ? parseAddress(value) : null
  if (address?.family === family) return address.text
  const code = address === null ? 'BAD_ADDRESS' : 'WRONG_FAMILY'
  faultAt(spec, 'clusterIPs', { code, fact: `is not an ${family} address`, consequence }, index)
  return null
}
