import t from 'tap'
import {
  AttributeReader,
  encodeAttributes,
  nest,
  raw,
  str,
  u32be,
} from '../../../../src/netlink/attributes.ts'
import type { Expression } from '../../../../src/netlink/nf-tables/expression-types.ts'
import { expressionsAttr } from '../../../../src/netlink/nf-tables/expressions.ts'
import { readExpressions } from '../../../../src/netlink/nf-tables/read-expressions.ts'
import { ALL_EXPRESSIONS, EXPRESSIONS } from '../../../support/nft-samples.ts'
import { bytes, dump } from '../../../support/wire-bytes.ts'

/** The attributes of one expression, without its name. */
const attributesOf = (expression: Expression): Uint8Array => {
  const list = new AttributeReader(encodeAttributes([expressionsAttr(4, [expression])])).nest(4)
  return list?.nest(1)?.raw(2) ?? new Uint8Array(0)
}

/** The bytes of each sample's attributes, laid beside the kernel's enums. */
const BYTES: { readonly [K in Expression['kind']]: readonly string[] } = {
  payload: [
    `08 00 01 00 | DREG
     00 00 00 08 | 8
     08 00 02 00 | BASE
     00 00 00 01 | network header
     08 00 03 00 | OFFSET
     00 00 00 10 | 16
     08 00 04 00 | LEN
     00 00 00 04 | 4`,
    `08 00 01 00 | DREG
     00 00 00 0a | 10
     08 00 02 00 | BASE
     00 00 00 02 | transport header
     08 00 03 00 | OFFSET
     00 00 00 02 | 2
     08 00 04 00 | LEN
     00 00 00 02 | 2`,
  ],
  meta: [
    `08 00 01 00 | DREG
     00 00 00 09 | 9
     08 00 02 00 | KEY
     00 00 00 10 | l4proto`,
  ],
  'meta-set': [
    `08 00 02 00 | KEY
     00 00 00 03 | mark
     08 00 03 00 | SREG
     00 00 00 08 | 8`,
  ],
  ct: [
    `08 00 01 00 | DREG
     00 00 00 08 | 8
     08 00 02 00 | KEY
     00 00 00 02 | status`,
    `08 00 01 00 | DREG
     00 00 00 08 | 8
     08 00 02 00 | KEY
     00 00 00 14 | dst ip
     05 00 03 00 | DIRECTION, u8
     00 00 00 00 | original`,
    `08 00 01 00 | DREG
     00 00 00 0c | 12
     08 00 02 00 | KEY
     00 00 00 0c | proto-dst
     05 00 03 00 | DIRECTION, u8
     00 00 00 00 | original`,
  ],
  cmp: [
    `08 00 01 00 | SREG
     00 00 00 08 | 8
     08 00 02 00 | OP
     00 00 00 01 | not equal
     0c 00 03 80 | DATA, nested
     08 00 01 00 | NFTA_DATA_VALUE
     00 00 00 00 |`,
  ],
  range: [
    `08 00 01 00 | SREG
     00 00 00 08 | 8
     08 00 02 00 | OP
     00 00 00 01 | not within
     0c 00 03 80 | FROM_DATA, nested
     08 00 01 00 | NFTA_DATA_VALUE
     0a 00 00 01 |
     0c 00 04 80 | TO_DATA, nested
     08 00 01 00 | NFTA_DATA_VALUE
     0a 00 00 09 |`,
  ],
  bitwise: [
    `08 00 01 00 | SREG
     00 00 00 08 | 8
     08 00 02 00 | DREG
     00 00 00 08 | 8
     08 00 03 00 | LEN
     00 00 00 04 | 4
     0c 00 04 80 | MASK, nested
     08 00 01 00 | NFTA_DATA_VALUE
     ff ff 00 00 |
     0c 00 05 80 | XOR, nested
     08 00 01 00 | NFTA_DATA_VALUE
     00 00 00 00 |`,
  ],
  lookup: [
    `0d 00 01 00 | SET
     68 61 69 72 | "hairpins"
     70 69 6e 73 |
     00 00 00 00 |
     08 00 02 00 | SREG
     00 00 00 08 | 8`,
    `0d 00 01 00 | SET
     68 61 69 72 | "hairpins"
     70 69 6e 73 |
     00 00 00 00 |
     08 00 02 00 | SREG
     00 00 00 08 | 8
     08 00 05 00 | FLAGS
     00 00 00 01 | invert`,
    `0d 00 01 00 | SET
     73 65 72 76 | "services"
     69 63 65 73 |
     00 00 00 00 |
     08 00 02 00 | SREG
     00 00 00 08 | 8
     08 00 03 00 | DREG
     00 00 00 00 | the verdict`,
    `0e 00 01 00 | SET
     65 6e 64 70 | "endpoints"
     6f 69 6e 74 |
     73 00 00 00 |
     08 00 02 00 | SREG
     00 00 00 08 | 8
     08 00 03 00 | DREG
     00 00 00 0c | 12`,
  ],
  immediate: [
    `08 00 01 00 | DREG
     00 00 00 00 | the verdict
     1c 00 02 80 | DATA, nested
     18 00 02 80 | NFTA_DATA_VERDICT, nested
     08 00 01 00 | NFTA_VERDICT_CODE
     ff ff ff fc | goto
     0b 00 02 00 | NFTA_VERDICT_CHAIN
     70 69 63 6b | "pick-2"
     2d 32 00 00 |`,
    `08 00 01 00 | DREG
     00 00 00 00 | the verdict
     10 00 02 80 | DATA, nested
     0c 00 02 80 | NFTA_DATA_VERDICT, nested
     08 00 01 00 | NFTA_VERDICT_CODE
     00 00 00 00 | drop`,
    `08 00 01 00 | DREG
     00 00 00 08 | 8
     0c 00 02 80 | DATA, nested
     08 00 01 00 | NFTA_DATA_VALUE
     01 02 03 04 |`,
  ],
  nat: [
    `08 00 01 00 | TYPE
     00 00 00 01 | dnat
     08 00 02 00 | FAMILY
     00 00 00 02 | IPv4
     08 00 03 00 | REG_ADDR_MIN
     00 00 00 0c | 12
     08 00 04 00 | REG_ADDR_MAX
     00 00 00 0c | 12
     08 00 05 00 | REG_PROTO_MIN
     00 00 00 0d | 13
     08 00 06 00 | REG_PROTO_MAX
     00 00 00 0d | 13
     08 00 07 00 | FLAGS
     00 00 00 03 | addresses, ports`,
  ],
  masq: [
    `08 00 01 00 | FLAGS
     00 00 00 10 | fully random`,
    '',
  ],
  reject: [
    `08 00 01 00 | TYPE
     00 00 00 00 | ICMP unreachable
     05 00 02 00 | ICMP_CODE, u8
     03 00 00 00 | port`,
    `08 00 01 00 | TYPE
     00 00 00 01 | TCP reset`,
  ],
  numgen: [
    `08 00 01 00 | DREG
     00 00 00 0b | 11
     08 00 02 00 | MODULUS
     00 00 00 03 | 3
     08 00 03 00 | TYPE
     00 00 00 01 | random
     08 00 04 00 | OFFSET
     00 00 00 00 | 0`,
    `08 00 01 00 | DREG
     00 00 00 0b | 11
     08 00 02 00 | MODULUS
     00 00 00 01 | 1
     08 00 03 00 | TYPE
     00 00 00 01 | random
     08 00 04 00 | OFFSET
     00 00 80 00 | 32768`,
  ],
  fib: [
    `08 00 01 00 | DREG
     00 00 00 08 | 8
     08 00 02 00 | RESULT
     00 00 00 03 | address type
     08 00 03 00 | FLAGS
     00 00 00 02 | daddr`,
  ],
  dynset: [
    `0d 00 01 00 | SET_NAME
     61 66 66 69 | "affinity"
     6e 69 74 79 |
     00 00 00 00 |
     08 00 03 00 | OP
     00 00 00 01 | update
     08 00 04 00 | SREG_KEY
     00 00 00 08 | 8
     08 00 05 00 | SREG_DATA
     00 00 00 0c | 12
     0c 00 06 00 | TIMEOUT
     00 00 00 00 |
     00 00 75 30 | 30 s in ms`,
    `0d 00 01 00 | SET_NAME
     61 66 66 69 | "affinity"
     6e 69 74 79 |
     00 00 00 00 |
     08 00 03 00 | OP
     00 00 00 02 | delete
     08 00 04 00 | SREG_KEY
     00 00 00 08 | 8
     08 00 05 00 | SREG_DATA
     00 00 00 0c | 12`,
  ],
  counter: [
    `0c 00 01 00 | BYTES
     00 00 00 01 |
     00 00 00 01 |
     0c 00 02 00 | PACKETS
     00 00 00 00 |
     00 00 00 03 |`,
  ],
  opaque: [''],
}

for (const [kind, texts] of Object.entries(BYTES))
  t.test(`${kind}, byte by byte`, t => {
    const samples: readonly Expression[] = EXPRESSIONS[kind as Expression['kind']]
    t.equal(samples.length, texts.length)
    for (const [i, sample] of samples.entries())
      t.equal(dump(attributesOf(sample)), dump(bytes(texts[i] ?? 'zz')), `${kind} ${i}`)
    t.end()
  })

const listOf = (attributes: Parameters<typeof encodeAttributes>[0]): Uint8Array =>
  encodeAttributes([nest(1, attributes)])

t.test('every sample reads back, alone and in one rule', t => {
  for (const expression of ALL_EXPRESSIONS) {
    const list = new AttributeReader(encodeAttributes([expressionsAttr(4, [expression])])).raw(4)
    t.strictSame(readExpressions(list ?? new Uint8Array(0)), [expression])
  }
  t.end()
})

t.test('the kernel prints the first of each four registers by its old number', t => {
  for (const [printed, given] of [
    [1, 8],
    [2, 12],
    [3, 16],
    [4, 20],
    [9, 9],
    [23, 23],
  ] as const) {
    const list = listOf([str(1, 'meta'), nest(2, [u32be(1, printed), u32be(2, 16)])])
    t.strictSame(readExpressions(list), [{ kind: 'meta', dreg: given, key: 16 }])
  }
  t.end()
})

t.test(
  'unknown names, unknown attributes and other operations stay opaque, with all their bytes',
  t => {
    const data = {
      toString: encodeAttributes([u32be(1, 1)]),
      meta: encodeAttributes([u32be(1, 8), u32be(2, 16), u32be(77, 1)]),
      bitwise: encodeAttributes([u32be(1, 8), u32be(2, 8), u32be(3, 4), u32be(6, 1)]),
      cmp: encodeAttributes([u32be(1, 8), u32be(2, 0)]),
      dynset: encodeAttributes([str(1, 'x'), u32be(3, 0), u32be(4, 8), u32be(9, 2)]),
    }
    for (const [name, image] of Object.entries(data)) {
      const list = listOf([str(1, name), raw(2, image)])
      t.strictSame(readExpressions(list), [{ kind: 'opaque', name, bytes: image }])
    }
    t.end()
  },
)
