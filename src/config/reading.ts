/**
 * Ways to read one field: a value as parsed in, its checked form or what is wrong with it out. The text of a fault
 * names the values that are allowed. Pure.
 */
import { parseAddress, parseCidr } from '../addresses.ts'
import { parseDuration } from './duration.ts'

/** `unset`: the value stands for "not given", so the default holds. */
export type Reading<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'unset' }
  /** `isDuration`: the field's value is in milliseconds. */
  | { readonly kind: 'fault'; readonly fact: string; readonly isDuration?: true }

export type Reader<T> = (given: unknown) => Reading<T>

export const value = <T>(read: T): Reading<T> => ({ kind: 'value', value: read })
export const fault = (fact: string): Reading<never> => ({ kind: 'fault', fact })
const UNSET: Reading<never> = { kind: 'unset' }

/** A reader for which the zero value stands for "not given", as in many fields of the API. */
export const unlessZero =
  <T>(reader: Reader<T>): Reader<T> =>
  given =>
    given === '' || given === 0 || isZeroDuration(given) ? UNSET : reader(given)

const isZeroDuration = (given: unknown): boolean =>
  typeof given === 'string' && parseDuration(given) === 0

export const text: Reader<string> = given =>
  typeof given === 'string' ? value(given) : fault('is not a text')

export const flag: Reader<boolean> = given =>
  typeof given === 'boolean' ? value(given) : fault('is not true or false')

export const integer =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> =>
  given => {
    if (Number.isInteger(given) && (given as number) >= min && (given as number) <= max)
      return value(given as number)
    const most = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`
    return fault(`is not a whole number from ${min} ${most}`)
  }

export const number: Reader<number> = given =>
  typeof given === 'number' ? value(given) : fault('is not a number')

export const oneOf =
  <T extends string>(...allowed: readonly T[]): Reader<T> =>
  given =>
    allowed.includes(given as T)
      ? value(given as T)
      : fault(`is not one of ${allowed.map(word => JSON.stringify(word)).join(', ')}`)

/** A duration that is not negative, in milliseconds. */
export const duration: Reader<number> = given => {
  const read = typeof given === 'string' ? parseDuration(given) : null
  return read !== null && read >= 0
    ? value(read)
    : {
        kind: 'fault',
        fact: 'is not a duration such as "30s" or "1m30s" that is 0 or more',
        isDuration: true,
      }
}

/** A duration, or nanoseconds as a whole number: the one field of the API that allows both. */
export const durationOrNanoseconds: Reader<number> = given =>
  typeof given === 'number' ? value(given / 1e6) : duration(given)

/** An address in any spelling; comes out canonical. */
export const address: Reader<string> = given => {
  const read = typeof given === 'string' ? parseAddress(given) : null
  return read ? value(read.text) : fault('is not an IP address')
}

/** `address:port` or an address, which gets `port`; as it stands otherwise. */
export const addressAndPort =
  (port: number): Reader<string> =>
  given => {
    if (typeof given !== 'string') return fault('is not a text')
    const alone = parseAddress(given)
    if (alone) return value(alone.family === 'IPv6' ? `[${given}]:${port}` : `${given}:${port}`)
    const [, ipv6, ipv4, digits] = /^(?:\[(.*)\]|([^[\]:]*)):(\d+)$/.exec(given) ?? []
    const valid = parseAddress(ipv6 ?? ipv4 ?? '') && Number(digits) >= 1 && Number(digits) <= 65535
    return valid ? value(given) : fault('is not an IP address with a port from 1 to 65535')
  }

const texts: Reader<readonly string[]> = given =>
  Array.isArray(given) && given.every(item => typeof item === 'string')
    ? value(given)
    : fault('is not a list of texts')

export const cidrs: Reader<readonly string[]> = given => {
  const read = texts(given)
  if (read.kind !== 'value') return read
  const wrong = read.value.find(item => parseCidr(item.trim()) === null)
  return wrong === undefined ? read : fault(`holds ${JSON.stringify(wrong)}, which is not a range`)
}

/** Ranges, or the word `primary` alone. */
export const nodePortAddresses: Reader<readonly string[]> = given => {
  const read = texts(given)
  if (read.kind !== 'value' || !read.value.includes('primary')) return cidrs(given)
  return read.value.length === 1 ? read : fault('holds "primary" beside other entries')
}

export const gates: Reader<Readonly<Record<string, boolean>>> = given =>
  isMapping(given) && Object.values(given).every(on => typeof on === 'boolean')
    ? value(given as Record<string, boolean>)
    : fault('is not a mapping of feature gates to true or false')

/** A mapping, as opposed to a list or a plain value. */
export const isMapping = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given)
