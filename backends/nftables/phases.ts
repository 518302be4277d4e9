/**
 * The order in which changes go into the kernel, so that no packet ever meets a half-programmed service, even where
 * they fill many transactions:
 *   prepare  what nobody points to yet: tables, sets, chains, endpoints of new indexes
 *   flip     for each frontend its verdicts, all of them, together with its moved endpoints; rewritten chains; hooks
 *            last
 *   clear    what nobody points to any more
 * In: changes. Out: units, in order. A unit stands in one transaction; a transaction may hold many. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import { by } from '../../src/order.ts'
import type { Change } from '../../src/program/types.ts'
import {
  type Chain,
  type Element,
  familyOf,
  type NftEntry,
  type SetEntry,
  setOf,
  type Table,
} from './entries.ts'

export type Operation =
  | { readonly op: 'make-table' | 'drop-table'; readonly entry: Table }
  | { readonly op: 'make-set'; readonly entry: SetEntry }
  /** `fill-chain` appends the rules, `empty-chain` takes all rules away. */
  | {
      readonly op: 'make-chain' | 'fill-chain' | 'empty-chain' | 'drop-chain'
      readonly entry: Chain
    }
  | { readonly op: 'add' | 'remove'; readonly entry: Element }

/** Operations that must not be parted. */
export type Unit = readonly Operation[]

interface Phases {
  readonly prepare: Operation[][]
  readonly flips: Map<string, Operation[]>
  readonly chains: Operation[][]
  readonly hooks: Operation[]
  readonly clear: Operation[][]
}

/** Steps of the prepare phase: what is made first. */
const STEP = {
  table: 0,
  set: 1,
  chain: 2,
  rules: 3,
  target: 4,
  learn: 5,
  address: 6,
} as const

/** Chains without a hook stay when the last list of their length goes: the next one needs them, and nothing is lost. */
export const staysInKernel = (chain: Chain): boolean => chain.hook === null

export const inPhases = (changes: readonly Change<NftEntry>[]): readonly Unit[] => {
  const steps = (): Operation[][] => Object.values(STEP).map(() => [])
  const phases: Phases = {
    prepare: steps(),
    flips: new Map(),
    chains: [],
    hooks: [],
    clear: steps(),
  }
  const gone = new Set<Family>()
  for (const change of changes)
    if (change.op === 'remove' && change.was.kind === 'table') gone.add(change.was.family)
  for (const change of changes)
    if (change.op !== 'remove' || change.was.kind === 'table' || !gone.has(familyOf(change.was)))
      place(phases, change)
  return [
    ...singles(phases.prepare),
    ...[...phases.flips.values()].map(grouped).flatMap(inPieces),
    ...phases.chains,
    ...(phases.hooks.length > 0 ? [phases.hooks] : []),
    ...singles(phases.clear.reverse()),
  ]
}

/** What goes before what comes, each set by set, so that many elements share a message. */
const grouped = (unit: Operation[]): Operation[] => {
  const bySet = by(({ entry }: Operation) => (isElement(entry) ? setOf(entry) : ''))
  return [
    ...unit.filter(({ op }) => op === 'remove').sort(bySet),
    ...unit.filter(({ op }) => op !== 'remove').sort(bySet),
  ]
}

/** Operations that a unit may have: more of them might not fit into one transaction, whose size the kernel limits. */
const UNIT_LIMIT = 2000

/**
 * A flip that is too large to be one: the endpoints that move go first, in pieces. A packet then meets old endpoints and
 * new ones beside each other, none that is neither.
 */
const inPieces = (unit: Operation[]): readonly Operation[][] => {
  if (unit.length <= UNIT_LIMIT) return [unit]
  const out = unit.filter(({ op, entry }) => op === 'remove' && entry.kind === 'endpoint')
  const into = unit.filter(({ op, entry }) => op === 'add' && entry.kind === 'endpoint')
  const half = UNIT_LIMIT / 2
  const pieces = Array.from({ length: Math.ceil(out.length / half) }, (_, at) => [
    ...out.slice(at * half, (at + 1) * half),
    ...into.slice(at * half, (at + 1) * half),
  ])
  return [...pieces, unit.filter(({ entry }) => entry.kind !== 'endpoint')]
}

const singles = (steps: readonly Operation[][]): Unit[] =>
  steps.flatMap(operations => operations.map(operation => [operation]))

const place = (phases: Phases, change: Change<NftEntry>): void => {
  const entry = change.op === 'remove' ? change.was : change.entry
  switch (entry.kind) {
    case 'table':
      if (change.op === 'add') phases.prepare[STEP.table]?.push({ op: 'make-table', entry })
      if (change.op === 'remove') phases.clear[STEP.table]?.push({ op: 'drop-table', entry })
      return
    case 'set':
      if (change.op === 'add') phases.prepare[STEP.set]?.push({ op: 'make-set', entry })
      return
    case 'chain':
      placeChain(phases, change, entry)
      return
    case 'endpoint':
    case 'verdict':
    case 'live':
    case 'source':
    case 'address':
    case 'hairpin':
      placeElement(phases, change, entry)
  }
}

const placeChain = (phases: Phases, change: Change<NftEntry>, entry: Chain): void => {
  if (change.op === 'add' && entry.hook) {
    phases.hooks.push({ op: 'make-chain', entry }, { op: 'fill-chain', entry })
  } else if (change.op === 'add') {
    phases.prepare[STEP.chain]?.push({ op: 'make-chain', entry })
    phases.prepare[STEP.rules]?.push({ op: 'fill-chain', entry })
  } else if (change.op === 'replace') {
    phases.chains.push(
      change.was.kind === 'chain' && !sameHook(change.was, entry)
        ? [...dropChain(change.was), ...makeChain(entry)]
        : [
            { op: 'empty-chain', entry },
            { op: 'fill-chain', entry },
          ],
    )
  } else if (!staysInKernel(entry)) {
    phases.clear[STEP.chain]?.push(...dropChain(entry))
  }
}

const makeChain = (entry: Chain): Operation[] => [
  { op: 'make-chain', entry },
  { op: 'fill-chain', entry },
]
const dropChain = (entry: Chain): Operation[] => [
  { op: 'empty-chain', entry },
  { op: 'drop-chain', entry },
]

const sameHook = (a: Chain, b: Chain): boolean =>
  a.hook?.hook === b.hook?.hook && a.hook?.priority === b.hook?.priority

const placeElement = (phases: Phases, change: Change<NftEntry>, entry: Element): void => {
  const operations = operationsOf(change, entry)
  if (change.op === 'replace' || isFlip(entry)) {
    const unit = phases.flips.get(flipOf(entry))
    if (unit) unit.push(...operations)
    else phases.flips.set(flipOf(entry), operations)
    return
  }
  const phase = change.op === 'add' ? phases.prepare : phases.clear
  phase[stepOf(entry)]?.push(...operations)
}

const operationsOf = (change: Change<NftEntry>, entry: Element): Operation[] => {
  if (change.op === 'add') return [{ op: 'add', entry }]
  if (change.op === 'remove') return [{ op: 'remove', entry }]
  // The key is the same, and the kernel has no way to change the data of an element.
  return [
    { op: 'remove', entry: isElement(change.was) ? change.was : entry },
    { op: 'add', entry },
  ]
}

const isElement = (entry: NftEntry): entry is Element =>
  entry.kind !== 'table' && entry.kind !== 'set' && entry.kind !== 'chain'

/**
 * All verdicts of a frontend, those of the second look-ups too: a fence that falls together with a list must not let
 * a packet through to the old list. Ranges go with them, since those that overlap cannot be there at one time.
 */
const isFlip = (entry: Element): boolean =>
  entry.kind === 'source' || (entry.kind === 'verdict' && !isSticky(entry))

const isSticky = ({ map }: Extract<Element, { kind: 'verdict' }>): boolean =>
  map === 'sticky-services' || map === 'sticky-nodeports'

const flipOf = (entry: Element): string =>
  'frontend' in entry ? `${entry.frontend.family} ${entry.frontend.text}` : entry.key

/** A sticky frontend learns from its live endpoints: they come before it and go after it. */
const stepOf = (entry: Element): number => {
  switch (entry.kind) {
    case 'endpoint':
    case 'live':
    case 'hairpin':
    case 'source':
      return STEP.target
    case 'verdict':
      return STEP.learn
    case 'address':
      return STEP.address
  }
}
