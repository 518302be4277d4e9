/**
 * Replies and notifications to values: what a dump of nf_tables holds.
 * In: a message from the kernel. Out: a table, chain, set, rule, generation; attributes we do not know ride along as
 * `opaque`. Elements: read-elements.ts.
 */
import { AttributeReader, decodeAttributes } from '../attributes.ts'
import { type Message, readNetfilter } from '../message.ts'
import {
  NFTA_CHAIN,
  NFTA_GEN,
  NFTA_HOOK,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_DESC,
  NFTA_SET_FIELD,
  NFTA_TABLE,
} from './attribute-numbers.ts'
import { NFT_DATA_VERDICT } from './constants.ts'
import type { Chain, FromKernel, Generation, Hook, NftSet, Rule, Table } from './objects.ts'
import { readExpressions } from './read-expressions.ts'

/** The entries that have a value. */
const present = <T extends object>(
  entries: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } => {
  const kept: Partial<T> = { ...entries }
  for (const key of Object.keys(entries) as (keyof T)[])
    if (entries[key] === undefined) delete kept[key]
  return kept as { readonly [K in keyof T]?: Exclude<T[K], undefined> }
}

/** What nobody asked for; nothing when there is none. Call it last. */
const leftover = (reader: AttributeReader): FromKernel => {
  const opaque = reader.rest()
  return opaque.length === 0 ? {} : { opaque }
}

/** A NEWTABLE or DELTABLE. */
export const readTable = (message: Message): Table => {
  const { family, attributes: a } = readNetfilter(message)
  return {
    family,
    table: a.str(NFTA_TABLE.NAME) ?? '',
    flags: a.u32be(NFTA_TABLE.FLAGS) ?? 0,
    ...present({
      use: a.u32be(NFTA_TABLE.USE),
      handle: a.u64be(NFTA_TABLE.HANDLE),
      userData: a.raw(NFTA_TABLE.USERDATA),
      owner: a.u32be(NFTA_TABLE.OWNER),
    }),
    ...leftover(a),
  }
}

/** A NEWCHAIN or DELCHAIN. */
export const readChain = (message: Message): Chain => {
  const { family, attributes: a } = readNetfilter(message)
  return {
    family,
    table: a.str(NFTA_CHAIN.TABLE) ?? '',
    chain: a.str(NFTA_CHAIN.NAME) ?? '',
    hook: readHook(a),
    ...present({
      use: a.u32be(NFTA_CHAIN.USE),
      handle: a.u64be(NFTA_CHAIN.HANDLE),
      flags: a.u32be(NFTA_CHAIN.FLAGS),
      userData: a.raw(NFTA_CHAIN.USERDATA),
    }),
    ...leftover(a),
  }
}

const readHook = (chain: AttributeReader): Hook | null => {
  const hook = chain.nest(NFTA_CHAIN.HOOK)
  const policy = chain.u32be(NFTA_CHAIN.POLICY) ?? 0
  const type = chain.str(NFTA_CHAIN.TYPE) ?? ''
  if (hook === undefined) return null
  return {
    type,
    number: hook.u32be(NFTA_HOOK.HOOKNUM) ?? 0,
    priority: hook.s32be(NFTA_HOOK.PRIORITY) ?? 0,
    policy,
  }
}

/** A NEWSET or DELSET. */
export const readSet = (message: Message): NftSet => {
  const { family, attributes: a } = readNetfilter(message)
  const description = a.nest(NFTA_SET.DESC)
  a.ignore(NFTA_SET.ID)
  a.ignore(NFTA_SET.TYPE)
  return {
    family,
    table: a.str(NFTA_SET.TABLE) ?? '',
    set: a.str(NFTA_SET.NAME) ?? '',
    flags: a.u32be(NFTA_SET.FLAGS) ?? 0,
    keyType: a.u32be(NFTA_SET.KEY_TYPE) ?? 0,
    keyLength: a.u32be(NFTA_SET.KEY_LEN) ?? 0,
    data: readSetData(a),
    fields: readFields(description?.raw(NFTA_SET_DESC.CONCAT)),
    size: description?.u32be(NFTA_SET_DESC.SIZE) ?? 0,
    timeoutMs: a.u64be(NFTA_SET.TIMEOUT) ?? 0n,
    ...present({
      handle: a.u64be(NFTA_SET.HANDLE),
      count: a.u32be(NFTA_SET.COUNT),
      userData: a.raw(NFTA_SET.USERDATA),
    }),
    ...leftover(a),
  }
}

const readSetData = (set: AttributeReader): NftSet['data'] => {
  const type = set.u32be(NFTA_SET.DATA_TYPE)
  const length = set.u32be(NFTA_SET.DATA_LEN) ?? 0
  if (type === undefined) return null
  // The kernel tells the size of its own verdict structure.
  return { type, length: type === NFT_DATA_VERDICT ? 0 : length }
}

const readFields = (bytes: Uint8Array | undefined): readonly number[] =>
  bytes === undefined
    ? []
    : decodeAttributes(bytes).map(
        field => new AttributeReader(field.bytes).u32be(NFTA_SET_FIELD.LEN) ?? 0,
      )

/** A NEWRULE or DELRULE. */
export const readRule = (message: Message): Rule => {
  const { family, attributes: a } = readNetfilter(message)
  const expressions = a.raw(NFTA_RULE.EXPRESSIONS)
  return {
    family,
    table: a.str(NFTA_RULE.TABLE) ?? '',
    chain: a.str(NFTA_RULE.CHAIN) ?? '',
    expressions: expressions ? readExpressions(expressions) : [],
    ...present({
      handle: a.u64be(NFTA_RULE.HANDLE),
      position: a.u64be(NFTA_RULE.POSITION),
      userData: a.raw(NFTA_RULE.USERDATA),
    }),
    ...leftover(a),
  }
}

/** A NEWGEN: the answer to GETGEN, or what ends the notifications of a commit. */
export const readGeneration = (message: Message): Generation => {
  const { attributes: a } = readNetfilter(message)
  return {
    id: a.u32be(NFTA_GEN.ID) ?? 0,
    pid: a.u32be(NFTA_GEN.PROC_PID) ?? 0,
    command: a.str(NFTA_GEN.PROC_NAME) ?? '',
  }
}
