import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Model } from '../../../src/model/model.ts'
import type { Endpoint } from '../../../src/model/types.ts'
import type { Service, ServicePort } from '../../../src/objects/types.ts'
import { makePlan } from '../../../src/plan/make.ts'
import { samePlan } from '../../../src/plan/same.ts'
import type { NodeFacts, PortPlan } from '../../../src/plan/types.ts'
import { arbEvents, arbFacts, finalObjects, setOf } from '../../support/generators.ts'
import { endpointOf, factsOf, stateOf } from '../../support/states.ts'

const DRAINING = { ready: false, serving: true, terminating: true }
const UNUSABLE = { ready: false, serving: false }
const here = (more: Partial<Endpoint> = {}): Endpoint =>
  endpointOf('10.0.0.1', { nodeName: 'node-a', ...more })
const there = (more: Partial<Endpoint> = {}): Endpoint =>
  endpointOf('10.0.0.2', { nodeName: 'node-b', ...more })

const planOf = (
  service: Partial<Service>,
  endpoints: readonly Endpoint[] = [],
  port: Partial<ServicePort> = {},
  facts: Partial<NodeFacts> = {},
): PortPlan => makePlan(stateOf(service, endpoints, port), factsOf(facts))

t.test('names, addresses and their order', async t => {
  const plan = planOf(
    {
      type: 'LoadBalancer',
      externalIPs: { IPv4: ['198.51.100.2', '198.51.100.1'], IPv6: ['2001:db8:2::1'] },
      loadBalancerIPs: { IPv4: ['203.0.113.1'], IPv6: [] },
      sourceRanges: { IPv4: ['192.0.2.0/24'], IPv6: [] },
      affinitySeconds: 10800,
    },
    [],
    { nodePort: 30080 },
  )
  t.equal(plan.key, 'IPv4 shop/web:http TCP')
  t.equal(plan.label, 'shop/web:http')
  t.strictSame(plan.frontends, [
    { kind: 'cluster-ip', address: '10.96.0.1', port: 80 },
    { kind: 'external-ip', address: '198.51.100.2', port: 80 },
    { kind: 'external-ip', address: '198.51.100.1', port: 80 },
    { kind: 'load-balancer-ip', address: '203.0.113.1', port: 80, fenced: true },
    { kind: 'node-port', port: 30080 },
  ])
  t.equal(plan.affinitySeconds, 10800)
  t.equal(planOf({}, [], { name: '' }).label, 'shop/web')
})

t.test(
  'without the gate for external IPs they are not served, but the port stays accessible',
  async t => {
    const externalIPs = { IPv4: ['198.51.100.1'], IPv6: [] }
    const plan = planOf(
      { externalIPs, listsExternalIPs: true },
      [],
      {},
      { allowExternalIPs: false },
    )
    t.strictSame(
      plan.frontends.map(({ kind }) => kind),
      ['cluster-ip'],
    )
    t.strictSame(plan.external, { policy: 'Cluster', route: 'reject' })
  },
)

t.test('source ranges', async t => {
  const vips = { loadBalancerIPs: { IPv4: ['203.0.113.1'], IPv6: [] } }
  const rows: readonly [
    string,
    readonly string[],
    Partial<NodeFacts>,
    readonly string[],
    boolean,
  ][] = [
    ['none', [], {}, [], false],
    [
      'kept in order',
      ['198.51.100.0/24', '192.0.2.0/24'],
      {},
      ['198.51.100.0/24', '192.0.2.0/24'],
      false,
    ],
    ['everyone among them', ['192.0.2.0/24', '0.0.0.0/0'], {}, [], false],
    ['one holds the node', ['192.168.50.0/24'], {}, ['192.168.50.0/24'], true],
    [
      'node unknown',
      ['192.168.50.0/24'],
      { nodeIPs: { IPv4: null, IPv6: null } },
      ['192.168.50.0/24'],
      false,
    ],
    [
      'node unknown, loopback listed',
      ['127.0.0.0/8'],
      { nodeIPs: { IPv4: null, IPv6: null } },
      ['127.0.0.0/8'],
      true,
    ],
  ]
  for (const [name, IPv4, facts, want, holdsNode] of rows) {
    const plan = planOf({ ...vips, sourceRanges: { IPv4, IPv6: [] } }, [], {}, facts)
    t.strictSame(plan.sourceRanges, want, name)
    t.equal(plan.sourceRangesHoldNode, holdsNode, name)
    t.strictSame(
      plan.frontends.flatMap(frontend => ('fenced' in frontend ? [frontend.fenced] : [])),
      [want.length > 0],
      name,
    )
  }
})

t.test('health-check node port', async t => {
  const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 } as const
  t.equal(planOf({ ...local, type: 'LoadBalancer' }).healthCheckNodePort, 32000)
  t.equal(planOf({ ...local, type: 'NodePort' }).healthCheckNodePort, 0)
  const cluster = { ...local, type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' } as const
  t.equal(planOf(cluster).healthCheckNodePort, 0)
})

// Spec services-and-endpoints, section 7.1.
t.test('routes', async t => {
  const node = { nodePort: 30080 }
  const iLocal = { internalTrafficPolicy: 'Local' } as const
  const xLocal = { type: 'NodePort', externalTrafficPolicy: 'Local' } as const
  type Row = readonly [
    string,
    Partial<Service>,
    Partial<ServicePort>,
    readonly Endpoint[],
    string,
    string?,
  ]
  const rows: readonly Row[] = [
    ['plain', {}, {}, [there()], 'cluster'],
    ['no endpoints', {}, node, [], 'reject', 'reject'],
    ['none usable', {}, node, [there(UNUSABLE)], 'reject', 'reject'],
    ['node port', {}, node, [there()], 'cluster', 'cluster'],
    ['internal Local', iLocal, {}, [here(), there()], 'local'],
    ['internal Local, none here', iLocal, {}, [there()], 'drop'],
    ['internal Local, none at all', iLocal, {}, [], 'reject'],
    ['internal Local and a node port, none here', iLocal, node, [there()], 'drop', 'cluster'],
    ['external Local', xLocal, node, [here(), there()], 'cluster', 'local'],
    ['external Local, draining here', xLocal, node, [here(DRAINING), there()], 'cluster', 'local'],
    ['external Local, none here', xLocal, node, [there()], 'cluster', 'drop'],
    ['external Local, unusable here', xLocal, node, [here(UNUSABLE), there()], 'cluster', 'drop'],
    ['external Local, none at all', xLocal, node, [], 'reject', 'reject'],
    ['both Local, none here', { ...iLocal, ...xLocal }, node, [there()], 'drop', 'drop'],
    ['both Local', { ...iLocal, ...xLocal }, node, [here(), there()], 'local', 'local'],
  ]
  for (const [name, service, port, endpoints, internal, external] of rows) {
    const plan = planOf(service, endpoints, port)
    t.equal(plan.internal.route, internal, name)
    t.equal(plan.external?.route, external, name)
    t.equal(plan.internal.policy, service.internalTrafficPolicy ?? 'Cluster', name)
  }
})

t.test('whose address cluster IP traffic has', async t => {
  const none = { podDetector: { IPv4: null, IPv6: null } }
  t.equal(planOf({}).internal.masquerade, 'unless-pod')
  t.equal(planOf({}, [], {}, none).internal.masquerade, 'never')
  t.equal(planOf({}, [], {}, { ...none, masqueradeAll: true }).internal.masquerade, 'always')
  t.equal(planOf({}, [], {}, { masqueradeAll: true }).internal.masquerade, 'always')
  const ipv6 = makePlan(stateOf({}, [], {}, 'IPv6'), factsOf())
  t.equal(ipv6.internal.masquerade, 'never', 'each family has a detector of its own')
})

t.test('endpoints of this node', async t => {
  const mixed = [here(UNUSABLE), there(), endpointOf('10.0.0.3', { nodeName: 'node-a' })]
  const plan = planOf({}, mixed)
  const local = { ip: '10.0.0.3', port: 8080, text: '10.0.0.3:8080', isLocal: true }
  t.strictSame(plan.cluster, [mixed[1], local], 'an endpoint that runs elsewhere stays what it is')
  t.equal(plan.reachable, plan.cluster, 'equal lists are one')
  t.strictSame(plan.local, [], 'no policy asks for it')
  const unusable = { ip: '10.0.0.1', port: 8080, text: '10.0.0.1:8080', isLocal: true }
  t.strictSame(plan.onNode, [unusable, local])
})

t.test('law: plans are the same for any history with one outcome, and for any order', async t => {
  const law = fc.property(arbEvents, arbFacts, (events, facts) => {
    const plans = (model: Model): ReadonlyMap<string, PortPlan> =>
      new Map([...model.ports()].map(state => [state.key, makePlan(state, facts)]))
    const [grown, fresh] = [new Model(), new Model()]
    for (const event of events) grown.apply(event)
    for (const object of finalObjects(events).toReversed()) fresh.apply(setOf(object))
    const [a, b] = [plans(grown), plans(fresh)]
    assert.deepEqual([...a.keys()].sort(), [...b.keys()].sort())
    for (const [key, plan] of a) {
      const other = b.get(key)
      assert.deepEqual(plan, other)
      assert.ok(other && samePlan(plan, other))
    }
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 200 }))
})

t.test('law: routes name lists that are not empty', async t => {
  const law = fc.property(arbEvents, arbFacts, (events, facts) => {
    const model = new Model()
    for (const event of events) model.apply(event)
    for (const state of model.ports()) {
      const plan = makePlan(state, facts)
      for (const route of [plan.internal.route, plan.external?.route]) {
        if (route === 'cluster' || route === 'local') assert.ok(plan[route].length > 0)
        if (route === 'reject') assert.equal(plan.hasEndpoints, false)
        if (route === 'drop') assert.ok(plan.hasEndpoints && plan.local.length === 0)
      }
      // Pods and the node go to the cluster list whatever the external policy.
      if (plan.external && plan.hasEndpoints) assert.ok(plan.cluster.length > 0)
    }
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 200 }))
})
