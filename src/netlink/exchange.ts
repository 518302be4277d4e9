/**
 * One question and its answers over a raw socket. The kernel answers while it is asked, so what is not there afterwards
 * was lost: that ends as UNKNOWN, never as success.
 * In: bytes and their sequence numbers. Out: replies; NetlinkError.
 */
import { NetlinkError } from './errors.ts'
import { decodeMessages, type Message, messageSize, NLMSG_ERROR, type Reply } from './message.ts'
import type { RawSocket, SocketError } from './raw-socket.ts'

/** What was sent: sequence numbers `first` … `first + count - 1`, and what errors call it. */
export interface Question {
  readonly bytes: Uint8Array
  readonly first: number
  readonly count: number
  readonly subject: string
}

/** What the kernel keeps of the send buffer for itself (af_netlink.c). */
const SEND_BUFFER_OVERHEAD = 32
/** What an answer takes of the receive buffer beside its bytes; these are rounded up to a power of two. */
const ANSWER_OVERHEAD = 1024
/** Sequence numbers start again before they would overflow 32 bits. */
const LAST_SEQUENCE = 0xf0000000

/** Owns a raw socket. */
export class Exchange {
  readonly #raw: RawSocket
  #nextSequence = 1
  #isClosed = false

  constructor(raw: RawSocket) {
    this.#raw = raw
  }

  /** Bytes that one send may have. */
  get sendLimit(): number {
    return this.#raw.sendBuffer - SEND_BUFFER_OVERHEAD
  }

  /** The first of `count` sequence numbers that nobody else has. */
  reserve(count: number): number {
    if (this.#nextSequence > LAST_SEQUENCE) this.#nextSequence = 1
    const first = this.#nextSequence
    this.#nextSequence += count
    return first
  }

  /** Throws NetlinkError with the code of sendmsg, or EBADF when the socket is closed. */
  send(question: Question): void {
    if (this.#isClosed) throw notSent(question, 'EBADF', 'the socket is closed')
    try {
      this.#raw.send(question.bytes)
    } catch (error) {
      const fact = `sending ${question.bytes.length} bytes failed`
      throw notSent(question, (error as SocketError).code ?? 'UNKNOWN', fact, error)
    }
  }

  /**
   * Sends, and gives the answers to `hear` until it says that this was the last. Otherwise gives what was lost: with a
   * `cause` when the kernel said so, without when there was no last answer. Throws what `send` and `hear` throw.
   */
  ask(question: Question, hear: (reply: Reply) => boolean): NetlinkError | undefined {
    this.send(question)
    let lost: NetlinkError | undefined
    for (;;)
      try {
        const replies = this.#receive(question)
        if (replies === undefined) return lost ?? unknownFate(question, 'there was none')
        if (replies.some(hear)) return lost
      } catch (error) {
        if (error instanceof NetlinkError) throw error
        lost ??= unknownFate(question, (error as SocketError).code ?? String(error), error)
      }
  }

  /** The next part of a dump that was asked for with `send`. The kernel makes each part as the one before is read. */
  receiveDump(question: Question): readonly Reply[] {
    try {
      const replies = this.#receive(question)
      if (replies) return replies
    } catch (error) {
      throw unknownFate(question, (error as SocketError).code ?? String(error), error)
    }
    throw unknownFate(question, 'it ended without its end')
  }

  /** Index behind the last message of a send that begins at `from`: it fits, and so would a refusal of each of them. */
  endOfRun(messages: readonly Message[], from: number): number {
    let size = 0
    let answers = 0
    for (let until = from; until < messages.length; until++) {
      const message = messages[until]
      if (message === undefined) break
      size += messageSize(message)
      answers += 2 * messageSize(message) + ANSWER_OVERHEAD
      const isTooMuch = size > this.sendLimit || answers > this.#raw.receiveBuffer
      if (isTooMuch && until > from) return until
    }
    return messages.length
  }

  close(): void {
    if (!this.#isClosed) this.#raw.close()
    this.#isClosed = true
  }

  /** The answers in the next datagram; undefined: there is none. Throws what shows that some are missing. */
  #receive({ first, count }: Question): readonly Reply[] | undefined {
    const datagram = this.#raw.receive()
    if (datagram === undefined) return undefined
    const replies = decodeMessages(datagram.bytes)
    // Of a refusal the first bytes are enough: what follows is our own message sent back.
    if (datagram.isCut && replies[0]?.type !== NLMSG_ERROR)
      throw new RangeError('an answer was longer than the buffer')
    return replies.filter(({ sequence }) => sequence >= first && sequence < first + count)
  }
}

const notSent = (
  { subject, first }: Question,
  code: string,
  fact: string,
  cause?: unknown,
): NetlinkError => new NetlinkError({ code, subject, sequence: first, fact, cause })

const unknownFate = ({ subject, first }: Question, text: string, cause?: unknown): NetlinkError =>
  new NetlinkError({ code: 'UNKNOWN', subject, sequence: first, text, cause })
