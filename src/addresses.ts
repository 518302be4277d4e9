/**
 * Address texts: what people and clusters write in, the one canonical spelling out (spec services-and-endpoints,
 * section 1.1). A leaf: imports nothing of ours but a type. Reading is done here on plain strings, because it is the
 * hot path (every endpoint passes) and because ipaddr.js reads 010.0.0.1 as octal; range arithmetic is ipaddr.js's.
 */
import ipaddr from 'ipaddr.js'
import type { Family } from './objects/types.ts'

/** An address in canonical spelling. */
export interface Address {
  readonly family: Family
  readonly text: string
}

/** A range in canonical spelling: `text` is `address/length`, host bits cleared. */
export interface Cidr extends Address {
  readonly address: string
  readonly length: number
}

/**
 * Reads an address in any spelling that Kubernetes has ever accepted: leading zeros are decimal, an IPv4-mapped IPv6
 * address is IPv4. Surrounding blanks and zone ids are faults. null: not an address.
 */
export const parseAddress = (text: string): Address | null => {
  if (!text.includes(':')) {
    const ipv4 = canonicalIPv4(text)
    return ipv4 === null ? null : { family: 'IPv4', text: ipv4 }
  }
  const groups = ipv6Groups(text)
  if (groups === null) return null
  return isMapped(groups)
    ? { family: 'IPv4', text: mappedIPv4(groups) }
    : { family: 'IPv6', text: formatIPv6(groups) }
}

/**
 * Reads `address/length`; the length may have leading zeros and host bits are cleared. A range of IPv4-mapped
 * addresses is an IPv4 range. No blank is forgiven here. null: not a range.
 */
export const parseCidr = (text: string): Cidr | null => {
  const slash = text.indexOf('/')
  if (slash < 0) return null
  const written = text.slice(0, slash)
  const length = decimal(text.slice(slash + 1), 128)
  if (length < 0) return null
  if (written.includes(':')) return ipv6Cidr(written, length)
  const ipv4 = canonicalIPv4(written)
  return ipv4 === null || length > 32 ? null : cidrOf('IPv4', ipv4, length)
}

/** Whether a range holds an address, both canonical. False across families, and for what is no range or address. */
export const cidrContains = (cidr: string, address: string): boolean => {
  const range = parseCidr(cidr)
  const parsed = parseAddress(address)
  if (range === null || range.family !== parsed?.family) return false
  const inside = ipaddr.parse(parsed.text)
  return inside.match(ipaddr.parse(range.address), range.length)
}

/**
 * `10.0.0.1:80` or `[fd00::1]:80` of a canonical address. Joined, because V8 keeps the pieces of what is added, and
 * there is one for each endpoint.
 */
export const endpointText = (ip: string, port: number): string =>
  [ip.includes(':') ? `[${ip}]` : ip, port].join(':')

/** Of a canonical address or range. */
export const familyOf = (canonical: string): Family => (canonical.includes(':') ? 'IPv6' : 'IPv4')

/** 127.0.0.0/8 and ::1, of a canonical address. */
export const isLoopback = (address: string): boolean =>
  address.includes(':') ? address === '::1' : address.startsWith('127.')

const ipv6Cidr = (written: string, length: number): Cidr | null => {
  const groups = ipv6Groups(written)
  if (groups === null) return null
  // Shorter than the mapping prefix, the range is more than mapped addresses: it stays IPv6.
  return isMapped(groups) && length >= 96
    ? cidrOf('IPv4', mappedIPv4(groups), length - 96)
    : cidrOf('IPv6', formatIPv6(groups), length)
}

const cidrOf = (family: Family, canonical: string, length: number): Cidr => {
  const network =
    family === 'IPv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(`${canonical}/${length}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${canonical}/${length}`)
  const address = network.kind() === 'ipv4' ? network.toString() : formatIPv6(groupsOf(network))
  return { family, text: `${address}/${length}`, address, length }
}

const groupsOf = (address: ipaddr.IPv4 | ipaddr.IPv6): readonly number[] =>
  'parts' in address ? address.parts : []

const PLAIN_IPV4 = /^(?:\d|[1-9]\d{1,2})(?:\.(?:\d|[1-9]\d{1,2})){3}$/

const canonicalIPv4 = (text: string): string | null => {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  for (const part of parts) if (decimal(part, 255) < 0) return null
  return PLAIN_IPV4.test(text) ? text : parts.map(Number).join('.')
}

/** The value of a text of digits only, at most `max`; -1: it is not one. */
const decimal = (text: string, max: number): number => {
  if (text === '') return -1
  let value = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
    if (value > max) return -1
  }
  return value
}

/** The eight 16-bit groups of an IPv6 text, or null. `::` stands for at least one group. */
const ipv6Groups = (text: string): readonly number[] | null => {
  const groups: number[] = []
  let gap = -1
  let start = 0
  if (text.startsWith('::')) {
    gap = 0
    start = 2
  }
  while (start < text.length) {
    const end = groupEnd(text, start)
    if (text[end] === '.') {
      if (!pushDotted(groups, text.slice(start))) return null
      break
    }
    const value = end === start ? -1 : Number.parseInt(text.slice(start, end), 16)
    if (value < 0 || value > 0xffff) return null
    groups.push(value)
    if (end === text.length) break
    // A colon has to have something behind it: a group, or the second half of the one gap.
    if (text[end] !== ':' || end + 1 === text.length) return null
    start = end + 1
    if (text[start] === ':') {
      if (gap >= 0) return null
      gap = groups.length
      start++
    }
  }
  if (gap < 0) return groups.length === 8 ? groups : null
  const missing = 8 - groups.length
  if (missing < 1) return null
  groups.splice(gap, 0, ...ZEROS.slice(0, missing))
  return groups
}

const ZEROS: readonly number[] = new Array<number>(8).fill(0)

const groupEnd = (text: string, start: number): number => {
  let at = start
  while (isHexDigit(text.charCodeAt(at))) at++
  return at
}

// 0-9, A-F, a-f
const isHexDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)

/** The last four bytes may be written like an IPv4 address. */
const pushDotted = (groups: number[], text: string): boolean => {
  const ipv4 = canonicalIPv4(text)
  if (ipv4 === null) return false
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
  groups.push(a * 256 + b, c * 256 + d)
  return true
}

const isMapped = (groups: readonly number[]): boolean =>
  groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0)

const mappedIPv4 = ([, , , , , , high = 0, low = 0]: readonly number[]): string =>
  `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`

/** RFC 5952: lower case, the longest run of two or more zero groups, leftmost on a tie, becomes `::`. */
const formatIPv6 = (groups: readonly number[]): string => {
  let start = -1
  let longest = 1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > longest) {
      start = at
      longest = end - at
    }
    if (end > at) at = end
  }
  if (start < 0) return hexGroups(groups)
  return `${hexGroups(groups.slice(0, start))}::${hexGroups(groups.slice(start + longest))}`
}

const hexGroups = (groups: readonly number[]): string =>
  groups.map(group => group.toString(16)).join(':')
