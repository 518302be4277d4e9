import t from 'tap'
import { base } from '../../../backends/nftables/base.ts'
import { compile } from '../../../backends/nftables/compile.ts'
import type { NftEntry } from '../../../backends/nftables/entries.ts'
import { equal } from '../../../backends/nftables/equal.ts'
import { tracer } from '../../../backends/nftables/trace.ts'
import type { Packet } from '../../../src/backend.ts'
import type { NodeFacts, PortPlan } from '../../../src/plan/types.ts'
import { Program } from '../../../src/program/program.ts'
import { endpoint, facts, plan } from './support/plans.ts'

const AROUND = { isNodeAddress: (address: string) => address === '192.168.50.10' }
const POD = '10.244.0.5'
const OUTSIDE = '203.0.113.9'
const LOCAL = endpoint('10.244.0.10', 8080, true)
const REMOTE = endpoint('10.244.1.7', 8080)

const packet = (source: string, destination: string, port = 80): Packet => ({
  family: 'IPv4',
  protocol: 'TCP',
  source,
  destination,
  port,
  inInterface: source === '192.168.50.10' ? null : 'eth0',
})

/** What becomes of a packet, one word for each outcome. */
const fate = (made: PortPlan, sent: Packet, node: NodeFacts = facts()): readonly string[] => {
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(node))
  program.replace(made.key, compile(made, node))
  return tracer(program)(sent, AROUND).outcomes.map(outcome =>
    outcome.verdict === 'delivered'
      ? [
          `${outcome.endpoint.ip}:${outcome.endpoint.port}`,
          ...(outcome.masquerade ? ['masqueraded'] : []),
          ...(outcome.sticky ? ['sticky'] : []),
          outcome.probability.toFixed(2),
        ].join(' ')
      : outcome.verdict,
  )
}

const LB = { kind: 'load-balancer-ip', address: '198.51.100.1', port: 80, fenced: false } as const
const BOTH = [LOCAL, REMOTE]

t.test('cluster IP', t => {
  const made = plan({ cluster: BOTH })
  t.strictSame(fate(made, packet(POD, '10.96.0.10')), [
    '10.244.0.10:8080 0.50',
    '10.244.1.7:8080 0.50',
  ])
  t.strictSame(fate(made, packet(OUTSIDE, '10.96.0.10')), [
    '10.244.0.10:8080 masqueraded 0.50',
    '10.244.1.7:8080 masqueraded 0.50',
  ])
  t.strictSame(
    fate(made, packet('10.244.0.10', '10.96.0.10')),
    ['10.244.0.10:8080 masqueraded 0.50', '10.244.1.7:8080 0.50'],
    'a pod that meets itself is masqueraded',
  )
  t.strictSame(fate(made, packet(POD, '10.96.0.10', 81)), ['rejected'], 'no such port')
  t.strictSame(fate(made, packet(POD, '10.96.9.9')), ['dropped'], 'no such service')
  t.strictSame(fate(made, packet(POD, '192.0.2.1')), ['untouched'])
  t.strictSame(fate(plan({ cluster: [] }), packet(POD, '10.96.0.10')), ['rejected'])
  t.end()
})

t.test('external policy Local tells pods, node and others apart', t => {
  const external = { policy: 'Local', route: 'local' } as const
  const made = plan({ cluster: BOTH, local: [LOCAL], frontends: [LB], external })
  t.strictSame(fate(made, packet(OUTSIDE, LB.address)), ['10.244.0.10:8080 1.00'])
  t.strictSame(fate(made, packet(POD, LB.address)), [
    '10.244.0.10:8080 0.50',
    '10.244.1.7:8080 0.50',
  ])
  t.strictSame(fate(made, packet('192.168.50.10', LB.address)), [
    '10.244.0.10:8080 masqueraded 0.50',
    '10.244.1.7:8080 masqueraded 0.50',
  ])
  const none = plan({
    cluster: [REMOTE],
    local: [],
    frontends: [LB],
    external: { policy: 'Local', route: 'drop' },
  })
  t.strictSame(fate(none, packet(OUTSIDE, LB.address)), ['dropped'])
  t.strictSame(fate(none, packet(POD, LB.address)), ['10.244.1.7:8080 1.00'])
  t.strictSame(
    fate(none, packet(POD, LB.address), facts({ podDetector: { IPv4: null, IPv6: null } })),
    ['dropped'],
    'without a way to tell pods they are others',
  )
  t.end()
})

t.test('source ranges come before anything else', t => {
  const frontends = [{ ...LB, fenced: true }] as const
  const made = plan({ cluster: [], frontends, sourceRanges: ['203.0.113.0/24'] })
  t.strictSame(fate(made, packet(OUTSIDE, LB.address)), ['rejected'])
  t.strictSame(fate(made, packet('192.0.2.1', LB.address)), ['dropped'])
  const own = packet(LB.address, LB.address)
  t.strictSame(fate({ ...made, sourceRangesHoldNode: true }, own), ['rejected'])
  t.end()
})

t.test('node ports', t => {
  const frontends = [{ kind: 'node-port', port: 30000 }] as const
  const made = plan({ cluster: [LOCAL], frontends, affinitySeconds: 30 })
  t.strictSame(fate(made, packet(POD, '192.168.50.10', 30000)), [
    '10.244.0.10:8080 masqueraded sticky 1.00',
  ])
  t.strictSame(fate(made, packet(POD, '192.168.60.10', 30000)), ['untouched'])
  const all = { all: true, holdsLoopback: true } as const
  const everywhere = facts({ nodePortAddresses: { IPv4: all, IPv6: all } })
  const around = { isNodeAddress: () => true }
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(everywhere))
  program.replace(made.key, compile(made, everywhere))
  const verdict = (address: string): string | undefined =>
    tracer(program)(packet(POD, address, 30000), around).outcomes[0]?.verdict
  t.equal(verdict('192.168.60.10'), 'delivered')
  t.equal(verdict('127.0.0.1'), 'untouched', 'never on loopback')
  t.end()
})

t.test('an endpoint on the node itself is not masqueraded on the way in', t => {
  const made = plan({ cluster: [endpoint('192.168.50.10', 9100, true)] })
  t.strictSame(fate(made, packet(OUTSIDE, '10.96.0.10')), ['192.168.50.10:9100 1.00'])
  t.end()
})

t.test('an outcome says what it met', t => {
  const made = plan({ cluster: [LOCAL] })
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(facts()))
  program.replace(made.key, compile(made, facts()))
  const [outcome] = tracer(program)(packet(POD, '10.96.0.10'), AROUND).outcomes
  t.strictSame(
    outcome?.steps.map(({ text }) => text),
    [
      'nat-prerouting: jump services',
      'services: ip daddr . meta l4proto . th dport vmap @services',
      'services { 10.96.0.10 . tcp . 80 : goto pick-1 }',
      'pick-1: dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 1 map @endpoints',
      'endpoints { 10.96.0.10 . tcp . 80 . 0 : 10.244.0.10 . 8080 }',
    ],
  )
  t.end()
})
