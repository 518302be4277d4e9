/**
 * Objects: addresses and ranges in fields, checked, canonical and parted by family.
 */
import { type Address, type Cidr, parseAddress, parseCidr } from '../addresses.ts'
import { type Fields, faultAt, listAt } from './fields.ts'
import type { Family, PerFamily } from './types.ts'

/** Parts canonical texts by family, in order, duplicates kept. */
export const byFamily = (addresses: readonly Address[]): PerFamily<readonly string[]> => ({
  IPv4: textsOf(addresses, 'IPv4'),
  IPv6: textsOf(addresses, 'IPv6'),
})

const textsOf = (addresses: readonly Address[], family: Family): readonly string[] =>
  addresses.filter(address => address.family === family).map(({ text }) => text)

/** The address that a value spells; null, and a problem of the field, where it spells none. */
export const addressOf = (
  value: unknown,
  fields: Fields,
  key: string,
  consequence: string,
  index?: number,
): Address | null => {
  const address = typeof value === 'string' ? parseAddress(value) : null
  if (address === null)
    faultAt(fields, key, { code: 'BAD_ADDRESS', fact: 'is not an IP address', consequence }, index)
  return address
}

/** The addresses of a list; blank entries are skipped silently. */
export const addressesAt = (fields: Fields, key: string): readonly Address[] =>
  listAt(fields, key).flatMap((value, index) =>
    isBlank(value) ? [] : (addressOf(value, fields, key, 'address ignored', index) ?? []),
  )

/** The ranges of a list, blanks around them forgiven; blank entries are skipped silently. */
export const cidrsAt = (fields: Fields, key: string): readonly Cidr[] =>
  listAt(fields, key).flatMap((value, index) => {
    if (isBlank(value)) return []
    const cidr = typeof value === 'string' ? parseCidr(value.trim()) : null
    if (cidr !== null) return [cidr]
    const fact = 'is not an address range'
    faultAt(fields, key, { code: 'BAD_CIDR', fact, consequence: 'range ignored' }, index)
    return []
  })

const isBlank = (value: unknown): boolean => typeof value === 'string' && value.trim() === ''
