/** Answers for src/objects/slice.ts. */
import t from 'tap'
import { readObject } from '../../../src/objects/read.ts'
import { brief, type Raw, read, slice, sound } from '../../support/raw-objects.ts'

t.test('a plain slice', async t => {
  t.strictSame(sound('EndpointSlice', slice()), {
    kind: 'EndpointSlice',
    namespace: 'shop',
    name: 'web-x7k2p',
    service: 'web',
    headless: false,
    family: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: [
      {
        ip: '10.244.0.1',
        nodeName: 'node-a',
        ready: true,
        serving: true,
        terminating: false,
        zoneHints: [],
        nodeHints: [],
      },
    ],
    triggerTime: null,
  })
})

t.test('conditions, hints, several addresses', async t => {
  const endpoints = [
    { addresses: ['10.244.0.010', 'nonsense'], nodeName: '', conditions: { ready: null } },
    {
      addresses: ['10.244.0.11'],
      conditions: { ready: false, serving: true, terminating: true },
      hints: { forZones: [{ name: 'z1' }, { name: 'z2' }], forNodes: [{ name: 'node-b' }] },
    },
  ]
  t.match(sound('EndpointSlice', slice({ endpoints })).endpoints, [
    { ip: '10.244.0.10', nodeName: null, ready: true, serving: true, terminating: false },
    {
      ip: '10.244.0.11',
      ready: false,
      serving: true,
      terminating: true,
      zoneHints: ['z1', 'z2'],
      nodeHints: ['node-b'],
    },
  ])
})

t.test('ports: none without name or number', async t => {
  const ports = [
    { name: '', port: 1 },
    { port: 2 },
    { name: null, port: 3 },
    { name: 'a' },
    { name: 'b', port: 0 },
    { name: 'B', port: 4 },
    { name: 'c', port: 5, protocol: 'SCTP' },
  ]
  const [object, problems] = read('EndpointSlice', slice({ ports }))
  t.strictSame(object.ports, [
    { name: '', protocol: 'TCP', port: 1 },
    { name: 'c', protocol: 'SCTP', port: 5 },
  ])
  t.strictSame(problems, [
    'NO_PORT_NAME | ports[1].name |  | port skipped',
    'NO_PORT_NAME | ports[2].name |  | port skipped',
    'NO_PORT | ports[3].port |  | port skipped',
    'BAD_PORT | ports[4].port | 0 | port skipped',
    'BAD_NAME | ports[5].name | "B" | port skipped',
  ])
})

t.test('endpoints: each fault costs its own endpoint', async t => {
  const cases: readonly (readonly [unknown, string])[] = [
    [
      { addresses: ['10.0.0.300'] },
      'BAD_ENDPOINT_IP | endpoints[0].addresses[0] | "10.0.0.300" | endpoint skipped',
    ],
    [
      { addresses: ['fd00::1'] },
      'WRONG_FAMILY | endpoints[0].addresses[0] | "fd00::1" | endpoint skipped',
    ],
    [{ addresses: [7] }, 'BAD_ENDPOINT_IP | endpoints[0].addresses[0] | 7 | endpoint skipped'],
    [{ addresses: [] }, 'NO_ADDRESS | endpoints[0].addresses | [] | endpoint skipped'],
    [{}, 'NO_ADDRESS | endpoints[0].addresses |  | endpoint skipped'],
    [
      { addresses: '10.0.0.1' },
      'BAD_TYPE | endpoints[0].addresses | "10.0.0.1" | endpoint skipped',
    ],
    ['10.0.0.1', 'BAD_TYPE | endpoints[0] | "10.0.0.1" | endpoint skipped'],
  ]
  for (const [endpoint, problem] of cases) {
    const endpoints = [endpoint, { addresses: ['10.0.0.2'] }]
    const [object, problems] = read('EndpointSlice', slice({ endpoints }))
    t.strictSame(
      object.endpoints.map(({ ip }) => ip),
      ['10.0.0.2'],
      problem,
    )
    t.strictSame(problems, [problem])
  }
})

t.test('endpoints: faults beside the address cost only themselves', async t => {
  const cases: readonly (readonly [Raw, Raw, string])[] = [
    [
      { nodeName: 'Node_A' },
      { nodeName: null },
      'BAD_NAME | endpoints[0].nodeName | "Node_A" | endpoint counts as running on no known node',
    ],
    [
      { conditions: { ready: 'yes' } },
      { ready: true },
      'BAD_TYPE | endpoints[0].conditions.ready | "yes" | taken as true',
    ],
    [
      { conditions: [] },
      { ready: true },
      'BAD_TYPE | endpoints[0].conditions | [] | field ignored',
    ],
    [
      { hints: { forZones: 'z1' } },
      { zoneHints: [] },
      'BAD_TYPE | endpoints[0].hints.forZones | "z1" | field ignored',
    ],
    [
      { hints: { forNodes: [{ name: 1 }, { name: 'b' }] } },
      { nodeHints: ['b'] },
      'BAD_TYPE | endpoints[0].hints.forNodes[0].name | 1 | hint ignored',
    ],
  ]
  for (const [fields, expected, problem] of cases) {
    const endpoints = [{ addresses: ['10.0.0.1'], ...fields }]
    const [object, problems] = read('EndpointSlice', slice({ endpoints }))
    t.match(object.endpoints, [expected], problem)
    t.strictSame(problems, [problem])
  }
})

t.test('slices that cannot be used at all', async t => {
  const labelled = (value: unknown) => ({
    metadata: { namespace: 'shop', name: 'web-x', labels: { 'kubernetes.io/service-name': value } },
  })
  const field = 'metadata.labels["kubernetes.io/service-name"]'
  const cases: readonly (readonly [Raw, string])[] = [
    [{ addressType: 'FQDN' }, 'BAD_ADDRESS_TYPE | addressType | "FQDN" | EndpointSlice skipped'],
    [{ addressType: null }, 'BAD_ADDRESS_TYPE | addressType |  | EndpointSlice skipped'],
    [labelled(''), `NO_SERVICE_NAME | ${field} | "" | EndpointSlice skipped`],
    [labelled(undefined), `NO_SERVICE_NAME | ${field} |  | EndpointSlice skipped`],
    [labelled('Web'), `BAD_NAME | ${field} | "Web" | EndpointSlice skipped`],
    [labelled(['web']), `BAD_TYPE | ${field} | ["web"] | EndpointSlice skipped`],
  ]
  for (const [fields, problem] of cases) {
    const { object, problems } = readObject(slice(fields))
    t.equal(object, null, problem)
    t.strictSame(problems.map(brief), [problem])
  }
})

t.test('headless label and trigger time', async t => {
  const noted = (labels: Raw, annotations: Raw) =>
    sound(
      'EndpointSlice',
      slice({
        metadata: {
          namespace: 'shop',
          name: 'web-x',
          labels: { 'kubernetes.io/service-name': 'web', ...labels },
          annotations,
        },
      }),
    )
  const key = 'endpoints.kubernetes.io/last-change-trigger-time'
  t.equal(noted({ 'service.kubernetes.io/headless': '' }, {}).headless, true)
  t.equal(noted({}, {}).headless, false)
  t.equal(
    noted({}, { [key]: '2026-01-31T12:00:00.5Z' }).triggerTime,
    Date.UTC(2026, 0, 31, 12, 0, 0, 500),
  )
  t.equal(
    noted({}, { [key]: '2026-01-31T12:00:00.123456789+02:00' }).triggerTime,
    Date.UTC(2026, 0, 31, 10, 0, 0, 123),
  )
  t.equal(noted({}, { [key]: 'yesterday' }).triggerTime, null)
  t.equal(noted({}, { [key]: '2026-13-31T12:00:00Z' }).triggerTime, null)
})
