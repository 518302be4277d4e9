/**
 * Expressions as the packet path of the nftables layout uses them, one or more of every kind; and generators of
 * elements.
 */
import fc from 'fast-check'
import * as C from '../../src/netlink/nf-tables/constants.ts'
import { verdictData } from '../../src/netlink/nf-tables/data.ts'
import type { Expression } from '../../src/netlink/nf-tables/expression-types.ts'
import type { Element } from '../../src/netlink/nf-tables/objects.ts'

const R0 = C.NFT_REG32_00
const word = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)

export type ExpressionsByKind = {
  readonly [K in Expression['kind']]: readonly Extract<Expression, { kind: K }>[]
}

export const EXPRESSIONS: ExpressionsByKind = {
  payload: [
    { kind: 'payload', dreg: R0, base: C.NFT_PAYLOAD_NETWORK_HEADER, offset: 16, len: 4 },
    { kind: 'payload', dreg: R0 + 2, base: C.NFT_PAYLOAD_TRANSPORT_HEADER, offset: 2, len: 2 },
  ],
  meta: [{ kind: 'meta', dreg: R0 + 1, key: C.NFT_META_L4PROTO }],
  'meta-set': [{ kind: 'meta-set', sreg: R0, key: C.NFT_META_MARK }],
  ct: [
    { kind: 'ct', dreg: R0, key: C.NFT_CT_STATUS, direction: null },
    { kind: 'ct', dreg: R0, key: C.NFT_CT_DST_IP, direction: C.IP_CT_DIR_ORIGINAL },
    { kind: 'ct', dreg: R0 + 4, key: C.NFT_CT_PROTO_DST, direction: C.IP_CT_DIR_ORIGINAL },
  ],
  cmp: [{ kind: 'cmp', sreg: R0, op: C.NFT_CMP_NEQ, data: word(0, 0, 0, 0) }],
  range: [
    {
      kind: 'range',
      sreg: R0,
      op: C.NFT_RANGE_NEQ,
      from: word(10, 0, 0, 1),
      to: word(10, 0, 0, 9),
    },
  ],
  bitwise: [
    {
      kind: 'bitwise',
      sreg: R0,
      dreg: R0,
      len: 4,
      mask: word(255, 255, 0, 0),
      xor: word(0, 0, 0, 0),
    },
  ],
  lookup: [
    { kind: 'lookup', set: 'hairpins', sreg: R0, dreg: null, invert: false },
    { kind: 'lookup', set: 'hairpins', sreg: R0, dreg: null, invert: true },
    { kind: 'lookup', set: 'services', sreg: R0, dreg: C.NFT_REG_VERDICT, invert: false },
    { kind: 'lookup', set: 'endpoints', sreg: R0, dreg: R0 + 4, invert: false },
  ],
  immediate: [
    { kind: 'immediate', dreg: C.NFT_REG_VERDICT, data: verdictData(C.NFT_GOTO, 'pick-2') },
    { kind: 'immediate', dreg: C.NFT_REG_VERDICT, data: verdictData(C.NF_DROP) },
    { kind: 'immediate', dreg: R0, data: word(1, 2, 3, 4) },
  ],
  nat: [
    {
      kind: 'nat',
      type: C.NFT_NAT_DNAT,
      family: C.NFPROTO_IPV4,
      addrMin: R0 + 4,
      addrMax: R0 + 4,
      protoMin: R0 + 5,
      protoMax: R0 + 5,
      flags: C.NF_NAT_RANGE_MAP_IPS | C.NF_NAT_RANGE_PROTO_SPECIFIED,
    },
  ],
  masq: [
    { kind: 'masq', flags: C.NF_NAT_RANGE_PROTO_RANDOM_FULLY },
    { kind: 'masq', flags: 0 },
  ],
  reject: [
    { kind: 'reject', type: C.NFT_REJECT_ICMP_UNREACH, code: C.ICMP_PORT_UNREACH },
    { kind: 'reject', type: C.NFT_REJECT_TCP_RST, code: null },
  ],
  numgen: [
    { kind: 'numgen', dreg: R0 + 3, modulus: 3, type: C.NFT_NG_RANDOM, offset: 0 },
    { kind: 'numgen', dreg: R0 + 3, modulus: 1, type: C.NFT_NG_RANDOM, offset: 32768 },
  ],
  fib: [
    {
      kind: 'fib',
      dreg: R0,
      result: C.NFT_FIB_RESULT_ADDRTYPE,
      flags: C.NFTA_FIB_F_DADDR,
    },
  ],
  dynset: [
    {
      kind: 'dynset',
      set: 'affinity',
      op: C.NFT_DYNSET_OP_UPDATE,
      sregKey: R0,
      sregData: R0 + 4,
      timeoutMs: 30_000n,
    },
    {
      kind: 'dynset',
      set: 'affinity',
      op: C.NFT_DYNSET_OP_DELETE,
      sregKey: R0,
      sregData: R0 + 4,
      timeoutMs: 0n,
    },
  ],
  counter: [{ kind: 'counter', packets: 3n, bytes: 0x1_0000_0001n }],
  opaque: [{ kind: 'opaque', name: 'notrack', bytes: new Uint8Array(0) }],
}

export const ALL_EXPRESSIONS: readonly Expression[] = Object.values(EXPRESSIONS).flat()

const arbBytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

const arbWord = fc.nat({ max: 0xffffffff }).map(n => n >>> 0)

/** An element of any shape, optional parts left out rather than undefined. */
export const arbElement: fc.Arbitrary<Element> = fc.record(
  {
    key: fc.integer({ min: 1, max: 16 }).chain(words => arbBytes(words * 4)),
    keyEnd: arbBytes(16),
    data: fc.oneof(
      fc.integer({ min: 1, max: 20 }).chain(arbBytes),
      fc
        .tuple(fc.constantFrom(0, 1, -3, -4, -5), fc.option(fc.string({ minLength: 1 })))
        .map(([code, chain]) => verdictData(code, chain?.replaceAll('\0', '-') ?? null)),
    ),
    flags: arbWord,
    timeoutMs: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    expirationMs: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    userData: fc.uint8Array({ maxLength: 20 }),
  },
  { requiredKeys: ['key'] },
)
