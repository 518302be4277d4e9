import t from 'tap'
import { iptables } from '../../../backends/iptables/backend.ts'
import { chainEntry, type IptablesEntry } from '../../../backends/iptables/entries.ts'
import type { Outcome, Packet } from '../../../src/backend.ts'
import type { PortPlan } from '../../../src/plan/types.ts'
import { EXAMPLE, endpoint, planOf, programOf } from './support/example.ts'

const PACKET: Packet = {
  family: 'IPv4',
  protocol: 'TCP',
  source: '10.0.7.7',
  destination: '10.96.10.20',
  port: 80,
  inInterface: 'pod7',
}

const HERE = { isNodeAddress: (address: string) => address === '192.168.0.2' }

const follow = (
  packet: Partial<Packet>,
  plans: readonly PortPlan[] = EXAMPLE,
): readonly Outcome<IptablesEntry>[] =>
  iptables.tracer(programOf(plans))({ ...PACKET, ...packet }, HERE).outcomes

const told = (outcome: Outcome<IptablesEntry>): string => {
  if (outcome.verdict !== 'delivered') return outcome.verdict
  const { endpoint: to, masquerade, sticky } = outcome
  return [`${to.ip}:${to.port}`, masquerade && 'masqueraded', sticky && 'sticky']
    .filter(Boolean)
    .join(' ')
}

const ALL_STICKY = ['10.0.1.5:8080 sticky', '10.0.2.9:8080 sticky', '10.0.3.7:8080 sticky']
const masqueraded = (texts: readonly string[]): readonly string[] =>
  texts.map(text => text.replace(' ', ' masqueraded '))

t.test('each endpoint has its share', async t => {
  const outcomes = follow({})
  t.strictSame(outcomes.map(told), ALL_STICKY)
  for (const { probability } of outcomes) t.ok(Math.abs(probability - 1 / 3) < 1e-9)
})

const CASES: readonly (readonly [string, Partial<Packet>, readonly string[]])[] = [
  [
    'the node dials the cluster IP',
    { source: '192.168.0.2', inInterface: null },
    masqueraded(ALL_STICKY),
  ],
  ['another node dials the cluster IP', { source: '192.168.0.3' }, masqueraded(ALL_STICKY)],
  ['an unused port', { port: 81 }, ['untouched']],
  ['no endpoints', { destination: '10.96.10.30', port: 8080 }, ['rejected']],
  [
    'a node port from outside',
    { source: '203.0.113.9', destination: '192.168.0.2', port: 30080 },
    ['10.0.1.5:8080 sticky'],
  ],
  ['a node port from a pod', { destination: '192.168.0.2', port: 30080 }, ALL_STICKY],
  [
    'a node port on loopback',
    { source: '127.0.0.1', destination: '127.0.0.1', port: 30080, inInterface: null },
    masqueraded(ALL_STICKY),
  ],
  [
    'loopback from outside',
    { source: '203.0.113.9', destination: '127.0.0.1', port: 1234 },
    ['dropped'],
  ],
  [
    'within the source ranges',
    { source: '203.0.113.9', destination: '198.51.100.10' },
    ['10.0.1.5:8080 sticky'],
  ],
  [
    'outside of the source ranges',
    { source: '192.0.2.1', destination: '198.51.100.10' },
    ['dropped'],
  ],
  [
    'the health check node port',
    { source: '192.0.2.1', destination: '192.168.0.2', port: 32000 },
    ['untouched'],
  ],
  ['another protocol', { protocol: 'UDP' }, ['untouched']],
  ['another family', { family: 'IPv6' }, ['untouched']],
]

for (const [name, packet, want] of CASES)
  t.test(name, async t => {
    t.strictSame(follow(packet).map(told), want)
  })

t.test('an endpoint that dials itself is masqueraded', async t => {
  const plan = planOf({}, { cluster: [endpoint('10.0.1.5', 8080, true)] })
  t.strictSame(follow({ source: '10.0.1.5' }, [plan]).map(told), ['10.0.1.5:8080 masqueraded'])
})

t.test('the node is refused by its own node port, as it comes in again by loopback', async t => {
  const plan = planOf(
    {},
    {
      frontends: [{ kind: 'node-port', port: 30080 }],
      external: { policy: 'Cluster', route: 'reject' },
    },
  )
  const packet = { source: '192.168.0.2', destination: '192.168.0.2', port: 30080 }
  t.strictSame(follow({ ...packet, inInterface: null }, [plan]).map(told), ['rejected'])
})

t.test('steps name the rules that were met, first to last', async t => {
  const [first] = follow({ destination: '10.96.0.10', port: 53, protocol: 'UDP' })
  t.strictSame(
    first?.steps.map(({ text }) => text.split(' ').slice(0, 2).join(' ')),
    [
      'nat PREROUTING',
      'nat KUBE-SERVICES',
      'nat KUBE-SVC-TCOU7JCQXEZGVUNU',
      'nat KUBE-SEP-TWQ5DIAINT35PVKE',
      'filter FORWARD',
      'filter FORWARD',
      'filter FORWARD',
      'filter FORWARD',
      'nat POSTROUTING',
      'nat KUBE-POSTROUTING',
    ],
  )
  for (const { text, entry } of first?.steps ?? []) t.ok(iptables.lines(entry).includes(text), text)
})

t.test('a match that is not known takes no packet', async t => {
  const program = programOf([])
  const opaque = { kind: 'opaque', text: '-m limit --limit 5/min' } as const
  const rules = [{ parts: [opaque], target: { kind: 'drop' } as const }]
  const guarded = chainEntry('IPv4', 'filter', 'KUBE-FORWARD', { kind: 'rules', rules })
  const entries = new Map([...program.values(), guarded].map(entry => [entry.key, entry]))
  const { outcomes } = iptables.tracer(entries)(PACKET, HERE)
  t.strictSame(outcomes.map(told), ['untouched'])
})
