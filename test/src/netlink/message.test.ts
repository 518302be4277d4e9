import t from 'tap'
import { u32be } from '../../../src/netlink/attributes.ts'
import { batchSize, encodeBatch } from '../../../src/netlink/batch.ts'
import { BatchError, errnoName, NetlinkError, readVerdict } from '../../../src/netlink/errors.ts'
import {
  decodeMessages,
  encodeMessage,
  messageSize,
  netfilterMessage,
  type Reply,
  readNetfilter,
} from '../../../src/netlink/message.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

const message = netfilterMessage({
  subsystem: 10,
  operation: 3,
  flags: 0x400,
  family: 2,
  attributes: [u32be(5, 1)],
  name: 'NEWCHAIN x',
})

t.test('a netfilter message and its header', t => {
  const got = encodeMessage(message, { sequence: 0x01020304, flags: 4 })
  const want = bytes(`
    1c 00 00 00 | 28 bytes
    03 0a 05 04 | subsystem 10, operation 3; CREATE, ACK, REQUEST
    04 03 02 01 | sequence
    00 00 00 00 | port: filled in by the kernel
    02 00 00 00 | family 2, version 0, resource id 0
    08 00 05 00 | len 8, type 5
    00 00 00 01 | 1`)
  t.equal(dump(got), dump(want))
  t.equal(messageSize(message), got.length)
  const [back] = decodeMessages(got)
  t.equal(back?.type, 0x0a03)
  t.equal(back?.sequence, 0x01020304)
  const read = readNetfilter(back ?? message)
  t.equal(read.family, 2)
  t.equal(read.attributes.u32be(5), 1)
  t.throws(() => readNetfilter({ ...message, body: bytes('02 00') }), /2 bytes/)
  t.end()
})

t.test('several messages in one datagram; the last may be cut off', t => {
  const one = encodeMessage({ type: 20, flags: 0, body: bytes('01 02 03 04 05') }, { sequence: 1 })
  t.equal(one.length, 24, 'padded')
  const both = Buffer.concat([one, encodeMessage(message, { sequence: 2 })])
  t.strictSame(
    decodeMessages(both).map(({ sequence, body }) => [sequence, body.length]),
    [
      [1, 5],
      [2, 12],
    ],
  )
  t.strictSame(
    decodeMessages(both.subarray(0, 48)).map(({ body }) => body.length),
    [5, 8],
  )
  t.strictSame(
    decodeMessages(both.subarray(0, 30)).map(({ body }) => body.length),
    [5],
  )
  t.throws(() => decodeMessages(bytes('08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00')), /below/)
  t.end()
})

t.test('a batch: begin, messages, end; only the last message wants a receipt', t => {
  const { bytes: got } = encodeBatch([message, message], { sequence: 7, genid: 9 })
  const body = `
    02 00 00 00 | nfgenmsg: IPv4
    08 00 05 00 | attribute
    00 00 00 01 |`
  const want = bytes(`
    1c 00 00 00 | 28 bytes
    10 00 01 00 | BATCH_BEGIN, REQUEST
    07 00 00 00 | sequence
    00 00 00 00 |
    00 00 00 0a | nfgenmsg: resource id 10, nf_tables
    08 00 01 00 | NFNL_BATCH_GENID
    00 00 00 09 | 9
    1c 00 00 00 | 28 bytes
    03 0a 01 04 | NEWCHAIN, CREATE, REQUEST
    08 00 00 00 | sequence
    00 00 00 00 |${body}
    1c 00 00 00 | 28 bytes
    03 0a 05 04 | NEWCHAIN, CREATE, ACK, REQUEST
    09 00 00 00 | sequence
    00 00 00 00 |${body}
    14 00 00 00 | 20 bytes
    11 00 01 00 | BATCH_END, REQUEST
    0a 00 00 00 | sequence
    00 00 00 00 |
    00 00 00 0a |`)
  t.equal(dump(got), dump(want))
  t.equal(batchSize([message, message]), got.length)
  t.throws(() => encodeBatch([], { sequence: 1 }), /needs a message/)
  t.end()
})

const reply = (text: string, flags = 0): Reply => ({
  type: 2,
  flags,
  sequence: 5,
  port: 0,
  body: bytes(text),
})

t.test('verdicts of the kernel, with and without its words', t => {
  t.strictSame(readVerdict(reply('00 00 00 00')).errno, 0)
  t.strictSame(readVerdict(reply('fe ff ff ff')).errno, 2)
  const capped = reply(
    `
    ea ff ff ff | -22
    30 00 00 00 | the message was 48 bytes long, but only its header is echoed
    00 00 00 00
    00 00 00 00
    00 00 00 00
    09 00 01 00 | NLMSGERR_ATTR_MSG
    6f 6f 70 73 | "oops"
    00 00 00 00 |
    08 00 02 00 | NLMSGERR_ATTR_OFFS
    24 00 00 00 | 36`,
    0x300,
  )
  t.strictSame(readVerdict(capped), { errno: 22, text: 'oops', offset: 36 })
  const whole = reply(
    `
    ea ff ff ff | -22
    14 00 00 00 | 20 bytes, all echoed
    00 00 00 00
    00 00 00 00
    00 00 00 00
    aa bb cc dd | its body
    08 00 02 00 | NLMSGERR_ATTR_OFFS
    10 00 00 00 | 16`,
    0x200,
  )
  t.strictSame(readVerdict(whole), { errno: 22, text: undefined, offset: 16 })
  t.end()
})

t.test('names of errors, and how they read', t => {
  t.strictSame([1, 2, 17, 40, 41, 71, 85, 95, 105, 133, 134].map(errnoName), [
    'EPERM',
    'ENOENT',
    'EEXIST',
    'ELOOP',
    'E41',
    'EPROTO',
    'ERESTART',
    'EOPNOTSUPP',
    'ENOBUFS',
    'EHWPOISON',
    'E134',
  ])
  const refused = new NetlinkError({
    code: 'ENOENT',
    subject: 'DELSET svc x',
    sequence: 4,
    index: 2,
    text: 'no such set',
    offset: 20,
  })
  t.equal(
    refused.message,
    'ENOENT: DELSET svc x (message 2 of the batch): the kernel refused it: no such set, at byte 20 of the message',
  )
  const unknown = new NetlinkError({
    code: 'UNKNOWN',
    subject: 'CT_GET',
    sequence: 4,
    text: 'waited 5 ms',
  })
  t.equal(
    unknown.message,
    'UNKNOWN: CT_GET: no answer: waited 5 ms; it may or may not have taken effect',
  )
  t.equal(new BatchError([refused, unknown]).outcome, 'refused')
  t.equal(new BatchError([unknown]).outcome, 'unknown')
  t.match(new BatchError([refused, unknown]).message, / \(and 1 more\)$/)
  t.end()
})
