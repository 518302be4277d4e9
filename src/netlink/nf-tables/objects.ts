/**
 * What a ruleset is made of, as values: tables, chains, sets, rules, elements. The same types go to the kernel and come
 * back; what only the kernel knows (handles, use counts) is optional and ignored on the way there.
 */
import type { Opaque } from '../attributes.ts'
import type { Data } from './data.ts'
import type { Expression } from './expression-types.ts'

/** Which table: NFPROTO_* and its name. */
export interface TableRef {
  readonly family: number
  readonly table: string
}

/** What only a kernel says. */
export interface FromKernel {
  /** Unique in the table for as long as the thing exists. */
  readonly handle?: bigint
  /** How many things point at it. */
  readonly use?: number
  /** Attributes that this room does not know. */
  readonly opaque?: readonly Opaque[]
}

export interface Table extends FromKernel, TableRef {
  /** NFT_TABLE_F_*. */
  readonly flags: number
  readonly userData?: Uint8Array
  /** Netlink port of the owner of a table with NFT_TABLE_F_OWNER. */
  readonly owner?: number
}

export interface ChainRef extends TableRef {
  readonly chain: string
}

/** Where a base chain hangs: NF_INET_*, and the order among others there. */
export interface Hook {
  readonly type: 'nat' | 'filter' | 'route' | (string & {})
  readonly number: number
  readonly priority: number
  /** NF_ACCEPT or NF_DROP. */
  readonly policy: number
}

export interface Chain extends FromKernel, ChainRef {
  /** null: a chain that is only jumped to. */
  readonly hook: Hook | null
  /** NFT_CHAIN_*, as the kernel gives it. */
  readonly flags?: number
  readonly userData?: Uint8Array
}

export interface SetRef extends TableRef {
  readonly set: string
}

export interface NftSet extends FromKernel, SetRef {
  /** NFT_SET_*. */
  readonly flags: number
  /** What nft prints keys as; the kernel keeps the number and does not look at it. */
  readonly keyType: number
  readonly keyLength: number
  /** NFT_DATA_VERDICT for a verdict map, without a length; null for a set. */
  readonly data: { readonly type: number; readonly length: number } | null
  /** Lengths of the fields of a concatenation with intervals; empty otherwise. */
  readonly fields: readonly number[]
  /** The number of elements allowed; 0: no limit. */
  readonly size: number
  /** 0: elements stay. */
  readonly timeoutMs: bigint
  /** How many elements there are, from kernel 6.16 on. */
  readonly count?: number
  readonly userData?: Uint8Array
}

export interface Rule extends FromKernel, ChainRef {
  readonly expressions: readonly Expression[]
  readonly userData?: Uint8Array
  /** Handle of the rule before it, as the kernel gives it. */
  readonly position?: bigint
}

export interface Element {
  readonly key: Uint8Array
  /** The last key of an interval in a set with NFT_SET_CONCAT. */
  readonly keyEnd?: Uint8Array
  readonly data?: Data
  /** NFT_SET_ELEM_*. */
  readonly flags?: number
  readonly timeoutMs?: bigint
  /** How much of the timeout is left. */
  readonly expirationMs?: bigint
  readonly userData?: Uint8Array
  readonly opaque?: readonly Opaque[]
}

/** The number of the ruleset: it grows with every commit in the namespace. */
export interface Generation {
  readonly id: number
  /** Who made it; 0 and empty when it was asked for rather than announced. */
  readonly pid: number
  /** The name of the thread that did. */
  readonly command: string
}
