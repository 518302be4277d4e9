/**
 * A growing run of bytes and the few ways to write numbers into it. Netlink headers are in the byte order of the
 * host, most attribute values of netfilter are big endian; each helper says which in its name.
 * In: numbers, texts, bytes. Out: one Uint8Array.
 */

/** Whether this machine stores the lowest byte first. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Attributes and messages begin at multiples of four (NLA_ALIGNTO, NLMSG_ALIGNTO: linux/netlink.h). */
export const align4 = (length: number): number => (length + 3) & ~3

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()

/** Text as UTF-8 bytes, without a terminator. */
export const utf8 = (text: string): Uint8Array => ENCODER.encode(text)

/** Text up to the first zero byte, or all of it. */
export const textOf = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return DECODER.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** A view to read numbers from. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Bytes that grow as they are written. `bytes` may be longer than `length`: take what `take()` returns. */
export class ByteWriter {
  bytes: Uint8Array
  length: number

  /** `capacity` in bytes is a guess; the writer grows beyond it. */
  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.length = 0
  }

  /** Makes room for `count` more bytes, so that several writes need one check. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  u16be(value: number): void {
    this.reserve(2)
    this.bytes[this.length++] = value >>> 8
    this.bytes[this.length++] = value
  }

  u16host(value: number): void {
    this.reserve(2)
    this.putU16host(this.length, value)
    this.length += 2
  }

  u32be(value: number): void {
    this.reserve(4)
    this.bytes[this.length++] = value >>> 24
    this.bytes[this.length++] = value >>> 16
    this.bytes[this.length++] = value >>> 8
    this.bytes[this.length++] = value
  }

  u32host(value: number): void {
    this.reserve(4)
    this.putU32host(this.length, value)
    this.length += 4
  }

  u64be(value: bigint): void {
    this.u32be(Number((value >> 32n) & 0xffffffffn))
    this.u32be(Number(value & 0xffffffffn))
  }

  /** Copies short runs byte by byte, which is faster there than a call into the engine. */
  raw(bytes: Uint8Array): void {
    const count = bytes.length
    this.reserve(count)
    if (count > 64) this.bytes.set(bytes, this.length)
    else for (let i = 0, at = this.length; i < count; i++) this.bytes[at++] = bytes[i] as number
    this.length += count
  }

  /** Text as UTF-8, without a terminator. */
  text(text: string): void {
    this.reserve(text.length * 3)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.raw(utf8(text.slice(i)))
        return
      }
      this.bytes[this.length++] = code
    }
  }

  /** Zero bytes up to the next multiple of four. */
  pad(): void {
    const end = align4(this.length)
    this.reserve(end - this.length)
    while (this.length < end) this.bytes[this.length++] = 0
  }

  /** Overwrites two bytes that are already there. */
  putU16host(at: number, value: number): void {
    this.bytes[LITTLE_ENDIAN ? at : at + 1] = value
    this.bytes[LITTLE_ENDIAN ? at + 1 : at] = value >>> 8
  }

  /** Overwrites four bytes that are already there. */
  putU32host(at: number, value: number): void {
    for (let i = 0; i < 4; i++)
      this.bytes[at + i] = LITTLE_ENDIAN ? value >>> (8 * i) : value >>> (24 - 8 * i)
  }

  /** What was written, without a copy. The writer must not be used afterwards. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}
