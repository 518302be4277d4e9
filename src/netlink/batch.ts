/**
 * Many netfilter messages as one transaction: BATCH_BEGIN, the messages, BATCH_END (linux/netfilter/nfnetlink.h).
 * In: messages. Out: the bytes of the one send it must be, and which sequence number belongs to which message.
 */
import { encodeAttributes, u32be } from './attributes.ts'
import { ByteWriter } from './bytes.ts'
import {
  type Message,
  messageSize,
  NFNL_HDRLEN,
  NLM_F_ACK,
  NLMSG_HDRLEN,
  writeMessage,
  writeNetfilterHeader,
} from './message.ts'

const NFNL_MSG_BATCH_BEGIN = 0x10
const NFNL_MSG_BATCH_END = 0x11
const NFNL_BATCH_GENID = 1
export const NFNL_SUBSYS_NFTABLES = 10

export interface BatchOptions {
  /** Sequence number of BATCH_BEGIN; the messages follow it one by one. */
  readonly sequence: number
  /** The batch fails with ERESTART unless this is the generation of the ruleset (kernel 4.12). */
  readonly genid?: number | undefined
  /** Leaves out BATCH_END: the kernel looks at every message, says what is wrong with it, and undoes all of it. */
  readonly dry?: boolean | undefined
}

export interface Batch {
  readonly bytes: Uint8Array
  readonly sequence: number
  readonly messages: readonly Message[]
}

/** What a batch costs beside its messages: BEGIN, END and the generation. */
export const BATCH_OVERHEAD: number = 2 * (NLMSG_HDRLEN + NFNL_HDRLEN) + 8

/** Bytes that these messages take in one send, at most; it must stay below the socket's `sendLimit`. */
export const batchSize = (messages: readonly Message[]): number =>
  messages.reduce((total, message) => total + messageSize(message), BATCH_OVERHEAD)

/** The sequence numbers a batch of `count` messages uses, BEGIN and END included. */
export const batchSequences = (count: number): number => count + 2

const bracket = (type: number, attributes: Uint8Array): Message => {
  const writer = new ByteWriter(NFNL_HDRLEN + attributes.length)
  writeNetfilterHeader(writer, 0, NFNL_SUBSYS_NFTABLES)
  writer.raw(attributes)
  return { type, flags: 0, body: writer.take() }
}

/**
 * The bytes of a batch. Only the last message asks for an acknowledgement: it is sent after the commit, so it is the
 * receipt of all. Throws RangeError without messages: there would be nothing to wait for.
 */
export const encodeBatch = (messages: readonly Message[], options: BatchOptions): Batch => {
  if (messages.length === 0) throw new RangeError('a netlink batch needs a message')
  const writer = new ByteWriter(batchSize(messages))
  const { sequence, genid, dry = false } = options
  const generation =
    genid === undefined ? new Uint8Array(0) : encodeAttributes([u32be(NFNL_BATCH_GENID, genid)])
  writeMessage(writer, bracket(NFNL_MSG_BATCH_BEGIN, generation), { sequence })
  const last = messages.length - 1
  for (const [index, message] of messages.entries())
    writeMessage(writer, message, {
      sequence: sequence + 1 + index,
      flags: index === last ? NLM_F_ACK : 0,
    })
  const end = bracket(NFNL_MSG_BATCH_END, new Uint8Array(0))
  if (!dry) writeMessage(writer, end, { sequence: sequence + 1 + messages.length })
  return { bytes: writer.take(), sequence, messages }
}
