/**
 * Hears when somebody else changes our tables: the kernel tells every change of every table, with the port of the
 * socket that made it. Our own writes are passed over by that port alone, before anything is decoded.
 */
import { NETLINK_NETFILTER } from '../../src/netlink/message.ts'
import { NFNLGRP_NFTABLES } from '../../src/netlink/nf-tables/constants.ts'
import { getGeneration } from '../../src/netlink/nf-tables/encode.ts'
import { type NftEvent, readEvent } from '../../src/netlink/nf-tables/events.ts'
import type { TableRef } from '../../src/netlink/nf-tables/objects.ts'
import { readGeneration } from '../../src/netlink/nf-tables/read.ts'
import { openNetlink } from '../../src/netlink/socket.ts'
import type { CountedWire, Wire } from './wire.ts'

interface Watch {
  /** The netlink port that our own changes come from. */
  readonly ownPort: number
  readonly isOurs: (table: TableRef) => boolean
  /** Called once for each transaction that touched our tables, or when notifications were lost. */
  readonly onDrift: (what: string) => void
}

/** A burst of somebody else's changes should fit, so that what they are about is known. */
const RECEIVE_BUFFER = 4 << 20

/** Listens until disposed of. Throws what openNetlink throws. */
const watchTables = ({ ownPort, isOurs, onDrift }: Watch): AsyncDisposable => {
  const socket = openNetlink(NETLINK_NETFILTER, { receiveBuffer: RECEIVE_BUFFER })
  let touched = false
  socket.listen(NFNLGRP_NFTABLES, {
    notify: reply => {
      if (reply.port === ownPort) return
      const event = readEvent(reply)
      if (event.kind !== 'generation') {
        const table = tableOf(event)
        touched ||= table !== undefined && isOurs(table)
        return
      }
      if (touched) onDrift(`${event.generation.command} (pid ${event.generation.pid}) changed it`)
      touched = false
    },
    overrun: () => onDrift('so many changes were made that the kernel could not tell them all'),
  })
  return socket
}

const tableOf = (event: NftEvent): TableRef | undefined => {
  switch (event.kind) {
    case 'table':
      return event.table
    case 'chain':
      return event.chain
    case 'rule':
      return event.rule
    case 'set':
      return event.set
    case 'elements':
      return event.elements
    case 'generation':
    case 'opaque':
      return undefined
  }
}

/** What the kernel's owner knows of its tables. */
export interface Ours {
  readonly isOurs: Watch['isOurs']
  /** All tables in use are there, with their hooks. */
  readonly areThere: () => Promise<boolean>
}

interface Generation {
  /** Grows by one with each commit of anybody. */
  readonly id: number
  /** The port of the socket that asked. */
  readonly port: number
}

const generationOf = async (wire: Wire): Promise<Generation> => {
  const [reply] = await wire.request(getGeneration)
  return { id: reply ? readGeneration(reply).id : 0, port: reply?.port ?? 0 }
}

/**
 * Listens, once it is started, and looks away while a great deal is written: each element is told to every listener,
 * which would slow the writing down and overrun the listening. That somebody else wrote meanwhile shows in the ruleset's
 * generation, which has to have grown by our own commits and no more; then the tables are looked after.
 */
export class Lookout implements AsyncDisposable {
  readonly #wire: CountedWire
  readonly #ours: Ours
  #onDrift: Watch['onDrift'] | undefined
  #listening: AsyncDisposable | undefined

  constructor(wire: CountedWire, ours: Ours) {
    this.#wire = wire
    this.#ours = ours
  }

  async start(onDrift: Watch['onDrift']): Promise<void> {
    await this[Symbol.asyncDispose]()
    this.#onDrift = onDrift
    await this.#listen(onDrift)
  }

  /** Does work without listening to it. `anew`: it makes tables that nobody else knew, so that they need only be there. */
  async lookAway(work: () => Promise<void>, { anew }: { readonly anew: boolean }): Promise<void> {
    const onDrift = this.#onDrift
    if (!onDrift) return work()
    const before = (await generationOf(this.#wire)).id - this.#wire.commits()
    await this[Symbol.asyncDispose]()
    try {
      await work()
    } finally {
      const after = (await this.#listen(onDrift)).id - this.#wire.commits()
      if (after !== before && !(anew && (await this.#ours.areThere())))
        onDrift('somebody changed the ruleset while much was written')
    }
  }

  async #listen(onDrift: Watch['onDrift']): Promise<Generation> {
    const { port } = await generationOf(this.#wire)
    this.#listening = watchTables({ ownPort: port, isOurs: this.#ours.isOurs, onDrift })
    return generationOf(this.#wire)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const listening = this.#listening
    this.#listening = undefined
    await listening?.[Symbol.asyncDispose]()
  }
}
