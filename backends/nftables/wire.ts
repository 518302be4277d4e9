/** What of a netlink socket this backend uses: tests put a socket that fails in its place. */
import type { NetlinkSocket } from '../../src/netlink/socket.ts'

export type Wire = Pick<NetlinkSocket, 'sendBatch' | 'dump' | 'request' | 'sendLimit'> &
  AsyncDisposable

/** A wire that counts the transactions that went in. */
export interface CountedWire extends Wire {
  readonly commits: () => number
}

export const counted = (wire: Wire): CountedWire => {
  let commits = 0
  return {
    sendLimit: wire.sendLimit,
    commits: () => commits,
    dump: message => wire.dump(message),
    request: message => wire.request(message),
    sendBatch: async (messages, options) => {
      await wire.sendBatch(messages, options)
      if (options?.dry !== true) commits++
    },
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  }
}
