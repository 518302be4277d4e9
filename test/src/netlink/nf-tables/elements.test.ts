import process from 'node:process'
import fc from 'fast-check'
import t from 'tap'
import { putIPv4 } from '../../../../src/netlink/address-bytes.ts'
import {
  type Attr,
  encodeAttributes,
  nest,
  opaque,
  raw,
  str,
  u32be,
  u64be,
  when,
} from '../../../../src/netlink/attributes.ts'
import { NFPROTO_IPV4, NFT_GOTO } from '../../../../src/netlink/nf-tables/constants.ts'
import {
  concatKey,
  dataAttr,
  host32Of,
  indexKey,
  ipv4Key,
  ipv6Key,
  markKey,
  portKey,
  portOf,
  protocolKey,
  putHost32,
  putPort,
  verdictData,
} from '../../../../src/netlink/nf-tables/data.ts'
import {
  deleteElements,
  getElementsByKey,
  newElements,
} from '../../../../src/netlink/nf-tables/elements.ts'
import type { Element } from '../../../../src/netlink/nf-tables/objects.ts'
import { readElements } from '../../../../src/netlink/nf-tables/read-elements.ts'
import { arbElement } from '../../../support/nft-samples.ts'
import { bytes, dump } from '../../../support/wire-bytes.ts'

const SET = { family: NFPROTO_IPV4, table: 'svc', set: 'map' }

/** The same element as a tree of attributes: enum nft_set_elem_attributes. */
const tree = (element: Element): Attr =>
  nest(1, [
    dataAttr(1, element.key),
    ...when(element.data, data => dataAttr(2, data)),
    ...when(element.flags, flags => u32be(3, flags)),
    ...when(element.timeoutMs, ms => u64be(4, ms)),
    ...when(element.expirationMs, ms => u64be(5, ms)),
    ...when(element.userData, data => raw(6, data)),
    ...when(element.keyEnd, key => dataAttr(10, key)),
    ...(element.opaque ?? []).map(opaque),
  ])

const treeBody = (elements: readonly Element[]): string =>
  dump(
    Buffer.concat([
      bytes('02 00 00 00'),
      encodeAttributes([str(1, 'svc'), str(2, 'map'), nest(3, elements.map(tree))]),
    ]),
  )

t.test('an endpoint of a list', t => {
  const [message, more] = newElements(SET, [
    {
      key: concatKey(ipv4Key('10.96.0.10'), protocolKey(6), portKey(8080), indexKey(2)),
      data: concatKey(ipv4Key('10.244.1.2'), portKey(80)),
    },
  ])
  const want = bytes(`
    02 00 00 00 | IPv4
    08 00 01 00 | len 8, NFTA_SET_ELEM_LIST_TABLE
    73 76 63 00 | "svc"
    08 00 02 00 | len 8, NFTA_SET_ELEM_LIST_SET
    6d 61 70 00 | "map"
    30 00 03 80 | len 48, NFTA_SET_ELEM_LIST_ELEMENTS, nested
    2c 00 01 80 | len 44, NFTA_LIST_ELEM, nested
    18 00 01 80 | len 24, NFTA_SET_ELEM_KEY, nested
    14 00 01 00 | len 20, NFTA_DATA_VALUE
    0a 60 00 0a | 10.96.0.10
    06 00 00 00 | TCP, pad
    1f 90 00 00 | 8080, pad
    02 00 00 00 | index 2, host order
    10 00 02 80 | len 16, NFTA_SET_ELEM_DATA, nested
    0c 00 01 00 | len 12, NFTA_DATA_VALUE
    0a f4 01 02 | 10.244.1.2
    00 50 00 00 | 80, pad`)
  t.equal(dump(message?.body ?? new Uint8Array(0)), dump(want))
  t.equal(message?.type, 0x0a0c)
  t.equal(message?.flags, 0x400)
  t.equal(more, undefined)
  t.end()
})

t.test('a verdict, an interval, a client with a timeout', t => {
  const [message] = newElements(
    SET,
    [
      { key: portKey(80), data: verdictData(NFT_GOTO, 'pick-2') },
      { key: ipv4Key('10.0.0.0'), keyEnd: ipv4Key('10.0.0.15') },
      { key: portKey(81), timeoutMs: 30_000n, expirationMs: 1n },
    ],
    { exclusive: true },
  )
  const want = bytes(`
    02 00 00 00 | IPv4
    08 00 01 00 | NFTA_SET_ELEM_LIST_TABLE
    73 76 63 00 | "svc"
    08 00 02 00 | NFTA_SET_ELEM_LIST_SET
    6d 61 70 00 | "map"
    74 00 03 80 | len 116, NFTA_SET_ELEM_LIST_ELEMENTS, nested
    2c 00 01 80 | len 44, NFTA_LIST_ELEM, nested
    0c 00 01 80 | NFTA_SET_ELEM_KEY, nested
    08 00 01 00 | NFTA_DATA_VALUE
    00 50 00 00 | 80, pad
    1c 00 02 80 | len 28, NFTA_SET_ELEM_DATA, nested
    18 00 02 80 | len 24, NFTA_DATA_VERDICT, nested
    08 00 01 00 | NFTA_VERDICT_CODE
    ff ff ff fc | goto
    0b 00 02 00 | len 11, NFTA_VERDICT_CHAIN
    70 69 63 6b | "pick-2"
    2d 32 00 00 |
    1c 00 01 80 | len 28, NFTA_LIST_ELEM, nested
    0c 00 01 80 | NFTA_SET_ELEM_KEY, nested
    08 00 01 00 | NFTA_DATA_VALUE
    0a 00 00 00 | 10.0.0.0
    0c 00 0a 80 | NFTA_SET_ELEM_KEY_END, nested
    08 00 01 00 | NFTA_DATA_VALUE
    0a 00 00 0f | 10.0.0.15
    28 00 01 80 | len 40, NFTA_LIST_ELEM, nested
    0c 00 01 80 | NFTA_SET_ELEM_KEY, nested
    08 00 01 00 | NFTA_DATA_VALUE
    00 51 00 00 | 81, pad
    0c 00 04 00 | NFTA_SET_ELEM_TIMEOUT
    00 00 00 00 |
    00 00 75 30 | 30 s
    0c 00 05 00 | NFTA_SET_ELEM_EXPIRATION
    00 00 00 00 |
    00 00 00 01 | 1 ms`)
  t.equal(dump(message?.body ?? new Uint8Array(0)), dump(want))
  t.equal(message?.flags, 0x600)
  t.end()
})

t.test('key images', t => {
  t.equal(dump(ipv6Key('fd00::1')), 'fd 00 00 00\n00 00 00 00\n00 00 00 00\n00 00 00 01')
  t.equal(dump(markKey(0x4000)), dump(indexKey(0x4000)))
  t.equal(portOf(concatKey(protocolKey(17), portKey(5353)), 4), 5353)
  t.equal(host32Of(concatKey(protocolKey(17), indexKey(0xfffffffe)), 4), 0xfffffffe)
  t.end()
})

t.test('nothing to say, no message', t => {
  t.strictSame(newElements(SET, []), [])
  t.end()
})

t.test('the same elements to delete and to ask for', t => {
  const elements = [{ key: portKey(80) }]
  const [add] = newElements(SET, elements)
  const [remove] = deleteElements(SET, elements)
  const [ask] = getElementsByKey(SET, elements)
  t.strictSame([remove?.type, ask?.type, remove?.flags, ask?.flags], [0x0a0e, 0x0a0d, 0, 0])
  t.equal(dump(remove?.body ?? new Uint8Array(0)), dump(add?.body ?? new Uint8Array(0)))
  t.equal(dump(ask?.body ?? new Uint8Array(0)), dump(add?.body ?? new Uint8Array(0)))
  t.end()
})

t.test('law: the bytes are those of the attribute tree, and read back', t => {
  fc.assert(
    fc.property(fc.array(arbElement, { minLength: 1, maxLength: 8 }), elements => {
      const messages = newElements(SET, elements)
      t.equal(messages.length, 1)
      const [message] = messages
      if (message === undefined) return
      t.equal(dump(message.body), treeBody(elements))
      const { elements: back, ...ref } = readElements(message)
      t.strictSame(ref, SET)
      t.strictSame(
        back.map(element => ({ ...element, key: dump(element.key) })),
        elements.map(element => ({ ...element, key: dump(element.key) })),
      )
    }),
  )
  t.end()
})

t.test(
  'long lists are cut where an attribute would grow beyond its length, and lose nothing',
  t => {
    const elements = Array.from({ length: 3000 }, (_, i) => ({
      key: concatKey(ipv4Key('10.96.0.10'), protocolKey(6), portKey(80), indexKey(i)),
      data: concatKey(ipv4Key('10.244.1.2'), portKey(i)),
    }))
    const messages = newElements(SET, elements)
    const sizes = messages.map(message => readElements(message).elements.length)
    t.strictSame(sizes, [1489, 1489, 22], '4 + 1,489 × 44 bytes is the most that 65,535 hold')
    t.strictSame(
      messages.flatMap(message => readElements(message).elements),
      elements,
    )
    t.equal(dump(messages[2]?.body ?? new Uint8Array(0)), treeBody(elements.slice(2978)))
    t.end()
  },
)

t.test('what nobody knows of an element is kept', t => {
  const [message] = newElements(SET, [
    { key: portKey(1), opaque: [{ kind: 'opaque', type: 40, bytes: Uint8Array.of(1, 2, 3, 4) }] },
  ])
  const [element] = message ? readElements(message).elements : []
  t.strictSame(element?.opaque, [{ kind: 'opaque', type: 40, bytes: Uint8Array.of(1, 2, 3, 4) }])
  t.end()
})

t.test('a quarter of a million endpoints take less than 0.15 s of processor time', t => {
  const elements = Array.from({ length: 250_000 }, (_, i) => {
    const key = new Uint8Array(16)
    const data = new Uint8Array(8)
    putIPv4(key, 0, '10.96.0.10')
    key[4] = 6
    putPort(key, 8, 80)
    putHost32(key, 12, i)
    putIPv4(data, 0, '10.244.1.2')
    putPort(data, 4, 8080)
    return { key, data }
  })
  const times = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage()
    t.equal(newElements(SET, elements).length, 168)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  const best = Math.min(...times)
  t.ok(best < 150, `${best} ms at best`)
  t.comment(times.map(Math.round).join(' '), 'ms')
  t.end()
})
