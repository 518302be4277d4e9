/**
 * Hears other people's changes of the rules that iptables-nft keeps: the kernel tells every commit and what it
 * touched. Our own commits are known by their generations. A notification that was lost shows there too.
 */
import type { Message, Reply } from '../../src/netlink/message.ts'
import { NFNLGRP_NFTABLES } from '../../src/netlink/nf-tables/constants.ts'
import { getGeneration } from '../../src/netlink/nf-tables/encode.ts'
import { readEvent } from '../../src/netlink/nf-tables/events.ts'
import { readGeneration } from '../../src/netlink/nf-tables/read.ts'
import type { NetlinkSocket } from '../../src/netlink/socket.ts'
import type { Family } from '../../src/objects/types.ts'
import { type Lookout, type LookoutOptions, REST } from './lookout.ts'
import { OwnSpans } from './own-spans.ts'
import { touchesOurs } from './touches.ts'

/** What of a netlink socket is used here. */
export type Wire = Pick<NetlinkSocket, 'listen'> &
  AsyncDisposable & { readonly request: (message: Message) => Promise<readonly Reply[]> }

export interface NotifiedOptions extends LookoutOptions {
  readonly families: readonly Family[]
  readonly wire: Wire
}

interface Commit {
  readonly generation: number
  readonly touched: boolean
  readonly what: string
}

/** Longer than notifications lie unread. */
const SETTLED_MS = 300

const LOST = 'so many changes were made that the kernel could not tell them all'

/** Owns its socket; what it keeps is which commits were heard and which are ours. */
export class NotifiedLookout implements Lookout {
  readonly #options: NotifiedOptions
  readonly #own = new OwnSpans()
  readonly #ended = new AbortController()
  /** The generation of the last commit that was heard or accounted for. */
  #heard = 0
  /** The commit being told has touched what is ours. */
  #touched = false
  /** What was lost and not accounted for yet; meanwhile all commits of others count as having touched ours. */
  #overruns = 0
  /** Heard during a write of ours, when nobody knows yet whose they are. */
  #held: Commit[] | undefined
  /** The last alarm led to a read; whether that led to a write. */
  #alarm: 'none' | 'raised' | 'read' = 'none'
  #isWaiting = false

  constructor(options: NotifiedOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#options.wire.listen(NFNLGRP_NFTABLES, {
      notify: reply => this.#notify(reply),
      overrun: () => {
        this.#overruns++
        if (this.#overruns === 1) void this.#account()
      },
    })
    this.#heard = await this.#generation()
    void this.#accountNowAndThen()
  }

  async reading<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.#generation()
    const result = await work()
    this.#own.add(-1, before)
    this.#alarm = this.#alarm === 'raised' ? 'read' : 'none'
    return result
  }

  async writing(work: () => Promise<number>): Promise<void> {
    this.#alarm = 'none'
    const before = await this.#generation()
    this.#held ??= []
    let commits = Number.POSITIVE_INFINITY
    try {
      commits = await work()
    } finally {
      // After a failure everything is read again, so nothing in this span is news.
      const after = await this.#generation()
      if (after - before <= commits) this.#own.add(before, after)
      const held = this.#held
      this.#held = undefined
      for (const commit of held) this.#judge(commit)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#options.wire[Symbol.asyncDispose]()
  }

  #notify(reply: Reply): void {
    const event = readEvent(reply)
    if (event.kind !== 'generation') {
      this.#touched ||= touchesOurs(event, this.#options.families)
      return
    }
    const { id, command, pid } = event.generation
    const commit = {
      generation: id,
      touched: this.#touched || this.#overruns > 0,
      what: `${command} (pid ${pid}) changed it`,
    }
    this.#touched = false
    if (this.#held) this.#held.push(commit)
    else this.#judge(commit)
  }

  #judge({ generation, touched, what }: Commit): void {
    if (!this.#accountsFor(generation - 1)) this.#raise(LOST)
    else if (touched && !this.#own.has(generation)) this.#raise(what)
    this.#heard = Math.max(this.#heard, generation)
    this.#own.forget(this.#heard)
  }

  /** At once, but for one who makes us read in vain again and again: then reading keeps to its share of the time. */
  #raise(what: string): void {
    const { clock, lastRead, onDrift } = this.#options
    const { at, took } = lastRead()
    const restMs = this.#alarm === 'read' ? at + REST * took - clock.now() : 0
    if (restMs <= 0) {
      this.#alarm = 'raised'
      onDrift(what)
      return
    }
    if (this.#isWaiting) return
    this.#isWaiting = true
    void clock.sleep(restMs, this.#ended.signal).then(() => {
      this.#isWaiting = false
      if (this.#ended.signal.aborted) return
      this.#alarm = 'raised'
      onDrift(what)
    })
  }

  async #accountNowAndThen(): Promise<void> {
    const { clock, syncPeriodMs } = this.#options
    const { signal } = this.#ended
    while (!signal.aborted) {
      await clock.sleep(syncPeriodMs, signal)
      await this.#account()
    }
  }

  /** Every commit until now is ours or will have been heard in a moment. */
  async #account(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#ended
    for (let done = false; !done && !signal.aborted; ) {
      const overruns = this.#overruns
      const now = await this.#generation()
      await clock.sleep(SETTLED_MS, signal)
      // Which commits of a write that is under way are ours is known at its end.
      done = overruns === this.#overruns && !this.#held
      if (!done || signal.aborted) continue
      this.#overruns = 0
      if (this.#accountsFor(now)) return
      this.#heard = now
      this.#raise(LOST)
    }
  }

  #accountsFor(generation: number): boolean {
    return this.#heard >= generation || this.#own.cover(this.#heard, generation)
  }

  /** A kernel that does not answer has no commits of ours; reading will say what is wrong. */
  async #generation(): Promise<number> {
    if (this.#ended.signal.aborted) return this.#heard
    try {
      const [reply] = await this.#options.wire.request(getGeneration)
      return reply ? readGeneration(reply).id : this.#heard
    } catch {
      return this.#heard
    }
  }
}
