/**
 * Opens the kernel: a netlink socket, and a look at whether this kernel can do what the rules need. What is missing
 * is said before anything is written.
 */
import type { BackendIo } from '../../src/backend.ts'
import { BatchError, NetlinkError } from '../../src/netlink/errors.ts'
import type { Message } from '../../src/netlink/message.ts'
import { NETLINK_NETFILTER } from '../../src/netlink/message.ts'
import * as nf from '../../src/netlink/nf-tables/constants.ts'
import { newChain, newRule, newSet, newTable } from '../../src/netlink/nf-tables/encode.ts'
import { openNetlink } from '../../src/netlink/socket.ts'
import type { Rule } from './entries.ts'
import { NftablesKernel } from './kernel.ts'
import { kernelSet } from './kernel-set.ts'
import { expressionsOf } from './rule-expressions.ts'
import type { Wire } from './wire.ts'

/** The kernel lacks something that the rules need. */
export class UnsupportedKernelError extends Error {
  readonly code = 'UNSUPPORTED_KERNEL'
  constructor(what: string, since: string, cause: unknown) {
    super(
      `this kernel has no ${what} (Linux ${since} and later have it, with nf_tables built in or as a module); the nftables backend cannot work here: use the iptables backend, or a newer kernel`,
      { cause },
    )
    this.name = 'UnsupportedKernelError'
  }
}

/** nf_tables cannot be asked at all. */
export class NoPermissionError extends Error {
  readonly code = 'EPERM'
  constructor(cause: unknown) {
    super('nf_tables: the kernel refuses us; run as root, or with CAP_NET_ADMIN', { cause })
    this.name = 'NoPermissionError'
  }
}

/** Throws UnsupportedKernelError or NoPermissionError. */
export const openKernel = async ({ families }: BackendIo): Promise<NftablesKernel> => {
  const socket = openNetlink(NETLINK_NETFILTER, { sendBuffer: 4 << 20, receiveBuffer: 4 << 20 })
  try {
    await probeFeatures(socket)
  } catch (error) {
    await socket[Symbol.asyncDispose]()
    throw error
  }
  return new NftablesKernel({ socket, families })
}

const TABLE = { family: nf.NFPROTO_IPV4, table: 'kpc-probe' } as const

interface Feature {
  readonly what: string
  /** The release that brought it. */
  readonly since: string
  readonly messages: readonly Message[]
}

const tryRule = (
  chain: string,
  rule: Rule,
  hook: Parameters<typeof newChain>[0]['hook'] = null,
): readonly Message[] => [
  newChain({ ...TABLE, chain, hook }),
  newRule({ ...TABLE, chain, expressions: expressionsOf('IPv4', rule) }),
]

const NAT_HOOK = { type: 'nat', number: nf.NF_INET_PRE_ROUTING, priority: -100, policy: 1 } as const
const KEY = ['source', 'original-destination', 'protocol', 'original-port'] as const

/** Oldest first: the first that is missing names what this kernel is too old for. */
const FEATURES: readonly Feature[] = [
  {
    what: 'random numbers as part of a map’s key in nf_tables',
    since: '4.10',
    messages: [
      newSet(kernelSet(TABLE, 'IPv4', 'endpoints')),
      ...tryRule('pick', {
        matches: [],
        statements: [
          {
            kind: 'translate',
            fields: ['destination', 'protocol', 'port', { modulus: 2, offset: 1 }],
            map: 'endpoints',
          },
        ],
      }),
    ],
  },
  {
    what: 'address types from the routing table in nf_tables (nft_fib)',
    since: '4.10',
    messages: tryRule('local', {
      matches: [{ kind: 'local', field: 'destination', not: false }],
      statements: [],
    }),
  },
  {
    what: 'nf_tables with several nat chains at a hook',
    since: '4.18',
    messages: [
      newChain({ ...TABLE, chain: 'nat', hook: NAT_HOOK }),
      newChain({ ...TABLE, chain: 'nat-late', hook: { ...NAT_HOOK, priority: -90 } }),
    ],
  },
  {
    what: 'deletion of map elements by rules in nf_tables',
    since: '5.4',
    messages: [
      newSet(kernelSet(TABLE, 'IPv4', 'affinity')),
      ...tryRule('forget', {
        matches: [],
        statements: [
          { kind: 'forget', map: 'affinity', fields: KEY, data: ['destination', 'port'] },
        ],
      }),
    ],
  },
  {
    what: 'ranges within keys of several fields in nf_tables',
    since: '5.6',
    messages: [newSet(kernelSet(TABLE, 'IPv4', 'allowed-sources'))],
  },
  {
    what: 'rejection in prerouting in nf_tables',
    since: '5.9',
    messages: tryRule(
      'refuse',
      { matches: [], statements: [{ kind: 'reject' }] },
      { ...NAT_HOOK, priority: -95 },
    ),
  },
]

/** Asks in transactions that are never committed: for everything at once, and where that is refused one by one. */
export const probeFeatures = async (socket: Wire): Promise<void> => {
  const all = FEATURES.flatMap(({ messages }) => messages)
  if ((await refusalOf(socket, all)) === undefined) return
  for (const { what, since, messages } of FEATURES) {
    const refusal = await refusalOf(socket, messages)
    if (refusal?.code === 'EPERM') throw new NoPermissionError(refusal)
    if (refusal) throw new UnsupportedKernelError(what, since, refusal)
  }
}

/** undefined: the kernel would take them. Throws where it does not answer. */
const refusalOf = async (
  socket: Wire,
  messages: readonly Message[],
): Promise<NetlinkError | undefined> => {
  try {
    await socket.sendBatch([newTable({ ...TABLE, flags: 0 }), ...messages], { dry: true })
    return undefined
  } catch (error) {
    const first = error instanceof BatchError ? error.errors[0] : error
    if (first instanceof NetlinkError && first.code !== 'UNKNOWN') return first
    throw error
  }
}
