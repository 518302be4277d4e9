/**
 * Follows the first packet of a connection through the entries, as the kernel would: hooks in the order of their
 * priority, rule by rule. A random choice splits the packet into all that may happen, each with its probability.
 * Remembered clients are not in the entries: the look-up misses, and the outcome says that the client will stick.
 */
import type { Outcome, Packet, Step, Surroundings, Tracer } from '../../src/backend.ts'
import type { EntryTable } from '../../src/program/types.ts'
import type { Chain, Element, NftEntry, SetName, Statement } from './entries.ts'
import { chainKey, elementKey } from './entries.ts'
import { lines } from './render.ts'
import { ruleText } from './rule-text.ts'
import {
  draws,
  holds,
  type Ruleset,
  sourceIndex,
  type Traced,
  valuesOf,
  withTarget,
} from './trace-packet.ts'

/** Where rule evaluation stands: the chains to come back to after a jump. */
interface Place {
  readonly chain: Chain
  readonly at: number
  readonly back: Place | undefined
}

type End = 'accept' | 'drop' | 'reject'

/** One of the things that happened at a hook. */
interface Branch {
  readonly end: End
  readonly packet: Traced
}

export const tracer = (entries: EntryTable<NftEntry>): Tracer<NftEntry> => {
  const sources = sourceIndex(entries)
  return (packet, surroundings) => {
    const ruleset: Ruleset = { entries, sources, surroundings, family: packet.family }
    return { outcomes: follow(ruleset, packet).map(branch => outcomeOf(branch, surroundings)) }
  }
}

/** Translation first, then what is left untranslated, then the way out. */
const follow = (ruleset: Ruleset, packet: Packet): readonly Branch[] => {
  const entry = packet.inInterface === null ? 'output' : 'prerouting'
  const start: Traced = {
    packet,
    destination: packet.destination,
    port: packet.port,
    translated: false,
    mark: 0,
    masquerade: false,
    sticky: false,
    probability: 1,
    steps: [],
  }
  return runHook(ruleset, `nat-${entry}`, start)
    .flatMap(branch =>
      branch.end === 'accept' && !branch.packet.translated
        ? runHook(ruleset, `nat-${entry}-late`, branch.packet)
        : [branch],
    )
    .flatMap(branch =>
      branch.end === 'accept' && leaves(branch.packet, ruleset.surroundings)
        ? runHook(ruleset, 'nat-postrouting', branch.packet)
        : [branch],
    )
}

/** What comes in for the node itself is not routed out; the node's own packets are, also to itself. */
const leaves = ({ packet, destination }: Traced, surroundings: Surroundings): boolean =>
  packet.inInterface === null || !surroundings.isNodeAddress(destination)

const runHook = (ruleset: Ruleset, name: string, packet: Traced): readonly Branch[] => {
  const chain = ruleset.entries.get(chainKey(ruleset.family, name))
  if (chain?.kind !== 'chain') return [{ end: 'accept', packet }]
  return run(ruleset, { chain, at: 0, back: undefined }, packet)
}

const run = (ruleset: Ruleset, place: Place, packet: Traced): readonly Branch[] => {
  const rule = place.chain.rules[place.at]
  if (!rule) return place.back ? run(ruleset, place.back, packet) : [{ end: 'accept', packet }]
  const next: Place = { ...place, at: place.at + 1 }
  if (!rule.matches.every(match => holds(ruleset, match, packet))) return run(ruleset, next, packet)
  const text = `${place.chain.name}: ${ruleText(ruleset.family === 'IPv4' ? 'ip' : 'ip6', rule)}`
  const stepped = withStep(packet, { text, entry: place.chain })
  return perform(ruleset, rule.statements, next, stepped, packet)
}

const withStep = (packet: Traced, step: Step<NftEntry>): Traced => ({
  ...packet,
  steps: [...packet.steps, step],
})

/** `before`: the packet without this rule's step, for a rule whose look-up finds nothing. */
const perform = (
  ruleset: Ruleset,
  [statement, ...rest]: readonly Statement[],
  next: Place,
  packet: Traced,
  before: Traced,
): readonly Branch[] => {
  if (!statement) return run(ruleset, next, packet)
  const go = (changed: Traced): readonly Branch[] => perform(ruleset, rest, next, changed, before)
  switch (statement.kind) {
    case 'mark':
      return go({ ...packet, mark: (packet.mark | statement.mask) >>> 0 })
    case 'unmark':
      return go({ ...packet, mark: (packet.mark ^ statement.mask) >>> 0 })
    case 'masquerade':
      return [{ end: 'accept', packet: { ...packet, masquerade: true } }]
    case 'reject':
      return [{ end: 'reject', packet }]
    case 'verdict':
      return decide(ruleset, statement.verdict, next, packet)
    case 'dispatch': {
      const element = look(ruleset, statement.map, valuesOf(statement.fields, packet, 0))
      if (element?.kind !== 'verdict') return run(ruleset, next, before)
      return decide(ruleset, element.verdict, next, withStep(packet, stepOf(element)))
    }
    case 'translate':
      return translate(ruleset, statement, next, packet, before)
    case 'remember':
    case 'forget':
      return go(packet)
  }
}

type Translate = Extract<Statement, { kind: 'translate' }>

/** Each number that may be drawn is a branch; those that the map does not know go on to the next rule. */
const translate = (
  ruleset: Ruleset,
  { fields, map }: Translate,
  next: Place,
  packet: Traced,
  before: Traced,
): readonly Branch[] => {
  if (map === 'affinity' || map === 'np-affinity')
    return run(ruleset, next, { ...packet, sticky: true })
  const numbers = draws(fields)
  const share = packet.probability / numbers.length
  return numbers.flatMap((number): readonly Branch[] => {
    const element = look(ruleset, map, valuesOf(fields, packet, number))
    if (element?.kind !== 'endpoint') return run(ruleset, next, { ...before, probability: share })
    const chosen = withTarget({ ...packet, probability: share }, element.to)
    return [{ end: 'accept', packet: withStep(chosen, stepOf(element)) }]
  })
}

const decide = (
  ruleset: Ruleset,
  verdict: Extract<Statement, { kind: 'verdict' }>['verdict'],
  next: Place,
  packet: Traced,
): readonly Branch[] => {
  if (verdict.kind === 'drop') return [{ end: 'drop', packet }]
  const chain = ruleset.entries.get(chainKey(ruleset.family, verdict.chain))
  if (chain?.kind !== 'chain') return run(ruleset, next, packet)
  const back = verdict.kind === 'jump' ? next : next.back
  return run(ruleset, { chain, at: 0, back }, packet)
}

const look = ({ entries, family }: Ruleset, map: SetName, values: string): Element | undefined => {
  const entry = entries.get(elementKey(family, map, values))
  if (!entry || entry.kind === 'table' || entry.kind === 'set' || entry.kind === 'chain')
    return undefined
  return entry
}

const stepOf = (element: Element): Step<NftEntry> => ({
  text: lines(element).join(' '),
  entry: element,
})

const outcomeOf = ({ end, packet }: Branch, surroundings: Surroundings): Outcome<NftEntry> => {
  const { probability, steps, destination, port, masquerade, sticky } = packet
  if (end === 'reject') return { verdict: 'rejected', probability, steps }
  if (end === 'drop') return { verdict: 'dropped', probability, steps }
  if (!packet.translated) return { verdict: 'untouched', probability, steps }
  const endpoint = { ip: destination, port }
  const seen = masquerade && leaves(packet, surroundings)
  return { verdict: 'delivered', endpoint, masquerade: seen, sticky, probability, steps }
}
