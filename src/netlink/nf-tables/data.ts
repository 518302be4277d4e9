/**
 * What keys and data of elements, and the registers of rules, hold: register images, in which every field begins at a
 * multiple of four bytes; and verdicts. The byte order of each field is the one the packet path writes.
 * In: addresses, ports, numbers. Out: bytes; and the attributes that carry them (enum nft_data_attributes).
 */
import { putIPv4, putIPv6 } from '../address-bytes.ts'
import { type Attr, AttributeReader, nest, raw, str, u32be, when } from '../attributes.ts'
import { LITTLE_ENDIAN, viewOf } from '../bytes.ts'
import { NFTA_DATA, NFTA_VERDICT } from './attribute-numbers.ts'

export interface VerdictData {
  readonly kind: 'verdict'
  /** NF_DROP, NF_ACCEPT, or one of NFT_*. */
  readonly code: number
  /** Where NFT_JUMP and NFT_GOTO lead; null for the others. */
  readonly chain: string | null
}

export type Data = Uint8Array | VerdictData

export const verdictData = (code: number, chain: string | null = null): VerdictData => ({
  kind: 'verdict',
  code,
  chain,
})

/** Bytes of one field in a key: its own, rounded up. */
export const KEY_BYTES = { ipv4: 4, ipv6: 16, protocol: 4, port: 4, index: 4, mark: 4 } as const

/** Writes a port in network order; the two bytes behind it stay. */
export const putPort = (bytes: Uint8Array, at: number, port: number): void => {
  bytes[at] = port >>> 8
  bytes[at + 1] = port
}

/** Writes a number in the order of the host, as numgen, meta mark and ct mark do. */
export const putHost32 = (bytes: Uint8Array, at: number, value: number): void => {
  for (let i = 0; i < 4; i++)
    bytes[at + i] = LITTLE_ENDIAN ? value >>> (8 * i) : value >>> (24 - 8 * i)
}

const image = (size: number, put: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  put(bytes)
  return bytes
}

/** A canonical IPv4 address in network order. */
export const ipv4Key = (address: string): Uint8Array =>
  image(KEY_BYTES.ipv4, bytes => putIPv4(bytes, 0, address))
/** A canonical IPv6 address in network order. */
export const ipv6Key = (address: string): Uint8Array =>
  image(KEY_BYTES.ipv6, bytes => putIPv6(bytes, 0, address))
/** An IPPROTO_* number: one byte, three of padding. */
export const protocolKey = (protocol: number): Uint8Array => Uint8Array.of(protocol, 0, 0, 0)
/** A port: two bytes in network order, two of padding. */
export const portKey = (port: number): Uint8Array =>
  image(KEY_BYTES.port, bytes => putPort(bytes, 0, port))
/** What `numgen` writes: host order. */
export const indexKey = (index: number): Uint8Array =>
  image(KEY_BYTES.index, bytes => putHost32(bytes, 0, index))
/** A mark, host order. */
export const markKey = (mark: number): Uint8Array =>
  image(KEY_BYTES.mark, bytes => putHost32(bytes, 0, mark))

/** Fields of a concatenation, one behind the other. */
export const concatKey = (...fields: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(fields.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const field of fields) {
    bytes.set(field, at)
    at += field.length
  }
  return bytes
}

/** The other way: numbers out of an image. Addresses: `addressText` of the bytes. */
export const portOf = (image: Uint8Array, at = 0): number => viewOf(image).getUint16(at)
export const host32Of = (image: Uint8Array, at = 0): number =>
  viewOf(image).getUint32(at, LITTLE_ENDIAN)

/** An attribute that holds a value or a verdict. */
export const dataAttr = (type: number, data: Data): Attr =>
  nest(type, [
    data instanceof Uint8Array
      ? raw(NFTA_DATA.VALUE, data)
      : nest(NFTA_DATA.VERDICT, [
          u32be(NFTA_VERDICT.CODE, data.code),
          ...when(data.chain ?? undefined, chain => str(NFTA_VERDICT.CHAIN, chain)),
        ]),
  ])

/** Reads what `dataAttr` holds; undefined when it is neither. */
export const readData = (bytes: Uint8Array): Data | undefined => {
  const reader = new AttributeReader(bytes)
  const value = reader.raw(NFTA_DATA.VALUE)
  if (value) return value
  const verdict = reader.nest(NFTA_DATA.VERDICT)
  const code = verdict?.s32be(NFTA_VERDICT.CODE)
  return code === undefined ? undefined : verdictData(code, verdict?.str(NFTA_VERDICT.CHAIN))
}
