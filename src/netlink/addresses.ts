/**
 * rtnetlink: the addresses of this node's interfaces (linux/rtnetlink.h, linux/if_addr.h, linux/if_link.h).
 * In: nothing. Out: every address of every interface, whatever its state, as `ip address` would list them.
 */
import type { Family } from '../objects/types.ts'
import { addressText } from './address-bytes.ts'
import { AttributeReader } from './attributes.ts'
import { LITTLE_ENDIAN, textOf, viewOf } from './bytes.ts'
import { NetlinkError } from './errors.ts'
import { type Message, NETLINK_ROUTE, type Reply } from './message.ts'
import { type NetlinkSocket, openNetlink } from './socket.ts'

const RTM_NEWLINK = 16
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_GETADDR = 22
const AF_INET = 2
const AF_INET6 = 10
const IFLA_IFNAME = 3
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
/** struct ifinfomsg, struct ifaddrmsg. */
const IFINFOMSG_LENGTH = 16
const IFADDRMSG_LENGTH = 8
const ATTEMPTS = 5

export interface InterfaceAddress {
  /** The interface, as in `eth0`. */
  readonly name: string
  /** Canonical text, without prefix length. */
  readonly address: string
  readonly family: Family
}

/** Both ask for a dump of every family. */
export const getLinks: Message = {
  type: RTM_GETLINK,
  flags: 0,
  body: new Uint8Array(IFINFOMSG_LENGTH),
  name: 'RTM_GETLINK',
}
export const getAddresses: Message = {
  type: RTM_GETADDR,
  flags: 0,
  body: new Uint8Array(IFADDRMSG_LENGTH),
  name: 'RTM_GETADDR',
}

/** Index and name of an RTM_NEWLINK; undefined for another message. */
export const readLink = ({ type, body }: Reply): readonly [number, string] | undefined => {
  if (type !== RTM_NEWLINK) return undefined
  const name = new AttributeReader(body.subarray(IFINFOMSG_LENGTH)).raw(IFLA_IFNAME)
  return [viewOf(body).getInt32(4, LITTLE_ENDIAN), name ? textOf(name) : '']
}

/**
 * An RTM_NEWADDR; undefined for another message or family. On a point-to-point link IFA_ADDRESS is the other end and
 * IFA_LOCAL ours, so the latter goes first; IPv6 often has only the former.
 */
export const readAddress = (
  { type, body }: Reply,
  names: ReadonlyMap<number, string>,
): InterfaceAddress | undefined => {
  if (type !== RTM_NEWADDR || (body[0] !== AF_INET && body[0] !== AF_INET6)) return undefined
  const attributes = new AttributeReader(body.subarray(IFADDRMSG_LENGTH))
  const bytes = attributes.raw(IFA_LOCAL) ?? attributes.raw(IFA_ADDRESS)
  const name = names.get(viewOf(body).getInt32(4, LITTLE_ENDIAN))
  if (bytes === undefined || name === undefined) return undefined
  return { name, address: addressText(bytes), family: body[0] === AF_INET ? 'IPv4' : 'IPv6' }
}

/** All addresses of all interfaces, both families. Asks again when they changed meanwhile; rejects with NetlinkError. */
export const interfaceAddresses = async (): Promise<readonly InterfaceAddress[]> => {
  await using socket = openNetlink(NETLINK_ROUTE)
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(socket)
    } catch (error) {
      const changed = error instanceof NetlinkError && error.code === 'EINTR'
      if (!changed || attempt === ATTEMPTS) throw error
    }
  }
}

const readOnce = async (socket: NetlinkSocket): Promise<readonly InterfaceAddress[]> => {
  const names = new Map<number, string>()
  for await (const reply of socket.dump(getLinks)) {
    const link = readLink(reply)
    if (link) names.set(...link)
  }
  const found: InterfaceAddress[] = []
  for await (const reply of socket.dump(getAddresses)) {
    const address = readAddress(reply, names)
    if (address) found.push(address)
  }
  return found
}
