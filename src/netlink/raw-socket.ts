/**
 * The one effect of this room: a netlink socket, made by the `netlink` package, written to and read from at once.
 *
 * The package would have the event loop watch the socket and ends the process when the loop sees an error on it, which
 * is what the kernel leaves there when answers or notifications overflow the receive buffer (ENOBUFS). So the event
 * loop never gets to know of these sockets: they are read where the answers are, which the kernel has given by the time
 * a request is sent.
 */
import { readdirSync, readlinkSync, readSync, writeSync } from 'node:fs'
import { RawNetlinkSocket } from 'netlink'
import { encodeMessage, NLMSG_NOOP } from './message.ts'

/** An error of a system call. */
export type SocketError = Error & { readonly code?: string }

export interface RawSocket {
  /** Sends one datagram. Throws with the `code` of sendmsg. */
  send(bytes: Uint8Array): void
  /** The datagram that has waited longest; undefined: there is none. Throws with the `code` of recvmsg. */
  receive(): Datagram | undefined
  /** Joins a multicast group. */
  join(group: number): void
  close(): void
  /** SO_SNDBUF and SO_RCVBUF as they really are, bytes. */
  readonly sendBuffer: number
  readonly receiveBuffer: number
}

export interface Datagram {
  readonly bytes: Uint8Array
  /** It was longer than that. */
  readonly isCut: boolean
}

export interface NetlinkOptions {
  /** SO_SNDBUF in bytes; the kernel doubles it, and caps it at net.core.wmem_max. One send must fit. */
  readonly sendBuffer?: number
  /** SO_RCVBUF in bytes, likewise. Answers and notifications that find it full are lost. */
  readonly receiveBuffer?: number
}

/** What the package keeps behind RawNetlinkSocket. It watches the socket from `bind` and `send` on; we call neither. */
interface Native {
  addMembership(group: number): void
  close(): void
  getRecvBufferSize(): number
  getSendBufferSize(): number
  setRecvBufferSize(size: number): void
  setSendBufferSize(size: number): void
}
type NativeClass = new (
  protocol: number,
  readSize: number,
  onRead: () => void,
  onError: () => void,
) => Native

const BUFFER_SIZE = 1 << 20
/** A refusal carries the message it refuses, and one of elements has up to 64 KB. The kernel dumps 32 KB at a time. */
const READ_SIZE = 1 << 17
/** Sending gives a socket its port, without which it hears no group. This asks for nothing and is not answered. */
const NOTHING = encodeMessage(
  { type: NLMSG_NOOP, flags: 0, body: new Uint8Array(0) },
  { sequence: 0 },
)

/**
 * Opens a socket of one netlink protocol (NETLINK_*). It belongs to the network namespace of this process. Throws with
 * `code` EPROTONOSUPPORT when the kernel lacks the protocol.
 */
export const openRawSocket = (protocol: number, options: NetlinkOptions = {}): RawSocket => {
  const { native, descriptor } = openNative(protocol)
  try {
    native.setRecvBufferSize(options.receiveBuffer ?? BUFFER_SIZE)
    native.setSendBufferSize(options.sendBuffer ?? BUFFER_SIZE)
    writeSync(descriptor, NOTHING)
    return {
      send: bytes => void writeSync(descriptor, bytes),
      receive: () => receiveFrom(descriptor),
      join: group => native.addMembership(group),
      close: () => native.close(),
      sendBuffer: native.getSendBufferSize(),
      receiveBuffer: native.getRecvBufferSize(),
    }
  } catch (error) {
    native.close()
    throw error
  }
}

const READ_BUFFER = new Uint8Array(READ_SIZE)

const receiveFrom = (descriptor: number): Datagram | undefined => {
  try {
    const length = readSync(descriptor, READ_BUFFER)
    return { bytes: READ_BUFFER.slice(0, length), isCut: length === READ_SIZE }
  } catch (error) {
    if ((error as SocketError).code === 'EAGAIN') return undefined
    throw error
  }
}

/** Other threads of this process may open sockets at the same moment, but hardly each time. */
const ATTEMPTS = 10

/** The package does not tell the descriptor: it is the socket that was not there before. */
const openNative = (protocol: number): { native: Native; descriptor: number } => {
  const Native = nativeClass(protocol)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = openSockets()
    const native = new Native(protocol, READ_SIZE, ignore, ignore)
    const found = [...openSockets()].filter(([link]) => !before.has(link))
    const [only] = found
    if (only && found.length === 1) return { native, descriptor: only[1] }
    native.close()
  }
  throw new Error(
    'a netlink socket was opened, but /proc/self/fd does not show which descriptor it has',
  )
}

const ignore = (): void => {}

/** Sockets of this process: `socket:[inode]`, which no other socket has, and descriptor. */
const openSockets = (): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const name of readdirSync('/proc/self/fd')) {
    const link = linkOf(name)
    if (link.startsWith('socket:')) found.set(link, Number(name))
  }
  return found
}

/** Empty: it was closed meanwhile, as that of the listing itself is. */
const linkOf = (name: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${name}`)
  } catch {
    return ''
  }
}

let known: NativeClass | undefined

const nativeClass = (protocol: number): NativeClass => {
  if (known) return known
  const socket = new RawNetlinkSocket(protocol)
  const native: unknown = Reflect.get(socket, '__native')
  socket.close()
  if (!(native instanceof Object)) throw new Error('the netlink package has no native socket')
  known = native.constructor as NativeClass
  return known
}
