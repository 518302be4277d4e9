/**
 * The connections that the kernel remembers (linux/netfilter/nfnetlink_conntrack.h).
 * In: family and protocol, or flows. Out: the flows there are, or how many of them were deleted.
 */
import type { Family, Protocol } from '../objects/types.ts'
import { addressBytes, addressText } from './address-bytes.ts'
import {
  type Attr,
  type AttributeReader,
  nest,
  raw,
  u8,
  u16be,
  u32be,
  u32host,
  when,
} from './attributes.ts'
import { type Message, NETLINK_NETFILTER, netfilterMessage, readNetfilter } from './message.ts'
import { openNetlink } from './socket.ts'

const NFNL_SUBSYS_CTNETLINK = 1
const IPCTNL_MSG = { CT_NEW: 0, CT_GET: 1, CT_DELETE: 2 } as const
const CTA = {
  TUPLE_ORIG: 1,
  TUPLE_REPLY: 2,
  STATUS: 3,
  TIMEOUT: 7,
  ID: 12,
  ZONE: 18,
  FILTER: 25,
} as const
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const
const CTA_IP = { V4_SRC: 1, V4_DST: 2, V6_SRC: 3, V6_DST: 4 } as const
const CTA_PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const
const CTA_FILTER_ORIG_FLAGS = 1
/** net/netfilter/nf_internals.h: compare the protocol number of the tuple. */
const CTA_FILTER_F_PROTO_NUM = 1 << 3

const NFPROTO: Readonly<Record<Family, number>> = { IPv4: 2, IPv6: 10 }
/** linux/in.h */
export const IPPROTO: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 }

export interface FlowEnd {
  /** Canonical. */
  readonly ip: string
  /** 0 for protocols without ports. */
  readonly port: number
}

/** One direction of a flow. */
export interface Tuple {
  readonly source: FlowEnd
  readonly destination: FlowEnd
}

export interface Flow {
  readonly family: Family
  /** IPPROTO_*. */
  readonly protocol: number
  /** As the first packet was sent; its destination is what the client dialled. */
  readonly original: Tuple
  /** As answers come; their source is who answers. */
  readonly reply: Tuple
  readonly zone: number
  /** IPS_* bits (linux/netfilter/nf_conntrack_common.h). */
  readonly status: number
  readonly timeoutSeconds: number
  /** Tells this flow from a later one between the same ends; undefined when the kernel gave none. */
  readonly id: number | undefined
}

export interface FlowFilter {
  readonly family: Family
  readonly protocol: Protocol
}

/**
 * For `dump`. The kernel compares the protocol from 5.8 on; before that it ignores the filter and gives the flows of
 * every protocol, so whoever reads must look at the protocol too.
 */
export const getFlows = ({ family, protocol }: FlowFilter): Message =>
  netfilterMessage({
    subsystem: NFNL_SUBSYS_CTNETLINK,
    operation: IPCTNL_MSG.CT_GET,
    family: NFPROTO[family],
    attributes: [
      nest(CTA.TUPLE_ORIG, [nest(CTA_TUPLE.PROTO, [u8(CTA_PROTO.NUM, IPPROTO[protocol])])]),
      nest(CTA.FILTER, [u32host(CTA_FILTER_ORIG_FLAGS, CTA_FILTER_F_PROTO_NUM)]),
    ],
    name: `CT_GET ${family} ${protocol}`,
  })

/** Refused with ENOENT when the flow is gone, or another one took its place. */
export const deleteFlowMessage = (flow: Flow): Message =>
  netfilterMessage({
    subsystem: NFNL_SUBSYS_CTNETLINK,
    operation: IPCTNL_MSG.CT_DELETE,
    family: NFPROTO[flow.family],
    attributes: [
      tupleAttribute(CTA.TUPLE_ORIG, flow, flow.original),
      tupleAttribute(CTA.TUPLE_REPLY, flow, flow.reply),
      ...(flow.zone === 0 ? [] : [u16be(CTA.ZONE, flow.zone)]),
      ...when(flow.id, id => u32be(CTA.ID, id)),
    ],
    name: `CT_DELETE ${flow.original.destination.ip} port ${flow.original.destination.port}`,
  })

/** enum ctattr_tuple. */
const tupleAttribute = (type: number, { family, protocol }: Flow, tuple: Tuple): Attr => {
  const { source, destination } = tuple
  const [from, to] =
    family === 'IPv4' ? [CTA_IP.V4_SRC, CTA_IP.V4_DST] : [CTA_IP.V6_SRC, CTA_IP.V6_DST]
  return nest(type, [
    nest(CTA_TUPLE.IP, [raw(from, addressBytes(source.ip)), raw(to, addressBytes(destination.ip))]),
    nest(CTA_TUPLE.PROTO, [
      u8(CTA_PROTO.NUM, protocol),
      u16be(CTA_PROTO.SRC_PORT, source.port),
      u16be(CTA_PROTO.DST_PORT, destination.port),
    ]),
  ])
}

/** A CT_NEW, which is also what a dump gives. Undefined: of a family other than IPv4 and IPv6. */
export const readFlow = (message: Message): Flow | undefined => {
  const { family: number, attributes } = readNetfilter(message)
  const family = number === NFPROTO.IPv4 ? 'IPv4' : number === NFPROTO.IPv6 ? 'IPv6' : undefined
  const original = attributes.nest(CTA.TUPLE_ORIG)
  const reply = attributes.nest(CTA.TUPLE_REPLY)
  if (family === undefined || original === undefined || reply === undefined) return undefined
  return {
    family,
    protocol: original.nest(CTA_TUPLE.PROTO)?.u8(CTA_PROTO.NUM) ?? 0,
    original: readTuple(original),
    reply: readTuple(reply),
    zone: attributes.u16be(CTA.ZONE) ?? 0,
    status: attributes.u32be(CTA.STATUS) ?? 0,
    timeoutSeconds: attributes.u32be(CTA.TIMEOUT) ?? 0,
    id: attributes.u32be(CTA.ID),
  }
}

const readTuple = (tuple: AttributeReader): Tuple => {
  const ip = tuple.nest(CTA_TUPLE.IP)
  const proto = tuple.nest(CTA_TUPLE.PROTO)
  const address = (v4: number, v6: number): string => {
    const bytes = ip?.raw(v4) ?? ip?.raw(v6)
    return bytes ? addressText(bytes) : ''
  }
  return {
    source: {
      ip: address(CTA_IP.V4_SRC, CTA_IP.V6_SRC),
      port: proto?.u16be(CTA_PROTO.SRC_PORT) ?? 0,
    },
    destination: {
      ip: address(CTA_IP.V4_DST, CTA_IP.V6_DST),
      port: proto?.u16be(CTA_PROTO.DST_PORT) ?? 0,
    },
  }
}

/**
 * The flows of a family and protocol. Throws NetlinkError; EINTR, after the last flow, when the table changed so that
 * some may be missing.
 */
export async function* listFlows(filter: FlowFilter): AsyncGenerator<Flow, void, void> {
  await using socket = openNetlink(NETLINK_NETFILTER)
  for await (const reply of socket.dump(getFlows(filter))) {
    const flow = readFlow(reply)
    if (flow?.family === filter.family && flow.protocol === IPPROTO[filter.protocol]) yield flow
  }
}

/**
 * Deletes flows, all in as few sends as fit. Gives how many were there to delete; one that ended meanwhile is no error.
 * Throws NetlinkError for any other refusal, after having tried all.
 */
export const deleteFlows = async (flows: readonly Flow[]): Promise<number> => {
  if (flows.length === 0) return 0
  await using socket = openNetlink(NETLINK_NETFILTER)
  const errors = await socket.sendEach(flows.map(deleteFlowMessage))
  const refused = errors.find(({ code }) => code !== 'ENOENT')
  if (refused) throw refused
  return flows.length - errors.length
}

/** Deletes one flow. False: it was gone already. */
export const deleteFlow = async (flow: Flow): Promise<boolean> => (await deleteFlows([flow])) === 1
