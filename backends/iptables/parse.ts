/**
 * The save form of a rule in, the rule as data out. Both flavours of iptables print it alike. What is not known is
 * kept word for word: a match or target as `opaque`, and the whole rule where its leading options are strange. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import { parseTarget } from './parse-target.ts'
import type { Match, ProtocolName, Rule, Target } from './rule.ts'
import { saveText } from './rule-text.ts'
import { type Token, tokenize } from './tokens.ts'

/** Reads what stands behind `-A CHAIN ` in a line of iptables-save. */
export const parseRule = (text: string, family: Family): Rule => {
  const tokens = tokenize(text)
  const split = firstClause(tokens, 0)
  const leading = parseLeading(tokens.slice(0, split), family)
  if (!leading) return opaqueRule(text)
  const parts: Match[] = [...leading.parts]
  let target: Target | null = null
  for (let at = split; at < tokens.length; ) {
    const next = firstClause(tokens, at + 1)
    const clause = tokens.slice(at, next)
    at = next
    const raw = textOf(text, clause)
    if (clause[0]?.word !== '-m') target = parseTarget(clause, raw, family)
    else if (clause[1]?.word === leading.protocol) {
      parts.push(...(parsePort(clause) ?? [{ kind: 'opaque', text: raw }]))
    } else parts.push(parseMatch(clause) ?? { kind: 'opaque', text: raw })
  }
  const rule: Rule = { parts, target }
  // A protocol without its match, or with one that says more than we know of, would lose its `-p`.
  return hasProtocol(parts) === (leading.protocol !== null) ? rule : opaqueRule(text)
}

const opaqueRule = (text: string): Rule => ({ parts: [{ kind: 'opaque', text }], target: null })

const hasProtocol = (parts: readonly Match[]): boolean =>
  parts.some(({ kind }) => kind === 'protocol')

const CLAUSES: readonly string[] = ['-m', '-j', '-g']

/** Where the next match or target begins. */
const firstClause = (tokens: readonly Token[], from: number): number => {
  const at = tokens.findIndex(
    ({ word, quoted }, index) => index >= from && !quoted && CLAUSES.includes(word),
  )
  return at < 0 ? tokens.length : at
}

const textOf = (text: string, clause: readonly Token[]): string =>
  text.slice(clause[0]?.from ?? 0, clause.at(-1)?.to ?? 0)

interface Leading {
  readonly parts: readonly Match[]
  readonly protocol: ProtocolName | null
}

/** Addresses, interface and protocol stand before everything else. null: something else is there too. */
const parseLeading = (tokens: readonly Token[], family: Family): Leading | null => {
  const parts: Match[] = []
  let protocol: ProtocolName | null = null
  for (let at = 0; at < tokens.length; at += 2) {
    const not = tokens[at]?.word === '!'
    if (not) at++
    const option = tokens[at]?.word
    const value = tokens[at + 1]?.word ?? ''
    if (option === '-s') parts.push({ kind: 'source', not, net: netOf(value, family) })
    else if (option === '-d') parts.push({ kind: 'destination', not, net: netOf(value, family) })
    else if (option === '-i') parts.push({ kind: 'in-interface', not, name: value })
    else if (option === '-p' && !not && isProtocol(value)) protocol = value
    else return null
  }
  return { parts, protocol }
}

const isProtocol = (word: string): word is ProtocolName =>
  word === 'tcp' || word === 'udp' || word === 'sctp'

/** A range of one address is that address. */
const netOf = (net: string, family: Family): string => {
  const single = family === 'IPv4' ? '/32' : '/128'
  return net.endsWith(single) ? net.slice(0, -single.length) : net
}

const parsePort = ([, name, option, value, ...more]: readonly Token[]): readonly Match[] | null => {
  if (!name || !isProtocol(name.word) || more.length > 0) return null
  const protocol: Match = { kind: 'protocol', protocol: name.word }
  if (!option) return [protocol]
  if (option.word !== '--dport' || !value || !isNumber(value.word)) return null
  return [protocol, { kind: 'destination-port', port: Number(value.word) }]
}

const isNumber = (word: string): boolean => /^(0|[1-9][0-9]*)$/.test(word)

/** null: not one of ours. */
const parseMatch = (clause: readonly Token[]): Match | null => {
  const not = clause[2]?.word === '!'
  const name = clause[1]?.word
  const words = clause.slice(not ? 3 : 2).map(({ word }) => word)
  const [option, value = ''] = words
  if (not && name !== 'mark' && name !== 'conntrack') return null
  const isPair = words.length === 2
  switch (name) {
    case 'comment':
      return isPair && option === '--comment' ? { kind: 'comment', text: value } : null
    case 'conntrack':
      return isPair && option === '--ctstate'
        ? { kind: 'conntrack', not, states: value.split(',') }
        : null
    case 'addrtype':
      return isPair && value === 'LOCAL' ? addressType(option) : null
    case 'mark':
      return isPair && option === '--mark' ? parseMark(value, not) : null
    case 'nfacct':
      return isPair && option === '--nfacct-name' ? { kind: 'accounting', name: value } : null
    case 'statistic':
      return parseChance(words)
    case 'recent':
      return parseRecent(clause)
    default:
      return null
  }
}

const addressType = (option: string | undefined): Match | null => {
  if (option === '--src-type') return { kind: 'address-type', side: 'source' }
  return option === '--dst-type' ? { kind: 'address-type', side: 'destination' } : null
}

const parseMark = (value: string, not: boolean): Match | null => {
  const [, bits, mask] = /^(0x[0-9a-f]+)\/(0x[0-9a-f]+)$/.exec(value) ?? []
  return bits && mask ? { kind: 'mark', not, value: Number(bits), mask: Number(mask) } : null
}

const parseChance = (words: readonly string[]): Match | null => {
  const [, , option, value] = words
  if (words.length !== 4 || words[0] !== '--mode' || words[1] !== 'random') return null
  if (option !== '--probability' || !value || !/^[01]\.[0-9]+$/.test(value)) return null
  return { kind: 'chance', probability: Number(value) }
}

/** Ours if it reads like ours, be it in the one family's mask or the other's. */
const parseRecent = (clause: readonly Token[]): Match | null => {
  const words = clause.map(({ word }) => word)
  const name = words[words.indexOf('--name') + 1] ?? ''
  const seconds = words[words.indexOf('--seconds') + 1] ?? ''
  const candidate: Match =
    words[2] === '--set'
      ? { kind: 'remember', name }
      : { kind: 'remembered', name, seconds: isNumber(seconds) ? Number(seconds) : 0 }
  const text = words.join(' ')
  const reads = (family: Family): boolean =>
    saveText({ parts: [candidate], target: null }, family) === text
  return reads('IPv4') || reads('IPv6') ? candidate : null
}
