/**
 * How a rule asks whether a local pod sent the packet (spec services-and-endpoints, section 8).
 */
import type { PodDetector } from '../../src/plan/types.ts'
import { type Match, source } from './rule.ts'

const matchOf = (detector: PodDetector, not: boolean): Match => {
  switch (detector.kind) {
    case 'cidr':
      return source(detector.cidr, not)
    case 'interface':
      return { kind: 'in-interface', not, name: detector.name }
    case 'interface-prefix':
      return { kind: 'in-interface', not, name: `${detector.prefix}+` }
  }
}

interface Asked {
  readonly local: Match
  readonly notLocal: Match
}

/** Every service port asks, and there is one detector. */
const known = new WeakMap<PodDetector, Asked>()

const askedOf = (detector: PodDetector): Asked => {
  const found = known.get(detector)
  if (found) return found
  const asked = { local: matchOf(detector, false), notLocal: matchOf(detector, true) }
  known.set(detector, asked)
  return asked
}

export const ifLocal = (detector: PodDetector): Match => askedOf(detector).local
export const ifNotLocal = (detector: PodDetector): Match => askedOf(detector).notLocal
