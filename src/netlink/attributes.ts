/**
 * Netlink attributes: a tree of type, length, value and padding. Lengths and padding are written here and nowhere
 * else; the byte order of a value is in the name of the helper that makes it.
 * In: a tree of `Attr`. Out: bytes; and back.
 */
import { align4, ByteWriter, LITTLE_ENDIAN, textOf, utf8, viewOf } from './bytes.ts'

/** linux/netlink.h: the two top bits of a type are flags. */
const NLA_F_NESTED = 0x8000
const NLA_TYPE_MASK = 0x3fff
const NLA_HDRLEN = 4

/** The length of an attribute is a 16-bit number, its header included. */
export const ATTRIBUTE_LIMIT = 0xffff

export type Attr =
  | { readonly kind: 'value'; readonly type: number; readonly bytes: Uint8Array }
  | { readonly kind: 'nest'; readonly type: number; readonly attributes: readonly Attr[] }

/** What a decoder read but does not know: kept, so that encoding it again gives the same bytes. */
export interface Opaque {
  readonly kind: 'opaque'
  readonly type: number
  readonly bytes: Uint8Array
}

/** Bytes as they are. */
export const raw = (type: number, bytes: Uint8Array): Attr => ({ kind: 'value', type, bytes })
export const u8 = (type: number, number: number): Attr => raw(type, Uint8Array.of(number))
/** An attribute that says what it says by being there. */
export const flag = (type: number): Attr => raw(type, new Uint8Array(0))
/** Zero-terminated, as the kernel wants its names. */
export const str = (type: number, text: string): Attr => raw(type, utf8(`${text}\0`))
export const nest = (type: number, attributes: readonly Attr[]): Attr => ({
  kind: 'nest',
  type,
  attributes,
})
/** An attribute that holds attributes, already in bytes. */
export const rawNest = (type: number, bytes: Uint8Array): Attr => raw(type | NLA_F_NESTED, bytes)
export const opaque = ({ type, bytes }: Opaque): Attr => raw(type, bytes)

const number = (size: number, put: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  put(viewOf(bytes))
  return bytes
}

export const u16be = (type: number, n: number): Attr =>
  raw(
    type,
    number(2, view => view.setUint16(0, n)),
  )
export const u16host = (type: number, n: number): Attr =>
  raw(
    type,
    number(2, view => view.setUint16(0, n, LITTLE_ENDIAN)),
  )
/** Takes negative numbers too: verdict codes and hook priorities are signed. */
export const u32be = (type: number, n: number): Attr =>
  raw(
    type,
    number(4, view => view.setUint32(0, n)),
  )
export const u32host = (type: number, n: number): Attr =>
  raw(
    type,
    number(4, view => view.setUint32(0, n, LITTLE_ENDIAN)),
  )
export const u64be = (type: number, n: bigint): Attr =>
  raw(
    type,
    number(8, view => view.setBigUint64(0, n)),
  )

/** The attributes that `make` gives for a value that is there, else none. */
export const when = <T>(value: T | undefined, make: (value: T) => Attr): readonly Attr[] =>
  value === undefined ? [] : [make(value)]

/** Begins an attribute in place; returns where it begins, for `closeAttribute`. */
export const openAttribute = (writer: ByteWriter, type: number): number => {
  const start = writer.length
  writer.reserve(NLA_HDRLEN)
  writer.length += 2
  writer.u16host(type)
  return start
}

/** Begins an attribute that holds attributes. */
export const openNest = (writer: ByteWriter, type: number): number =>
  openAttribute(writer, type | NLA_F_NESTED)

/** Ends what `openAttribute` or `openNest` began: writes the length, pads. Throws RangeError when it grew too long. */
export const closeAttribute = (writer: ByteWriter, start: number): void => {
  const length = writer.length - start
  if (length > ATTRIBUTE_LIMIT)
    throw new RangeError(`netlink attribute of ${length} bytes: at most ${ATTRIBUTE_LIMIT} fit`)
  writer.putU16host(start, length)
  writer.pad()
}

/** Writes attributes in order. */
export const writeAttributes = (writer: ByteWriter, attributes: readonly Attr[]): void => {
  for (const attribute of attributes) {
    switch (attribute.kind) {
      case 'value': {
        const start = openAttribute(writer, attribute.type)
        writer.raw(attribute.bytes)
        closeAttribute(writer, start)
        break
      }
      case 'nest': {
        const start = openNest(writer, attribute.type)
        writeAttributes(writer, attribute.attributes)
        closeAttribute(writer, start)
      }
    }
  }
}

/** The bytes of attributes, padding of the last one included. */
export const encodeAttributes = (attributes: readonly Attr[]): Uint8Array => {
  const writer = new ByteWriter()
  writeAttributes(writer, attributes)
  return writer.take()
}

export interface RawAttr {
  readonly type: number
  /** Without header and padding; a view into what was decoded. */
  readonly bytes: Uint8Array
}

/**
 * One level of attributes. The nesting flag is dropped: the kernel leaves it off in most of its own messages, so only
 * the reader of a type knows what is inside. Throws RangeError when a length runs past the end or below its header.
 */
export const decodeAttributes = (bytes: Uint8Array): readonly RawAttr[] => {
  const view = viewOf(bytes)
  const found: RawAttr[] = []
  for (let at = 0; at + NLA_HDRLEN <= bytes.length; ) {
    const length = view.getUint16(at, LITTLE_ENDIAN)
    if (length < NLA_HDRLEN || at + length > bytes.length)
      throw new RangeError(`netlink attribute at byte ${at}: length ${length} of ${bytes.length}`)
    const type = view.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK
    found.push({ type, bytes: bytes.subarray(at + NLA_HDRLEN, at + length) })
    at += align4(length)
  }
  return found
}

/** Reads attributes by type, and tells which ones nobody asked for. */
export class AttributeReader {
  readonly #attributes: readonly RawAttr[]
  readonly #asked: Set<number> = new Set()

  constructor(bytes: Uint8Array) {
    this.#attributes = decodeAttributes(bytes)
  }

  raw(type: number): Uint8Array | undefined {
    this.#asked.add(type)
    return this.#attributes.find(attribute => attribute.type === type)?.bytes
  }

  /** Every attribute, as in a list, where all are of one type. */
  all(type: number): readonly Uint8Array[] {
    this.#asked.add(type)
    return this.#attributes.filter(found => found.type === type).map(({ bytes }) => bytes)
  }

  u8(type: number): number | undefined {
    return this.raw(type)?.[0]
  }

  u16be(type: number): number | undefined {
    return this.#read(type, 2, view => view.getUint16(0))
  }

  u16host(type: number): number | undefined {
    return this.#read(type, 2, view => view.getUint16(0, LITTLE_ENDIAN))
  }

  u32be(type: number): number | undefined {
    return this.#read(type, 4, view => view.getUint32(0))
  }

  s32be(type: number): number | undefined {
    return this.#read(type, 4, view => view.getInt32(0))
  }

  u32host(type: number): number | undefined {
    return this.#read(type, 4, view => view.getUint32(0, LITTLE_ENDIAN))
  }

  u64be(type: number): bigint | undefined {
    return this.#read(type, 8, view => view.getBigUint64(0))
  }

  str(type: number): string | undefined {
    const bytes = this.raw(type)
    return bytes && textOf(bytes)
  }

  nest(type: number): AttributeReader | undefined {
    const bytes = this.raw(type)
    return bytes && new AttributeReader(bytes)
  }

  /** Leaves an attribute out of `rest`: it says nothing once the message is read. */
  ignore(type: number): void {
    this.#asked.add(type)
  }

  /** What was never asked for. Call it last. */
  rest(): readonly Opaque[] {
    return this.#attributes
      .filter(({ type }) => !this.#asked.has(type))
      .map(({ type, bytes }) => ({ kind: 'opaque', type, bytes }))
  }

  #read<T>(type: number, size: number, get: (view: DataView) => T): T | undefined {
    const bytes = this.raw(type)
    if (bytes === undefined) return undefined
    if (bytes.length < size)
      throw new RangeError(`netlink attribute ${type}: ${bytes.length} bytes, ${size} expected`)
    return get(viewOf(bytes))
  }
}
