/** What a change means for traffic, in words. */
import t from 'tap'
import {
  endpointWord,
  healthOf,
  meaningOf,
  movesOf,
  otherAddresses,
  policyWords,
  portTitle,
} from '../../../../src/commands/run/words.ts'
import type { PlanEndpoint, PortPlan } from '../../../../src/plan/types.ts'

const endpoint = (last: number, isLocal = false): PlanEndpoint => ({
  ip: `10.244.0.${last}`,
  port: 8080,
  text: `10.244.0.${last}:8080`,
  isLocal,
})

const [one, two, three] = [endpoint(1, true), endpoint(2), endpoint(3)]

const plan = (endpoints: readonly PlanEndpoint[], more: Partial<PortPlan> = {}): PortPlan => ({
  key: 'IPv4 shop/web:http TCP',
  family: 'IPv4',
  namespace: 'shop',
  service: 'web',
  portName: 'http',
  protocol: 'TCP',
  label: 'shop/web:http',
  frontends: [{ kind: 'cluster-ip', address: '10.96.0.10', port: 80 }],
  hasEndpoints: endpoints.length > 0,
  internal: {
    policy: 'Cluster',
    route: endpoints.length > 0 ? 'cluster' : 'reject',
    masquerade: 'never',
  },
  external: null,
  sourceRanges: [],
  sourceRangesHoldNode: false,
  affinitySeconds: null,
  healthCheckNodePort: 0,
  cluster: endpoints,
  local: endpoints.filter(({ isLocal }) => isLocal),
  reachable: endpoints,
  onNode: endpoints.filter(({ isLocal }) => isLocal),
  serving: [],
  ...more,
})

const exposed = (
  endpoints: readonly PlanEndpoint[],
  route: 'local' | 'drop' | 'reject',
): PortPlan => plan(endpoints, { external: { policy: 'Local', route } })

const CASES: Readonly<
  Record<
    string,
    readonly [before: PortPlan | undefined, after: PortPlan | undefined, words: readonly string[]]
  >
> = {
  'a new service port': [
    undefined,
    plan([one]),
    ['new: all new connections go to 10.244.0.1:8080'],
  ],
  'a new one without endpoints': [
    undefined,
    plan([]),
    ['new: no endpoint is ready, so clients are refused at once'],
  ],
  'one that goes': [plan([one]), undefined, ['gone: its addresses are no longer served here']],
  'one more endpoint': [
    plan([one, two]),
    plan([one, two, three]),
    ['new connections are spread over 3 endpoints, 33 % each'],
  ],
  'the last endpoint goes': [
    plan([one]),
    plan([]),
    ['no endpoint is ready, so clients are refused at once'],
  ],
  'the first one comes': [
    plan([]),
    plan([two]),
    ['served again: all new connections go to 10.244.0.2:8080'],
  ],
  'with affinity it is clients that are spread': [
    plan([one], { affinitySeconds: 10 }),
    plan([one, two], { affinitySeconds: 10 }),
    ['new clients are spread over 2 endpoints, 50 % each'],
  ],
  'the last local endpoint goes, under external Local': [
    exposed([one, two], 'local'),
    exposed([two], 'drop'),
    [
      'all new connections go to 10.244.0.2:8080',
      'from outside: dropped on this node, which has no ready endpoint for it',
    ],
  ],
  'the last endpoint of all goes, under external Local': [
    exposed([one], 'local'),
    exposed([], 'reject'),
    ['no endpoint is ready, so clients are refused at once'],
  ],
  'only a remote endpoint comes, under external Local': [
    exposed([one], 'local'),
    exposed([one, two], 'local'),
    ['new connections are spread over 2 endpoints, 50 % each'],
  ],
  'internal Local without an endpoint here': [
    plan([one], { internal: { policy: 'Local', route: 'local', masquerade: 'never' } }),
    plan([two], { internal: { policy: 'Local', route: 'drop', masquerade: 'never' } }),
    ['from pods: dropped, as policy internal Local finds no endpoint on this node'],
  ],
  'an address more, an address less': [
    plan([one], {
      frontends: [{ kind: 'external-ip', address: '192.0.2.1', port: 80 }],
    }),
    plan([one], { frontends: [{ kind: 'node-port', port: 30080 }] }),
    ['now also at :30080', 'no longer at 192.0.2.1 (external)'],
  ],
  'a policy that changes': [
    plan([one]),
    plan([one], { affinitySeconds: 10_800 }),
    ['policy: none → ClientIP 3h'],
  ],
  'nothing that clients notice': [plan([one]), plan([one], { sourceRangesHoldNode: true }), []],
}

t.test('meaning', async t => {
  for (const [name, [before, after, words]] of Object.entries(CASES))
    t.strictSame(meaningOf(before, after), words, name)
})

t.test('policy and health of a row', async t => {
  t.equal(policyWords(plan([one])), '')
  t.equal(policyWords(plan([])), 'refused: none ready')
  t.equal(healthOf(plan([])), 'refused')
  t.equal(policyWords(exposed([one, two], 'local')), 'external Local → 1 here')
  t.equal(healthOf(exposed([one, two], 'local')), 'served')
  t.equal(policyWords(exposed([two], 'drop')), 'external Local: dropped, none here')
  t.equal(healthOf(exposed([two], 'drop')), 'partly')
  const fenced = plan([one], {
    frontends: [{ kind: 'load-balancer-ip', address: '203.0.113.1', port: 80, fenced: true }],
    sourceRanges: ['192.0.2.0/24', '198.51.100.0/24'],
  })
  t.equal(policyWords(fenced), 'lb from 192.0.2.0/24 198.51.100.0/24 only')
  t.equal(otherAddresses(fenced), '203.0.113.1 (lb)')
})

t.test('names', async t => {
  t.equal(portTitle(plan([])), 'shop/web:http/TCP')
  t.equal(portTitle(plan([], { family: 'IPv6' })), 'shop/web:http/TCP (IPv6)')
  t.equal(
    endpointWord(one, () => 'node-a'),
    '10.244.0.1:8080 (node-a)',
  )
  t.equal(
    endpointWord(one, () => null),
    '10.244.0.1:8080 (node unknown)',
  )
})

t.test('moves are about what traffic may reach', async t => {
  t.strictSame(movesOf(plan([one, two]), plan([two, three])), { came: [three], went: [one] })
  t.strictSame(movesOf(undefined, plan([one])), { came: [one], went: [] })
  t.strictSame(movesOf(plan([one]), undefined), { came: [], went: [one] })
})
