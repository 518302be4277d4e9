/**
 * Objects: what the ports of Services, EndpointSlices and Endpoints have in common (spec services-and-endpoints,
 * sections 3 and 4.3). Each reader gives null, and notes a problem, for what costs the port.
 */
import { type Fields, faultAt, integerAt, textAt, valueAt } from './fields.ts'
import { isLabel } from './names.ts'
import type { Protocol } from './types.ts'

export const PORT_SKIPPED = 'port skipped'

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP']

/** Empty for an unnamed port. */
export const portNameAt = (port: Fields): string | null => {
  const name = textAt(port, 'name', '', PORT_SKIPPED)
  if (name === null || name === '' || isLabel(name)) return name
  const fact = 'is not a DNS label (a-z, 0-9 and -, 63 characters at most)'
  faultAt(port, 'name', { code: 'BAD_NAME', fact, consequence: PORT_SKIPPED })
  return null
}

/** TCP where none is given. */
export const protocolAt = (port: Fields): Protocol | null => {
  const value = valueAt(port, 'protocol')
  if (value === undefined || value === '') return 'TCP'
  const protocol = PROTOCOLS.find(known => known === value)
  if (protocol !== undefined) return protocol
  const fact = `is none of ${PROTOCOLS.join(', ')}`
  faultAt(port, 'protocol', { code: 'BAD_PROTOCOL', fact, consequence: PORT_SKIPPED })
  return null
}

/** 1 … 65535. A missing number costs the port too. */
export const portNumberAt = (port: Fields): number | null => {
  if (valueAt(port, 'port') !== undefined)
    return integerAt(port, 'port', { ...ANY_PORT, min: 1, absent: null })
  faultAt(port, 'port', { code: 'NO_PORT', fact: 'is missing', consequence: PORT_SKIPPED })
  return null
}

/** A port that may be left out; 0: none. */
export const optionalPortAt = (fields: Fields, key: string): number =>
  integerAt(fields, key, { ...ANY_PORT, consequence: 'taken as none' }) ?? 0

const ANY_PORT = {
  code: 'BAD_PORT',
  what: 'a port number',
  min: 0,
  max: 65535,
  absent: 0,
  consequence: PORT_SKIPPED,
} as const
