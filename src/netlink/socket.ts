/**
 * The ways to use a netlink socket: a request, a dump, many requests in one send, a transaction of nf_tables, and
 * hearing a multicast group.
 * In: messages. Out: replies; NetlinkError or BatchError.
 */
import { batchSequences, encodeBatch } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { BatchError, faultOf, NetlinkError } from './errors.ts'
import { Exchange, type Question } from './exchange.ts'
import { type Listener, Listening } from './listening.ts'
import {
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Reply,
  writeMessage,
} from './message.ts'
import { type NetlinkOptions, openRawSocket, type RawSocket } from './raw-socket.ts'

/** Opens a socket of one netlink protocol (NETLINK_*); throws what `openRawSocket` throws. */
export const openNetlink = (protocol: number, options: NetlinkOptions = {}): NetlinkSocket =>
  new NetlinkSocket(() => openRawSocket(protocol, options))

/** Owns a socket; close it with `await using`. Requests made at the same time wait for one another. */
export class NetlinkSocket implements AsyncDisposable {
  readonly #open: () => RawSocket
  readonly #exchange: Exchange
  readonly #listening: Listening[] = []
  #turn: Promise<void> = Promise.resolve()

  constructor(open: () => RawSocket) {
    this.#open = open
    this.#exchange = new Exchange(open())
  }

  /** Bytes that one send may have. */
  get sendLimit(): number {
    return this.#exchange.sendLimit
  }

  /** Sends one message and waits for its acknowledgement. Gives the replies that came before it. */
  request(message: Message): Promise<readonly Reply[]> {
    return this.#inTurn(() => {
      const first = this.#exchange.reserve(1)
      const bytes = encodeMessage(message, { sequence: first, flags: NLM_F_ACK })
      const replies: Reply[] = []
      const question = { bytes, first, count: 1, subject: nameOf(message) }
      const lost = this.#exchange.ask(question, reply => {
        if (isEnd(reply, message)) return true
        replies.push(reply)
        return false
      })
      if (lost) throw lost
      return replies
    })
  }

  /**
   * Asks for a dump. When the table changed while it was read, everything is given and then NetlinkError EINTR thrown:
   * the caller decides whether to ask again. Leaving the loop early reads the rest and throws it away.
   */
  async *dump(message: Message): AsyncGenerator<Reply, void, void> {
    const turn = await this.#takeTurn()
    try {
      const first = this.#exchange.reserve(1)
      const bytes = encodeMessage(message, { sequence: first, flags: NLM_F_DUMP })
      yield* this.#readDump(message, { bytes, first, count: 1, subject: nameOf(message) })
    } finally {
      turn.resolve()
    }
  }

  /**
   * Sends messages that do not depend on one another, in as few sends as fit. A failing one does not stop the rest.
   * Gives the errors, each with the index of its message; none means that all took effect. Rejects with NetlinkError
   * UNKNOWN when answers were lost.
   */
  sendEach(messages: readonly Message[]): Promise<readonly NetlinkError[]> {
    return this.#inTurn(() => {
      const errors: NetlinkError[] = []
      for (let from = 0; from < messages.length; ) {
        const until = this.#exchange.endOfRun(messages, from)
        errors.push(...this.#sendRun(messages.slice(from, until), from))
        from = until
      }
      return errors
    })
  }

  /**
   * Sends one transaction of nf_tables and waits for its receipt. Rejects with BatchError, which holds every error with
   * the index of its message; its `outcome` is `unknown` when answers were lost. EMSGSIZE: larger than `sendLimit`.
   * `dry`: nothing is committed; what would be refused at the commit itself is not found.
   */
  sendBatch(
    messages: readonly Message[],
    options: { readonly genid?: number; readonly dry?: boolean } = {},
  ): Promise<void> {
    return this.#inTurn(() => {
      const count = batchSequences(messages.length)
      const first = this.#exchange.reserve(count)
      const { bytes } = encodeBatch(messages, { sequence: first, ...options })
      const subject = `a batch of ${messages.length} messages`
      const errors = this.#askBatch({ bytes, first, count, subject }, messages)
      if (errors.length > 0) throw new BatchError(errors)
    })
  }

  /**
   * Hears a multicast group until this socket is closed, through a socket of its own that is looked at ten times a
   * second.
   */
  listen(group: number, listener: Listener): void {
    this.#listening.push(new Listening(this.#open(), group, listener))
  }

  /** Waits for what is under way, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    for (const listening of this.#listening) listening.close()
    this.#exchange.close()
  }

  async #takeTurn(): Promise<PromiseWithResolvers<void>> {
    const before = this.#turn
    const mine = Promise.withResolvers<void>()
    this.#turn = mine.promise
    await before
    return mine
  }

  async #inTurn<T>(work: () => T): Promise<T> {
    const turn = await this.#takeTurn()
    try {
      return work()
    } finally {
      turn.resolve()
    }
  }

  async *#readDump(message: Message, question: Question): AsyncGenerator<Reply, void, void> {
    let isOver = false
    let isInterrupted = false
    const next = (): readonly Reply[] => {
      const replies = this.#exchange.receiveDump(question)
      isInterrupted ||= replies.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0)
      const end = replies.findIndex(reply => isEnd(reply, message))
      isOver = end >= 0
      return isOver ? replies.slice(0, end) : replies
    }
    this.#exchange.send(question)
    try {
      while (!isOver) {
        yield* next()
        await new Promise(resolve => setImmediate(resolve))
      }
    } catch (error) {
      isOver = true
      throw error
    } finally {
      while (!isOver) next()
    }
    if (isInterrupted) throw interrupted(question)
  }

  #sendRun(messages: readonly Message[], offset: number): readonly NetlinkError[] {
    const first = this.#exchange.reserve(messages.length)
    const last = first + messages.length - 1
    const writer = new ByteWriter()
    for (const [index, message] of messages.entries())
      writeMessage(writer, message, {
        sequence: first + index,
        flags: first + index === last ? NLM_F_ACK : 0,
      })
    const subject = `${messages.length} messages from ${nameOf(messages[0])} on`
    const question = { bytes: writer.take(), first, count: messages.length, subject }
    const errors: NetlinkError[] = []
    const lost = this.#exchange.ask(question, reply => {
      if (reply.type !== NLMSG_ERROR) return false
      const index = reply.sequence - first
      const fault = faultOf(reply, nameOf(messages[index]), offset + index)
      if (fault) errors.push(fault)
      return reply.sequence === last
    })
    if (lost) throw lost
    return errors
  }

  #askBatch(question: Question, messages: readonly Message[]): readonly NetlinkError[] {
    const errors: NetlinkError[] = []
    try {
      const lost = this.#exchange.ask(question, reply => {
        if (reply.type !== NLMSG_ERROR) return false
        const index = reply.sequence - question.first - 1
        const message = messages[index]
        const subject = message ? nameOf(message) : question.subject
        const fault = faultOf(reply, subject, message && index)
        if (fault) errors.push(fault)
        // Behind a refusal at the commit the kernel still acknowledges the last message.
        return errors.length === 0 && index === messages.length - 1
      })
      // A refused batch has no receipt; that it is missing says nothing then.
      if (lost && (errors.length === 0 || lost.cause !== undefined)) errors.push(lost)
    } catch (error) {
      errors.push(error as NetlinkError)
    }
    return errors
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

const interrupted = ({ subject, first }: Question): NetlinkError =>
  new NetlinkError({
    code: 'EINTR',
    subject,
    sequence: first,
    fact: 'the table changed while it was read',
  })
