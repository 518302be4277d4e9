/**
 * What the proxy says of its own health on /healthz and /livez (spec agent, section 5): a request's path and what is
 * known of each family's writes in, an HTTP answer out. Pure; the listener and the clock are the agent's.
 */
import type { Family } from '../objects/types.ts'
import { FAMILIES } from '../objects/types.ts'

/** What is known of one family's writes; times in milliseconds since 1970. */
export interface FamilyHealth {
  readonly lastUpdated: number
  /** The first request since the last success; null: nothing is pending. */
  readonly oldestPending: number | null
}

export interface ProxyHealth {
  /** Families that never called in are not there. */
  readonly families: Partial<Readonly<Record<Family, FamilyHealth>>>
  readonly nodeEligible: boolean
  /** Milliseconds after which something pending makes a family unhealthy: twice the sync period. */
  readonly patience: number
}

export interface ProxyAnswer {
  readonly status: 200 | 404 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Rules are being written in time, whatever becomes of the node: what service health checks ask. */
export const isProxyHealthy = ({ families, patience }: ProxyHealth, now: number): boolean =>
  Object.values(families).every(family => isInTime(family, patience, now))

const isInTime = ({ oldestPending }: FamilyHealth, patience: number, now: number): boolean =>
  oldestPending === null || now - oldestPending < patience

/** The answer to a request at `now`, milliseconds since 1970. */
export const proxyAnswer = (path: string, health: ProxyHealth, now: number): ProxyAnswer => {
  if (path !== '/healthz' && path !== '/livez') return NOT_FOUND
  const healthy = isProxyHealthy(health, now)
  const asksForNode = path === '/healthz'
  const ok = healthy && (!asksForNode || health.nodeEligible)
  const { families, patience, nodeEligible } = health
  const known = FAMILIES.flatMap(family => {
    const one = families[family]
    return one ? [{ family, ...one }] : []
  })
  const latest = Math.max(...known.map(({ lastUpdated }) => lastUpdated))
  const body = {
    lastUpdated: ok ? time(now) : known.length > 0 ? time(latest) : '0001-01-01T00:00:00Z',
    currentTime: time(now),
    ...(asksForNode ? { nodeEligible } : {}),
    healthy,
    status: Object.fromEntries(
      known.map(one => [
        one.family,
        { lastUpdated: time(one.lastUpdated), healthy: isInTime(one, patience, now) },
      ]),
    ),
  }
  return { status: ok ? 200 : 503, headers: JSON_HEADERS, body: JSON.stringify(body) }
}

const time = (ms: number): string => new Date(ms).toISOString()

const JSON_HEADERS = {
  'Content-Type': 'application/json',
  'X-Content-Type-Options': 'nosniff',
} as const

const NOT_FOUND: ProxyAnswer = {
  status: 404,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  body: '404 page not found\n',
}
