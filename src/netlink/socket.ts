/**
 * The one effect of this room: a netlink socket over the `netlink` package, and the four ways to use it: a request,
 * a dump, many requests in one send, and a transaction of nf_tables.
 * In: messages. Out: replies; NetlinkError or BatchError.
 */
import { RawNetlinkSocket } from 'netlink'
import { encodeBatch } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { BatchError, NetlinkError } from './errors.ts'
import { faultOf, Line, type Listener, type RawSocket } from './line.ts'
import {
  encodeMessage,
  type Message,
  messageSize,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  type Reply,
  writeMessage,
} from './message.ts'

export interface NetlinkOptions {
  /** SO_SNDBUF in bytes; the kernel doubles it, and caps it at net.core.wmem_max. One send must fit. */
  readonly sendBuffer?: number
  /** SO_RCVBUF in bytes, likewise. Errors and notifications that find it full are lost. */
  readonly receiveBuffer?: number
  /** How long silence may last before the fate of a request is UNKNOWN. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 30_000
const BUFFER_SIZE = 1 << 20
/** A dump fills reads of up to 32 KB and walks its table anew for each, so smaller ones make it slower. */
const READ_SIZE = 32_768
/** After lost answers the receive buffer has to drain before the kernel can answer again. */
const BARRIER_RETRY_MS = 20
/** What struct sk_buff takes of the send buffer for itself (af_netlink.c). */
const SEND_BUFFER_OVERHEAD = 32

const BARRIER: Message = { type: NLMSG_NOOP, flags: 0, body: new Uint8Array(0) }

/**
 * Opens a socket of one netlink protocol (NETLINK_*). It belongs to the network namespace of this process. Throws with
 * `code` EPROTONOSUPPORT when the kernel lacks the protocol.
 */
export const openNetlink = (protocol: number, options: NetlinkOptions = {}): NetlinkSocket => {
  const socket = new RawNetlinkSocket(protocol, {
    messagePeeking: false,
    msgBufferSize: READ_SIZE,
    recvBufferSize: options.receiveBuffer ?? BUFFER_SIZE,
    sendBufferSize: options.sendBuffer ?? BUFFER_SIZE,
  })
  const raw: RawSocket = {
    open: ({ receive, fail }) => {
      socket.on('message', (bytes, { groups }) =>
        receive(bytes, { multicast: groups !== 0, truncated: false }),
      )
      socket.on('truncatedMessage', (bytes, { groups }) =>
        receive(bytes, { multicast: groups !== 0, truncated: true }),
      )
      socket.on('error', fail)
    },
    send: (bytes, done) => socket.send(bytes, {}, done),
    join: group => socket.addMembership(group),
    close: () => socket.close(),
    sendBuffer: socket.getSendBufferSize(),
  }
  return new NetlinkSocket(raw, options.timeoutMs)
}

/** Owns a socket; close it with `await using`. Requests made at the same time wait for one another. */
export class NetlinkSocket implements AsyncDisposable {
  readonly #line: Line

  constructor(raw: RawSocket, timeoutMs: number = TIMEOUT_MS) {
    this.#line = new Line(raw, timeoutMs)
  }

  /** Bytes that one send may have. */
  get sendLimit(): number {
    return this.#line.sendBuffer - SEND_BUFFER_OVERHEAD
  }

  /** Sends one message and waits for its acknowledgement. Gives the replies that came before it. */
  async request(message: Message): Promise<readonly Reply[]> {
    const sequence = this.#line.reserve(1)
    const replies: Reply[] = []
    await this.#line.talk({
      bytes: encodeMessage(message, { sequence, flags: NLM_F_ACK }),
      sequence,
      count: 1,
      subject: nameOf(message),
      hear: reply => {
        if (isEnd(reply, message)) return true
        replies.push(reply)
        return false
      },
    })
    return replies
  }

  /**
   * Asks for a dump. When the table changed while it was read, everything is given and then NetlinkError EINTR thrown:
   * the caller decides whether to ask again. Leaving the loop early waits for the rest to pass by.
   */
  async *dump(message: Message): AsyncGenerator<Reply, void, void> {
    const sequence = this.#line.reserve(1)
    const inbox = new Inbox()
    let interrupted = false
    const talk = this.#line.talk({
      bytes: encodeMessage(message, { sequence, flags: NLM_F_DUMP }),
      sequence,
      count: 1,
      subject: nameOf(message),
      hear: reply => {
        interrupted ||= (reply.flags & NLM_F_DUMP_INTR) !== 0
        if (isEnd(reply, message)) return true
        inbox.put(reply)
        return false
      },
    })
    const over = talk.finally(() => inbox.close())
    over.catch(() => {})
    try {
      for (;;) {
        const replies = await inbox.next()
        if (replies === undefined) break
        yield* replies
      }
    } finally {
      await over
    }
    if (interrupted)
      throw new NetlinkError({
        code: 'EINTR',
        subject: nameOf(message),
        sequence,
        text: 'the table changed while it was read',
      })
  }

  /**
   * Sends messages that do not depend on one another, in as few sends as fit. A failing one does not stop the rest.
   * Gives the errors, each with the index of its message; none means that all took effect. Rejects with NetlinkError
   * UNKNOWN when answers were lost.
   */
  async sendEach(messages: readonly Message[]): Promise<readonly NetlinkError[]> {
    const errors: NetlinkError[] = []
    for (let from = 0; from < messages.length; ) {
      const until = endOfRun(messages, from, this.sendLimit)
      errors.push(...(await this.#sendRun(messages.slice(from, until), from)))
      from = until
    }
    return errors
  }

  /**
   * Sends one transaction of nf_tables and waits for its receipt. Rejects with BatchError, which holds every error with
   * the index of its message; its `outcome` is `unknown` when answers were lost. EMSGSIZE: larger than `sendLimit`.
   * `dry`: nothing is committed; what would be refused at the commit itself is not found.
   */
  async sendBatch(
    messages: readonly Message[],
    options: { readonly genid?: number; readonly dry?: boolean } = {},
  ): Promise<void> {
    const sequence = this.#line.reserve(messages.length + 3)
    const batch = encodeBatch(messages, { sequence, ...options })
    const receipt = sequence + messages.length
    const barrier = sequence + messages.length + 2
    const barrierBytes = encodeMessage(BARRIER, { sequence: barrier, flags: NLM_F_ACK })
    const errors: NetlinkError[] = []
    let retry: NodeJS.Timeout | undefined
    let isBarrierSent = false
    const hear = (reply: Reply): boolean => {
      if (reply.type !== NLMSG_ERROR) return false
      if (reply.sequence === barrier) return true
      const index = reply.sequence - sequence - 1
      const message = messages[index]
      const subject = message ? nameOf(message) : `a batch of ${messages.length} messages`
      const fault = faultOf(reply, subject, message && index)
      if (fault) errors.push(fault)
      else if (errors.length === 0) return reply.sequence === receipt
      if (!isBarrierSent) this.#line.post(barrierBytes)
      isBarrierSent = true
      return false
    }
    const lost = (fault: NetlinkError): void => {
      errors.push(fault)
      retry ??= setInterval(() => this.#line.post(barrierBytes), BARRIER_RETRY_MS)
    }
    const subject = `a batch of ${messages.length} messages`
    try {
      const count = messages.length + 3
      await this.#line.talk({ bytes: batch.bytes, sequence, count, subject, hear, lost })
    } catch (error) {
      errors.push(error as NetlinkError)
    } finally {
      clearInterval(retry)
    }
    if (errors.length > 0) throw new BatchError(errors)
  }

  /** Joins a multicast group; `listener` hears it until the socket is closed. Best on a socket of its own. */
  listen(group: number, listener: Listener): void {
    this.#line.listen(group, listener)
  }

  /** Waits for what is under way, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#line.close()
  }

  async #sendRun(messages: readonly Message[], offset: number): Promise<readonly NetlinkError[]> {
    const sequence = this.#line.reserve(messages.length)
    const last = sequence + messages.length - 1
    const writer = new ByteWriter()
    for (const [index, message] of messages.entries())
      writeMessage(writer, message, {
        sequence: sequence + index,
        flags: sequence + index === last ? NLM_F_ACK : 0,
      })
    const errors: NetlinkError[] = []
    await this.#line.talk({
      bytes: writer.take(),
      sequence,
      count: messages.length,
      subject: `${messages.length} messages, the first being ${nameOf(messages[0])}`,
      hear: reply => {
        if (reply.type !== NLMSG_ERROR) return false
        const index = reply.sequence - sequence
        const fault = faultOf(reply, nameOf(messages[index]), offset + index)
        if (fault) errors.push(fault)
        return reply.sequence === last
      },
    })
    return errors
  }
}

/** Replies on their way from the socket to whoever loops over them. */
class Inbox {
  #replies: Reply[] = []
  #isClosed = false
  #wake: () => void = () => {}

  put(reply: Reply): void {
    this.#replies.push(reply)
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /** What has come since the last call, at least one; undefined at the end. */
  async next(): Promise<readonly Reply[] | undefined> {
    if (this.#replies.length === 0 && !this.#isClosed)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    const replies = this.#replies
    this.#replies = []
    return replies.length > 0 ? replies : undefined
  }
}

const nameOf = (message: Message | undefined): string =>
  message?.name ?? `message type ${message?.type}`

/** Whether a reply ends a request or a dump well; throws what it says when it does not. */
const isEnd = (reply: Reply, message: Message): boolean => {
  if (reply.type !== NLMSG_DONE && reply.type !== NLMSG_ERROR) return false
  const fault = faultOf(reply, nameOf(message))
  if (fault) throw fault
  return true
}

/** Index behind the last message that fits into one send together with `from`; at least one does. */
const endOfRun = (messages: readonly Message[], from: number, limit: number): number => {
  let size = 0
  let until = from
  for (; until < messages.length; until++) {
    const message = messages[until]
    size += message ? messageSize(message) : 0
    if (size > limit && until > from) break
  }
  return until
}
