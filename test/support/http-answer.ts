/**
 * What a GET at a health-check port comes to, by the pure functions that the listeners use: a URL in, an answer as
 * flows.json tells it out.
 */
import { healthAddresses, healthAnswer, healthChecks } from '../../src/plan/health.ts'
import { type ProxyHealth, proxyAnswer } from '../../src/plan/proxy-health.ts'
import type { HttpAnswer } from './flows.ts'
import { familyOf } from './network.ts'
import type { ProxyUnderTest } from './proxy.ts'

const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** The proxy is healthy: these ports are asked long after a sync. */
export const httpAnswer = (url: string, proxy: ProxyUnderTest): HttpAnswer => {
  const { hostname, pathname, port } = new URL(url)
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = familyOf(address)
  if (Number(port) === PROXY_PORT) return told(proxyAnswer(pathname, healthOf(proxy), NOW))
  const { nodeName, nodePortAddresses } = proxy.facts()
  const check = healthChecks(proxy.states(), nodeName).find(
    one => one.family === family && one.port === Number(port),
  )
  const listens = healthAddresses(family, nodePortAddresses[family]).some(
    one => ANY.has(one) || one === address,
  )
  if (!check || !listens) return { error: 'refused' }
  return told(healthAnswer(check, true))
}

/** Of healthzBindAddress, where nothing else is set. */
const PROXY_PORT = 10256
const NOW = Date.parse('2026-01-31T12:00:00Z')

/** As after a sync a second ago. */
const healthOf = (proxy: ProxyUnderTest): ProxyHealth => ({
  families: Object.fromEntries(
    proxy
      .facts()
      .families.map(family => [family, { lastUpdated: NOW - 1000, oldestPending: null }]),
  ),
  nodeEligible: proxy.nodeEligible(),
  patience: 60_000,
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const TIME = /"\d{4}-\d\d-\d\dT[^"]*Z"/g

/** As the recordings tell an answer: names in lower case, times hidden, JSON parsed. */
const told = ({ status, headers, body }: Answer): HttpAnswer => {
  const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  const isJson = headers['Content-Type'] === 'application/json'
  return {
    status,
    headers: Object.fromEntries(lowerCased),
    body: isJson ? JSON.parse(body.replaceAll(TIME, '"<time>"')) : body,
  }
}
