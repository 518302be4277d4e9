/**
 * The two ways to an outcome, by real tries and by a trace, and that neither takes a wrong one for a right one.
 */
import t from 'tap'
import type { Outcome, Packet, Trace } from '../../src/backend.ts'
import type { Entry } from '../../src/program/types.ts'
import { outcomeOfTries } from './lab/outcome.ts'
import type { Got } from './lab/wire.ts'
import { packetOf, tracedOutcome } from './trace-outcome.ts'

const A = '10.244.0.10:8080'
const B = '10.244.1.7:8080'
const EXTERNAL = '192.168.50.77'
const dial = { from: 'external', dst: '10.96.0.10' } as const

const answered = (endpoint: string, peer: string): Got => ({ got: 'answered', endpoint, peer })

t.test('tries: sources are told apart by endpoint', t => {
  const preserved = outcomeOfTries(dial, [[answered(B, EXTERNAL), answered(A, EXTERNAL)]])
  t.strictSame(preserved, { result: 'served', endpoints: [A, B], source: 'preserved' })
  const each = outcomeOfTries(dial, [[answered(A, '192.168.50.10'), answered(B, EXTERNAL)]])
  t.strictSame(each, {
    result: 'served',
    endpoints: [A, B],
    source: { [A]: 'masqueraded:192.168.50.10', [B]: 'preserved' },
  })
  t.end()
})

t.test('tries that do not agree are no outcome', t => {
  const some: readonly (readonly Got[])[] = [
    [answered(A, EXTERNAL), { got: 'dropped' }],
    [{ got: 'dropped' }, answered(A, EXTERNAL)],
    [{ got: 'refused' }, { got: 'dropped' }],
    [answered(A, EXTERNAL), answered(A, '192.168.50.10')],
    [],
  ]
  for (const tries of some) t.equal(outcomeOfTries(dial, [tries]).result, 'mixed')
  t.strictSame(outcomeOfTries(dial, [[{ got: 'refused' }, { got: 'refused' }]]), {
    result: 'refused',
  })
  t.end()
})

t.test('tries: sticky within every round, not across them', t => {
  const round = (...endpoints: readonly string[]): readonly Got[] =>
    endpoints.map(endpoint => answered(endpoint, EXTERNAL))
  const sticky = (...rounds: readonly (readonly Got[])[]): boolean | undefined => {
    const outcome = outcomeOfTries({ ...dial, affinity: true }, rounds)
    return outcome.result === 'served' ? outcome.sticky : undefined
  }
  t.equal(sticky(round(A, A), round(B, B)), true)
  t.equal(sticky(round(A, A), round(A, B)), false)
  t.end()
})

const packet: Packet = packetOf({ from: 'external', proto: 'TCP', dst: '10.96.0.10', port: 80 })

const trace = (...outcomes: readonly Partial<Outcome<Entry>>[]): Trace<Entry> => ({
  outcomes: outcomes.map(outcome => ({
    probability: 1 / outcomes.length,
    steps: [],
    verdict: 'dropped',
    ...outcome,
  })) as readonly Outcome<Entry>[],
})

const delivered = (ip: string, masquerade: boolean, sticky = false): Partial<Outcome<Entry>> => ({
  verdict: 'delivered',
  endpoint: { ip, port: 8080 },
  masquerade,
  sticky,
})

t.test('traces: served, with the source that the endpoint sees', t => {
  t.strictSame(
    tracedOutcome(packet, trace(delivered('10.244.1.7', true), delivered('10.244.0.10', false))),
    {
      result: 'served',
      endpoints: [A, B],
      source: { [A]: 'preserved', [B]: 'masqueraded:192.168.50.10' },
    },
  )
  const onNode = tracedOutcome(packet, trace(delivered('192.168.50.10', true)))
  t.match(onNode, { source: 'preserved' }, 'a packet into the node passes no postrouting')
  t.match(tracedOutcome(packet, trace(delivered('10.244.1.7', true, true))), { sticky: true })
  t.end()
})

t.test('traces: nobody answers', t => {
  t.strictSame(tracedOutcome(packet, trace({ verdict: 'rejected' })), { result: 'refused' })
  t.strictSame(tracedOutcome(packet, trace({ verdict: 'dropped' })), { result: 'dropped' })
  t.strictSame(tracedOutcome(packet, trace({ verdict: 'untouched' })), { result: 'dropped' })
  const own = packetOf({ from: 'external', proto: 'TCP', dst: '192.168.60.10', port: 81 })
  t.strictSame(own.inInterface, 'eth1')
  t.strictSame(tracedOutcome(own, trace({ verdict: 'untouched' })), { result: 'refused' })
  const both = trace(delivered('10.244.1.7', false), { verdict: 'dropped' })
  t.equal(tracedOutcome(packet, both).result, 'mixed')
  t.equal(tracedOutcome(packet, trace()).result, 'mixed')
  t.end()
})
