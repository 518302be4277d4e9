/**
 * What a GET at a health-check port comes to, by the pure functions that the listeners use: a URL in, an answer as
 * flows.json tells it out.
 */
import { healthAddresses, healthAnswer, healthChecks } from '../../src/plan/health.ts'
import type { HttpAnswer } from './flows.ts'
import { familyOf } from './network.ts'
import type { ProxyUnderTest } from './proxy.ts'

const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** The proxy is healthy: these ports are asked long after a sync. */
export const httpAnswer = (url: string, proxy: ProxyUnderTest): HttpAnswer => {
  const { hostname, port } = new URL(url)
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = familyOf(address)
  const { nodeName, nodePortAddresses } = proxy.facts()
  const check = healthChecks(proxy.states(), nodeName).find(
    one => one.family === family && one.port === Number(port),
  )
  const listens = healthAddresses(family, nodePortAddresses[family]).some(
    one => ANY.has(one) || one === address,
  )
  if (!check || !listens) return { error: 'refused' }
  const { status, headers, body } = healthAnswer(check, true)
  const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { status, headers: Object.fromEntries(lowerCased), body: JSON.parse(body) }
}
