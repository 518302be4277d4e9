/**
 * What a client would see, by following its first packet through a program: a probe and a trace in, an outcome as
 * flows.json tells it out, with the rules that the packet met.
 */
import { endpointText } from '../../src/addresses.ts'
import type { Outcome, Packet, Trace } from '../../src/backend.ts'
import type { Entry } from '../../src/program/types.ts'
import { type FlowOutcome, foldSources, type Probe, type SeenSource } from './flows.ts'
import { familyOf, isNodeAddress, NODE, originOf, ownerOf } from './network.ts'

export type Traced =
  | FlowOutcome
  | { readonly result: 'mixed'; readonly verdicts: readonly string[] }

export const packetOf = ({
  from,
  proto,
  dst,
  port,
}: Pick<Probe, 'from' | 'proto' | 'dst' | 'port'>): Packet => ({
  family: familyOf(dst),
  protocol: proto,
  destination: dst,
  port,
  ...originOf(from, dst),
})

/** A line for each rule that the packet may meet, outcome by outcome. */
export const routeText = ({ outcomes }: Trace<Entry>): readonly string[] =>
  outcomes.flatMap(({ probability, verdict, steps }) => [
    `${(probability * 100).toFixed(1)} % ${verdict}`,
    ...steps.map(({ text }) => `  ${text}`),
  ])

type Delivered = Extract<Outcome<Entry>, { verdict: 'delivered' }>

/** What the endpoint sees. A packet that stays on the node never comes by the place where sources are replaced. */
const seenSource = (packet: Packet, { endpoint, masquerade }: Delivered): SeenSource => {
  const own = NODE[packet.family]
  const staysIn = packet.inInterface !== null && isNodeAddress(endpoint.ip)
  const source = masquerade && !staysIn ? own : packet.source
  return source === packet.source ? 'preserved' : `masqueraded:${source}`
}

const ofDelivered = (packet: Packet, outcomes: readonly Delivered[]): FlowOutcome => {
  const sources = new Map<string, SeenSource>()
  for (const outcome of outcomes)
    sources.set(
      endpointText(outcome.endpoint.ip, outcome.endpoint.port),
      seenSource(packet, outcome),
    )
  const sticky = outcomes.every(outcome => outcome.sticky)
  return {
    result: 'served',
    endpoints: [...sources.keys()].sort(),
    source: foldSources(sources),
    ...(sticky ? { sticky } : {}),
  }
}

/** Left alone, a packet to someone's address finds no server there; any other goes to the gateway and vanishes. */
const ofUntouched = ({ destination }: Packet): FlowOutcome => ({
  result: ownerOf(destination) ? 'refused' : 'dropped',
})

export const tracedOutcome = (packet: Packet, { outcomes }: Trace<Entry>): Traced => {
  const possible = outcomes.filter(({ probability }) => probability > 0)
  const delivered = possible.filter(outcome => outcome.verdict === 'delivered')
  const [first] = possible
  if (first && delivered.length === possible.length) return ofDelivered(packet, delivered)
  if (!first || possible.some(({ verdict }) => verdict !== first.verdict))
    return { result: 'mixed', verdicts: possible.map(({ verdict }) => verdict) }
  if (first.verdict === 'rejected') return { result: 'refused' }
  return first.verdict === 'dropped' ? { result: 'dropped' } : ofUntouched(packet)
}

/** The chances of each endpoint, which a fair choice makes equal. */
export const shares = ({ outcomes }: Trace<Entry>): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const outcome of outcomes) {
    if (outcome.verdict !== 'delivered') continue
    const { ip, port } = outcome.endpoint
    const text = endpointText(ip, port)
    found.set(text, (found.get(text) ?? 0) + outcome.probability)
  }
  return found
}
