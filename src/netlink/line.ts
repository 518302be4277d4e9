/**
 * One line to the kernel: what is sent goes out in turn, what comes back is given to the conversation it belongs to.
 * Here silence becomes UNKNOWN: a full receive buffer, a reply cut short, no answer in time.
 * In: bytes to send and who hears the replies. Out: the end of the conversation.
 */
import { errnoName, NetlinkError, readVerdict } from './errors.ts'
import { decodeMessages, NLMSG_ERROR, type Reply } from './message.ts'

export type SocketError = Error & { readonly code?: string }

/** What is needed of a netlink socket. `receive` is called for each datagram, `fail` for each failed receive. */
export interface RawSocket {
  open(handlers: RawHandlers): void
  send(bytes: Uint8Array, done: (error?: SocketError) => void): void
  join(group: number): void
  close(): void
  /** SO_SNDBUF as it really is, bytes. */
  readonly sendBuffer: number
}

export interface RawHandlers {
  /** `multicast`: a notification. `truncated`: the buffer was smaller than the datagram. */
  receive(
    bytes: Uint8Array,
    info: { readonly multicast: boolean; readonly truncated: boolean },
  ): void
  fail(error: SocketError): void
}

/** What hears a multicast group. `overrun`: the buffer was full, and notifications are missing from here on. */
export interface Listener {
  notify(reply: Reply): void
  overrun(): void
}

/** A request and its answers: sequence numbers `sequence` … `sequence + count - 1`. */
export interface Talk {
  readonly bytes: Uint8Array
  readonly sequence: number
  readonly count: number
  /** What errors call it. */
  readonly subject: string
  /** True: this was the last answer. Throwing ends the conversation too. */
  hear(reply: Reply): boolean
  /** Answers may be missing. Without it the conversation ends as UNKNOWN. */
  lost?(error: NetlinkError): void
}

interface Conversation {
  readonly talk: Talk
  readonly end: (error?: unknown) => void
  readonly timer: NodeJS.Timeout
}

/** Sequence numbers start again before they would overflow 32 bits. */
const LAST_SEQUENCE = 0xf0000000

/** Owns a raw socket. One conversation at a time; the others wait. */
export class Line {
  readonly #raw: RawSocket
  readonly #timeoutMs: number
  readonly #listeners: Listener[] = []
  #nextSequence = 1
  #current: Conversation | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(raw: RawSocket, timeoutMs: number) {
    this.#raw = raw
    this.#timeoutMs = timeoutMs
    raw.open({
      receive: (bytes, info) => this.#receive(bytes, info),
      fail: error => this.#lose(error),
    })
  }

  get sendBuffer(): number {
    return this.#raw.sendBuffer
  }

  /** The first of `count` sequence numbers that nobody else has. */
  reserve(count: number): number {
    if (this.#nextSequence > LAST_SEQUENCE) this.#nextSequence = 1
    const first = this.#nextSequence
    this.#nextSequence += count
    return first
  }

  /** Sends, and resolves when `hear` says so. Rejects with NetlinkError, or with what `hear` threw. */
  talk(talk: Talk): Promise<void> {
    const result = this.#turn.then(() => this.#converse(talk))
    this.#turn = result.catch(() => {})
    return result
  }

  /** Sends one more message of the conversation under way. */
  post(bytes: Uint8Array): void {
    const conversation = this.#current
    this.#raw.send(bytes, error => {
      if (error && conversation === this.#current) conversation?.end(sendFault(conversation, error))
    })
  }

  listen(group: number, listener: Listener): void {
    this.#raw.join(group)
    this.#listeners.push(listener)
  }

  /** Waits for what is under way, then closes the socket. */
  async close(): Promise<void> {
    await this.#turn
    if (this.#closed) return
    this.#closed = true
    // The addon may be in the middle of handing over what it received, and must not be closed from there.
    await new Promise(resolve => setImmediate(resolve))
    this.#raw.close()
  }

  #converse(talk: Talk): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: unknown): void => {
        if (this.#current !== conversation) return
        clearTimeout(conversation.timer)
        this.#current = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
      const giveUp = (): void => end(unknownFate(talk, `waited ${this.#timeoutMs} ms`))
      const timer = setTimeout(giveUp, this.#timeoutMs)
      const conversation: Conversation = { talk, end, timer }
      this.#current = conversation
      try {
        this.post(talk.bytes)
      } catch (error) {
        end(error)
      }
    })
  }

  #receive(bytes: Uint8Array, info: { multicast: boolean; truncated: boolean }): void {
    try {
      for (const reply of decodeMessages(bytes)) {
        if (info.multicast) for (const listener of this.#listeners) listener.notify(reply)
        else this.#hear(reply)
      }
    } catch (error) {
      this.#current?.end(error)
    }
    // Of a refusal the first bytes are enough: what follows is our own message sent back.
    const whole = !info.truncated || decodeMessages(bytes)[0]?.type === NLMSG_ERROR
    if (!whole) this.#lose(new Error('a reply was longer than the buffer'))
  }

  #hear(reply: Reply): void {
    const conversation = this.#current
    if (conversation === undefined) return
    const { talk, end, timer } = conversation
    const place = reply.sequence - talk.sequence
    if (place < 0 || place >= talk.count) return
    timer.refresh()
    try {
      if (talk.hear(reply)) end()
    } catch (error) {
      end(error)
    }
  }

  #lose(error: SocketError): void {
    for (const listener of this.#listeners) listener.overrun()
    const conversation = this.#current
    if (conversation === undefined) return
    const { talk, end } = conversation
    const fault = unknownFate(talk, error.code ?? error.message, error)
    if (talk.lost === undefined) end(fault)
    else talk.lost(fault)
  }
}

const unknownFate = ({ subject, sequence }: Talk, text: string, cause?: unknown): NetlinkError =>
  new NetlinkError({ code: 'UNKNOWN', subject, sequence, text, cause })

const sendFault = ({ talk }: Conversation, cause: SocketError): NetlinkError =>
  new NetlinkError({
    code: cause.code ?? 'UNKNOWN',
    subject: talk.subject,
    sequence: talk.sequence,
    text: `sending ${talk.bytes.length} bytes failed`,
    cause,
  })

/** The error in an answer, or undefined for an acknowledgement. */
export const faultOf = (
  reply: Reply,
  subject: string,
  index?: number,
): NetlinkError | undefined => {
  const { errno, text, offset } = readVerdict(reply)
  if (errno === 0) return undefined
  const code = errnoName(errno)
  return new NetlinkError({ code, subject, sequence: reply.sequence, index, text, offset })
}
