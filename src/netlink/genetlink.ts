/**
 * Generic netlink (linux/genetlink.h): families that are known by name and have a number only while the kernel runs.
 * In: a name, or a command and its attributes. Out: the family's number, or a message and back.
 */
import { type Attr, AttributeReader, str, writeAttributes } from './attributes.ts'
import { ByteWriter } from './bytes.ts'
import type { Message } from './message.ts'
import type { NetlinkSocket } from './socket.ts'

/** struct genlmsghdr: command, version, two bytes of nothing. */
const GENL_HDRLEN = 4
const GENL_ID_CTRL = 16
const CTRL_VERSION = 2
const CTRL_CMD_GETFAMILY = 3
const CTRL_ATTR_FAMILY_ID = 1
const CTRL_ATTR_FAMILY_NAME = 2

export interface GenericMessage {
  /** The number of the family: `familyId` asks for it. */
  readonly family: number
  readonly command: number
  readonly version: number
  readonly flags?: number
  readonly attributes: readonly Attr[]
  /** What errors call it. */
  readonly name?: string
}

export const genericMessage = (message: GenericMessage): Message => {
  const writer = new ByteWriter(128)
  writer.u8(message.command)
  writer.u8(message.version)
  writer.u16host(0)
  writeAttributes(writer, message.attributes)
  return {
    type: message.family,
    flags: message.flags ?? 0,
    body: writer.take(),
    name: message.name,
  }
}

/** Command and attributes of a generic message. Throws RangeError when it is cut off before them. */
export const readGeneric = ({
  body,
}: Message): { readonly command: number; readonly attributes: AttributeReader } => {
  const command = body[0]
  if (command === undefined || body.length < GENL_HDRLEN)
    throw new RangeError(`generic netlink message of ${body.length} bytes: no room for its header`)
  return { command, attributes: new AttributeReader(body.subarray(GENL_HDRLEN)) }
}

/** CTRL_CMD_GETFAMILY, refused with ENOENT when no module that is loaded, or can be, has the family. */
export const getFamily = (name: string): Message =>
  genericMessage({
    family: GENL_ID_CTRL,
    command: CTRL_CMD_GETFAMILY,
    version: CTRL_VERSION,
    attributes: [str(CTRL_ATTR_FAMILY_NAME, name)],
    name: `CTRL_CMD_GETFAMILY ${name}`,
  })

/** The number of a family, such as `IPVS`, over a socket of NETLINK_GENERIC. Rejects as `request` does. */
export const familyId = async (socket: NetlinkSocket, name: string): Promise<number> => {
  const [reply] = await socket.request(getFamily(name))
  const id = reply && readGeneric(reply).attributes.u16host(CTRL_ATTR_FAMILY_ID)
  if (id === undefined) throw new RangeError(`generic netlink family ${name}: the answer has no id`)
  return id
}
