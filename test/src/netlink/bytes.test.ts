import fc from 'fast-check'
import t from 'tap'
import { ByteWriter, textOf, utf8 } from '../../../src/netlink/bytes.ts'
import { dump } from '../../support/wire-bytes.ts'

t.test('a writer grows as it is written to, and keeps what was there', t => {
  const writer = new ByteWriter(0)
  for (let i = 0; i < 1000; i++) writer.u8(i & 0xff)
  writer.u16be(0xbeef)
  writer.u32be(0xdeadbeef)
  writer.u64be(0x1122334455667788n)
  const got = writer.take()
  t.equal(got.length, 1014)
  t.equal(got[999], 999 & 0xff)
  t.equal(dump(got.subarray(1000)), 'be ef de ad\nbe ef 11 22\n33 44 55 66\n77 88')
  t.end()
})

t.test('long and short runs are copied alike', t => {
  for (const length of [0, 1, 64, 65, 5000]) {
    const writer = new ByteWriter(1)
    const run = Uint8Array.from({ length }, (_, i) => i)
    writer.u8(0xff)
    writer.raw(run)
    writer.pad()
    const got = writer.take()
    t.equal(dump(got.subarray(1, 1 + length)), dump(run), `${length} bytes`)
    t.equal(got.length % 4, 0)
  }
  t.end()
})

t.test('law: text is written as UTF-8 and read up to its zero', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, behind) => {
      fc.pre(!text.includes('\0'))
      const writer = new ByteWriter(1)
      writer.text(text)
      t.equal(dump(writer.take()), dump(utf8(text)))
      t.equal(textOf(utf8(`${text}\0${behind}`)), text)
      t.equal(textOf(utf8(text)), text)
    }),
  )
  t.end()
})
