/**
 * The kernel's expressions back to a rule. Knows every rule that rule-expressions.ts writes, in whatever registers, as
 * nft compiles it too; anything else is no rule of ours.
 */
import { addressText } from '../../src/netlink/address-bytes.ts'
import { textOf } from '../../src/netlink/bytes.ts'
import * as nf from '../../src/netlink/nf-tables/constants.ts'
import { host32Of } from '../../src/netlink/nf-tables/data.ts'
import type { Expression } from '../../src/netlink/nf-tables/expression-types.ts'
import type { Family, Protocol } from '../../src/objects/types.ts'
import type { Field, Match, Rule, SetName, Statement, Verdict, VerdictMap } from './entries.ts'
import {
  ADDRESS_BYTES,
  ADDRESS_OFFSET,
  INTERFACE_BYTES,
  ORIGINAL_KEY,
  PORT_OFFSET,
  PROTOCOL_NUMBER,
} from './rule-expressions.ts'
import { SETS } from './sets.ts'

/** A field as it was loaded; `len` may be less than the whole of it. */
interface Loaded {
  readonly field: Field
  readonly len: number
}

type Part = { readonly match: Match } | { readonly statement: Statement }

/** undefined: not a rule of ours. */
export const readRule = (family: Family, expressions: readonly Expression[]): Rule | undefined => {
  const reader = new RuleReader(
    family,
    expressions.filter(expression => !isIdle(expression)),
  )
  const matches: Match[] = []
  const statements: Statement[] = []
  while (!reader.done) {
    const part = reader.part()
    if (!part || ('match' in part && statements.length > 0)) return undefined
    if ('match' in part) matches.push(part.match)
    else statements.push(part.statement)
  }
  return { matches, statements }
}

/** nft converts the byte order of one-byte fields in keys with ranges, which changes nothing. */
const isIdle = (expression: Expression): boolean =>
  expression.kind === 'opaque' && expression.name === 'byteorder'

/** Walks through the expressions of one rule. */
class RuleReader {
  readonly #family: Family
  readonly #expressions: readonly Expression[]
  #at = 0

  constructor(family: Family, expressions: readonly Expression[]) {
    this.#family = family
    this.#expressions = expressions
  }

  get done(): boolean {
    return this.#at >= this.#expressions.length
  }

  /** The next match or statement. */
  part(): Part | undefined {
    const fields = this.#fields()
    if (fields.length > 0) return this.#withFields(fields)
    const e = this.#next()
    switch (e?.kind) {
      case 'meta':
        return e.key === nf.NFT_META_IIFNAME ? this.#interface() : this.#mark(e.key)
      case 'ct':
        return e.key === nf.NFT_CT_STATUS ? this.#translated() : undefined
      case 'fib':
        return this.#local(e.result, e.flags)
      case 'masq':
        return e.flags === nf.NF_NAT_RANGE_PROTO_RANDOM_FULLY
          ? { statement: { kind: 'masquerade' } }
          : undefined
      case 'reject':
        return { statement: { kind: 'reject' } }
      case 'immediate':
        return verdictPart(e)
      default:
        return undefined
    }
  }

  #next(): Expression | undefined {
    return this.#expressions[this.#at++]
  }

  #nextCmp(): (Expression & { kind: 'cmp' }) | undefined {
    const e = this.#next()
    return e?.kind === 'cmp' ? e : undefined
  }

  #nextBitwise(): (Expression & { kind: 'bitwise' }) | undefined {
    const e = this.#next()
    return e?.kind === 'bitwise' ? e : undefined
  }

  /** The fields that are loaded from here on. */
  #fields(): readonly Loaded[] {
    const fields: Loaded[] = []
    for (;;) {
      const e = this.#expressions[this.#at]
      const field = e && fieldOf(this.#family, e)
      if (!field) return fields
      fields.push(field)
      this.#at++
      if (this.#expressions[this.#at]?.kind === 'cmp') return fields
    }
  }

  #withFields(loaded: readonly Loaded[]): Part | undefined {
    const fields = loaded.map(({ field }) => field)
    const e = this.#next()
    switch (e?.kind) {
      case 'cmp':
        return compared(this.#family, loaded, e)
      case 'bitwise': {
        const cmp = this.#nextCmp()
        return cmp && comparedMasked(this.#family, loaded, e.mask, cmp)
      }
      case 'lookup':
        return this.#lookup(fields, e)
      case 'dynset':
        return dynsetPart(fields, e)
      default:
        return undefined
    }
  }

  #lookup(fields: readonly Field[], e: Expression & { kind: 'lookup' }): Part | undefined {
    if (!isSetName(e.set)) return undefined
    const { set } = e
    if (e.dreg === null) return { match: { kind: 'member', fields, not: e.invert, set } }
    if (e.dreg === nf.NFT_REG_VERDICT)
      return isVerdictMap(set) ? { statement: { kind: 'dispatch', fields, map: set } } : undefined
    const nat = this.#next()
    if (nat?.kind !== 'nat' || nat.type !== nf.NFT_NAT_DNAT) return undefined
    return { statement: { kind: 'translate', fields, map: set } }
  }

  #interface(): Part | undefined {
    const cmp = this.#nextCmp()
    if (!cmp) return undefined
    const prefix = cmp.data.length < INTERFACE_BYTES
    const name = textOf(cmp.data)
    return { match: { kind: 'interface', not: isNot(cmp), name, prefix } }
  }

  #translated(): Part | undefined {
    const bitwise = this.#nextBitwise()
    const cmp = this.#nextCmp()
    if (!bitwise || !cmp || !isNot(cmp) || host32Of(bitwise.mask) !== nf.IPS_DST_NAT)
      return undefined
    return { match: { kind: 'translated' } }
  }

  #local(result: number, flags: number): Part | undefined {
    const cmp = this.#nextCmp()
    if (!cmp || result !== nf.NFT_FIB_RESULT_ADDRTYPE || host32Of(cmp.data) !== nf.RTN_LOCAL)
      return undefined
    const field = flags === nf.NFTA_FIB_F_SADDR ? 'source' : 'destination'
    return { match: { kind: 'local', field, not: isNot(cmp) } }
  }

  #mark(key: number): Part | undefined {
    const bitwise = this.#nextBitwise()
    const e = this.#next()
    if (key !== nf.NFT_META_MARK || !bitwise) return undefined
    const keep = host32Of(bitwise.mask)
    const flip = host32Of(bitwise.xor)
    if (e?.kind === 'cmp') return { match: { kind: 'marked', mask: keep } }
    if (e?.kind !== 'meta-set') return undefined
    if (keep === 0xffffffff) return { statement: { kind: 'unmark', mask: flip } }
    return keep === ~flip >>> 0 ? { statement: { kind: 'mark', mask: flip } } : undefined
  }
}

const isNot = ({ op }: { readonly op: number }): boolean => op === nf.NFT_CMP_NEQ

const isSetName = (name: string): name is SetName => name in SETS
const isVerdictMap = (name: SetName): name is VerdictMap => SETS[name].data === 'verdict'

const fieldOf = (family: Family, e: Expression): Loaded | undefined => {
  if (e.kind === 'numgen') return { field: { modulus: e.modulus, offset: e.offset }, len: 4 }
  if (e.kind === 'meta' && e.key === nf.NFT_META_L4PROTO) return { field: 'protocol', len: 1 }
  if (e.kind === 'ct' && e.key === ORIGINAL_KEY[family])
    return { field: 'original-destination', len: ADDRESS_BYTES[family] }
  if (e.kind === 'ct' && e.key === nf.NFT_CT_PROTO_DST) return { field: 'original-port', len: 2 }
  if (e.kind !== 'payload') return undefined
  if (e.base === nf.NFT_PAYLOAD_TRANSPORT_HEADER)
    return e.offset === PORT_OFFSET ? { field: 'port', len: e.len } : undefined
  const { source, destination } = ADDRESS_OFFSET[family]
  if (e.offset === source) return { field: 'source', len: e.len }
  return e.offset === destination ? { field: 'destination', len: e.len } : undefined
}

const compared = (
  family: Family,
  [loaded, ...more]: readonly Loaded[],
  cmp: Expression & { kind: 'cmp' },
): Part | undefined => {
  if (!loaded || more.length > 0) return undefined
  if (loaded.field === 'protocol') {
    const protocol = PROTOCOLS.find(name => PROTOCOL_NUMBER[name] === cmp.data[0])
    return protocol && !isNot(cmp) ? { match: { kind: 'protocol', protocol } } : undefined
  }
  return rangePart(family, loaded, cmp, loaded.len * 8)
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP']

const comparedMasked = (
  family: Family,
  [loaded, ...more]: readonly Loaded[],
  mask: Uint8Array,
  cmp: Expression & { kind: 'cmp' },
): Part | undefined => {
  if (!loaded || more.length > 0) return undefined
  const bits = [...mask].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  return rangePart(family, loaded, cmp, bits)
}

/** The value is the network's first bytes; the rest are zero. */
const rangePart = (
  family: Family,
  { field }: Loaded,
  cmp: Expression & { kind: 'cmp' },
  bits: number,
): Part | undefined => {
  if (field !== 'source' && field !== 'destination') return undefined
  const address = new Uint8Array(ADDRESS_BYTES[family])
  address.set(cmp.data)
  return {
    match: { kind: 'range', field, not: isNot(cmp), cidr: `${addressText(address)}/${bits}` },
  }
}

const verdictPart = ({ data }: Expression & { kind: 'immediate' }): Part | undefined => {
  const verdict = data instanceof Uint8Array ? undefined : verdictOf(data)
  return verdict && { statement: { kind: 'verdict', verdict } }
}

/** undefined: a verdict that we never give. */
export const verdictOf = (data: {
  readonly code: number
  readonly chain: string | null
}): Verdict | undefined => {
  if (data.code === nf.NF_DROP) return { kind: 'drop' }
  if (data.chain === null) return undefined
  if (data.code === nf.NFT_GOTO) return { kind: 'goto', chain: data.chain }
  return data.code === nf.NFT_JUMP ? { kind: 'jump', chain: data.chain } : undefined
}

const dynsetPart = (
  loaded: readonly Field[],
  { set, op, timeoutMs }: Expression & { kind: 'dynset' },
): Part | undefined => {
  if (set !== 'affinity' && set !== 'np-affinity') return undefined
  const keyFields = SETS[set].key.length
  const fields = loaded.slice(0, keyFields)
  const data = loaded.slice(keyFields)
  if (op === nf.NFT_DYNSET_OP_DELETE)
    return { statement: { kind: 'forget', map: set, fields, data } }
  const seconds = Number(timeoutMs / 1000n)
  return op === nf.NFT_DYNSET_OP_UPDATE
    ? { statement: { kind: 'remember', map: set, fields, data, seconds } }
    : undefined
}
