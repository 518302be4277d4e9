/**
 * nfacct: counters with a name that iptables rules can count into (linux/netfilter/nfnetlink_acct.h).
 * In: names. Out: whether the kernel has the subsystem, and whether the counters are there.
 */
import { str } from './attributes.ts'
import { NetlinkError } from './errors.ts'
import {
  type Message,
  NETLINK_NETFILTER,
  NLM_F_CREATE,
  NLM_F_EXCL,
  netfilterMessage,
  readNetfilter,
} from './message.ts'
import { openNetlink } from './socket.ts'

const NFNL_SUBSYS_ACCT = 7
const NFNL_MSG_ACCT_NEW = 0
const NFNL_MSG_ACCT_GET = 1
const NFACCT_NAME = 1
const NFACCT_PKTS = 2
const NFACCT_BYTES = 3
/** NFACCT_NAME_MAX counts the terminator. */
const NFACCT_NAME_MAX = 32

/** A counter that need not exist: asking for it tells whether anybody answers. */
const PROBE_NAME = 'kpc_probe'

/** NFNL_MSG_ACCT_NEW, refused with EEXIST when the counter is there. */
export const newCounter = (name: string): Message =>
  acctMessage(NFNL_MSG_ACCT_NEW, name, NLM_F_CREATE | NLM_F_EXCL)

/** NFNL_MSG_ACCT_GET, refused with ENOENT when there is no such counter. */
export const getCounter = (name: string): Message => acctMessage(NFNL_MSG_ACCT_GET, name, 0)

const acctMessage = (operation: number, name: string, flags: number): Message => {
  if (name.length === 0 || name.length >= NFACCT_NAME_MAX)
    throw new RangeError(
      `nfacct counter ${JSON.stringify(name)}: 1 to ${NFACCT_NAME_MAX - 1} bytes`,
    )
  return netfilterMessage({
    subsystem: NFNL_SUBSYS_ACCT,
    operation,
    flags,
    family: 0,
    attributes: [str(NFACCT_NAME, name)],
    name: `${operation === NFNL_MSG_ACCT_NEW ? 'ACCT_NEW' : 'ACCT_GET'} ${name}`,
  })
}

/** Whether the kernel has nfacct: a counter, or the answer that there is none (spec iptables, section 2 step 5). */
export const nfacctSupported = async (): Promise<boolean> => {
  try {
    await using socket = openNetlink(NETLINK_NETFILTER)
    await socket.request(getCounter(PROBE_NAME))
    return true
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/**
 * Makes the counters that are missing; those that are there keep their values. False: at least one is not there
 * afterwards, so no rule may name them (spec iptables, section 8.4). Throws RangeError for a name that none can have.
 */
export const ensureNfacctCounters = async (names: readonly string[]): Promise<boolean> => {
  const counters = names.map(newCounter)
  try {
    await using socket = openNetlink(NETLINK_NETFILTER)
    const errors = await socket.sendEach(counters)
    return errors.every(({ code }) => code === 'EEXIST')
  } catch {
    return false
  }
}

export interface Counter {
  readonly packets: bigint
  readonly bytes: bigint
}

/** The values of a counter; undefined when there is none by that name or no nfacct. */
export const readNfacctCounter = async (name: string): Promise<Counter | undefined> => {
  try {
    await using socket = openNetlink(NETLINK_NETFILTER)
    const [reply] = await socket.request(getCounter(name))
    if (reply === undefined) return undefined
    const { attributes } = readNetfilter(reply)
    return {
      packets: attributes.u64be(NFACCT_PKTS) ?? 0n,
      bytes: attributes.u64be(NFACCT_BYTES) ?? 0n,
    }
  } catch (error) {
    if (error instanceof NetlinkError && error.code !== 'UNKNOWN') return undefined
    throw error
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof NetlinkError ? error.code : undefined
