/**
 * Sets and maps as the kernel is told about them. The key type is for nft alone, six bits a field. A key with an index
 * needs user data too: an index has no type name, so nft keeps the expression that it would come from, and prints
 * that. nft 1.0.6 crashes on such data for verdict maps, so these go without. The bytes are those that nft 1.0.6 and
 * 1.1.3 write (NFTNL_UDATA_SET_*: libnftnl/udata.h).
 */
import { LITTLE_ENDIAN } from '../../src/netlink/bytes.ts'
import * as nf from '../../src/netlink/nf-tables/constants.ts'
import type { NftSet, TableRef } from '../../src/netlink/nf-tables/objects.ts'
import type { Family } from '../../src/objects/types.ts'
import type { SetName } from './entries.ts'
import { ADDRESS_BYTES } from './rule-expressions.ts'
import { AFFINITY_SECONDS, AFFINITY_SIZE, type FieldType, SETS, type SetShape } from './sets.ts'

export const kernelSet = (table: TableRef, family: Family, name: SetName): NftSet => {
  const shape = SETS[name]
  const userData = shape.key.includes('index') ? typeofData(family, shape) : undefined
  return {
    ...table,
    set: name,
    flags: flagsOf(shape),
    keyType: typeOf(family, shape.key),
    keyLength: lengthOf(family, shape.key),
    data: dataOf(family, shape),
    fields: shape.interval ? shape.key.map(field => fieldBytes(family, field)) : [],
    size: shape.dynamic ? AFFINITY_SIZE : 0,
    timeoutMs: shape.dynamic ? BigInt(AFFINITY_SECONDS) * 1000n : 0n,
    ...(userData && { userData }),
  }
}

/** Whether a set in a kernel is the one we would make: its elements can then be read and written. */
export const isSameShape = (a: NftSet, b: NftSet): boolean =>
  a.keyLength === b.keyLength &&
  a.flags === b.flags &&
  a.data?.length === b.data?.length &&
  (a.data?.type === nf.NFT_DATA_VERDICT) === (b.data?.type === nf.NFT_DATA_VERDICT)

const flagsOf = ({ data, interval, dynamic }: SetShape): number =>
  (data === null ? 0 : nf.NFT_SET_MAP) |
  (interval ? nf.NFT_SET_INTERVAL | nf.NFT_SET_CONCAT : 0) |
  (dynamic ? nf.NFT_SET_TIMEOUT | nf.NFT_SET_EVAL : 0)

const typeNumber = (family: Family, field: FieldType): number => {
  switch (field) {
    case 'address':
      return family === 'IPv4' ? nf.TYPE_IPADDR : nf.TYPE_IP6ADDR
    case 'protocol':
      return nf.TYPE_INET_PROTOCOL
    case 'port':
      return nf.TYPE_INET_SERVICE
    case 'index':
      return nf.TYPE_INTEGER
  }
}

const TYPE_BITS = 6

const typeOf = (family: Family, fields: readonly FieldType[]): number =>
  fields.reduce((packed, field) => (packed << TYPE_BITS) | typeNumber(family, field), 0)

/** Bytes of a field itself; in a key it is padded to a multiple of four. */
const fieldBytes = (family: Family, field: FieldType): number => {
  switch (field) {
    case 'address':
      return ADDRESS_BYTES[family]
    case 'protocol':
      return 1
    case 'port':
      return 2
    case 'index':
      return 4
  }
}

const lengthOf = (family: Family, fields: readonly FieldType[]): number =>
  fields.reduce((sum, field) => sum + ((fieldBytes(family, field) + 3) & ~3), 0)

const dataOf = (family: Family, { data }: SetShape): NftSet['data'] => {
  if (data === null) return null
  if (data === 'verdict') return { type: nf.NFT_DATA_VERDICT, length: 0 }
  return { type: typeOf(family, data), length: lengthOf(family, data) }
}

/** One item of user data: type, length, value. */
const item = (type: number, value: readonly number[]): readonly number[] => [
  type,
  value.length,
  ...value,
]
const number = (type: number, value: number): readonly number[] => {
  const bytes = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]
  return item(type, LITTLE_ENDIAN ? bytes : bytes.reverse())
}

// enum expr_types and proto_desc_id of nft; NFTNL_UDATA_SET_*.
const EXPR = { payload: 7, meta: 9, concat: 13, numgen: 23 } as const
const HEADER = { transport: 11, IPv4: 12, IPv6: 13 } as const
const HEADER_FIELD = { port: 2, IPv4: 12, IPv6: 9 } as const
const UDATA = { keyOrder: 0, dataOrder: 1, keyTypeof: 3, dataTypeof: 4, dataInterval: 6 } as const

const expression = (type: number, ...data: readonly (readonly number[])[]): readonly number[] => [
  ...number(0, type),
  ...item(1, data.flat()),
]

/** `ip daddr`, `meta l4proto`, `th dport`, `numgen random mod 65536` */
const fieldExpression = (family: Family, field: FieldType): readonly number[] => {
  switch (field) {
    case 'address':
      return expression(EXPR.payload, number(0, HEADER[family]), number(1, HEADER_FIELD[family]))
    case 'protocol':
      return expression(EXPR.meta, number(0, nf.NFT_META_L4PROTO))
    case 'port':
      return expression(EXPR.payload, number(0, HEADER.transport), number(1, HEADER_FIELD.port))
    case 'index':
      return expression(EXPR.numgen, number(0, nf.NFT_NG_RANDOM), number(1, 65536), number(2, 0))
  }
}

const concatExpression = (family: Family, fields: readonly FieldType[]): readonly number[] =>
  expression(EXPR.concat, ...fields.map((field, at) => item(at, fieldExpression(family, field))))

const typeofData = (family: Family, { key, data }: SetShape): Uint8Array =>
  Uint8Array.from([
    ...number(UDATA.keyOrder, 0),
    ...number(UDATA.dataOrder, 0),
    ...item(UDATA.keyTypeof, concatExpression(family, key)),
    ...(data === null || data === 'verdict'
      ? []
      : item(UDATA.dataTypeof, concatExpression(family, data))),
    ...number(UDATA.dataInterval, 0),
  ])
