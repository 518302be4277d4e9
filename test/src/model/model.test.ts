import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Model } from '../../../src/model/model.ts'
import type { PortState } from '../../../src/model/types.ts'
import type {
  ClusterEvent,
  ClusterObject,
  EndpointSlice,
  Service,
  SliceEndpoint,
} from '../../../src/objects/types.ts'
import { by } from '../../../src/order.ts'
import { arbCluster, arbEvents, deleteOf, finalObjects, setOf } from '../../support/generators.ts'

const endpoint = (ip: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint => ({
  ip,
  nodeName: 'node-a',
  ready: true,
  serving: true,
  terminating: false,
  zoneHints: [],
  nodeHints: [],
  ...more,
})

const service = (more: Partial<Service> = {}): Service => ({
  kind: 'Service',
  namespace: 'shop',
  name: 'web',
  type: 'ClusterIP',
  foreign: false,
  clusterIPs: { IPv4: '10.96.0.1', IPv6: null },
  ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 0 }],
  externalIPs: { IPv4: [], IPv6: [] },
  listsExternalIPs: false,
  loadBalancerIPs: { IPv4: [], IPv6: [] },
  sourceRanges: { IPv4: [], IPv6: [] },
  affinitySeconds: null,
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Cluster',
  healthCheckNodePort: 0,
  ...more,
})

const slice = (
  name: string,
  endpoints: readonly SliceEndpoint[],
  more: Partial<EndpointSlice> = {},
): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: 'shop',
  name,
  service: 'web',
  headless: false,
  family: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  endpoints,
  triggerTime: null,
  ...more,
})

const modelOf = (...objects: readonly ClusterObject[]): Model => {
  const model = new Model()
  for (const object of objects) model.apply(setOf(object))
  return model
}

const KEY = 'IPv4 shop/web:http TCP'
const texts = (model: Model, key = KEY): readonly string[] | undefined =>
  model.port(key)?.endpoints.map(({ text }) => text)
const states = (model: Model): readonly PortState[] => [...model.ports()].sort(by(({ key }) => key))

t.test(
  'a service port per port and family, with the endpoints of its name and protocol',
  async t => {
    const dual = service({
      clusterIPs: { IPv4: '10.96.0.1', IPv6: 'fd00:96::1' },
      ports: [
        { name: '', protocol: 'TCP', port: 80, nodePort: 0 },
        { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 },
      ],
    })
    const ports = [
      { name: '', protocol: 'TCP', port: 8080 },
      { name: 'dns', protocol: 'TCP', port: 5353 },
      { name: 'other', protocol: 'UDP', port: 1 },
    ] as const
    const model = modelOf(
      dual,
      slice('a', [endpoint('10.0.0.2'), endpoint('10.0.0.10')], { ports }),
    )
    t.strictSame(
      states(model).map(({ key, endpoints }) => [key, endpoints.map(({ text }) => text)]),
      [
        ['IPv4 shop/web TCP', ['10.0.0.10:8080', '10.0.0.2:8080']],
        ['IPv4 shop/web:dns UDP', []],
        ['IPv6 shop/web TCP', []],
        ['IPv6 shop/web:dns UDP', []],
      ],
    )
    t.equal(model.endpointTotal('IPv4'), 6, 'all port names count')
    t.equal(model.endpointTotal('IPv6'), 0)
  },
)

t.test('which Services and slices are seen', async t => {
  const one = slice('a', [endpoint('10.0.0.1')])
  const cases: readonly [string, readonly ClusterObject[], readonly string[] | undefined][] = [
    ['a plain one', [service(), one], ['10.0.0.1:8080']],
    ['no cluster IP', [service({ clusterIPs: { IPv4: null, IPv6: null } }), one], undefined],
    ['of another proxy', [service({ foreign: true }), one], undefined],
    ['headless slice', [service(), slice('a', [endpoint('10.0.0.1')], { headless: true })], []],
    ['other namespace', [service(), slice('a', one.endpoints, { namespace: 'x' })], []],
    ['no slice', [service()], []],
    ['no Service', [one], undefined],
  ]
  for (const [name, objects, want] of cases) t.strictSame(texts(modelOf(...objects)), want, name)
})

t.test('a Service that another proxy takes over, or that loses its addresses, is gone', async t => {
  for (const changed of [
    service({ foreign: true }),
    service({ type: 'ExternalName', clusterIPs: { IPv4: null, IPv6: null } }),
  ]) {
    const model = modelOf(service(), slice('a', [endpoint('10.0.0.1')]))
    t.strictSame(model.apply(setOf(changed)), { ports: [KEY], facts: false })
    t.equal(model.port(KEY), undefined)
    t.equal(model.endpointTotal('IPv4'), 1, 'its endpoints still count')
    t.strictSame(model.apply(setOf(slice('a', []))).ports, [], 'its slices make nothing dirty')
    t.equal(model.endpointTotal('IPv4'), 0)
  }
})

t.test('doubles: a running endpoint wins over a terminating one, else the later slice', async t => {
  const running = endpoint('10.0.0.1', { nodeName: 'running' })
  const ending = endpoint('10.0.0.1', { nodeName: 'ending', terminating: true })
  const other = endpoint('10.0.0.1', { nodeName: 'other' })
  const cases: readonly [string, readonly SliceEndpoint[], readonly SliceEndpoint[], string][] = [
    ['running, then terminating', [running], [ending], 'running'],
    ['terminating, then running', [ending], [running], 'running'],
    ['both running', [running], [other], 'other'],
    ['both in one slice', [ending, running, other, ending], [], 'other'],
    ['both terminating', [{ ...ending, nodeName: 'first' }], [ending], 'first'],
  ]
  for (const [name, a, b, want] of cases)
    for (const order of [
      [slice('a', a), slice('b', b)],
      [slice('b', b), slice('a', a)],
    ]) {
      const model = modelOf(service(), ...order)
      t.strictSame(
        model.port(KEY)?.endpoints.map(({ nodeName }) => nodeName),
        [want],
        name,
      )
      t.equal(model.endpointTotal('IPv4'), 1)
    }
})

t.test('an Endpoints object stands in only where there is no slice', async t => {
  const legacy = {
    kind: 'Endpoints',
    namespace: 'shop',
    name: 'web',
    slices: [slice('web', [endpoint('10.0.0.9')])],
  } as const
  const model = modelOf(service(), legacy)
  t.strictSame(texts(model), ['10.0.0.9:8080'])
  const one = slice('a', [endpoint('10.0.0.1')])
  t.strictSame(model.apply(setOf(one)).ports, [KEY])
  t.strictSame(texts(model), ['10.0.0.1:8080'])
  t.strictSame(model.apply(deleteOf(legacy)).ports, [], 'it was not in use')
  model.apply(setOf(legacy))
  t.strictSame(model.apply(deleteOf(one)).ports, [KEY])
  t.strictSame(texts(model), ['10.0.0.9:8080'])
  model.apply(setOf(slice('a', [], { headless: true })))
  t.strictSame(texts(model), [], 'a slice that is not seen is still a slice')
  t.equal(model.endpointTotal('IPv4'), 0)
})

t.test('what an event makes dirty', async t => {
  const two = service({
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, nodePort: 0 },
      { name: 'dns', protocol: 'UDP', port: 53, nodePort: 0 },
    ],
  })
  const one = slice('a', [endpoint('10.0.0.1'), endpoint('10.0.0.2')])
  const DNS = 'IPv4 shop/web:dns UDP'
  const cases: readonly [string, ClusterEvent, readonly string[]][] = [
    ['the same Service again', setOf({ ...two }), []],
    ['the same slice again', setOf({ ...one }), []],
    ['another trigger time', setOf({ ...one, triggerTime: 5 }), []],
    ['endpoints in another order', setOf({ ...one, endpoints: one.endpoints.toReversed() }), []],
    ['a double', setOf({ ...one, endpoints: [...one.endpoints, endpoint('10.0.0.2')] }), []],
    ['an endpoint less', setOf(slice('a', [endpoint('10.0.0.1')])), [KEY]],
    ['one unready', setOf(slice('a', [endpoint('10.0.0.1', { ready: false })])), [KEY]],
    ['a port of the Service', setOf(service()), [DNS]],
    ['its affinity', setOf({ ...two, affinitySeconds: 5 }), [KEY, DNS]],
    ['the other family', setOf({ ...two, sourceRanges: { IPv4: [], IPv6: ['::/0'] } }), []],
    ['the Service gone', deleteOf(two), [KEY, DNS]],
    ['the slice gone', deleteOf(one), [KEY]],
    ['the slice given away', setOf({ ...one, service: 'api' }), [KEY]],
    [
      'a slice of the other family',
      setOf(slice('b', [endpoint('fd00::1')], { family: 'IPv6' })),
      [],
    ],
    ['a delete of nothing', deleteOf(slice('z', [])), []],
    ['a delete in no namespace', deleteOf(slice('z', [], { namespace: 'z' })), []],
  ]
  for (const [name, event, want] of cases)
    t.strictSame(modelOf(two, one).apply(event), { ports: want, facts: false }, name)
})

t.test('every field that a plan is made of makes its port dirty', async t => {
  const ports = (more: object): Service['ports'] => [
    { name: 'http', protocol: 'TCP', port: 80, nodePort: 0, ...more },
  ]
  const fields: readonly Partial<Service>[] = [
    { type: 'NodePort' },
    { clusterIPs: { IPv4: '10.96.0.2', IPv6: null } },
    { ports: ports({ port: 81 }) },
    { ports: ports({ nodePort: 30080 }) },
    { externalIPs: { IPv4: ['198.51.100.1'], IPv6: [] } },
    { listsExternalIPs: true },
    { loadBalancerIPs: { IPv4: ['203.0.113.1'], IPv6: [] } },
    { sourceRanges: { IPv4: ['192.0.2.0/24'], IPv6: [] } },
    { affinitySeconds: 30 },
    { internalTrafficPolicy: 'Local' },
    { externalTrafficPolicy: 'Local' },
    { healthCheckNodePort: 32000 },
  ]
  for (const field of fields)
    t.strictSame(
      modelOf(service()).apply(setOf(service(field))).ports,
      [KEY],
      JSON.stringify(field),
    )
  const traits: readonly Partial<SliceEndpoint>[] = [
    { ip: '10.0.0.2' },
    { nodeName: 'node-b' },
    { nodeName: null },
    { ready: false },
    { serving: false },
    { terminating: true },
    { zoneHints: ['z1'] },
    { nodeHints: ['node-a'] },
  ]
  for (const trait of traits) {
    const model = modelOf(service(), slice('a', [endpoint('10.0.0.1')]))
    const { ports: dirty } = model.apply(setOf(slice('a', [endpoint('10.0.0.1', trait)])))
    t.strictSame(dirty, [KEY], JSON.stringify(trait))
  }
  const model = modelOf(service(), slice('a', [endpoint('10.0.0.1')]))
  const moved = slice('a', [endpoint('10.0.0.1')], {
    ports: [{ name: 'http', protocol: 'TCP', port: 81 }],
  })
  t.strictSame(model.apply(setOf(moved)).ports, [KEY], 'the port of a slice')
})

t.test('what does not change keeps its identity', async t => {
  const ends = [endpoint('10.0.0.1'), endpoint('10.0.0.2')]
  const model = modelOf(service(), slice('a', ends))
  const before = model.port(KEY)
  model.apply(setOf(slice('a', [...ends.map(end => ({ ...end })), endpoint('10.0.0.3')])))
  const after = model.port(KEY)
  t.equal(after?.endpoints[0], before?.endpoints[0])
  t.equal(after?.endpoints[1], before?.endpoints[1])
  t.equal(after?.key, before?.key)
  t.equal(after?.endpoints.length, 3)
})

t.test('a slice that is all a namespace has may change its Service', async t => {
  const model = modelOf(slice('a', [endpoint('10.0.0.1')], { service: 'api' }))
  model.apply(setOf(slice('a', [endpoint('10.0.0.1')])))
  t.strictSame(model.apply(setOf(service())).ports, [KEY])
  t.strictSame(texts(model), ['10.0.0.1:8080'])
})

t.test('of two ports with one name and protocol the later stands', async t => {
  const ports = [
    { name: 'http', protocol: 'TCP', port: 80, nodePort: 0 },
    { name: 'http', protocol: 'TCP', port: 81, nodePort: 0 },
  ] as const
  const model = modelOf(service({ ports }))
  t.strictSame(
    states(model).map(({ port }) => port.port),
    [81],
  )
})

t.test('Nodes and ServiceCIDRs are facts', async t => {
  const node = {
    kind: 'Node',
    name: 'n',
    zone: 'z',
    podCIDRs: [],
    addresses: [],
    eligible: true,
  } as const
  const cidr = (name: string, ...cidrs: readonly string[]): ClusterObject => ({
    kind: 'ServiceCIDR',
    name,
    cidrs,
  })
  const model = new Model()
  t.equal(model.apply(setOf(node)).facts, true)
  t.equal(model.apply(setOf({ ...node })).facts, false)
  t.equal(model.node('n')?.zone, 'z')
  t.equal(model.apply(setOf({ ...node, zone: null })).facts, true)
  t.equal(model.apply(setOf(cidr('b', '10.2.0.0/16', 'fd00::/112'))).facts, true)
  t.equal(model.apply(setOf(cidr('a', '10.1.0.0/16', '10.2.0.0/16'))).facts, true)
  t.strictSame(model.serviceCIDRs(), {
    IPv4: ['10.1.0.0/16', '10.2.0.0/16'],
    IPv6: ['fd00::/112'],
  })
  t.equal(model.apply(setOf(cidr('c', '10.2.0.0/16'))).facts, false)
  t.equal(model.apply(deleteOf(cidr('c'))).facts, false)
  t.equal(model.apply(deleteOf(cidr('b'))).facts, true)
  t.equal(model.apply(deleteOf(node)).facts, true)
  t.equal(model.apply(deleteOf(node)).facts, false)
})

const RUNS = 200

const pictureOf = (model: Model): unknown => ({
  ports: states(model),
  totals: [model.endpointTotal('IPv4'), model.endpointTotal('IPv6')],
  cidrs: model.serviceCIDRs(),
})

t.test('law: a history gives what its final objects give, in any order', async t => {
  const law = fc.property(arbEvents, fc.infiniteStream(fc.nat()), (events, random) => {
    const model = new Model()
    for (const event of events) model.apply(event)
    const left = finalObjects(events)
    const shuffled = left
      .map(object => ({ object, at: random.next().value }))
      .sort((a, b) => a.at - b.at)
      .map(({ object }) => object)
    assert.deepEqual(pictureOf(model), pictureOf(modelOf(...left)))
    assert.deepEqual(pictureOf(modelOf(...shuffled)), pictureOf(modelOf(...left)))
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: RUNS }))
})

t.test('law: a key is dirty exactly if its state says something new', async t => {
  const law = fc.property(arbEvents, events => {
    const model = new Model()
    for (const event of events) {
      const before = new Map(states(model).map(state => [state.key, relevant(state)]))
      const { ports } = model.apply(event)
      const after = new Map(states(model).map(state => [state.key, relevant(state)]))
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
        key => before.get(key) !== after.get(key),
      )
      assert.deepEqual([...ports].sort(), changed.sort())
      for (const key of after.keys()) assert.equal(model.port(key)?.key, key)
    }
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: RUNS }))
})

const relevant = ({ family, service: whole, port, endpoints }: PortState): string => {
  const { ports, clusterIPs, externalIPs, loadBalancerIPs, sourceRanges, ...shared } = whole
  const own = [clusterIPs, externalIPs, loadBalancerIPs, sourceRanges].map(of => of[family])
  return JSON.stringify([port, endpoints, own, shared])
}

t.test('law: set, then delete, leaves nothing', async t => {
  const law = fc.property(arbCluster, arbCluster, (objects, order) => {
    const model = modelOf(...objects, ...order)
    for (const object of [...order, ...objects].toReversed()) model.apply(deleteOf(object))
    assert.deepEqual(states(model), [])
    assert.equal(model.held, 0)
    assert.deepEqual(pictureOf(model), pictureOf(new Model()))
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: RUNS }))
})
