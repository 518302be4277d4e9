/**
 * Notices what others do to our rules: by notifications where the tools write to nf_tables, by looking now and then
 * where they do not. In: our own readings and writings, so that they are told from others'. Out: word of drift.
 */
import type { BackendIo } from '../../src/backend.ts'
import { NETLINK_NETFILTER } from '../../src/netlink/message.ts'
import { openNetlink } from '../../src/netlink/socket.ts'
import type { Family } from '../../src/objects/types.ts'
import { type Clock, realClock } from '../../src/ports/clock.ts'
import type { LastRead, Lookout, LookoutOptions } from './lookout.ts'
import { NotifiedLookout, type Wire } from './notified.ts'
import { polledLookout } from './polled.ts'
import { flavourOf } from './tools.ts'

export interface WatchPorts {
  readonly clock: Clock
  /** Opens a socket of nf_tables; throws where there is none. */
  readonly openWire: () => Wire
}

/** A burst of somebody else's changes should fit, so that what they are about is known. */
const RECEIVE_BUFFER = 4 << 20

const REAL: WatchPorts = {
  clock: realClock,
  openWire: () => openNetlink(NETLINK_NETFILTER, { receiveBuffer: RECEIVE_BUFFER }),
}

/** kube-proxy's default. */
const SYNC_PERIOD_MS = 30_000

/** Owns what looks out, once it is started. */
export class Watch implements AsyncDisposable {
  readonly #io: BackendIo
  readonly #ports: WatchPorts
  #lookouts: readonly Lookout[] = []
  #lastRead: LastRead = { at: Number.NEGATIVE_INFINITY, took: 0 }

  constructor(io: BackendIo, ports: WatchPorts = REAL) {
    this.#io = io
    this.#ports = ports
  }

  async start(onDrift: (what: string) => void): Promise<void> {
    await this[Symbol.asyncDispose]()
    const options: LookoutOptions = {
      onDrift,
      clock: this.#ports.clock,
      syncPeriodMs: this.#io.syncPeriodMs ?? SYNC_PERIOD_MS,
      lastRead: () => this.#lastRead,
    }
    const nft: Family[] = []
    for (const family of this.#io.families)
      if ((await flavourOf(this.#io, family)) === 'nft') nft.push(family)
    const notified = await this.#notified(nft, options)
    const others = this.#io.families.filter(family => !notified || !nft.includes(family))
    const io = { ...this.#io, families: others }
    this.#lookouts = [
      ...(notified ? [notified] : []),
      ...(others.length > 0 ? [polledLookout({ ...options, io })] : []),
    ]
  }

  /** Does what reads everything. */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.#ports
    const started = clock.now()
    const timed = async (): Promise<T> => {
      const result = await work()
      const at = clock.now()
      this.#lastRead = { at, took: at - started }
      return result
    }
    return this.#lookouts.reduce((inner, lookout) => () => lookout.reading(inner), timed)()
  }

  /** Does what writes, and gives the number of commits that it made. */
  async writing(work: () => Promise<number>): Promise<void> {
    let commits = 0
    const counting = async (): Promise<number> => {
      commits = await work()
      return commits
    }
    await this.#lookouts.reduce(
      (inner, lookout) => async () => {
        await lookout.writing(inner)
        return commits
      },
      counting,
    )()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lookouts = this.#lookouts
    this.#lookouts = []
    for (const lookout of lookouts) await lookout[Symbol.asyncDispose]()
  }

  /** undefined: the kernel tells us nothing, so we have to look. */
  async #notified(
    families: readonly Family[],
    options: LookoutOptions,
  ): Promise<Lookout | undefined> {
    if (families.length === 0) return undefined
    let wire: Wire | undefined
    try {
      wire = this.#ports.openWire()
      const lookout = new NotifiedLookout({ ...options, families, wire })
      await lookout.start()
      return lookout
    } catch {
      await wire?.[Symbol.asyncDispose]()
      return undefined
    }
  }
}
