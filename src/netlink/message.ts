/**
 * Netlink messages: the 16-byte header, and the 4-byte header of netfilter messages behind it.
 * In: messages as values. Out: the bytes of one send; and back, what one receive brought.
 */
import { type Attr, AttributeReader, writeAttributes } from './attributes.ts'
import { align4, ByteWriter, LITTLE_ENDIAN, viewOf } from './bytes.ts'

// linux/netlink.h, linux/netfilter/nfnetlink.h
export const NETLINK_ROUTE = 0
export const NETLINK_NETFILTER = 12
export const NETLINK_GENERIC = 16
export const NLM_F_REQUEST = 0x1
export const NLM_F_MULTI = 0x2
export const NLM_F_ACK = 0x4
export const NLM_F_DUMP_INTR = 0x10
export const NLM_F_DUMP = 0x300
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800
export const NLM_F_REPLACE = 0x100
export const NLMSG_NOOP = 1
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const NLMSG_HDRLEN = 16
export const NFNL_HDRLEN = 4

/** A message before it has a sequence number. `flags` holds what the message means, not how its answer is awaited. */
export interface Message {
  readonly type: number
  readonly flags: number
  /** Everything behind the netlink header. */
  readonly body: Uint8Array
  /** What errors call it: the kernel's word and the object, as in `NEWRULE services`. */
  readonly name?: string | undefined
}

/** A message as it came from the kernel. `body` is a view: copy what is kept longer than the reading of it. */
export interface Reply extends Message {
  readonly sequence: number
  /** The port the message answers to, or that caused a notification. */
  readonly port: number
}

/** The bytes a message takes in a send, padding included. */
export const messageSize = (message: Message): number => NLMSG_HDRLEN + align4(message.body.length)

/** How a message is sent: its number, and flags beside its own. */
export interface Envelope {
  readonly sequence: number
  readonly flags?: number
}

/** Writes one message into a send. The port stays 0: the kernel fills in the socket's. */
export const writeMessage = (writer: ByteWriter, message: Message, envelope: Envelope): void => {
  writer.reserve(messageSize(message))
  writer.u32host(NLMSG_HDRLEN + message.body.length)
  writer.u16host(message.type)
  writer.u16host(message.flags | NLM_F_REQUEST | (envelope.flags ?? 0))
  writer.u32host(envelope.sequence)
  writer.u32host(0)
  writer.raw(message.body)
  writer.pad()
}

/** The bytes of one message. */
export const encodeMessage = (message: Message, envelope: Envelope): Uint8Array => {
  const writer = new ByteWriter(messageSize(message))
  writeMessage(writer, message, envelope)
  return writer.take()
}

/**
 * What one receive brought. A last message that was cut off by too small a buffer is given with what there is of it;
 * fewer bytes than a header are dropped. Throws RangeError for a length below the header's own.
 */
export const decodeMessages = (bytes: Uint8Array): readonly Reply[] => {
  const view = viewOf(bytes)
  const found: Reply[] = []
  for (let at = 0; at + NLMSG_HDRLEN <= bytes.length; ) {
    const length = view.getUint32(at, LITTLE_ENDIAN)
    if (length < NLMSG_HDRLEN)
      throw new RangeError(`netlink message at byte ${at}: length ${length} is below its header`)
    found.push({
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(at + 8, LITTLE_ENDIAN),
      port: view.getUint32(at + 12, LITTLE_ENDIAN),
      body: bytes.subarray(at + NLMSG_HDRLEN, Math.min(at + length, bytes.length)),
    })
    at += align4(length)
  }
  return found
}

/** A netfilter message: struct nfgenmsg, then attributes. */
export interface NetfilterMessage {
  readonly subsystem: number
  readonly operation: number
  readonly flags?: number
  /** NFPROTO_*: 0 any, 1 inet, 2 IPv4, 10 IPv6. */
  readonly family: number
  readonly attributes: readonly Attr[]
  readonly name?: string
}

/** The type of a netfilter message: subsystem in the upper byte, operation in the lower. */
export const netfilterType = (subsystem: number, operation: number): number =>
  (subsystem << 8) | operation

/** Writes struct nfgenmsg: family, version 0, resource id (big endian). */
export const writeNetfilterHeader = (
  writer: ByteWriter,
  family: number,
  resourceId: number,
): void => {
  writer.u8(family)
  writer.u8(0)
  writer.u16be(resourceId)
}

export const netfilterMessage = (message: NetfilterMessage): Message => {
  const writer = new ByteWriter(256)
  writeNetfilterHeader(writer, message.family, 0)
  writeAttributes(writer, message.attributes)
  return {
    type: netfilterType(message.subsystem, message.operation),
    flags: message.flags ?? 0,
    body: writer.take(),
    name: message.name,
  }
}

/** Family and attributes of a netfilter reply. Throws RangeError when it is cut off before the attributes. */
export const readNetfilter = (
  reply: Message,
): { readonly family: number; readonly attributes: AttributeReader } => {
  const family = reply.body[0]
  if (family === undefined || reply.body.length < NFNL_HDRLEN)
    throw new RangeError(`netfilter message of ${reply.body.length} bytes: no room for its header`)
  return { family, attributes: new AttributeReader(reply.body.subarray(NFNL_HDRLEN)) }
}
