import t from 'tap'
import { raw, str, u32be } from '../../../../src/netlink/attributes.ts'
import type { Message } from '../../../../src/netlink/message.ts'
import { netfilterMessage } from '../../../../src/netlink/message.ts'
import * as C from '../../../../src/netlink/nf-tables/constants.ts'
import {
  deleteChain,
  deleteRule,
  deleteSet,
  deleteTable,
  flushChain,
  flushSet,
  getChains,
  getElements,
  getGeneration,
  getRules,
  getSets,
  getTable,
  getTables,
  newChain,
  newRule,
  newSet,
  newTable,
} from '../../../../src/netlink/nf-tables/encode.ts'
import type { Chain, NftSet, Table } from '../../../../src/netlink/nf-tables/objects.ts'
import {
  readChain,
  readGeneration,
  readRule,
  readSet,
  readTable,
} from '../../../../src/netlink/nf-tables/read.ts'
import { ALL_EXPRESSIONS, EXPRESSIONS } from '../../../support/nft-samples.ts'
import { bytes, dump } from '../../../support/wire-bytes.ts'

const TABLE = { family: C.NFPROTO_IPV4, table: 'svc' }
const CHAIN = { ...TABLE, chain: 'hub' }
const SET = { ...TABLE, set: 'map' }

/** nfgenmsg and the name of the table, which is attribute 1 nearly everywhere. */
const SVC = `
  02 00 00 00 | IPv4
  08 00 01 00 | len 8, …_TABLE
  73 76 63 00 | "svc"`
const HUB = `
  08 00 03 00 | len 8, NFTA_CHAIN_NAME
  68 75 62 00 | "hub"`
const MAP = `
  08 00 02 00 | len 8, …_SET, NFTA_SET_NAME
  6d 61 70 00 | "map"`
const RULE_HUB = `
  08 00 02 00 | len 8, NFTA_RULE_CHAIN
  68 75 62 00 | "hub"`

interface Case {
  readonly message: Message
  readonly type: number
  readonly flags: number
  readonly body: string
}

const table: Table = { ...TABLE, flags: C.NFT_TABLE_F_OWNER | C.NFT_TABLE_F_PERSIST }
const base: Chain = {
  ...CHAIN,
  hook: { type: 'nat', number: C.NF_INET_PRE_ROUTING, priority: -100, policy: C.NF_ACCEPT },
}
const ranges: NftSet = {
  ...SET,
  flags: C.NFT_SET_INTERVAL | C.NFT_SET_CONCAT,
  keyType: (C.TYPE_IPADDR << 6) | C.TYPE_INET_SERVICE,
  keyLength: 8,
  data: null,
  fields: [4, 2],
  size: 0,
  timeoutMs: 0n,
}
const affinity: NftSet = {
  ...SET,
  flags: C.NFT_SET_MAP | C.NFT_SET_TIMEOUT | C.NFT_SET_EVAL,
  keyType: C.TYPE_IPADDR,
  keyLength: 4,
  data: { type: C.TYPE_INET_SERVICE, length: 2 },
  fields: [],
  size: 1_048_576,
  timeoutMs: 10_800_000n,
  userData: Uint8Array.of(9),
}
const verdicts: NftSet = {
  ...ranges,
  flags: C.NFT_SET_MAP,
  data: { type: C.NFT_DATA_VERDICT, length: 0 },
  fields: [],
}

const CASES = {
  'new table, owned': {
    message: newTable(table, { exclusive: true }),
    type: 0x0a00,
    flags: 0x600,
    body: `${SVC}
      08 00 02 00 | len 8, NFTA_TABLE_FLAGS
      00 00 00 06 | owner, persist`,
  },
  'delete table': { message: deleteTable(TABLE), type: 0x0a02, flags: 0, body: SVC },
  'new base chain': {
    message: newChain(base),
    type: 0x0a03,
    flags: 0x400,
    body: `${SVC}${HUB}
      14 00 04 80 | len 20, NFTA_CHAIN_HOOK, nested
      08 00 01 00 | len 8, NFTA_HOOK_HOOKNUM
      00 00 00 00 | prerouting
      08 00 02 00 | len 8, NFTA_HOOK_PRIORITY
      ff ff ff 9c | -100
      08 00 05 00 | len 8, NFTA_CHAIN_POLICY
      00 00 00 01 | accept
      08 00 07 00 | len 8, NFTA_CHAIN_TYPE
      6e 61 74 00 | "nat"`,
  },
  'new chain': {
    message: newChain({ ...CHAIN, hook: null }),
    type: 0x0a03,
    flags: 0x400,
    body: `${SVC}${HUB}`,
  },
  'delete chain': { message: deleteChain(CHAIN), type: 0x0a05, flags: 0, body: `${SVC}${HUB}` },
  'new set of ranges': {
    message: newSet(ranges),
    type: 0x0a09,
    flags: 0x400,
    body: `${SVC}${MAP}
      08 00 03 00 | len 8, NFTA_SET_FLAGS
      00 00 00 84 | interval, concat
      08 00 04 00 | len 8, NFTA_SET_KEY_TYPE
      00 00 01 cd | 7 << 6 | 13
      08 00 05 00 | len 8, NFTA_SET_KEY_LEN
      00 00 00 08 | 8
      20 00 09 80 | len 32, NFTA_SET_DESC, nested
      1c 00 02 80 | len 28, NFTA_SET_DESC_CONCAT, nested
      0c 00 01 80 | len 12, NFTA_LIST_ELEM, nested
      08 00 01 00 | len 8, NFTA_SET_FIELD_LEN
      00 00 00 04 | an address
      0c 00 01 80 | len 12, NFTA_LIST_ELEM, nested
      08 00 01 00 | len 8, NFTA_SET_FIELD_LEN
      00 00 00 02 | a port
      08 00 0a 00 | len 8, NFTA_SET_ID
      00 00 00 01 | any`,
  },
  'new map with a timeout': {
    message: newSet(affinity),
    type: 0x0a09,
    flags: 0x400,
    body: `${SVC}${MAP}
      08 00 03 00 | len 8, NFTA_SET_FLAGS
      00 00 00 38 | map, timeout, eval
      08 00 04 00 | len 8, NFTA_SET_KEY_TYPE
      00 00 00 07 | ipv4_addr
      08 00 05 00 | len 8, NFTA_SET_KEY_LEN
      00 00 00 04 | 4
      08 00 06 00 | len 8, NFTA_SET_DATA_TYPE
      00 00 00 0d | inet_service
      08 00 07 00 | len 8, NFTA_SET_DATA_LEN
      00 00 00 02 | 2
      0c 00 09 80 | len 12, NFTA_SET_DESC, nested
      08 00 01 00 | len 8, NFTA_SET_DESC_SIZE
      00 10 00 00 | 1,048,576
      08 00 0a 00 | len 8, NFTA_SET_ID
      00 00 00 01 | any
      0c 00 0b 00 | len 12, NFTA_SET_TIMEOUT
      00 00 00 00 |
      00 a4 cb 80 | 3 h in ms
      05 00 0d 00 | len 5, NFTA_SET_USERDATA
      09 00 00 00 | pad`,
  },
  'delete set': { message: deleteSet(SET), type: 0x0a0b, flags: 0, body: `${SVC}${MAP}` },
  'flush set': { message: flushSet(SET), type: 0x0a0e, flags: 0, body: `${SVC}${MAP}` },
  'new rule': {
    message: newRule({ ...CHAIN, expressions: EXPRESSIONS.reject.slice(0, 1) }),
    type: 0x0a06,
    flags: 0xc00,
    body: `${SVC}${RULE_HUB}
      28 00 04 80 | len 40, NFTA_RULE_EXPRESSIONS, nested
      24 00 01 80 | len 36, NFTA_LIST_ELEM, nested
      0b 00 01 00 | len 11, NFTA_EXPR_NAME
      72 65 6a 65 | "reject"
      63 74 00 00 | zero, pad
      14 00 02 80 | len 20, NFTA_EXPR_DATA, nested
      08 00 01 00 | len 8, NFTA_REJECT_TYPE
      00 00 00 00 | ICMP unreachable
      05 00 02 00 | len 5, NFTA_REJECT_ICMP_CODE
      03 00 00 00 | port, pad`,
  },
  'delete rule': {
    message: deleteRule(CHAIN, 0x1_0000_0002n),
    type: 0x0a08,
    flags: 0,
    body: `${SVC}${RULE_HUB}
      0c 00 03 00 | len 12, NFTA_RULE_HANDLE
      00 00 00 01 |
      00 00 00 02 |`,
  },
  'flush chain': { message: flushChain(CHAIN), type: 0x0a08, flags: 0, body: `${SVC}${RULE_HUB}` },
  'get generation': { message: getGeneration, type: 0x0a10, flags: 0, body: '00 00 00 00' },
  'get tables': { message: getTables(0), type: 0x0a01, flags: 0, body: '00 00 00 00' },
  'get table': { message: getTable(TABLE), type: 0x0a01, flags: 0, body: SVC },
  'get chains': { message: getChains(10), type: 0x0a04, flags: 0, body: '0a 00 00 00' },
  'get sets': { message: getSets(TABLE), type: 0x0a0a, flags: 0, body: SVC },
  'get rules': { message: getRules(TABLE), type: 0x0a07, flags: 0, body: SVC },
  'get elements': { message: getElements(SET), type: 0x0a0d, flags: 0, body: `${SVC}${MAP}` },
} satisfies Record<string, Case>

for (const [name, { message, type, flags, body }] of Object.entries(CASES))
  t.test(name, t => {
    t.equal(dump(message.body), dump(bytes(body)))
    t.equal(message.type, type)
    t.equal(message.flags, flags)
    t.end()
  })

t.test('what was encoded reads back', t => {
  t.strictSame(readTable(newTable(table)), table)
  t.strictSame(readChain(newChain(base)), base)
  t.strictSame(readChain(newChain({ ...CHAIN, hook: null })), { ...CHAIN, hook: null })
  for (const set of [ranges, affinity, verdicts]) t.strictSame(readSet(newSet(set)), set)
  const rule = { ...CHAIN, expressions: ALL_EXPRESSIONS, userData: Uint8Array.of(1, 2) }
  t.strictSame(readRule(newRule(rule)), rule)
  t.end()
})

t.test('what nobody knows is kept', t => {
  const message = netfilterMessage({
    subsystem: 10,
    operation: 0,
    family: 2,
    attributes: [str(1, 'svc'), raw(99, Uint8Array.of(7))],
  })
  t.strictSame(readTable(message), {
    ...TABLE,
    flags: 0,
    opaque: [{ kind: 'opaque', type: 99, bytes: Uint8Array.of(7) }],
  })
  t.end()
})

t.test('a generation, asked for or announced', t => {
  const generation = netfilterMessage({
    subsystem: 10,
    operation: 15,
    family: 0,
    attributes: [u32be(1, 7), u32be(2, 4711), str(3, 'nft')],
  })
  t.strictSame(readGeneration(generation), { id: 7, pid: 4711, command: 'nft' })
  t.end()
})

t.test('errors will call a message by what it does', t => {
  t.equal(newRule({ ...CHAIN, expressions: [] }).name, 'NEWRULE svc hub')
  t.equal(deleteRule(CHAIN, 4n).name, 'DELRULE svc hub handle 4')
  t.end()
})
