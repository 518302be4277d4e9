/**
 * Rules as the kernel's expressions: what nft itself would make of the same text, so that both writers leave the same
 * ruleset behind. read-rule.ts is the way back.
 */
import { addressBytes } from '../../src/netlink/address-bytes.ts'
import { utf8 } from '../../src/netlink/bytes.ts'
import * as nf from '../../src/netlink/nf-tables/constants.ts'
import { markKey, verdictData } from '../../src/netlink/nf-tables/data.ts'
import type { Expression } from '../../src/netlink/nf-tables/expression-types.ts'
import type { Family, Protocol } from '../../src/objects/types.ts'
import type { Field, Match, Rule, Statement, Verdict } from './entries.ts'

/** Where an address stands in the header of a packet, bytes: linux/ip.h, linux/ipv6.h. */
export const ADDRESS_OFFSET: Readonly<
  Record<Family, Readonly<Record<'source' | 'destination', number>>>
> = {
  IPv4: { source: 12, destination: 16 },
  IPv6: { source: 8, destination: 24 },
}
export const ADDRESS_BYTES: Readonly<Record<Family, 4 | 16>> = { IPv4: 4, IPv6: 16 }
/** In TCP, UDP and SCTP alike. */
export const PORT_OFFSET = 2
/** IFNAMSIZ */
export const INTERFACE_BYTES = 16
/** IPPROTO_*: linux/in.h */
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 }

const FIRST = nf.NFT_REG32_00

export const expressionsOf = (family: Family, { matches, statements }: Rule): Expression[] => [
  ...matches.flatMap(match => matchExpressions(family, match)),
  ...statements.flatMap(statement => statementExpressions(family, statement)),
]

const matchExpressions = (family: Family, match: Match): Expression[] => {
  switch (match.kind) {
    case 'range':
      return rangeExpressions(family, match)
    case 'interface':
      return [{ kind: 'meta', dreg: FIRST, key: nf.NFT_META_IIFNAME }, nameCmp(match)]
    case 'local': {
      const flags = match.field === 'source' ? nf.NFTA_FIB_F_SADDR : nf.NFTA_FIB_F_DADDR
      return [
        { kind: 'fib', dreg: FIRST, result: nf.NFT_FIB_RESULT_ADDRTYPE, flags },
        cmp(match.not, markKey(nf.RTN_LOCAL)),
      ]
    }
    case 'translated':
      return [
        { kind: 'ct', dreg: FIRST, key: nf.NFT_CT_STATUS, direction: null },
        bitwise(markKey(nf.IPS_DST_NAT), markKey(0)),
        cmp(true, markKey(0)),
      ]
    case 'marked':
      return [
        { kind: 'meta', dreg: FIRST, key: nf.NFT_META_MARK },
        bitwise(markKey(match.mask), markKey(0)),
        cmp(false, markKey(match.mask)),
      ]
    case 'protocol':
      return [
        { kind: 'meta', dreg: FIRST, key: nf.NFT_META_L4PROTO },
        cmp(false, Uint8Array.of(PROTOCOL_NUMBER[match.protocol])),
      ]
    case 'member':
      return [
        ...load(family, match.fields, FIRST),
        { kind: 'lookup', set: match.set, sreg: FIRST, dreg: null, invert: match.not },
      ]
  }
}

const cmp = (not: boolean, data: Uint8Array): Expression => ({
  kind: 'cmp',
  sreg: FIRST,
  op: not ? nf.NFT_CMP_NEQ : nf.NFT_CMP_EQ,
  data,
})

const bitwise = (mask: Uint8Array, xor: Uint8Array): Expression => ({
  kind: 'bitwise',
  sreg: FIRST,
  dreg: FIRST,
  len: mask.length,
  mask,
  xor,
})

/** A prefix is compared without what follows it; a whole name with its padding. */
const nameCmp = ({ not, name, prefix }: Extract<Match, { kind: 'interface' }>): Expression => {
  const text = utf8(name)
  if (prefix) return cmp(not, text)
  const padded = new Uint8Array(INTERFACE_BYTES)
  padded.set(text)
  return cmp(not, padded)
}

/** Whole bytes of the prefix are loaded and compared; a prefix that ends within a byte needs a mask. */
const rangeExpressions = (
  family: Family,
  { field, not, cidr }: Extract<Match, { kind: 'range' }>,
): Expression[] => {
  const [address = '', length = ''] = cidr.split('/')
  const bits = Number(length)
  const bytes = addressBytes(address)
  const whole = bits % 8 === 0 && bits > 0
  const len = whole ? bits / 8 : ADDRESS_BYTES[family]
  const masked = whole ? [] : [bitwise(netmask(len, bits), new Uint8Array(len))]
  return [addressLoad(family, field, FIRST, len), ...masked, cmp(not, bytes.subarray(0, len))]
}

export const netmask = (length: number, bits: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => {
    const ones = Math.min(8, Math.max(0, bits - at * 8))
    return (0xff << (8 - ones)) & 0xff
  })

const addressLoad = (
  family: Family,
  field: 'source' | 'destination',
  dreg: number,
  len: number,
): Expression => ({
  kind: 'payload',
  dreg,
  base: nf.NFT_PAYLOAD_NETWORK_HEADER,
  offset: ADDRESS_OFFSET[family][field],
  len,
})

/** Registers of four bytes that a field takes. */
const words = (family: Family, field: Field): number =>
  field === 'source' || field === 'destination' || field === 'original-destination'
    ? ADDRESS_BYTES[family] / 4
    : 1

const wordsOf = (family: Family, fields: readonly Field[]): number =>
  fields.reduce((sum, field) => sum + words(family, field), 0)

/** Puts fields one behind the other, as a key is laid out. */
const load = (family: Family, fields: readonly Field[], from: number): Expression[] => {
  let dreg = from
  return fields.map(field => {
    const expression = loadOne(family, field, dreg)
    dreg += words(family, field)
    return expression
  })
}

const loadOne = (family: Family, field: Field, dreg: number): Expression => {
  switch (field) {
    case 'source':
    case 'destination':
      return addressLoad(family, field, dreg, ADDRESS_BYTES[family])
    case 'protocol':
      return { kind: 'meta', dreg, key: nf.NFT_META_L4PROTO }
    case 'port':
      return {
        kind: 'payload',
        dreg,
        base: nf.NFT_PAYLOAD_TRANSPORT_HEADER,
        offset: PORT_OFFSET,
        len: 2,
      }
    case 'original-destination':
      return { kind: 'ct', dreg, key: ORIGINAL_KEY[family], direction: nf.IP_CT_DIR_ORIGINAL }
    case 'original-port':
      return {
        kind: 'ct',
        dreg,
        key: nf.NFT_CT_PROTO_DST,
        direction: nf.IP_CT_DIR_ORIGINAL,
      }
  }
  return { kind: 'numgen', dreg, type: nf.NFT_NG_RANDOM, ...field }
}

export const ORIGINAL_KEY: Readonly<Record<Family, number>> = {
  IPv4: nf.NFT_CT_DST_IP,
  IPv6: nf.NFT_CT_DST_IP6,
}

const statementExpressions = (family: Family, statement: Statement): Expression[] => {
  switch (statement.kind) {
    case 'mark':
      return remark(markKey(~statement.mask >>> 0), statement.mask)
    case 'unmark':
      return remark(markKey(0xffffffff), statement.mask)
    case 'masquerade':
      return [{ kind: 'masq', flags: nf.NF_NAT_RANGE_PROTO_RANDOM_FULLY }]
    case 'reject':
      return [
        {
          kind: 'reject',
          type: nf.NFT_REJECT_ICMP_UNREACH,
          code: family === 'IPv4' ? nf.ICMP_PORT_UNREACH : nf.ICMPV6_PORT_UNREACH,
        },
      ]
    case 'verdict':
      return [
        { kind: 'immediate', dreg: nf.NFT_REG_VERDICT, data: verdictDataOf(statement.verdict) },
      ]
    case 'dispatch':
      return [
        ...load(family, statement.fields, FIRST),
        {
          kind: 'lookup',
          set: statement.map,
          sreg: FIRST,
          dreg: nf.NFT_REG_VERDICT,
          invert: false,
        },
      ]
    case 'translate':
      return translate(family, statement)
    case 'remember':
      return dynset(family, statement, nf.NFT_DYNSET_OP_UPDATE, BigInt(statement.seconds) * 1000n)
    case 'forget':
      return dynset(family, statement, nf.NFT_DYNSET_OP_DELETE, 0n)
  }
}

/** mark = (mark & keep) ^ flip */
const remark = (keep: Uint8Array, flip: number): Expression[] => [
  { kind: 'meta', dreg: FIRST, key: nf.NFT_META_MARK },
  bitwise(keep, markKey(flip)),
  { kind: 'meta-set', sreg: FIRST, key: nf.NFT_META_MARK },
]

export const verdictDataOf = (verdict: Verdict): ReturnType<typeof verdictData> => {
  if (verdict.kind === 'drop') return verdictData(nf.NF_DROP)
  return verdictData(verdict.kind === 'goto' ? nf.NFT_GOTO : nf.NFT_JUMP, verdict.chain)
}

/** The map's data, address and port, takes the place of the key in the registers. */
const translate = (
  family: Family,
  { fields, map }: Extract<Statement, { kind: 'translate' }>,
): Expression[] => {
  const port = FIRST + ADDRESS_BYTES[family] / 4
  return [
    ...load(family, fields, FIRST),
    { kind: 'lookup', set: map, sreg: FIRST, dreg: FIRST, invert: false },
    {
      kind: 'nat',
      type: nf.NFT_NAT_DNAT,
      family: family === 'IPv4' ? nf.NFPROTO_IPV4 : nf.NFPROTO_IPV6,
      addrMin: FIRST,
      addrMax: FIRST,
      protoMin: port,
      protoMax: port,
      flags: 0,
    },
  ]
}

const dynset = (
  family: Family,
  { map, fields, data }: Extract<Statement, { kind: 'remember' | 'forget' }>,
  op: number,
  timeoutMs: bigint,
): Expression[] => {
  const sregData = FIRST + wordsOf(family, fields)
  return [
    ...load(family, fields, FIRST),
    ...load(family, data, sregData),
    { kind: 'dynset', set: map, op, sregKey: FIRST, sregData, timeoutMs },
  ]
}
