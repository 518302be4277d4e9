/**
 * Expressions to attributes. A kernel that was given these gives the same back: read-expressions.ts reads them.
 * In: an expression. Out: its attributes, in the order of the kernel's enums.
 */
import { type Attr, nest, rawNest, str, u8, u32be, u64be } from '../attributes.ts'
import {
  NFTA_BITWISE,
  NFTA_CMP,
  NFTA_COUNTER,
  NFTA_CT,
  NFTA_DYNSET,
  NFTA_EXPR,
  NFTA_FIB,
  NFTA_IMMEDIATE,
  NFTA_LIST,
  NFTA_LOOKUP,
  NFTA_MASQ,
  NFTA_META,
  NFTA_NAT,
  NFTA_NG,
  NFTA_PAYLOAD,
  NFTA_RANGE,
  NFTA_REJECT,
} from './attribute-numbers.ts'
import { dataAttr } from './data.ts'
import type {
  Bitwise,
  Cmp,
  CounterExpression,
  Ct,
  Dynset,
  Expression,
  Fib,
  Immediate,
  Lookup,
  Masquerade,
  Meta,
  MetaSet,
  Nat,
  Numgen,
  OpaqueExpression,
  Payload,
  Range,
  Reject,
} from './expression-types.ts'

/** The expressions of a rule: a list of name and attributes. */
export const expressionsAttr = (type: number, expressions: readonly Expression[]): Attr =>
  nest(
    type,
    expressions.map(expression =>
      nest(NFTA_LIST.ELEM, [str(NFTA_EXPR.NAME, kernelName(expression)), dataOf(expression)]),
    ),
  )

const kernelName = (expression: Expression): string => {
  if (expression.kind === 'opaque') return expression.name
  return expression.kind === 'meta-set' ? 'meta' : expression.kind
}

const dataOf = (expression: Expression): Attr =>
  expression.kind === 'opaque'
    ? rawNest(NFTA_EXPR.DATA, expression.bytes)
    : nest(NFTA_EXPR.DATA, attributesOf(expression))

/** A number that 0 leaves out. */
const given = (type: number, number: number): readonly Attr[] =>
  number === 0 ? [] : [u32be(type, number)]

const NFT_LOOKUP_F_INV = 1

const attributesOf = (e: Exclude<Expression, OpaqueExpression>): readonly Attr[] => {
  switch (e.kind) {
    case 'payload':
    case 'meta':
    case 'meta-set':
    case 'ct':
    case 'fib':
    case 'numgen':
    case 'immediate':
      return loadAttributes(e)
    case 'cmp':
    case 'range':
    case 'bitwise':
    case 'lookup':
      return testAttributes(e)
    case 'nat':
    case 'masq':
    case 'reject':
    case 'dynset':
    case 'counter':
      return effectAttributes(e)
  }
}

const loadAttributes = (
  e: Payload | Meta | MetaSet | Ct | Fib | Numgen | Immediate,
): readonly Attr[] => {
  switch (e.kind) {
    case 'payload':
      return [
        u32be(NFTA_PAYLOAD.DREG, e.dreg),
        u32be(NFTA_PAYLOAD.BASE, e.base),
        u32be(NFTA_PAYLOAD.OFFSET, e.offset),
        u32be(NFTA_PAYLOAD.LEN, e.len),
      ]
    case 'meta':
      return [u32be(NFTA_META.DREG, e.dreg), u32be(NFTA_META.KEY, e.key)]
    case 'meta-set':
      return [u32be(NFTA_META.KEY, e.key), u32be(NFTA_META.SREG, e.sreg)]
    case 'ct':
      return [
        u32be(NFTA_CT.DREG, e.dreg),
        u32be(NFTA_CT.KEY, e.key),
        ...(e.direction === null ? [] : [u8(NFTA_CT.DIRECTION, e.direction)]),
      ]
    case 'fib':
      return [
        u32be(NFTA_FIB.DREG, e.dreg),
        u32be(NFTA_FIB.RESULT, e.result),
        u32be(NFTA_FIB.FLAGS, e.flags),
      ]
    case 'numgen':
      return [
        u32be(NFTA_NG.DREG, e.dreg),
        u32be(NFTA_NG.MODULUS, e.modulus),
        u32be(NFTA_NG.TYPE, e.type),
        u32be(NFTA_NG.OFFSET, e.offset),
      ]
    case 'immediate':
      return [u32be(NFTA_IMMEDIATE.DREG, e.dreg), dataAttr(NFTA_IMMEDIATE.DATA, e.data)]
  }
}

const testAttributes = (e: Cmp | Range | Bitwise | Lookup): readonly Attr[] => {
  switch (e.kind) {
    case 'cmp':
      return [
        u32be(NFTA_CMP.SREG, e.sreg),
        u32be(NFTA_CMP.OP, e.op),
        dataAttr(NFTA_CMP.DATA, e.data),
      ]
    case 'range':
      return [
        u32be(NFTA_RANGE.SREG, e.sreg),
        u32be(NFTA_RANGE.OP, e.op),
        dataAttr(NFTA_RANGE.FROM_DATA, e.from),
        dataAttr(NFTA_RANGE.TO_DATA, e.to),
      ]
    case 'bitwise':
      return [
        u32be(NFTA_BITWISE.SREG, e.sreg),
        u32be(NFTA_BITWISE.DREG, e.dreg),
        u32be(NFTA_BITWISE.LEN, e.len),
        dataAttr(NFTA_BITWISE.MASK, e.mask),
        dataAttr(NFTA_BITWISE.XOR, e.xor),
      ]
    case 'lookup':
      return [
        str(NFTA_LOOKUP.SET, e.set),
        u32be(NFTA_LOOKUP.SREG, e.sreg),
        ...(e.dreg === null ? [] : [u32be(NFTA_LOOKUP.DREG, e.dreg)]),
        ...given(NFTA_LOOKUP.FLAGS, e.invert ? NFT_LOOKUP_F_INV : 0),
      ]
  }
}

const effectAttributes = (
  e: Nat | Masquerade | Reject | Dynset | CounterExpression,
): readonly Attr[] => {
  switch (e.kind) {
    case 'nat':
      return [
        u32be(NFTA_NAT.TYPE, e.type),
        u32be(NFTA_NAT.FAMILY, e.family),
        ...given(NFTA_NAT.REG_ADDR_MIN, e.addrMin),
        ...given(NFTA_NAT.REG_ADDR_MAX, e.addrMax),
        ...given(NFTA_NAT.REG_PROTO_MIN, e.protoMin),
        ...given(NFTA_NAT.REG_PROTO_MAX, e.protoMax),
        ...given(NFTA_NAT.FLAGS, e.flags),
      ]
    case 'masq':
      return given(NFTA_MASQ.FLAGS, e.flags)
    case 'reject':
      return [
        u32be(NFTA_REJECT.TYPE, e.type),
        ...(e.code === null ? [] : [u8(NFTA_REJECT.ICMP_CODE, e.code)]),
      ]
    case 'dynset':
      return [
        str(NFTA_DYNSET.SET_NAME, e.set),
        u32be(NFTA_DYNSET.OP, e.op),
        u32be(NFTA_DYNSET.SREG_KEY, e.sregKey),
        ...given(NFTA_DYNSET.SREG_DATA, e.sregData),
        ...(e.timeoutMs === 0n ? [] : [u64be(NFTA_DYNSET.TIMEOUT, e.timeoutMs)]),
      ]
    case 'counter':
      return [u64be(NFTA_COUNTER.BYTES, e.bytes), u64be(NFTA_COUNTER.PACKETS, e.packets)]
  }
}
