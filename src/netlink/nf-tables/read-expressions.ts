/**
 * Attributes to expressions. What we do not know, or know only in part, becomes `opaque` with all its bytes, so that
 * it compares unequal to whatever we would have written.
 * In: the bytes of a rule's expression list. Out: expressions.
 */
import { AttributeReader, decodeAttributes } from '../attributes.ts'
import {
  NFTA_BITWISE,
  NFTA_CMP,
  NFTA_COUNTER,
  NFTA_CT,
  NFTA_DYNSET,
  NFTA_EXPR,
  NFTA_FIB,
  NFTA_IMMEDIATE,
  NFTA_LOOKUP,
  NFTA_MASQ,
  NFTA_META,
  NFTA_NAT,
  NFTA_NG,
  NFTA_PAYLOAD,
  NFTA_RANGE,
  NFTA_REJECT,
} from './attribute-numbers.ts'
import { NFT_REG32_00 } from './constants.ts'
import { readData } from './data.ts'
import type { Expression } from './expression-types.ts'

/** The list inside NFTA_RULE_EXPRESSIONS. */
export const readExpressions = (bytes: Uint8Array): readonly Expression[] =>
  decodeAttributes(bytes).map(element => readExpression(element.bytes))

const NOTHING = new Uint8Array(0)

const readExpression = (bytes: Uint8Array): Expression => {
  const outer = new AttributeReader(bytes)
  const name = outer.str(NFTA_EXPR.NAME) ?? ''
  const data = outer.raw(NFTA_EXPR.DATA) ?? NOTHING
  const reader = new AttributeReader(data)
  const expression = READERS.get(name)?.(reader)
  return expression === undefined || reader.rest().length > 0
    ? { kind: 'opaque', name, bytes: data }
    : expression
}

/**
 * A register as it was given: the kernel prints the first of each four by its old number, 1 … 4 for registers of 16
 * bytes.
 */
const register = (reader: AttributeReader, type: number): number => {
  const number = reader.u32be(type) ?? 0
  return number >= 1 && number <= 4 ? NFT_REG32_00 + (number - 1) * 4 : number
}

const value = (reader: AttributeReader, type: number): Uint8Array | undefined => {
  const bytes = reader.raw(type)
  const data = bytes && readData(bytes)
  return data instanceof Uint8Array ? data : undefined
}

/** Undefined: not in a shape we know. */
type Read = (reader: AttributeReader) => Expression | undefined

const meta: Read = reader => {
  const key = reader.u32be(NFTA_META.KEY) ?? 0
  const sreg = register(reader, NFTA_META.SREG)
  return sreg === 0
    ? { kind: 'meta', dreg: register(reader, NFTA_META.DREG), key }
    : { kind: 'meta-set', sreg, key }
}

const payload: Read = reader => ({
  kind: 'payload',
  dreg: register(reader, NFTA_PAYLOAD.DREG),
  base: reader.u32be(NFTA_PAYLOAD.BASE) ?? 0,
  offset: reader.u32be(NFTA_PAYLOAD.OFFSET) ?? 0,
  len: reader.u32be(NFTA_PAYLOAD.LEN) ?? 0,
})

const ct: Read = reader => ({
  kind: 'ct',
  dreg: register(reader, NFTA_CT.DREG),
  key: reader.u32be(NFTA_CT.KEY) ?? 0,
  direction: reader.u8(NFTA_CT.DIRECTION) ?? null,
})

const cmp: Read = reader => {
  const data = value(reader, NFTA_CMP.DATA)
  const sreg = register(reader, NFTA_CMP.SREG)
  return data && { kind: 'cmp', sreg, op: reader.u32be(NFTA_CMP.OP) ?? 0, data }
}

const range: Read = reader => {
  const from = value(reader, NFTA_RANGE.FROM_DATA)
  const to = value(reader, NFTA_RANGE.TO_DATA)
  const sreg = register(reader, NFTA_RANGE.SREG)
  return from && to && { kind: 'range', sreg, op: reader.u32be(NFTA_RANGE.OP) ?? 0, from, to }
}

const bitwise: Read = reader => {
  const mask = value(reader, NFTA_BITWISE.MASK)
  const xor = value(reader, NFTA_BITWISE.XOR)
  // Shifts and the two-register operations of later kernels have another operation number.
  if (!mask || !xor || (reader.u32be(NFTA_BITWISE.OP) ?? 0) !== 0) return undefined
  const len = reader.u32be(NFTA_BITWISE.LEN) ?? 0
  return {
    kind: 'bitwise',
    sreg: register(reader, NFTA_BITWISE.SREG),
    dreg: register(reader, NFTA_BITWISE.DREG),
    len,
    mask,
    xor,
  }
}

const lookup: Read = reader => {
  reader.ignore(NFTA_LOOKUP.SET_ID)
  const hasDreg = reader.raw(NFTA_LOOKUP.DREG) !== undefined
  return {
    kind: 'lookup',
    set: reader.str(NFTA_LOOKUP.SET) ?? '',
    sreg: register(reader, NFTA_LOOKUP.SREG),
    dreg: hasDreg ? register(reader, NFTA_LOOKUP.DREG) : null,
    invert: (reader.u32be(NFTA_LOOKUP.FLAGS) ?? 0) !== 0,
  }
}

const immediate: Read = reader => {
  const bytes = reader.raw(NFTA_IMMEDIATE.DATA)
  const data = bytes && readData(bytes)
  return data && { kind: 'immediate', dreg: register(reader, NFTA_IMMEDIATE.DREG), data }
}

const nat: Read = reader => ({
  kind: 'nat',
  type: reader.u32be(NFTA_NAT.TYPE) ?? 0,
  family: reader.u32be(NFTA_NAT.FAMILY) ?? 0,
  addrMin: register(reader, NFTA_NAT.REG_ADDR_MIN),
  addrMax: register(reader, NFTA_NAT.REG_ADDR_MAX),
  protoMin: register(reader, NFTA_NAT.REG_PROTO_MIN),
  protoMax: register(reader, NFTA_NAT.REG_PROTO_MAX),
  flags: reader.u32be(NFTA_NAT.FLAGS) ?? 0,
})

const reject: Read = reader => ({
  kind: 'reject',
  type: reader.u32be(NFTA_REJECT.TYPE) ?? 0,
  code: reader.u8(NFTA_REJECT.ICMP_CODE) ?? null,
})

const numgen: Read = reader => ({
  kind: 'numgen',
  dreg: register(reader, NFTA_NG.DREG),
  modulus: reader.u32be(NFTA_NG.MODULUS) ?? 0,
  type: reader.u32be(NFTA_NG.TYPE) ?? 0,
  offset: reader.u32be(NFTA_NG.OFFSET) ?? 0,
})

const fib: Read = reader => ({
  kind: 'fib',
  dreg: register(reader, NFTA_FIB.DREG),
  result: reader.u32be(NFTA_FIB.RESULT) ?? 0,
  flags: reader.u32be(NFTA_FIB.FLAGS) ?? 0,
})

const dynset: Read = reader => {
  reader.ignore(NFTA_DYNSET.SET_ID)
  if ((reader.u32be(NFTA_DYNSET.FLAGS) ?? 0) !== 0) return undefined
  return {
    kind: 'dynset',
    set: reader.str(NFTA_DYNSET.SET_NAME) ?? '',
    op: reader.u32be(NFTA_DYNSET.OP) ?? 0,
    sregKey: register(reader, NFTA_DYNSET.SREG_KEY),
    sregData: register(reader, NFTA_DYNSET.SREG_DATA),
    timeoutMs: reader.u64be(NFTA_DYNSET.TIMEOUT) ?? 0n,
  }
}

const READERS: ReadonlyMap<string, Read> = new Map(
  Object.entries<Read>({
    meta,
    payload,
    ct,
    cmp,
    range,
    bitwise,
    lookup,
    immediate,
    nat,
    masq: reader => ({ kind: 'masq', flags: reader.u32be(NFTA_MASQ.FLAGS) ?? 0 }),
    reject,
    numgen,
    fib,
    dynset,
    counter: reader => ({
      kind: 'counter',
      packets: reader.u64be(NFTA_COUNTER.PACKETS) ?? 0n,
      bytes: reader.u64be(NFTA_COUNTER.BYTES) ?? 0n,
    }),
  }),
)
