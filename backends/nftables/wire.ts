/** What of a netlink socket this backend uses: tests put a socket that fails in its place. */
import type { NetlinkSocket } from '../../src/netlink/socket.ts'

export type Wire = Pick<NetlinkSocket, 'sendBatch' | 'dump' | 'request' | 'sendLimit'> &
  AsyncDisposable
