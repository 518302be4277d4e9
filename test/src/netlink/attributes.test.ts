import fc from 'fast-check'
import t from 'tap'
import {
  type Attr,
  AttributeReader,
  decodeAttributes,
  encodeAttributes,
  flag,
  nest,
  opaque,
  raw,
  rawNest,
  str,
  u8,
  u16be,
  u16host,
  u32be,
  u32host,
  u64be,
  when,
} from '../../../src/netlink/attributes.ts'
import { LITTLE_ENDIAN } from '../../../src/netlink/bytes.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

t.test('every helper in its byte order, padded to four', t => {
  const got = encodeAttributes([
    u8(1, 0xab),
    u16be(2, 0x1234),
    u32be(3, 0x12345678),
    u32be(4, -4),
    u64be(5, 0x0102030405060708n),
    str(6, 'svc'),
    flag(7),
    raw(8, Uint8Array.of(1, 2, 3, 4, 5)),
  ])
  const want = bytes(`
    05 00 01 00 | len 5, type 1
    ab 00 00 00 | u8, pad
    06 00 02 00 | len 6, type 2
    12 34 00 00 | u16 big endian, pad
    08 00 03 00 | len 8, type 3
    12 34 56 78 | u32 big endian
    08 00 04 00 | len 8, type 4
    ff ff ff fc | -4
    0c 00 05 00 | len 12, type 5
    01 02 03 04 | u64 big endian
    05 06 07 08 |
    08 00 06 00 | len 8, type 6
    73 76 63 00 | "svc", zero
    04 00 07 00 | len 4, type 7: a flag
    09 00 08 00 | len 9, type 8
    01 02 03 04 |
    05 00 00 00 | pad`)
  t.equal(dump(got), dump(want))
  t.end()
})

t.test('host order is that of this machine', t => {
  const got = dump(encodeAttributes([u16host(1, 0x1234), u32host(2, 0x12345678)]))
  const little = `
    06 00 01 00 | len 6, type 1
    34 12 00 00 | u16, pad
    08 00 02 00 | len 8, type 2
    78 56 34 12 | u32`
  const big = `
    00 06 00 01
    12 34 00 00
    00 08 00 02
    12 34 56 78`
  t.equal(got, dump(bytes(LITTLE_ENDIAN ? little : big)))
  t.end()
})

t.test('nests say so in their type and count what is inside', t => {
  const got = encodeAttributes([nest(4, [u32be(1, 3), nest(2, [u8(1, 9)])])])
  const want = bytes(`
    18 00 04 80 | len 24, type 4, nested
    08 00 01 00 | len 8, type 1
    00 00 00 03 | 3
    0c 00 02 80 | len 12, type 2, nested
    05 00 01 00 | len 5, type 1
    09 00 00 00 | 9, pad`)
  t.equal(dump(got), dump(want))
  const inner = encodeAttributes([u8(1, 9)])
  t.equal(
    dump(encodeAttributes([rawNest(2, inner)])),
    dump(encodeAttributes([nest(2, [u8(1, 9)])])),
  )
  t.end()
})

t.test('an attribute longer than its length can say is refused', t => {
  t.doesNotThrow(() => encodeAttributes([raw(1, new Uint8Array(0xffff - 4))]))
  t.throws(() => encodeAttributes([raw(1, new Uint8Array(0xffff - 3))]), /65536 bytes/)
  t.end()
})

t.test('a length past the end, or below its own header, is refused', t => {
  t.throws(() => decodeAttributes(bytes('09 00 01 00 01 02 03 04')), /length 9 of 8/)
  t.throws(() => decodeAttributes(bytes('03 00 01 00')), /length 3/)
  t.strictSame(decodeAttributes(bytes('04 00 01 00 00 00')), [
    { type: 1, bytes: new Uint8Array(0) },
  ])
  t.end()
})

t.test('a reader tells what nobody asked for', t => {
  const reader = new AttributeReader(encodeAttributes([u8(1, 7), u32be(2, 8), str(3, 'x')]))
  t.equal(reader.u8(1), 7)
  t.equal(reader.u32be(9), undefined)
  reader.ignore(3)
  t.strictSame(reader.rest(), [{ kind: 'opaque', type: 2, bytes: Uint8Array.of(0, 0, 0, 8) }])
  t.throws(() => reader.u64be(2), /4 bytes, 8 expected/)
  t.end()
})

t.test('when gives an attribute for a value only', t => {
  t.strictSame(
    when(undefined as number | undefined, n => u8(1, n)),
    [],
  )
  t.strictSame(
    when(0, n => u8(1, n)),
    [u8(1, 0)],
  )
  t.end()
})

const arbAttribute = fc.letrec<{ attribute: Attr }>(tie => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(fc.integer({ min: 0, max: 0x3fff }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, value]) => raw(type, value)),
    fc
      .tuple(fc.integer({ min: 0, max: 0x3fff }), fc.array(tie('attribute'), { maxLength: 4 }))
      .map(([type, inner]) => nest(type, inner)),
  ),
})).attribute

t.test(
  'law: decoding gives types and bytes back, level by level, and opaque encodes to the same',
  t => {
    fc.assert(
      fc.property(fc.array(arbAttribute, { maxLength: 6 }), attributes => {
        const encoded = encodeAttributes(attributes)
        const decoded = decodeAttributes(encoded)
        if (encoded.length % 4 !== 0) throw new Error('not padded')
        t.strictSame(
          decoded.map(({ type, bytes: value }) => [type, dump(value)]),
          attributes.map(attribute => [
            attribute.type,
            dump(
              attribute.kind === 'value' ? attribute.bytes : encodeAttributes(attribute.attributes),
            ),
          ]),
        )
        const again = decoded.map((found, i) =>
          attributes[i]?.kind === 'nest'
            ? rawNest(found.type, found.bytes)
            : opaque({ kind: 'opaque', ...found }),
        )
        t.equal(dump(encodeAttributes(again)), dump(encoded))
      }),
    )
    t.end()
  },
)
