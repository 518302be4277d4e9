/**
 * IP addresses between canonical text and the bytes of the wire, network order. On the hot path of set elements, so
 * plain loops over character codes.
 * In: a canonical address (what src/addresses.ts gives) or 4 or 16 bytes. Out: the other.
 */

/** Writes the four bytes of a dotted address at `at`. Throws RangeError for anything else. */
export const putIPv4 = (bytes: Uint8Array, at: number, text: string): void => {
  let value = 0
  let digits = 0
  let part = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i)
    if (code === DOT && digits > 0 && part < 4) {
      bytes[at + part++] = value
      value = 0
      digits = 0
      continue
    }
    const digit = code - ZERO
    value = value * 10 + digit
    if (digit < 0 || digit > 9 || value > 255 || ++digits > 3) throw notAnAddress(text, 'IPv4')
  }
  if (part !== 4) throw notAnAddress(text, 'IPv4')
}

const DOT = 0x2e
const ZERO = 0x30

/** Writes the sixteen bytes of an IPv6 address at `at`. Throws RangeError for anything but groups and one `::`. */
export const putIPv6 = (bytes: Uint8Array, at: number, text: string): void => {
  const gap = text.indexOf('::')
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap))
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2))
  const missing = 8 - head.length - tail.length
  if (gap < 0 ? missing !== 0 : missing < 1) throw notAnAddress(text, 'IPv6')
  bytes.fill(0, at, at + 16)
  for (const [i, group] of head.entries()) putGroup(bytes, at + 2 * i, group)
  for (const [i, group] of tail.entries())
    putGroup(bytes, at + 2 * (head.length + missing + i), group)
}

const putGroup = (bytes: Uint8Array, at: number, group: number): void => {
  bytes[at] = group >>> 8
  bytes[at + 1] = group
}

const groupsOf = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').map(group => {
        if (!/^[0-9a-f]{1,4}$/i.test(group)) throw notAnAddress(text, 'IPv6')
        return Number.parseInt(group, 16)
      })

const notAnAddress = (text: string, family: string): RangeError =>
  new RangeError(`${JSON.stringify(text)} is not a canonical ${family} address`)

/** 4 or 16 bytes of a canonical address, by its family. */
export const addressBytes = (text: string): Uint8Array => {
  const isIPv6 = text.includes(':')
  const bytes = new Uint8Array(isIPv6 ? 16 : 4)
  if (isIPv6) putIPv6(bytes, 0, text)
  else putIPv4(bytes, 0, text)
  return bytes
}

/** The canonical text of 4 or 16 bytes (RFC 5952). Throws RangeError for another number of them. */
export const addressText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new RangeError(`an address of ${bytes.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, i) => groupAt(bytes, 2 * i).toString(16))
  const gap = longestZeros(groups)
  if (gap.length < 2) return groups.join(':')
  const head = groups.slice(0, gap.start).join(':')
  return `${head}::${groups.slice(gap.start + gap.length).join(':')}`
}

const groupAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

const longestZeros = (groups: readonly string[]): { start: number; length: number } => {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [i, group] of groups.entries()) {
    if (group !== '0') start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  }
  return best
}
