import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Model } from '../../../src/model/model.ts'
import { makePlan } from '../../../src/plan/make.ts'
import { samePlan } from '../../../src/plan/same.ts'
import type { PortPlan } from '../../../src/plan/types.ts'
import { arbEvents, arbFacts } from '../../support/generators.ts'
import { endpointOf, factsOf, stateOf } from '../../support/states.ts'

const PLAN: PortPlan = makePlan(
  stateOf(
    {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerIPs: { IPv4: ['203.0.113.1'], IPv6: [] },
      sourceRanges: { IPv4: ['192.0.2.0/24'], IPv6: [] },
    },
    [endpointOf('10.0.0.1', { nodeName: 'node-a' }), endpointOf('10.0.0.2')],
    { nodePort: 30080 },
  ),
  factsOf(),
)

t.test('every field counts', async t => {
  const other = { ip: '10.0.0.9', port: 1, text: '10.0.0.9:1', isLocal: false }
  const [first, ...rest] = PLAN.cluster
  const changes: Readonly<Record<string, Partial<PortPlan>>> = {
    key: { key: 'IPv4 shop/web:http UDP' },
    'a frontend less': { frontends: PLAN.frontends.slice(1) },
    'another address': {
      frontends: PLAN.frontends.map(frontend =>
        'address' in frontend ? { ...frontend, address: '10.9.9.9' } : frontend,
      ),
    },
    'another port': { frontends: PLAN.frontends.map(frontend => ({ ...frontend, port: 81 })) },
    'no fence': {
      frontends: PLAN.frontends.map(frontend =>
        'fenced' in frontend ? { ...frontend, fenced: false } : frontend,
      ),
    },
    hasEndpoints: { hasEndpoints: false },
    'internal policy': { internal: { ...PLAN.internal, policy: 'Local' } },
    'internal route': { internal: { ...PLAN.internal, route: 'drop' } },
    masquerade: { internal: { ...PLAN.internal, masquerade: 'always' } },
    external: { external: null },
    'external policy': { external: { policy: 'Cluster', route: 'local' } },
    'external route': { external: { policy: 'Local', route: 'drop' } },
    sourceRanges: { sourceRanges: ['192.0.2.0/25'] },
    sourceRangesHoldNode: { sourceRangesHoldNode: true },
    affinitySeconds: { affinitySeconds: 5 },
    healthCheckNodePort: { healthCheckNodePort: 32000 },
    'an endpoint more': { cluster: [...PLAN.cluster, other] },
    'an endpoint that is not local': {
      cluster: first ? [{ ...first, isLocal: false }, ...rest] : [],
    },
    local: { local: [] },
    reachable: { reachable: [] },
    onNode: { onNode: [] },
  }
  t.ok(samePlan(PLAN, structuredClone(PLAN)))
  for (const [name, change] of Object.entries(changes)) {
    t.notOk(samePlan(PLAN, { ...PLAN, ...change }), name)
    t.notOk(samePlan({ ...PLAN, ...change }, PLAN), name)
  }
})

t.test('law: the same exactly if deeply equal', async t => {
  const law = fc.property(arbEvents, arbFacts, arbFacts, (events, facts, others) => {
    const model = new Model()
    for (const event of events) model.apply(event)
    const states = [...model.ports()]
    const plans = states.flatMap(state => [makePlan(state, facts), makePlan(state, others)])
    for (const a of plans)
      for (const b of plans) assert.equal(samePlan(a, b), isDeepStrictEqual(a, b))
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 100 }))
})
