/**
 * What rules are made of: expressions as values (linux/netfilter/nf_tables.h). Numbers are the kernel's own
 * (constants.ts). Registers are NFT_REG32_00 and up; 0 means none, or the verdict.
 */
import type { Data } from './data.ts'

/** Loads bytes of the packet. `base` is NFT_PAYLOAD_*_HEADER. */
export interface Payload {
  readonly kind: 'payload'
  readonly dreg: number
  readonly base: number
  readonly offset: number
  readonly len: number
}
/** Loads (`meta`) or sets (`meta-set`) what the kernel knows of the packet. `key` is NFT_META_*. */
export interface Meta {
  readonly kind: 'meta'
  readonly dreg: number
  readonly key: number
}
export interface MetaSet {
  readonly kind: 'meta-set'
  readonly sreg: number
  readonly key: number
}
/** Loads a fact of the connection. `direction` is IP_CT_DIR_*, null for facts that have none. */
export interface Ct {
  readonly kind: 'ct'
  readonly dreg: number
  readonly key: number
  readonly direction: number | null
}
/** Goes on with the rule only if the comparison holds. */
export interface Cmp {
  readonly kind: 'cmp'
  readonly sreg: number
  readonly op: number
  readonly data: Uint8Array
}
/** Goes on only if the value is (not) within both ends. */
export interface Range {
  readonly kind: 'range'
  readonly sreg: number
  readonly op: number
  readonly from: Uint8Array
  readonly to: Uint8Array
}
/** dreg = (sreg & mask) ^ xor. */
export interface Bitwise {
  readonly kind: 'bitwise'
  readonly sreg: number
  readonly dreg: number
  readonly len: number
  readonly mask: Uint8Array
  readonly xor: Uint8Array
}
/** Looks a key up. `dreg` null: a set; 0: a verdict map, whose verdict is taken; else the register for the data. */
export interface Lookup {
  readonly kind: 'lookup'
  readonly set: string
  readonly sreg: number
  readonly dreg: number | null
  /** Goes on when the key is not there. Sets only. */
  readonly invert: boolean
}
/** Puts a constant into a register; with dreg 0 a verdict, which ends the rule. */
export interface Immediate {
  readonly kind: 'immediate'
  readonly dreg: number
  readonly data: Data
}
/** Translates. Registers that are 0 are not given. `flags` is NF_NAT_RANGE_*. */
export interface Nat {
  readonly kind: 'nat'
  readonly type: number
  readonly family: number
  readonly addrMin: number
  readonly addrMax: number
  readonly protoMin: number
  readonly protoMax: number
  readonly flags: number
}
export interface Masquerade {
  readonly kind: 'masq'
  readonly flags: number
}
/** `code` is an ICMP code, null for a TCP reset. */
export interface Reject {
  readonly kind: 'reject'
  readonly type: number
  readonly code: number | null
}
/** dreg = offset + a number below the modulus. `type` is NFT_NG_*. */
export interface Numgen {
  readonly kind: 'numgen'
  readonly dreg: number
  readonly modulus: number
  readonly type: number
  readonly offset: number
}
/** Asks the routing table. */
export interface Fib {
  readonly kind: 'fib'
  readonly dreg: number
  readonly result: number
  readonly flags: number
}
/** Adds, renews or deletes an element. `timeoutMs` 0: the set's own. */
export interface Dynset {
  readonly kind: 'dynset'
  readonly set: string
  readonly op: number
  readonly sregKey: number
  /** 0: a set, or a deletion. */
  readonly sregData: number
  readonly timeoutMs: bigint
}
export interface CounterExpression {
  readonly kind: 'counter'
  readonly packets: bigint
  readonly bytes: bigint
}
/** An expression we do not know, or know in part: its name and its attributes as they are. */
export interface OpaqueExpression {
  readonly kind: 'opaque'
  readonly name: string
  readonly bytes: Uint8Array
}

export type Expression =
  | Payload
  | Meta
  | MetaSet
  | Ct
  | Cmp
  | Range
  | Bitwise
  | Lookup
  | Immediate
  | Nat
  | Masquerade
  | Reject
  | Numgen
  | Fib
  | Dynset
  | CounterExpression
  | OpaqueExpression
