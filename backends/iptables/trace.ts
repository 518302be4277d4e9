/**
 * Follows a new connection's first packet through the tables, as the kernel would take it: nat PREROUTING (OUTPUT for
 * the node's own), routing, filter INPUT, FORWARD or OUTPUT, nat POSTROUTING. Where a rule takes only some packets,
 * both ways are followed. Pure.
 */
import type { Outcome, Step, Tracer } from '../../src/backend.ts'
import type { EntryTable } from '../../src/program/types.ts'
import type { IptablesEntry, Table } from './entries.ts'
import type { Rule, Target } from './rule.ts'
import { saveText } from './rule-text.ts'
import { type ChainIndex, indexChains, type Standing } from './trace-index.ts'
import { isOfNode, likelihood, type Traveller } from './trace-match.ts'

/** Lists of clients that were asked for this one, newest first. */
interface Asked {
  readonly list: string
  readonly before: Asked | null
}

interface Journey extends Traveller {
  readonly probability: number
  readonly steps: readonly Step<IptablesEntry>[]
  readonly asked: Asked | null
  readonly isSticky: boolean
  readonly isMasqueraded: boolean
}

/** How a journey leaves a chain: falling out of its end, or decided. */
interface Leg {
  readonly end: 'through' | 'accepted' | 'dropped' | 'rejected'
  readonly journey: Journey
}

export const tracer = (entries: EntryTable<IptablesEntry>): Tracer<IptablesEntry> => {
  const chains = indexChains(entries)
  return (packet, surroundings) => {
    const start: Journey = {
      packet,
      surroundings,
      inInterface: packet.inInterface,
      destination: packet.destination,
      port: packet.port,
      mark: 0,
      isTranslated: false,
      probability: 1,
      steps: [],
      asked: null,
      isSticky: false,
      isMasqueraded: false,
    }
    return { outcomes: [...travel(chains, start, stagesFrom(start))] }
  }
}

type Stage = readonly [table: Table, chain: string]

/** The first stage; the others depend on where the packet is sent then. */
const stagesFrom = ({ inInterface }: Journey): readonly Stage[] =>
  inInterface === null ? [['nat', 'OUTPUT']] : [['nat', 'PREROUTING']]

/** What comes after the destination is settled. What the node sends to itself comes in again, by loopback. */
const stagesTo = (journey: Journey): readonly Stage[] => {
  const isLocal = isOfNode(journey, journey.destination)
  const out: readonly Stage[] = [
    ['filter', 'OUTPUT'],
    ['nat', 'POSTROUTING'],
  ]
  if (journey.inInterface === null) return isLocal ? [...out, ['filter', 'INPUT']] : out
  if (isLocal) return [['filter', 'INPUT']]
  return [
    ['filter', 'FORWARD'],
    ['nat', 'POSTROUTING'],
  ]
}

function* travel(
  chains: ChainIndex,
  journey: Journey,
  stages: readonly Stage[],
  routed = false,
): Generator<Outcome<IptablesEntry>> {
  const [stage, ...rest] = stages
  if (!stage) {
    if (routed) yield arrival(journey)
    else yield* travel(chains, journey, stagesTo(journey), true)
    return
  }
  const [table, chain] = stage
  // Only the node's own packets meet INPUT after they went out: they come in again by loopback.
  const isBack = chain === 'INPUT' && journey.inInterface === null
  const entering = isBack ? { ...journey, inInterface: 'lo' } : journey
  for (const { end, journey: left } of walk(chains, table, chain, entering)) {
    const { probability, steps } = left
    if (end === 'dropped' || end === 'rejected') yield { probability, steps, verdict: end }
    else yield* travel(chains, left, rest, routed)
  }
}

const arrival = (journey: Journey): Outcome<IptablesEntry> => {
  const { probability, steps, destination: ip, port } = journey
  if (!journey.isTranslated) return { probability, steps, verdict: 'untouched' }
  return {
    probability,
    steps,
    verdict: 'delivered',
    endpoint: { ip, port },
    masquerade: journey.isMasqueraded,
    sticky: journey.isSticky,
  }
}

function* walk(
  chains: ChainIndex,
  table: Table,
  chain: string,
  journey: Journey,
  from = 0,
): Generator<Leg> {
  const rules = chains(journey.packet.family, table, chain)
  let here = journey
  for (let at = from; at < rules.length; at++) {
    const standing = rules[at]
    if (!standing) break
    const taken = likelihoodOf(standing.rule, here)
    if (taken === 0) {
      here = askedBy(standing.rule, here)
      continue
    }
    const hit = stepInto(standing, table, { ...here, probability: here.probability * taken })
    for (const leg of act(chains, table, standing.rule.target, hit))
      if (leg.end === 'through') yield* walk(chains, table, chain, leg.journey, at + 1)
      else if (leg.end === 'returned') yield { end: 'through', journey: leg.journey }
      else yield { end: leg.end, journey: leg.journey }
    if (taken === 1) return
    here = { ...here, probability: here.probability * (1 - taken) }
  }
  yield { end: 'through', journey: here }
}

const likelihoodOf = ({ parts }: Rule, journey: Journey): number => {
  let taken = 1
  for (const part of parts) {
    taken *= likelihood(part, journey)
    if (taken === 0) return 0
  }
  return taken
}

/** A rule that asks a list for the client was passed by: a client that is on the list would have gone there. */
const askedBy = ({ parts }: Rule, journey: Journey): Journey => {
  const question = parts.find(part => part.kind === 'remembered')
  if (!question) return journey
  return { ...journey, asked: { list: question.name, before: journey.asked } }
}

const stepInto = ({ rule, entry }: Standing, table: Table, journey: Journey): Journey => {
  const text = `${table} ${entry.chain} ${saveText(rule, entry.family)}`
  const remembers = rule.parts.some(
    part => part.kind === 'remember' && wasAsked(journey.asked, part.name),
  )
  return {
    ...journey,
    steps: [...journey.steps, { text, entry }],
    isSticky: journey.isSticky || remembers,
  }
}

const wasAsked = (asked: Asked | null, list: string): boolean => {
  for (let one = asked; one; one = one.before) if (one.list === list) return true
  return false
}

type Acted = Leg | { readonly end: 'returned'; readonly journey: Journey }

function* act(
  chains: ChainIndex,
  table: Table,
  target: Target | null,
  journey: Journey,
): Generator<Acted> {
  switch (target?.kind) {
    case undefined:
    case 'opaque':
      yield { end: 'through', journey }
      break
    case 'jump':
      yield* walk(chains, table, target.chain, journey)
      break
    case 'accept':
      yield { end: 'accepted', journey }
      break
    case 'drop':
      yield { end: 'dropped', journey }
      break
    case 'reject':
      yield { end: 'rejected', journey }
      break
    case 'return':
      yield { end: 'returned', journey }
      break
    case 'masquerade':
      yield { end: 'accepted', journey: { ...journey, isMasqueraded: true } }
      break
    case 'dnat':
      yield { end: 'accepted', journey: translated(journey, target.to) }
      break
    case 'mark':
      yield { end: 'through', journey: { ...journey, mark: marked(journey.mark, target) } }
      break
  }
}

const marked = (mark: number, { how, bits }: Extract<Target, { kind: 'mark' }>): number =>
  (how === 'or' ? mark | bits : mark ^ bits) >>> 0

/** `to` is `10.0.0.1:80` or `[fd00::1]:80`. */
const translated = (journey: Journey, to: string): Journey => {
  const colon = to.lastIndexOf(':')
  const ip = to.slice(0, colon).replace(/^\[|\]$/g, '')
  return { ...journey, destination: ip, port: Number(to.slice(colon + 1)), isTranslated: true }
}
