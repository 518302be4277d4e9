/** A cluster in which everything but one service changes, from a seed. */
import type { NftEntry } from '../../../../backends/nftables/entries.ts'
import type { PlanEndpoint } from '../../../../src/plan/types.ts'
import type { Change } from '../../../../src/program/types.ts'
import { endpoint, endpoints, facts, plan } from './plans.ts'
import { type Desk, desk as newDesk } from './program.ts'

export const STABLE = '10.96.200.1'
export const PORT = 8080
/** The endpoints of the stable service; they come and go, and at least one of any two is always there. */
export const ENDPOINTS: readonly string[] = Array.from(
  { length: 6 },
  (_, at) => `10.244.77.${at + 1}`,
)

const OTHERS = 40

export interface World {
  readonly desk: Desk
  /** The next change: another service comes, goes, grows or shrinks, or the stable one's list does. */
  readonly next: () => readonly Change<NftEntry>[]
}

export const world = (seed: number): World => {
  let state = seed >>> 0
  const roll = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const desk = newDesk(facts({ families: ['IPv4'], podDetector: { IPv4: null, IPv6: null } }))
  const stable = (list: readonly PlanEndpoint[]): readonly Change<NftEntry>[] =>
    desk.put(
      plan({
        key: 'IPv4 shop/stable TCP',
        frontends: [{ kind: 'cluster-ip', address: STABLE, port: 80 }],
        cluster: list,
      }),
    )
  const own = ENDPOINTS.map(address => endpoint(address, PORT))
  const other = (at: number): readonly Change<NftEntry>[] => {
    const key = `IPv4 shop/other${at} TCP`
    if (roll(8) === 0) return desk.drop(key)
    return desk.put(
      plan({
        key,
        affinitySeconds: roll(4) === 0 ? 30 : null,
        frontends: [
          { kind: 'cluster-ip', address: `10.96.1.${at}`, port: 80 },
          { kind: 'node-port', port: 30000 + at },
        ],
        cluster: endpoints(roll(12)),
      }),
    )
  }
  stable(own)
  for (let at = 0; at < OTHERS; at++) other(at)
  return {
    desk,
    next: () =>
      roll(5) === 0
        ? stable(own.filter((_, at) => at === 0 || roll(2) === 0))
        : other(roll(OTHERS)),
  }
}
