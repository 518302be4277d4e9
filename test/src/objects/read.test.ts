/** Answers for src/objects/read.ts, endpoints.ts, node.ts, service-cidr.ts and metadata.ts. */
import fc from 'fast-check'
import t from 'tap'
import { formatProblem } from '../../../src/objects/problem.ts'
import { readObject } from '../../../src/objects/read.ts'
import { brief, type Raw, read, service, slice, sound } from '../../support/raw-objects.ts'

const node = (rest: Raw = {}): Raw => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'z1' } },
  spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24', 'FD00:10:244::1/64'] },
  ...rest,
})

t.test('Node', async t => {
  const addresses = [
    { type: 'ExternalIP', address: '203.0.113.9' },
    { type: 'Hostname', address: 'node-a' },
    { type: 'InternalIP', address: '192.168.050.10' },
    { type: 'InternalIP', address: 'FD00:50::10' },
  ]
  t.strictSame(sound('Node', node({ status: { addresses } })), {
    kind: 'Node',
    name: 'node-a',
    zone: 'z1',
    podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'],
    addresses: ['192.168.50.10', 'fd00:50::10', '203.0.113.9'],
    eligible: true,
  })
  const marked = { podCIDRs: [], taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] }
  t.match(sound('Node', node({ spec: marked })), { eligible: false })
  const leaving = { name: 'node-a', deletionTimestamp: '2026-01-31T12:00:00Z' }
  t.match(sound('Node', node({ metadata: leaving })), { eligible: false })
  const bare = node({ metadata: { name: 'node.a' }, spec: { podCIDR: '10.1.0.0/24' } })
  t.match(sound('Node', bare), { name: 'node.a', zone: null, podCIDRs: ['10.1.0.0/24'] })
  const [, problems] = read(
    'Node',
    node({
      metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 3 } },
      spec: { podCIDRs: ['x'] },
      status: { addresses: [{ type: 'InternalIP', address: '10.0.0' }] },
    }),
  )
  t.strictSame(problems, [
    'BAD_TYPE | metadata.labels["topology.kubernetes.io/zone"] | 3 | field ignored',
    'BAD_CIDR | spec.podCIDRs[0] | "x" | range ignored',
    'BAD_ADDRESS | status.addresses[0].address | "10.0.0" | address ignored',
  ])
})

t.test('ServiceCIDR', async t => {
  const raw = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: ['10.96.0.1/12', 'fd00:10:96::/112', 'x'] },
  }
  const [object, problems] = read('ServiceCIDR', raw)
  t.strictSame(object, {
    kind: 'ServiceCIDR',
    name: 'kubernetes',
    cidrs: ['10.96.0.0/12', 'fd00:10:96::/112'],
  })
  t.strictSame(problems, ['BAD_CIDR | spec.cidrs[2] | "x" | range ignored'])
})

const endpoints = (rest: Raw = {}, labels: Raw = {}, annotations: Raw = {}): Raw => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace: 'shop', name: 'web', labels, annotations },
  subsets: [
    {
      addresses: [{ ip: '10.0.0.1', nodeName: 'node-a' }, { ip: 'fd00::1' }],
      notReadyAddresses: [{ ip: '10.0.0.2' }],
      ports: [{ port: 8080 }],
    },
    { addresses: [{ ip: '10.0.0.3' }], ports: [{ name: 'b', port: 9, protocol: 'UDP' }] },
  ],
  ...rest,
})

t.test('Endpoints become slices, one for each subset and family', async t => {
  const { slices } = sound('Endpoints', endpoints())
  t.match(slices, [
    {
      name: 'web-0-ipv4',
      service: 'web',
      family: 'IPv4',
      ports: [{ name: '', protocol: 'TCP', port: 8080 }],
      endpoints: [
        { ip: '10.0.0.1', nodeName: 'node-a', ready: true, serving: true, terminating: false },
        { ip: '10.0.0.2', nodeName: null, ready: false, serving: false, terminating: false },
      ],
    },
    { name: 'web-0-ipv6', family: 'IPv6', endpoints: [{ ip: 'fd00::1', ready: true }] },
    { name: 'web-1-ipv4', ports: [{ name: 'b', protocol: 'UDP', port: 9 }] },
  ])
  t.strictSame(
    slices.map(({ endpoints: { length } }) => length),
    [2, 1, 1],
  )
  const unmirrored = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  t.strictSame(sound('Endpoints', endpoints({}, unmirrored)).slices, [])
  const election = { 'control-plane.alpha.kubernetes.io/leader': '{}' }
  t.strictSame(sound('Endpoints', endpoints({}, {}, election)).slices, [])
  const [, problems] = read(
    'Endpoints',
    endpoints({ subsets: [{ addresses: [{ ip: 'x' }], ports: 'http' }, 7] }),
  )
  t.strictSame(problems, [
    'BAD_TYPE | subsets[1] | 7 | subset skipped',
    'BAD_TYPE | subsets[0].ports | "http" | field ignored',
    'BAD_ADDRESS | subsets[0].addresses[0].ip | "x" | endpoint skipped',
  ])
})

t.test('what is no object, or none of ours', async t => {
  for (const raw of [null, undefined, 7, 'text', [], true]) {
    const { object, problems } = readObject(raw)
    t.equal(object, null)
    t.match(problems, [{ code: 'NOT_AN_OBJECT', consequence: 'document skipped' }])
  }
  for (const raw of [{}, { kind: '' }, { kind: 7 }, { kind: null }])
    t.match(readObject(raw), { object: null, problems: [{ code: 'NO_KIND' }] })
  for (const kind of ['Deployment', 'KubeProxyConfiguration', 'constructor', '__proto__'])
    t.strictSame(readObject({ apiVersion: 'v1', kind }), { object: null, problems: [] }, kind)
  const knative = { ...service(), apiVersion: 'serving.knative.dev/v1' }
  t.strictSame(readObject(knative), { object: null, problems: [] }, 'another group')
  const old = readObject({ ...slice(), apiVersion: 'discovery.k8s.io/v1beta1' })
  t.equal(old.object, null)
  t.strictSame(old.problems.map(brief), [
    'BAD_API_VERSION | apiVersion | "discovery.k8s.io/v1beta1" | EndpointSlice skipped',
  ])
  t.match(readObject({ kind: 'Service' }).problems, [{ code: 'BAD_API_VERSION', value: '' }])
})

t.test('a name that breaks its grammar costs the object', async t => {
  const named = (metadata: unknown) => service({}, { metadata })
  const cases: readonly (readonly [Raw, string])[] = [
    [named({ name: 'Web' }), 'BAD_NAME | metadata.name | "Web" | Service skipped'],
    [named({ name: 'we.b' }), 'BAD_NAME | metadata.name | "we.b" | Service skipped'],
    [named({ name: '-web' }), 'BAD_NAME | metadata.name | "-web" | Service skipped'],
    [named({ name: 'web\n' }), 'BAD_NAME | metadata.name | "web\\n" | Service skipped'],
    [named({}), 'BAD_NAME | metadata.name |  | Service skipped'],
    [named({ name: 7 }), 'BAD_TYPE | metadata.name | 7 | Service skipped'],
    [named({ name: 'web', namespace: '' }), 'BAD_NAME | metadata.namespace | "" | Service skipped'],
    [
      named({ name: 'web', namespace: 'a/b' }),
      'BAD_NAME | metadata.namespace | "a/b" | Service skipped',
    ],
    [
      slice({ metadata: { name: 'a..b' } }),
      'BAD_NAME | metadata.name | "a..b" | EndpointSlice skipped',
    ],
    [node({ metadata: { name: 'NodeA' } }), 'BAD_NAME | metadata.name | "NodeA" | Node skipped'],
  ]
  for (const [raw, problem] of cases) {
    const { object, problems } = readObject(raw)
    t.equal(object, null, problem)
    t.strictSame(problems.map(brief), [problem])
  }
  const long = 'a'.repeat(64)
  t.match(readObject(named({ name: long })).problems, [{ code: 'BAD_NAME' }], '64 characters')
  t.equal(sound('Service', named({ name: 'a'.repeat(63) })).namespace, 'default')
  t.equal(
    sound('Service', named({ name: '1web' })).name,
    '1web',
    'RFC 1123 allows a digit in front',
  )
  t.match(readObject(named(7)).problems[0], { code: 'BAD_TYPE', field: 'metadata' })
})

t.test('what has no name is not given one', async t => {
  const subjects = (raw: unknown) => [
    ...new Set(readObject(raw).problems.map(({ subject }) => subject)),
  ]
  for (const metadata of [null, undefined, {}, { name: null }, 7])
    t.strictSame(subjects(service({}, { metadata })), ['Service without a name'])
  const inShop = { namespace: 'shop' }
  t.strictSame(subjects(service({}, { metadata: inShop })), ['Service without a name in shop'])
  t.strictSame(subjects(node({ metadata: {} })), ['Node without a name'])
})

t.test('a problem in words', async t => {
  const endpoints = [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.300'] }]
  const place = (field: string) => ({ file: 'cluster.yaml', document: 7, line: field.length })
  const { problems } = readObject(slice({ endpoints }), place)
  t.strictSame(problems.map(formatProblem), [
    'error: EndpointSlice shop/web-x7k2p: endpoints[1].addresses[0] "10.0.0.300" is not an IPv4 address; endpoint skipped\n' +
      '  in cluster.yaml, document 7, line 25',
  ])
  const [first] = readObject(null).problems
  t.equal(first && formatProblem(first), 'error: input: null is not an object; document skipped')
})

t.test('values are shown short, and cannot play with a terminal', async t => {
  const shown = (value: unknown) =>
    readObject(service({ clusterIP: value, ipFamilies: [] })).problems[0]?.value ?? ''
  t.equal(shown('\u001b[2J\u009b\u202e'), '"\\u001b[2J\\u009b\\u202e"')
  t.equal(shown('x'.repeat(1e6)).length, 80)
  t.ok(shown('x'.repeat(1e6)).endsWith('…'))
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level++) deep = [deep]
  t.equal(shown(deep).length, 80)
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  t.equal(shown(loop).length, 80)
  const place = () => ({ file: 'a\u001b[2J\n.yaml', document: 1, line: 1 })
  const [odd] = readObject(7, place).problems
  t.equal(
    odd && formatProblem(odd),
    'error: a\\u001b[2J\\u000a.yaml: 7 is not an object; document skipped\n  in a\\u001b[2J\\u000a.yaml, document 1, line 1',
  )
  const name = readObject(service({}, { metadata: { name: 'a\u001b[1m' } })).problems[0]
  t.equal(name?.subject, 'Service default/"a\\u001b[1m"')
})

t.test('whatever comes in, nothing throws and nothing sound is lost', async t => {
  const junk = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true }),
    fc.constantFrom('__proto__', -1, 1e99, '10.0.0.1'),
  )
  const keys = ['metadata', 'spec', 'status', 'ports', 'endpoints', 'addressType', 'subsets']
  const wild = fc.record(
    Object.fromEntries(keys.map(key => [key, junk])) as Record<string, typeof junk>,
    { requiredKeys: [] },
  )
  const bases = [service(), slice(), node(), endpoints()]
  fc.assert(
    fc.property(fc.constantFrom(...bases), wild, (base, fields) => {
      const { object, problems } = readObject({ ...base, ...fields })
      problems.map(formatProblem)
      return object === null ? problems.length > 0 : true
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(junk, raw => readObject(raw).object === null))
  const polluted = JSON.parse('{"__proto__":{"clusterIP":"10.9.9.9"}}') as Raw
  const bare = { ...service(), spec: polluted }
  t.match(readObject(bare).object, { clusterIPs: { IPv4: null } }, 'inherits nothing')
})
