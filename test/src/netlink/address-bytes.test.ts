import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/addresses.ts'
import { addressBytes, addressText } from '../../../src/netlink/address-bytes.ts'
import { dump } from '../../support/wire-bytes.ts'

t.test('addresses in network order', t => {
  t.equal(dump(addressBytes('10.96.0.255')), '0a 60 00 ff')
  t.equal(dump(addressBytes('fd00:10::a')), 'fd 00 00 10\n00 00 00 00\n00 00 00 00\n00 00 00 0a')
  t.equal(dump(addressBytes('::')), '00 00 00 00\n00 00 00 00\n00 00 00 00\n00 00 00 00')
  t.equal(dump(addressBytes('1::')).slice(0, 11), '00 01 00 00')
  t.equal(dump(addressBytes('::1')).slice(-11), '00 00 00 01')
  t.end()
})

t.test(
  'texts follow RFC 5952: the longest run of zeros, the first of equals, never a single group',
  t => {
    const cases = [
      '1:0:0:2::3',
      '1::2:0:0:3:4',
      '1:0:2:3:4:5:6:7',
      '::',
      '::1',
      '1::',
      'fe80::1:0:0:1',
    ]
    for (const text of cases) t.equal(addressText(addressBytes(text)), text)
    t.equal(addressText(addressBytes('1:0:0:2:0:0:0:3')), '1:0:0:2::3')
    t.throws(() => addressText(new Uint8Array(5)), /5 bytes/)
    t.end()
  },
)

t.test('what is not an address is refused', t => {
  const bad = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4 ',
    'a.b.c.d',
  ]
  const bad6 = [
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':::',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8::',
    '::1.2.3.4',
  ]
  for (const text of [...bad, ...bad6]) t.throws(() => addressBytes(text), RangeError, text)
  t.end()
})

t.test('law: bytes to text and back, and the text is the canonical one', t => {
  const zeroish = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(zeroish, { minLength: 16, maxLength: 16 }), parts => {
      const image = Uint8Array.from(parts)
      const text = addressText(image)
      t.equal(dump(addressBytes(text)), dump(image))
      const isMapped =
        parts.slice(0, 10).every(part => part === 0) && parts[10] === 255 && parts[11] === 255
      if (!isMapped) t.equal(parseAddress(text)?.text, text)
      t.equal(dump(addressBytes(addressText(image.subarray(0, 4)))), dump(image.subarray(0, 4)))
    }),
  )
  t.end()
})
