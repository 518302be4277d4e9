/**
 * The socket over a kernel made of functions: what it does with refusals, with answers that never come, and with those
 * that were lost. What a real kernel answers is in live.test.ts.
 */
import t from 'tap'
import { BatchError } from '../../../src/netlink/errors.ts'
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

/** What comes back from one send: datagrams, and errors of receiving. */
type Answers = readonly (Uint8Array | Error | { readonly cut: Uint8Array })[]
type Kernel = (messages: readonly Reply[]) => Answers

const errorOf = (code: string): Error => Object.assign(new Error(code), { code })
const ENOBUFS = errorOf('ENOBUFS')

interface Connection {
  readonly socket: NetlinkSocket
  /** Lengths of what was sent. */
  readonly sends: readonly number[]
  /** What to hear next on sockets that joined a group. */
  readonly notify: (answers: Answers) => void
  /** Sockets not closed yet. */
  readonly open: () => number
}

const connect = (kernel: Kernel): Connection => {
  const sends: number[] = []
  const notifications: Answers[number][] = []
  let open = 0
  const socket = new NetlinkSocket(() => {
    let queue: Answers[number][] = []
    open++
    return {
      send: image => {
        if (image.length > 4096 - 32) throw errorOf('EMSGSIZE')
        sends.push(image.length)
        queue.push(...kernel(decodeMessages(image)))
      },
      receive: () => {
        const next = queue.shift()
        if (next instanceof Error) throw next
        if (next === undefined || next instanceof Uint8Array)
          return next && { bytes: next, isCut: false }
        return { bytes: next.cut, isCut: true }
      },
      join: group => {
        if (group > 31) throw errorOf('EINVAL')
        queue = notifications
      },
      close: () => {
        open--
      },
      sendBuffer: 4096,
      receiveBuffer: 1 << 20,
    }
  })
  return { socket, sends, notify: answers => notifications.push(...answers), open: () => open }
}

const error = (sequence: number, errno: number): Uint8Array => {
  const body = new Uint8Array(20)
  new DataView(body.buffer).setInt32(0, -errno, true)
  return encodeMessage({ type: NLMSG_ERROR, flags: 0, body }, { sequence })
}
const data = (sequence: number, value: number, flags = 0): Uint8Array =>
  encodeMessage({ type: 100, flags, body: Uint8Array.of(value) }, { sequence })
const done = (sequence: number): Uint8Array =>
  encodeMessage({ type: NLMSG_DONE, flags: 0, body: new Uint8Array(4) }, { sequence })

const ask = (name: string): Message => ({ type: 50, flags: 0, body: bytes('01 00 00 00'), name })
const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (reason) {
    return reason
  }
  throw new Error('it resolved')
}
const refusal = async (promise: Promise<void>): Promise<BatchError> => {
  const reason = await rejection(promise)
  if (reason instanceof BatchError) return reason
  throw reason
}
const codes = ({ errors }: BatchError): readonly unknown[] =>
  errors.map(({ code, index }) => [code, index])
const collect = async (replies: AsyncIterable<Reply>, into: number[]): Promise<void> => {
  for await (const { body } of replies) into.push(body[0] ?? -1)
}
/** The first message of a send. */
const first = ([message]: readonly Reply[]): Reply => {
  if (message === undefined) throw new Error('an empty send')
  return message
}

t.test('a request gives the replies before its acknowledgement', async t => {
  const { socket } = connect(messages => {
    const { sequence, flags } = first(messages)
    t.ok(flags & NLM_F_ACK)
    return [
      data(sequence + 5, 9),
      data(sequence, 1),
      Buffer.concat([data(sequence, 2), error(sequence, 0)]),
    ]
  })
  const replies = await socket.request(ask('GET x'))
  t.strictSame(
    replies.map(({ body }) => body[0]),
    [1, 2],
    'and no reply of somebody else',
  )
})

t.test('a refusal carries its name and what was asked', async t => {
  const { socket } = connect(messages => [error(first(messages).sequence, 2)])
  const reason = await rejection(socket.request(ask('GET x')))
  t.match(reason, { code: 'ENOENT', message: 'ENOENT: GET x: the kernel refused it' })
})

t.test('a refusal that did not fit the buffer is still a refusal', async t => {
  const { socket } = connect(messages => [{ cut: error(first(messages).sequence, 17) }])
  t.match(await rejection(socket.request(ask('NEW x'))), { code: 'EEXIST' })
})

t.test('no answer, lost answers, answers cut short or garbled are UNKNOWN', async t => {
  const silent = connect(() => [])
  t.match(await rejection(silent.socket.request(ask('x'))), {
    code: 'UNKNOWN',
    message: 'UNKNOWN: x: no answer: there was none; it may or may not have taken effect',
  })
  const deaf = connect(messages => [ENOBUFS, error(first(messages).sequence, 0)])
  t.match(await rejection(deaf.socket.request(ask('x'))), { code: 'UNKNOWN', text: 'ENOBUFS' })
  const short = connect(messages => [{ cut: data(first(messages).sequence, 1) }])
  t.match(await rejection(short.socket.request(ask('x'))), { code: 'UNKNOWN', cause: RangeError })
  const garbled = connect(() => [new Uint8Array(16)])
  t.match(await rejection(garbled.socket.request(ask('x'))), { code: 'UNKNOWN', cause: RangeError })
})

t.test('answers that were left over do not answer the next request', async t => {
  let asked = 0
  const { socket } = connect(messages => {
    const { sequence } = first(messages)
    if (++asked === 1) return [error(sequence, 2), data(sequence, 1), error(sequence, 17)]
    return [data(sequence, 2), error(sequence, 0)]
  })
  t.match(await rejection(socket.request(ask('x'))), { code: 'ENOENT' })
  t.strictSame(
    (await socket.request(ask('y'))).map(({ body }) => body[0]),
    [2],
  )
})

t.test('a closed socket refuses, and is closed once', async t => {
  const { socket, sends, open } = connect(() => [])
  await socket[Symbol.asyncDispose]()
  await socket[Symbol.asyncDispose]()
  t.equal(open(), 0)
  t.match(await rejection(socket.request(ask('x'))), { code: 'EBADF' })
  t.strictSame(sends, [])
})

t.test('a dump gives everything, also when the table changed meanwhile, and says so', async t => {
  let flags = 0
  const { socket } = connect(messages => {
    const { sequence, flags: asked } = first(messages)
    t.equal(asked & NLM_F_DUMP, NLM_F_DUMP)
    return [
      Buffer.concat([data(sequence, 1), data(sequence, 2, flags)]),
      Buffer.concat([data(sequence, 3), done(sequence)]),
    ]
  })
  const calm: number[] = []
  await collect(socket.dump(ask('x')), calm)
  t.strictSame(calm, [1, 2, 3])
  flags = 0x10
  const changed: number[] = []
  const reason = await rejection(collect(socket.dump(ask('x')), changed))
  t.match(reason, { code: 'EINTR', message: 'EINTR: x: the table changed while it was read' })
  t.strictSame(changed, [1, 2, 3])
})

t.test('a dump that is refused, at once or at its end, and one that breaks off', async t => {
  const { socket } = connect(messages => {
    const { sequence, type } = first(messages)
    const failed = encodeMessage(
      { type: NLMSG_DONE, flags: 0, body: bytes('f4 ff ff ff') },
      { sequence },
    )
    if (type === 51) return [error(sequence, 16)]
    return type === 52 ? [data(sequence, 1), failed] : [data(sequence, 1)]
  })
  const dump = async (type: number): Promise<unknown> => {
    const seen: number[] = []
    const reason = await rejection(collect(socket.dump({ ...ask('x'), type }), seen))
    return [(reason as { code: string }).code, seen]
  }
  t.strictSame(await dump(51), ['EBUSY', []])
  t.strictSame(await dump(52), ['ENOMEM', [1]])
  t.strictSame(await dump(53), ['UNKNOWN', [1]])
})

t.test('a dump that is left early is read to its end, and others wait for it', async t => {
  const { socket, sends } = connect(messages => {
    const { sequence, flags } = first(messages)
    if ((flags & NLM_F_DUMP) === 0) return [error(sequence, 0)]
    return [data(sequence, 1), data(sequence, 2), done(sequence)]
  })
  const order: string[] = []
  for await (const { body } of socket.dump(ask('x'))) {
    t.equal(body[0], 1)
    void socket.request(ask('y')).then(() => order.push('request'))
    await new Promise(resolve => setTimeout(resolve, 5))
    t.equal(sends.length, 1, 'the request waits')
    order.push('dump')
    break
  }
  await socket.request(ask('z'))
  t.strictSame(order, ['dump', 'request'])
})

t.test('independent messages go out in as few sends as fit, and only errors come back', async t => {
  const failing = new Map([
    [3, 17],
    [150, 2],
    [299, 1],
  ])
  let index = 0
  const { socket, sends } = connect(messages =>
    messages.flatMap(({ sequence, flags }) => {
      const errno = failing.get(index++) ?? 0
      return errno !== 0 || flags & NLM_F_ACK ? [error(sequence, errno)] : []
    }),
  )
  const errors = await socket.sendEach(Array.from({ length: 300 }, (_, i) => ask(`m${i}`)))
  t.strictSame(
    errors.map(({ index: at, code }) => [at, code]),
    [
      [3, 'EEXIST'],
      [150, 'ENOENT'],
      [299, 'EPERM'],
    ],
  )
  t.strictSame(sends, [203 * 20, 97 * 20], 'each below the send limit of 4064')
})

t.test('independent messages whose last answer is missing', async t => {
  const { socket } = connect(() => [])
  t.match(await rejection(socket.sendEach([ask('a'), ask('b')])), { code: 'UNKNOWN' })
})

t.test('a batch resolves with its receipt', async t => {
  const { socket } = connect(messages => {
    t.strictSame(
      messages.map(({ type }) => type),
      [0x10, 50, 50, 0x11],
    )
    return [error(first(messages).sequence + 2, 0)]
  })
  await socket.sendBatch([ask('a'), ask('b')])
})

t.test('a dry batch has no end', async t => {
  const { socket } = connect(messages => {
    t.strictSame(
      messages.map(({ type }) => type),
      [0x10, 50],
    )
    return [error(first(messages).sequence + 1, 0)]
  })
  await socket.sendBatch([ask('a')], { dry: true })
})

/** Answers each message of a batch by index, -1 being BATCH_BEGIN, with an errno. */
const answering =
  (...answers: readonly (readonly [number, number] | Error)[]): Kernel =>
  messages =>
    answers.map(answer =>
      answer instanceof Error ? answer : error(first(messages).sequence + 1 + answer[0], answer[1]),
    )

t.test('a batch is refused with every error, each with its message', async t => {
  const { socket } = connect(answering([0, 17], [2, 2]))
  const reason = await refusal(socket.sendBatch([ask('a'), ask('b'), ask('c')]))
  t.equal(reason.outcome, 'refused')
  t.strictSame(codes(reason), [
    ['EEXIST', 0],
    ['ENOENT', 2],
  ])
  t.equal(reason.message, 'EEXIST: a (message 0 of the batch): the kernel refused it (and 1 more)')
})

t.test(
  'a refusal at the commit is of the whole, and the receipt after it counts for nothing',
  async t => {
    const { socket } = connect(answering([-1, 40], [0, 0]))
    const reason = await refusal(socket.sendBatch([ask('a')]))
    t.equal(reason.outcome, 'refused')
    t.strictSame(codes(reason), [['ELOOP', undefined]])
  },
)

t.test('a batch too large for one send is refused before it is sent', async t => {
  const { socket, sends } = connect(() => [])
  const reason = await refusal(socket.sendBatch([{ ...ask('a'), body: new Uint8Array(5000) }]))
  t.equal(reason.outcome, 'refused')
  t.match(reason.message, 'EMSGSIZE: a batch of 1 messages: sending 5056 bytes failed')
  t.strictSame(sends, [])
})

t.test('a batch whose answers were lost is unknown, even if a receipt is there', async t => {
  for (const kernel of [answering(), answering(ENOBUFS), answering(ENOBUFS, [0, 0])]) {
    const reason = await refusal(connect(kernel).socket.sendBatch([ask('a')]))
    t.equal(reason.outcome, 'unknown')
    t.strictSame(codes(reason), [['UNKNOWN', undefined]])
  }
})

t.test('lost answers beside a refusal: it did not take effect, that much is known', async t => {
  const { socket } = connect(answering([0, 2], ENOBUFS))
  const reason = await refusal(socket.sendBatch([ask('a')]))
  t.equal(reason.outcome, 'refused')
  t.strictSame(codes(reason), [
    ['ENOENT', 0],
    ['UNKNOWN', undefined],
  ])
})

t.test('notifications go to whoever listens, and so does their loss', async t => {
  const { socket, notify, open } = connect(() => [])
  const heard: (number | 'overrun')[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.listen(7, {
    notify: ({ body }) => {
      heard.push(body[0] ?? -1)
      if (body[0] === 9) resolve()
    },
    overrun: () => void heard.push('overrun'),
  })
  notify([data(4, 7), ENOBUFS, data(4, 8), { cut: data(4, 1) }, new Uint8Array(16), data(5, 9)])
  await promise
  t.strictSame(heard, [7, 'overrun', 8, 1, 'overrun', 'overrun', 9])
  t.throws(() => socket.listen(32, { notify: () => {}, overrun: () => {} }), { code: 'EINVAL' })
  t.equal(open(), 2)
  await socket[Symbol.asyncDispose]()
  t.equal(open(), 0)
})

t.test('a burst of notifications does not hold up the rest', async t => {
  const { socket, notify } = connect(() => [])
  let heard = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.listen(7, {
    notify: () => {
      if (++heard === 1000) resolve()
    },
    overrun: () => t.fail('nothing was lost'),
  })
  notify(Array.from({ length: 1000 }, () => data(1, 1)))
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  await promise
  clearInterval(counting)
  t.equal(heard, 1000)
  t.ok(turns > 0, 'others had their turn')
  await socket[Symbol.asyncDispose]()
})
