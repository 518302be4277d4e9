/**
 * Hears when somebody else changes our tables: the kernel tells every change of every table, with the port of the
 * socket that made it. Our own writes are passed over by that port alone, before anything is decoded.
 */
import { NETLINK_NETFILTER } from '../../src/netlink/message.ts'
import { NFNLGRP_NFTABLES } from '../../src/netlink/nf-tables/constants.ts'
import { type NftEvent, readEvent } from '../../src/netlink/nf-tables/events.ts'
import type { TableRef } from '../../src/netlink/nf-tables/objects.ts'
import { openNetlink } from '../../src/netlink/socket.ts'

export interface Watch {
  /** The netlink port that our own changes come from. */
  readonly ownPort: number
  readonly isOurs: (table: TableRef) => boolean
  /** Called once for each transaction that touched our tables, or when notifications were lost. */
  readonly onDrift: (what: string) => void
}

/** A burst of somebody else's changes should fit, so that what they are about is known. */
const RECEIVE_BUFFER = 4 << 20

/** Listens until disposed of. Throws what openNetlink throws. */
export const watchTables = ({ ownPort, isOurs, onDrift }: Watch): AsyncDisposable => {
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
