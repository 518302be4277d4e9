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

export const ifLocal = (detector: PodDetector): Match => matchOf(detector, false)
export const ifNotLocal = (detector: PodDetector): Match => matchOf(detector, true)
