import t from 'tap'
import { healthAddresses, healthAnswer, healthChecks } from '../../../src/plan/health.ts'
import { endpointOf, stateOf } from '../../support/states.ts'

const LOCAL = {
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 32000,
} as const
const here = { nodeName: 'node-a' }

t.test('which Services are checked, and what counts', async t => {
  const http = stateOf(LOCAL, [
    endpointOf('10.0.0.1', here),
    endpointOf('10.0.0.2', here),
    endpointOf('10.0.0.3', { nodeName: 'node-b' }),
    endpointOf('10.0.0.4'),
    endpointOf('10.0.0.5', { ...here, ready: false, serving: true, terminating: true }),
  ])
  const dns = stateOf(LOCAL, [endpointOf('10.0.0.2', here), endpointOf('10.0.0.6', here)], {
    name: 'dns',
  })
  const ipv6 = stateOf(LOCAL, [], {}, 'IPv6')
  const other = stateOf({ ...LOCAL, name: 'api', healthCheckNodePort: 32001 })
  const none = stateOf({ ...LOCAL, name: 'x', externalTrafficPolicy: 'Cluster' })
  const shop = { namespace: 'shop', service: 'web', port: 32000 }
  t.strictSame(healthChecks([http, ipv6, none, dns, other], 'node-a'), [
    { family: 'IPv4', ...shop, localEndpoints: 3 },
    { family: 'IPv6', ...shop, localEndpoints: 0 },
    { family: 'IPv4', namespace: 'shop', service: 'api', port: 32001, localEndpoints: 0 },
  ])
})

t.test('answers', async t => {
  const check = { namespace: 'default', service: 'web', localEndpoints: 2 }
  t.strictSame(healthAnswer(check, true), {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': '2',
    },
    body:
      '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n' +
      '\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  })
  t.equal(healthAnswer(check, false).status, 503)
  t.match(healthAnswer(check, false).body, '"serviceProxyHealthy": false')
  t.equal(healthAnswer({ ...check, localEndpoints: 0 }, true).status, 503)
  t.strictSame(healthAnswer(undefined, true), { status: 503, headers: {}, body: '' })
})

t.test('where to listen', async t => {
  t.strictSame(healthAddresses('IPv4', { all: true, holdsLoopback: true }), ['0.0.0.0'])
  t.strictSame(healthAddresses('IPv6', { all: true, holdsLoopback: false }), ['::'])
  const addresses = ['127.0.0.1', '192.0.2.1']
  t.strictSame(healthAddresses('IPv4', { all: false, holdsLoopback: true, addresses }), addresses)
  t.strictSame(healthAddresses('IPv4', { all: false, holdsLoopback: false, addresses: [] }), [])
})
