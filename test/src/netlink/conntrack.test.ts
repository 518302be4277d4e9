import fc from 'fast-check'
import t from 'tap'
import { addressText } from '../../../src/netlink/address-bytes.ts'
import { deleteFlowMessage, type Flow, getFlows, readFlow } from '../../../src/netlink/conntrack.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

const FLOW: Flow = {
  family: 'IPv4',
  protocol: 17,
  original: {
    source: { ip: '10.0.0.1', port: 4369 },
    destination: { ip: '10.96.0.53', port: 53 },
  },
  reply: {
    source: { ip: '10.244.0.2', port: 5353 },
    destination: { ip: '10.0.0.1', port: 4369 },
  },
  zone: 7,
  status: 0,
  timeoutSeconds: 0,
  id: 0x01020304,
}

t.test('asking for the flows of a protocol', t => {
  const message = getFlows({ family: 'IPv6', protocol: 'SCTP' })
  const want = bytes(`
    0a 00 00 00 | IPv6
    10 00 01 80 | len 16, CTA_TUPLE_ORIG, nested
    0c 00 02 80 | len 12, CTA_TUPLE_PROTO, nested
    05 00 01 00 | len 5, CTA_PROTO_NUM
    84 00 00 00 | SCTP, pad
    0c 00 19 80 | len 12, CTA_FILTER, nested
    08 00 01 00 | len 8, CTA_FILTER_ORIG_FLAGS
    08 00 00 00 | protocol number, host order`)
  t.equal(dump(message.body), dump(want))
  t.strictSame([message.type, message.flags], [0x0101, 0], 'CT_GET')
  t.end()
})

t.test('a deletion names both directions, the zone and the very flow', t => {
  const message = deleteFlowMessage(FLOW)
  const want = bytes(`
    02 00 00 00 | IPv4
    34 00 01 80 | len 52, CTA_TUPLE_ORIG, nested
    14 00 01 80 | len 20, CTA_TUPLE_IP, nested
    08 00 01 00 | len 8, CTA_IP_V4_SRC
    0a 00 00 01 | 10.0.0.1
    08 00 02 00 | len 8, CTA_IP_V4_DST
    0a 60 00 35 | 10.96.0.53
    1c 00 02 80 | len 28, CTA_TUPLE_PROTO, nested
    05 00 01 00 | len 5, CTA_PROTO_NUM
    11 00 00 00 | UDP, pad
    06 00 02 00 | len 6, CTA_PROTO_SRC_PORT
    11 11 00 00 | 4369, pad
    06 00 03 00 | len 6, CTA_PROTO_DST_PORT
    00 35 00 00 | 53, pad
    34 00 02 80 | len 52, CTA_TUPLE_REPLY, nested
    14 00 01 80 | len 20, CTA_TUPLE_IP, nested
    08 00 01 00 | len 8, CTA_IP_V4_SRC
    0a f4 00 02 | 10.244.0.2
    08 00 02 00 | len 8, CTA_IP_V4_DST
    0a 00 00 01 | 10.0.0.1
    1c 00 02 80 | len 28, CTA_TUPLE_PROTO, nested
    05 00 01 00 | len 5, CTA_PROTO_NUM
    11 00 00 00 | UDP, pad
    06 00 02 00 | len 6, CTA_PROTO_SRC_PORT
    14 e9 00 00 | 5353, pad
    06 00 03 00 | len 6, CTA_PROTO_DST_PORT
    11 11 00 00 | 4369, pad
    06 00 12 00 | len 6, CTA_ZONE
    00 07 00 00 | 7, pad
    08 00 0c 00 | len 8, CTA_ID
    01 02 03 04 |`)
  t.equal(dump(message.body), dump(want))
  t.equal(message.type, 0x0102)
  t.end()
})

t.test('flows of other families are passed over', t => {
  const message = deleteFlowMessage(FLOW)
  t.equal(readFlow({ ...message, body: Uint8Array.of(7, ...message.body.slice(1)) }), undefined)
  t.equal(readFlow({ ...message, body: bytes('02 00 00 00') }), undefined)
  t.end()
})

const PLAIN = { noNullPrototype: true }

const arbFlow = fc.constantFrom('IPv4' as const, 'IPv6' as const).chain(family => {
  const length = family === 'IPv4' ? 4 : 16
  const ip = fc.uint8Array({ minLength: length, maxLength: length }).map(addressText)
  const end = fc.record({ ip, port: fc.nat({ max: 65_535 }) }, PLAIN)
  const tuple = fc.record({ source: end, destination: end }, PLAIN)
  const flow = {
    family: fc.constant(family),
    protocol: fc.nat({ max: 255 }),
    original: tuple,
    reply: tuple,
    zone: fc.nat({ max: 65_535 }),
    status: fc.constant(0),
    timeoutSeconds: fc.constant(0),
    id: fc.option(fc.nat({ max: 0xffffffff }), { nil: undefined }),
  }
  return fc.record(flow, PLAIN)
})

t.test('law: what a deletion says of a flow reads back', t => {
  fc.assert(
    fc.property(arbFlow, flow => {
      t.strictSame(readFlow(deleteFlowMessage(flow)), flow)
    }),
  )
  t.end()
})
