import t from 'tap'
import { isProxyHealthy, type ProxyHealth, proxyAnswer } from '../../../src/plan/proxy-health.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')
const FRESH = { lastUpdated: NOW - 1000, oldestPending: null }
const STUCK = { lastUpdated: NOW - 90_000, oldestPending: NOW - 60_000 }
const health = (rest: Partial<ProxyHealth> = {}): ProxyHealth => ({
  families: { IPv4: FRESH, IPv6: FRESH },
  nodeEligible: true,
  patience: 60_000,
  ...rest,
})

t.test('spec agent, section 5: the status of each path', async t => {
  const cases = [
    ['healthy', health(), 200, 200],
    ['node about to go', health({ nodeEligible: false }), 503, 200],
    ['one family stuck', health({ families: { IPv4: FRESH, IPv6: STUCK } }), 503, 503],
    ['no family yet', health({ families: {} }), 200, 200],
    [
      'pending, but not for long',
      health({ families: { IPv4: { ...STUCK, oldestPending: NOW - 59_999 } } }),
      200,
      200,
    ],
  ] as const
  for (const [name, state, healthz, livez] of cases) {
    t.equal(proxyAnswer('/healthz', state, NOW).status, healthz, `${name}: /healthz`)
    t.equal(proxyAnswer('/livez', state, NOW).status, livez, `${name}: /livez`)
  }
  t.equal(proxyAnswer('/', health(), NOW).status, 404)
})

t.test('the body, word for word', async t => {
  t.equal(
    proxyAnswer('/healthz', health({ families: { IPv6: STUCK, IPv4: FRESH } }), NOW).body,
    '{"lastUpdated":"2026-01-31T11:59:59.000Z","currentTime":"2026-01-31T12:00:00.000Z",' +
      '"nodeEligible":true,"healthy":false,"status":{' +
      '"IPv4":{"lastUpdated":"2026-01-31T11:59:59.000Z","healthy":true},' +
      '"IPv6":{"lastUpdated":"2026-01-31T11:58:30.000Z","healthy":false}}}',
  )
  t.notMatch(proxyAnswer('/livez', health(), NOW).body, 'nodeEligible')
  t.match(proxyAnswer('/livez', health(), NOW).body, '"lastUpdated":"2026-01-31T12:00:00.000Z"')
})

t.test('a node about to go leaves service health checks alone', async t => {
  t.ok(isProxyHealthy(health({ nodeEligible: false }), NOW))
  t.notOk(isProxyHealthy(health({ families: { IPv4: STUCK } }), NOW))
})
