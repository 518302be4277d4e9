/**
 * Messages that change a ruleset, all but those about elements (elements.ts), and those that ask for it.
 * In: tables, chains, sets, rules as values. Out: messages for `sendBatch`; the get… ones for `dump` and `request`.
 */
import { type Attr, nest, raw, str, u32be, u64be, when } from '../attributes.ts'
import { NFNL_SUBSYS_NFTABLES } from '../batch.ts'
import {
  type Message,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  netfilterMessage,
} from '../message.ts'
import {
  NFTA_CHAIN,
  NFTA_HOOK,
  NFTA_LIST,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_DESC,
  NFTA_SET_ELEM_LIST,
  NFTA_SET_FIELD,
  NFTA_TABLE,
} from './attribute-numbers.ts'
import { NFT_DATA_VERDICT } from './constants.ts'
import { expressionsAttr } from './expressions.ts'
import type { Chain, ChainRef, Hook, NftSet, Rule, SetRef, Table, TableRef } from './objects.ts'
import { NFT_MSG, type Operation } from './operations.ts'

interface Parts {
  readonly operation: Operation
  readonly family: number
  readonly attributes: readonly Attr[]
  /** What errors call the object. */
  readonly about: string
  readonly flags?: number
}

const nftMessage = ({ operation, family, attributes, about, flags = 0 }: Parts): Message =>
  netfilterMessage({
    subsystem: NFNL_SUBSYS_NFTABLES,
    operation: NFT_MSG[operation],
    flags,
    family,
    attributes,
    name: `${operation} ${about}`,
  })

/** Whether a table, chain or set that is there already is taken as it is, or refused with EEXIST. */
export interface Creation {
  readonly exclusive?: boolean
}

const creation = ({ exclusive = false }: Creation): number =>
  exclusive ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE

/** enum nft_table_attributes. */
export const newTable = (table: Table, options: Creation = {}): Message =>
  nftMessage({
    operation: 'NEWTABLE',
    family: table.family,
    about: table.table,
    flags: creation(options),
    attributes: [
      str(NFTA_TABLE.NAME, table.table),
      u32be(NFTA_TABLE.FLAGS, table.flags),
      ...when(table.userData, bytes => raw(NFTA_TABLE.USERDATA, bytes)),
    ],
  })

/** The table and everything in it. */
export const deleteTable = ({ family, table }: TableRef): Message =>
  nftMessage({
    operation: 'DELTABLE',
    family,
    about: table,
    attributes: [str(NFTA_TABLE.NAME, table)],
  })

/** enum nft_chain_attributes. A chain that is there must have the same hook. */
export const newChain = (chain: Chain, options: Creation = {}): Message =>
  nftMessage({
    operation: 'NEWCHAIN',
    family: chain.family,
    about: `${chain.table} ${chain.chain}`,
    flags: creation(options),
    attributes: [
      str(NFTA_CHAIN.TABLE, chain.table),
      str(NFTA_CHAIN.NAME, chain.chain),
      ...(chain.hook === null ? [] : hookAttributes(chain.hook)),
      ...when(chain.userData, bytes => raw(NFTA_CHAIN.USERDATA, bytes)),
    ],
  })

const hookAttributes = (hook: Hook): readonly Attr[] => [
  nest(NFTA_CHAIN.HOOK, [
    u32be(NFTA_HOOK.HOOKNUM, hook.number),
    u32be(NFTA_HOOK.PRIORITY, hook.priority),
  ]),
  u32be(NFTA_CHAIN.POLICY, hook.policy),
  str(NFTA_CHAIN.TYPE, hook.type),
]

/** Refused with EBUSY while something points at it. */
export const deleteChain = ({ family, table, chain }: ChainRef): Message =>
  nftMessage({
    operation: 'DELCHAIN',
    family,
    about: `${table} ${chain}`,
    attributes: [str(NFTA_CHAIN.TABLE, table), str(NFTA_CHAIN.NAME, chain)],
  })

/** The kernel wants a number that rules of the same batch could name a set by; ours name it by its name. */
const SET_ID = 1

/** enum nft_set_attributes. */
export const newSet = (set: NftSet, options: Creation = {}): Message =>
  nftMessage({
    operation: 'NEWSET',
    family: set.family,
    about: `${set.table} ${set.set}`,
    flags: creation(options),
    attributes: [
      str(NFTA_SET.TABLE, set.table),
      str(NFTA_SET.NAME, set.set),
      u32be(NFTA_SET.FLAGS, set.flags),
      u32be(NFTA_SET.KEY_TYPE, set.keyType),
      u32be(NFTA_SET.KEY_LEN, set.keyLength),
      ...setDataAttributes(set),
      ...setDescription(set),
      u32be(NFTA_SET.ID, SET_ID),
      ...(set.timeoutMs === 0n ? [] : [u64be(NFTA_SET.TIMEOUT, set.timeoutMs)]),
      ...when(set.userData, bytes => raw(NFTA_SET.USERDATA, bytes)),
    ],
  })

const setDataAttributes = ({ data }: NftSet): readonly Attr[] => {
  if (data === null) return []
  const type = u32be(NFTA_SET.DATA_TYPE, data.type)
  return data.type === NFT_DATA_VERDICT ? [type] : [type, u32be(NFTA_SET.DATA_LEN, data.length)]
}

const setDescription = ({ size, fields }: NftSet): readonly Attr[] => {
  const parts = [
    ...(size === 0 ? [] : [u32be(NFTA_SET_DESC.SIZE, size)]),
    ...(fields.length === 0 ? [] : [nest(NFTA_SET_DESC.CONCAT, fields.map(fieldAttribute))]),
  ]
  return parts.length === 0 ? [] : [nest(NFTA_SET.DESC, parts)]
}

const fieldAttribute = (length: number): Attr =>
  nest(NFTA_LIST.ELEM, [u32be(NFTA_SET_FIELD.LEN, length)])

/** Refused with EBUSY while a rule looks into it. */
export const deleteSet = ({ family, table, set }: SetRef): Message =>
  nftMessage({
    operation: 'DELSET',
    family,
    about: `${table} ${set}`,
    attributes: [str(NFTA_SET.TABLE, table), str(NFTA_SET.NAME, set)],
  })

/** Deletes every element. */
export const flushSet = ({ family, table, set }: SetRef): Message =>
  nftMessage({
    operation: 'DELSETELEM',
    family,
    about: `${table} ${set}`,
    attributes: [str(NFTA_SET_ELEM_LIST.TABLE, table), str(NFTA_SET_ELEM_LIST.SET, set)],
  })

/** enum nft_rule_attributes. Goes behind the rules that are there. */
export const newRule = (rule: Rule): Message =>
  nftMessage({
    operation: 'NEWRULE',
    family: rule.family,
    about: `${rule.table} ${rule.chain}`,
    flags: NLM_F_CREATE | NLM_F_APPEND,
    attributes: [
      str(NFTA_RULE.TABLE, rule.table),
      str(NFTA_RULE.CHAIN, rule.chain),
      expressionsAttr(NFTA_RULE.EXPRESSIONS, rule.expressions),
      ...when(rule.userData, bytes => raw(NFTA_RULE.USERDATA, bytes)),
    ],
  })

/** Deletes one rule, by the handle the kernel gave it. */
export const deleteRule = ({ family, table, chain }: ChainRef, handle: bigint): Message =>
  nftMessage({
    operation: 'DELRULE',
    family,
    about: `${table} ${chain} handle ${handle}`,
    attributes: [
      str(NFTA_RULE.TABLE, table),
      str(NFTA_RULE.CHAIN, chain),
      u64be(NFTA_RULE.HANDLE, handle),
    ],
  })

/** Deletes every rule of a chain. */
export const flushChain = ({ family, table, chain }: ChainRef): Message =>
  nftMessage({
    operation: 'DELRULE',
    family,
    about: `${table} ${chain}`,
    attributes: [str(NFTA_RULE.TABLE, table), str(NFTA_RULE.CHAIN, chain)],
  })

/** For `request`: one reply, which `readGeneration` reads. */
export const getGeneration: Message = nftMessage({
  operation: 'GETGEN',
  family: 0,
  about: 'generation',
  attributes: [],
})

/** For `dump`: the tables of a family, 0 meaning every one. */
export const getTables = (family: number): Message =>
  nftMessage({ operation: 'GETTABLE', family, about: 'tables', attributes: [] })

/** For `request`: one table; refused with ENOENT. */
export const getTable = ({ family, table }: TableRef): Message =>
  nftMessage({
    operation: 'GETTABLE',
    family,
    about: table,
    attributes: [str(NFTA_TABLE.NAME, table)],
  })

/** For `dump`: the chains of all tables of a family; the kernel has no filter by table. */
export const getChains = (family: number): Message =>
  nftMessage({ operation: 'GETCHAIN', family, about: 'chains', attributes: [] })

/** For `dump`: the sets of a table. */
export const getSets = ({ family, table }: TableRef): Message =>
  nftMessage({
    operation: 'GETSET',
    family,
    about: table,
    attributes: [str(NFTA_SET.TABLE, table)],
  })

/** For `dump`: the rules of a table, chain by chain, each chain in order. */
export const getRules = ({ family, table }: TableRef): Message =>
  nftMessage({
    operation: 'GETRULE',
    family,
    about: table,
    attributes: [str(NFTA_RULE.TABLE, table)],
  })

/** For `dump`: the elements of a set. */
export const getElements = ({ family, table, set }: SetRef): Message =>
  nftMessage({
    operation: 'GETSETELEM',
    family,
    about: `${table} ${set}`,
    attributes: [str(NFTA_SET_ELEM_LIST.TABLE, table), str(NFTA_SET_ELEM_LIST.SET, set)],
  })
