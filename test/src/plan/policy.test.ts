import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Model } from '../../../src/model/model.ts'
import type { Endpoint } from '../../../src/model/types.ts'
import type { Service } from '../../../src/objects/types.ts'
import { chooseEndpoints, policiesOf } from '../../../src/plan/policy.ts'
import { arbEvents, arbFacts } from '../../support/generators.ts'
import { endpointOf, factsOf, stateOf } from '../../support/states.ts'

const DRAINING = { ready: false, serving: true, terminating: true }
const UNREADY = { ready: false, serving: false }
const SERVING = { ready: false, serving: true }
const L = (more: Partial<Endpoint> = {}): Endpoint =>
  endpointOf('10.0.0.1', { nodeName: 'node-a', ...more })
const R = (more: Partial<Endpoint> = {}): Endpoint =>
  endpointOf('10.0.0.2', { nodeName: 'node-b', ...more })

const EXTERNAL_LOCAL: Partial<Service> = { type: 'NodePort', externalTrafficPolicy: 'Local' }
const INTERNAL_LOCAL: Partial<Service> = { internalTrafficPolicy: 'Local' }
const NODE_PORT = { nodePort: 30080 }
const ZONES = [L({ zoneHints: ['z2'] }), R({ zoneHints: ['z1'] })]

interface Row {
  readonly name: string
  readonly service?: Partial<Service>
  readonly port?: { readonly nodePort: number }
  readonly endpoints: readonly Endpoint[]
  /** L and R name the endpoints of the lists, in their order. */
  readonly lists: readonly [cluster: string, local: string, reachable: string]
  readonly has?: boolean
}

// Spec services-and-endpoints, section 5: its examples, then its fine points.
const ROWS: readonly Row[] = [
  { name: 'Cluster, both ready', endpoints: [L(), R()], lists: ['LR', '', 'LR'] },
  { name: 'Cluster, one draining', endpoints: [L(DRAINING), R()], lists: ['R', '', 'R'] },
  { name: 'Cluster, all draining', endpoints: [L(DRAINING), R(DRAINING)], lists: ['LR', '', 'LR'] },
  {
    name: 'Cluster, none usable',
    endpoints: [L(UNREADY), R(UNREADY)],
    lists: ['', '', ''],
    has: false,
  },
  {
    name: 'serving is not enough',
    endpoints: [L(SERVING), R(SERVING)],
    lists: ['', '', ''],
    has: false,
  },
  { name: 'no endpoints', endpoints: [], lists: ['', '', ''], has: false },
  {
    name: 'internal Local, remote only',
    service: INTERNAL_LOCAL,
    endpoints: [R()],
    lists: ['', '', ''],
  },
  {
    name: 'internal Local, both',
    service: INTERNAL_LOCAL,
    endpoints: [L(), R()],
    lists: ['', 'L', 'L'],
  },
  {
    name: 'internal Local, unusable',
    service: INTERNAL_LOCAL,
    endpoints: [L(UNREADY), R(SERVING)],
    lists: ['', '', ''],
    has: false,
  },
  {
    name: 'internal Local with a node port',
    service: { ...INTERNAL_LOCAL, type: 'NodePort' },
    port: NODE_PORT,
    endpoints: [L(), R()],
    lists: ['LR', 'L', 'LR'],
  },
  {
    name: 'external Local, local one draining',
    service: EXTERNAL_LOCAL,
    port: NODE_PORT,
    endpoints: [L(DRAINING), R()],
    lists: ['R', 'L', 'LR'],
  },
  {
    name: 'external Local, remote only',
    service: EXTERNAL_LOCAL,
    port: NODE_PORT,
    endpoints: [R()],
    lists: ['R', '', 'R'],
  },
  {
    name: 'external Local without external access',
    service: { externalTrafficPolicy: 'Local' },
    endpoints: [L(), R()],
    lists: ['LR', '', 'LR'],
  },
  {
    name: 'external Local, local endpoint in another zone',
    service: EXTERNAL_LOCAL,
    port: NODE_PORT,
    endpoints: ZONES,
    lists: ['R', 'L', 'LR'],
  },
  { name: 'zones', endpoints: ZONES, lists: ['R', '', 'R'] },
  {
    name: 'draining endpoints are not kept to a zone',
    endpoints: ZONES.map(endpoint => ({ ...endpoint, ...DRAINING })),
    lists: ['LR', '', 'LR'],
  },
]

const names = (list: readonly Endpoint[]): string =>
  list.map(({ ip }) => (ip === '10.0.0.1' ? 'L' : 'R')).join('')

t.test('the lists of section 5', async t => {
  for (const { name, service = {}, port = {}, endpoints, lists, has = true } of ROWS) {
    const policies = policiesOf(stateOf(service, endpoints, port))
    const { hasEndpoints, cluster, local, reachable } = chooseEndpoints(
      endpoints,
      policies,
      factsOf(),
    )
    t.strictSame([names(cluster), names(local), names(reachable)], lists, name)
    t.equal(hasEndpoints, has, name)
  }
})

t.test('what the policies come to', async t => {
  const LB = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const
  const vip = { loadBalancerIPs: { IPv4: ['203.0.113.1'], IPv6: [] } }
  const eip = { externalIPs: { IPv4: ['198.51.100.1'], IPv6: [] }, listsExternalIPs: true }
  const local = { externalTrafficPolicy: 'Local' } as const
  type Want = readonly [externalLocal: boolean, accessible: boolean]
  const rows: readonly [string, Partial<Service>, { nodePort?: number }, Want][] = [
    ['plain', {}, {}, [false, false]],
    ['Local, nothing external', local, {}, [false, false]],
    ['node port on a ClusterIP Service', local, NODE_PORT, [false, true]],
    ['NodePort', { ...local, type: 'NodePort' }, NODE_PORT, [true, true]],
    ['NodePort without a node port', { ...local, type: 'NodePort' }, {}, [true, false]],
    ['external IP', { ...local, ...eip }, {}, [true, true]],
    ['external IPs, none readable', { ...local, listsExternalIPs: true }, {}, [true, false]],
    ['external IP on ExternalName', { ...local, ...eip, type: 'ExternalName' }, {}, [false, true]],
    ['LoadBalancer without addresses', LB, {}, [true, false]],
    ['LoadBalancer', { ...LB, ...vip }, {}, [true, true]],
    ['policy Cluster', { ...LB, ...vip, externalTrafficPolicy: 'Cluster' }, {}, [false, true]],
    ['addresses on a ClusterIP Service', { ...local, ...vip }, {}, [false, true]],
  ]
  for (const [name, service, port, [externalLocal, externallyAccessible]] of rows)
    for (const internalLocal of [false, true]) {
      const internalTrafficPolicy = internalLocal ? 'Local' : 'Cluster'
      const found = policiesOf(stateOf({ ...service, internalTrafficPolicy }, [], port))
      const usesCluster = !internalLocal || externallyAccessible
      const usesLocal = internalLocal || (externalLocal && externallyAccessible)
      const want = { internalLocal, externalLocal, externallyAccessible, usesCluster, usesLocal }
      t.strictSame(found, want, name)
    }
})

t.test(
  'law: lists are sorted, reachable is the union, and nothing unusable is in them',
  async t => {
    const law = fc.property(arbEvents, arbFacts, (events, facts) => {
      const model = new Model()
      for (const event of events) model.apply(event)
      for (const state of model.ports()) {
        const chosen = chooseEndpoints(state.endpoints, policiesOf(state), facts)
        const order = (list: readonly Endpoint[]): readonly number[] =>
          list.map(endpoint => state.endpoints.indexOf(endpoint))
        for (const list of [chosen.cluster, chosen.local, chosen.reachable]) {
          assert.deepEqual(
            order(list),
            order(list).toSorted((a, b) => a - b),
          )
          for (const { ready, serving, terminating } of list)
            assert.ok(ready || (serving && terminating))
        }
        assert.ok(chosen.local.every(({ nodeName }) => nodeName === facts.nodeName))
        assert.deepEqual(new Set(chosen.reachable), new Set([...chosen.cluster, ...chosen.local]))
        if (chosen.reachable.length > 0) assert.ok(chosen.hasEndpoints)
      }
    })
    t.doesNotThrow(() => fc.assert(law, { numRuns: 300 }))
  },
)
