/**
 * Hearing a multicast group. The socket is read by the clock, for the reason given in raw-socket.ts.
 * In: a raw socket and a group. Out: notifications, one by one, and word of those that were lost.
 */
import { decodeMessages, type Reply } from './message.ts'
import type { RawSocket } from './raw-socket.ts'

/** What hears a multicast group. `overrun`: the buffer was full, and notifications are missing from here on. */
export interface Listener {
  notify(reply: Reply): void
  overrun(): void
}

const INTERVAL_MS = 100
/** Datagrams read before the event loop gets its turn again. */
const AT_ONCE = 256

/** Owns its socket and the timer that reads it. */
export class Listening {
  readonly #raw: RawSocket
  readonly #listener: Listener
  #timer: NodeJS.Timeout
  #isClosed = false

  /** Closes the socket and throws when it cannot join. */
  constructor(raw: RawSocket, group: number, listener: Listener) {
    this.#raw = raw
    this.#listener = listener
    try {
      raw.join(group)
    } catch (error) {
      raw.close()
      throw error
    }
    this.#timer = setTimeout(() => this.#look(), INTERVAL_MS)
  }

  close(): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#raw.close()
    this.#isClosed = true
  }

  #look(): void {
    let isEmpty = false
    for (let i = 0; i < AT_ONCE && !isEmpty && !this.#isClosed; i++) isEmpty = !this.#hearOne()
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), isEmpty ? INTERVAL_MS : 0)
  }

  /** False: there was nothing to hear. */
  #hearOne(): boolean {
    try {
      const datagram = this.#raw.receive()
      if (datagram === undefined) return false
      for (const reply of decodeMessages(datagram.bytes)) this.#listener.notify(reply)
      if (datagram.isCut) this.#listener.overrun()
    } catch {
      this.#listener.overrun()
    }
    return true
  }
}
