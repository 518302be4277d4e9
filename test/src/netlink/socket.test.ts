/**
 * The socket over a kernel made of functions: what it does with refusals, with answers that never come, and with those
 * that were lost. What a real kernel answers is in live.test.ts.
 */
import t from 'tap'
import { BatchError, NetlinkError } from '../../../src/netlink/errors.ts'
import type { Listener, RawHandlers, RawSocket } from '../../../src/netlink/line.ts'
import {
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Reply,
} from '../../../src/netlink/message.ts'
import { NetlinkSocket } from '../../../src/netlink/socket.ts'
import { bytes } from '../../support/wire-bytes.ts'

type Kernel = (messages: readonly Reply[], handlers: RawHandlers) => void

/** A socket whose other end is `kernel`, which is called for each send. */
const connect = (
  kernel: Kernel,
  timeoutMs = 1000,
): NetlinkSocket & { readonly sends: number[] } => {
  const sends: number[] = []
  let handlers: RawHandlers | undefined
  const raw: RawSocket = {
    open: given => {
      handlers = given
    },
    send: (image, done) => {
      sends.push(image.length)
      const to = handlers
      if (image.length > raw.sendBuffer - 32) {
        done(Object.assign(new Error('too long'), { code: 'EMSGSIZE' }))
        return
      }
      setImmediate(() => {
        done()
        if (to) kernel(decodeMessages(image), to)
      })
    },
    join: () => {},
    close: () => {},
    sendBuffer: 4096,
  }
  return Object.assign(new NetlinkSocket(raw, timeoutMs), { sends })
}

const UNICAST = { multicast: false, truncated: false }
const error = (sequence: number, errno: number): Uint8Array => {
  const body = new Uint8Array(20)
  new DataView(body.buffer).setInt32(0, -errno, true)
  return encodeMessage({ type: NLMSG_ERROR, flags: 0, body }, { sequence })
}
const data = (sequence: number, value: number, flags = 0): Uint8Array =>
  encodeMessage({ type: 100, flags, body: Uint8Array.of(value) }, { sequence })
const done = (sequence: number, flags = 0): Uint8Array =>
  encodeMessage({ type: NLMSG_DONE, flags, body: new Uint8Array(4) }, { sequence })

const ask = (name: string): Message => ({ type: 50, flags: 0, body: bytes('01 00 00 00'), name })
const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (reason) {
    return reason
  }
  throw new Error('it resolved')
}
const collect = async (replies: AsyncIterable<Reply>, into: number[]): Promise<void> => {
  for await (const { body } of replies) into.push(body[0] ?? -1)
}

t.test('a request gives the replies before its acknowledgement', async t => {
  await using socket = connect(([message], { receive }) => {
    const { sequence, flags } = message as Reply
    t.ok(flags & NLM_F_ACK)
    receive(data(sequence + 5, 9), UNICAST)
    receive(data(sequence, 1), UNICAST)
    receive(Buffer.concat([data(sequence, 2), error(sequence, 0)]), UNICAST)
  })
  const replies = await socket.request(ask('GET x'))
  t.strictSame(
    replies.map(({ body }) => body[0]),
    [1, 2],
    'and no reply of somebody else',
  )
})

t.test('a refusal carries its name and what was asked', async t => {
  await using socket = connect(([message], { receive }) =>
    receive(error((message as Reply).sequence, 2), UNICAST),
  )
  const reason = await rejection(socket.request(ask('GET x')))
  t.match(reason, { code: 'ENOENT', message: /^ENOENT: GET x/ })
})

t.test('a refusal that did not fit the buffer is still a refusal', async t => {
  await using socket = connect(([message], { receive }) =>
    receive(error((message as Reply).sequence, 17), { multicast: false, truncated: true }),
  )
  t.match(await rejection(socket.request(ask('NEW x'))), { code: 'EEXIST' })
})

t.test('silence, lost answers and answers cut short are UNKNOWN', async t => {
  await using silent = connect(() => {}, 20)
  t.match(await rejection(silent.request(ask('x'))), { code: 'UNKNOWN', text: 'waited 20 ms' })
  await using deaf = connect((_, { fail }) =>
    fail(Object.assign(new Error('no buffer space'), { code: 'ENOBUFS' })),
  )
  t.match(await rejection(deaf.request(ask('x'))), { code: 'UNKNOWN', text: 'ENOBUFS' })
  await using short = connect(([message], { receive }) =>
    receive(data((message as Reply).sequence, 1), { multicast: false, truncated: true }),
  )
  t.match(await rejection(short.request(ask('x'))), { code: 'UNKNOWN' })
  await using garbled = connect((_, { receive }) => receive(new Uint8Array(16), UNICAST))
  t.type(await rejection(garbled.request(ask('x'))), RangeError)
})

t.test('after a lost answer the next request has its own', async t => {
  let asked = 0
  await using socket = connect(([message], { receive }) => {
    if (++asked > 1) receive(error((message as Reply).sequence, 0), UNICAST)
  }, 20)
  t.match(await rejection(socket.request(ask('x'))), { code: 'UNKNOWN' })
  t.strictSame(await socket.request(ask('y')), [])
})

t.test('requests made at once are sent one after the other', async t => {
  let open = 0
  await using socket = connect(([message], { receive }) => {
    t.equal(++open, 1)
    setTimeout(() => {
      open--
      receive(error((message as Reply).sequence, 0), UNICAST)
    }, 2)
  })
  await Promise.all([1, 2, 3].map(() => socket.request(ask('x'))))
})

t.test('a dump gives everything, also when the table changed meanwhile, and says so', async t => {
  let flags = 0
  await using socket = connect(([message], { receive }) => {
    const { sequence } = message as Reply
    t.equal((message as Reply).flags & NLM_F_DUMP, NLM_F_DUMP)
    receive(Buffer.concat([data(sequence, 1), data(sequence, 2, flags)]), UNICAST)
    setTimeout(() => receive(Buffer.concat([data(sequence, 3), done(sequence)]), UNICAST), 2)
  })
  const calm: number[] = []
  await collect(socket.dump(ask('x')), calm)
  t.strictSame(calm, [1, 2, 3])
  flags = 0x10
  const changed: number[] = []
  t.match(await rejection(collect(socket.dump(ask('x')), changed)), { code: 'EINTR' })
  t.strictSame(changed, [1, 2, 3])
})

t.test('a dump that is refused, and one that is left early', async t => {
  await using socket = connect(([message], { receive }) => {
    const { sequence, type } = message as Reply
    if (type === 51) return receive(error(sequence, 16), UNICAST)
    receive(data(sequence, 1), UNICAST)
    setTimeout(() => receive(done(sequence), UNICAST), 2)
  })
  t.match(await rejection(collect(socket.dump({ ...ask('x'), type: 51 }), [])), { code: 'EBUSY' })
  for await (const { body } of socket.dump(ask('x'))) {
    t.equal(body[0], 1)
    break
  }
  const next: number[] = []
  await collect(socket.dump(ask('x')), next)
  t.strictSame(next, [1], 'the socket is free again')
})

t.test('independent messages go out in as few sends as fit, and only errors come back', async t => {
  const failing = new Map([
    [3, 17],
    [150, 2],
    [299, 1],
  ])
  let index = 0
  await using socket = connect((messages, { receive }) => {
    for (const { sequence, flags } of messages) {
      const errno = failing.get(index++) ?? 0
      if (errno !== 0 || flags & NLM_F_ACK) receive(error(sequence, errno), UNICAST)
    }
  })
  const errors = await socket.sendEach(Array.from({ length: 300 }, (_, i) => ask(`m${i}`)))
  t.strictSame(
    errors.map(({ index: at, code }) => [at, code]),
    [
      [3, 'EEXIST'],
      [150, 'ENOENT'],
      [299, 'EPERM'],
    ],
  )
  t.strictSame(socket.sends, [203 * 20, 97 * 20], 'each below the send limit of 4064')
})

t.test('a batch resolves with its receipt', async t => {
  await using socket = connect((messages, { receive }) => {
    t.strictSame(
      messages.map(({ type }) => type),
      [0x10, 50, 50, 0x11],
    )
    receive(error((messages[2] as Reply).sequence, 0), UNICAST)
  })
  await socket.sendBatch([ask('a'), ask('b')])
})

/** Refuses messages of a batch by index, -1 being BATCH_BEGIN; answers the barrier that asks whether that was all. */
const refusing =
  (errnos: readonly (readonly [number, number])[], receiptToo: boolean): Kernel =>
  (messages, { receive }) => {
    const [first] = messages as [Reply]
    if (first.type === 1) return receive(error(first.sequence, 0), UNICAST)
    for (const [index, errno] of errnos) receive(error(first.sequence + 1 + index, errno), UNICAST)
    if (receiptToo) receive(error(first.sequence + messages.length - 2, 0), UNICAST)
  }

t.test('a batch is refused with every error, each with its message', async t => {
  await using socket = connect(
    refusing(
      [
        [0, 17],
        [2, 2],
      ],
      false,
    ),
  )
  const reason = await rejection(socket.sendBatch([ask('a'), ask('b'), ask('c')]))
  t.type(reason, BatchError)
  t.match(reason, { outcome: 'refused' })
  t.strictSame(
    (reason as BatchError).errors.map(({ code, index }) => [code, index]),
    [
      ['EEXIST', 0],
      ['ENOENT', 2],
    ],
  )
})

t.test(
  'a refusal at the commit is of the whole, and the receipt after it counts for nothing',
  async t => {
    await using socket = connect(refusing([[-1, 40]], true))
    const reason = await rejection(socket.sendBatch([ask('a')]))
    t.match(reason, { outcome: 'refused', errors: [{ code: 'ELOOP', index: undefined }] })
  },
)

t.test('a batch too large for one send is refused before it is sent', async t => {
  await using socket = connect(() => t.fail('it was sent'))
  const reason = await rejection(socket.sendBatch([{ ...ask('a'), body: new Uint8Array(5000) }]))
  t.match(reason, { outcome: 'refused', errors: [{ code: 'EMSGSIZE' }] })
})

const ENOBUFS = Object.assign(new Error('no buffer space'), { code: 'ENOBUFS' })

t.test('a batch whose answers were lost is unknown, even if a receipt is there', async t => {
  for (const receipt of [true, false]) {
    let barriers = 0
    await using socket = connect((messages, { receive, fail }) => {
      const [first] = messages as [Reply]
      if (first.type === 1) {
        // The first barrier finds the buffer still full.
        if (++barriers === 2) receive(error(first.sequence, 0), UNICAST)
        return
      }
      fail(ENOBUFS)
      if (receipt) receive(error(first.sequence + 1, 0), UNICAST)
    })
    const reason = await rejection(socket.sendBatch([ask('a')]))
    t.match(reason, { outcome: 'unknown', errors: [{ code: 'UNKNOWN' }] })
  }
})

t.test('lost answers beside a refusal: it did not take effect, that much is known', async t => {
  await using socket = connect((messages, { receive, fail }) => {
    const [first] = messages as [Reply]
    if (first.type === 1) return receive(error(first.sequence, 0), UNICAST)
    receive(error(first.sequence + 1, 2), UNICAST)
    fail(ENOBUFS)
  })
  const reason = await rejection(socket.sendBatch([ask('a')]))
  t.match(reason, { outcome: 'refused' })
  t.strictSame(
    (reason as BatchError).errors.map(({ code }) => code),
    ['ENOENT', 'UNKNOWN'],
  )
})

t.test('notifications go to whoever listens, and so does their loss', async t => {
  const heard: (number | 'overrun')[] = []
  const listener: Listener = {
    notify: ({ body }) => void heard.push(body[0] ?? -1),
    overrun: () => void heard.push('overrun'),
  }
  await using socket = connect(([message], { receive, fail }) => {
    const { sequence } = message as Reply
    receive(data(sequence, 7), { multicast: true, truncated: false })
    fail(ENOBUFS)
    receive(data(sequence, 8), { multicast: true, truncated: false })
  })
  socket.listen(7, listener)
  t.type(await rejection(socket.request(ask('x'))), NetlinkError)
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(heard, [7, 'overrun', 8])
})
