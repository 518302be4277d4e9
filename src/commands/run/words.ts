/**
 * Plans in the words of a screen: what a service port is called, where it is dialled, what its policy does here, and
 * what a change of it means for traffic. Pure.
 */
import type { Frontend, PlanEndpoint, PortPlan } from '../../plan/types.ts'
import { counted, seconds } from '../../terminal/amounts.ts'
import type { NodeOf } from '../documents.ts'

/** `shop/web:http/TCP`; the second family of a dual-stack Service says so. */
export const portTitle = ({ label, protocol, family }: PortPlan): string =>
  family === 'IPv6' ? `${label}/${protocol} (IPv6)` : `${label}/${protocol}`

const dialled = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

export const clusterIP = ({ frontends }: PortPlan): string => {
  const [own] = frontends.flatMap(each => (each.kind === 'cluster-ip' ? [each] : []))
  return own === undefined ? '–' : dialled(own.address, own.port)
}

/** The addresses besides the cluster IP: "203.0.113.10 (lb), :30080". */
export const otherAddresses = ({ frontends }: PortPlan): string =>
  frontends.flatMap(each => (each.kind === 'cluster-ip' ? [] : [frontendWord(each)])).join(', ') ||
  '–'

const frontendWord = (frontend: Frontend): string => {
  switch (frontend.kind) {
    case 'cluster-ip':
      return dialled(frontend.address, frontend.port)
    case 'external-ip':
      return `${frontend.address} (external)`
    case 'load-balancer-ip':
      return `${frontend.address} (lb)`
    case 'node-port':
      return `:${frontend.port}`
  }
}

export const endpointWord = ({ text, ip }: PlanEndpoint, nodeOf: NodeOf): string =>
  `${text} (${nodeOf(ip) ?? 'node unknown'})`

/** Whether all traffic, some or none of it is served. */
export type Health = 'served' | 'partly' | 'refused'

export const healthOf = ({ internal, external }: PortPlan): Health => {
  if (internal.route === 'reject') return 'refused'
  return internal.route === 'drop' || external?.route === 'drop' ? 'partly' : 'served'
}

/** "external Local → 1 here, ClientIP 3h" */
export const policyWords = (plan: PortPlan): string => {
  const { internal, external } = plan
  if (internal.route === 'reject') return ['refused: none ready', ...settings(plan)].join(', ')
  const here = (word: string, route: string): string =>
    route === 'drop'
      ? `${word} Local: dropped, none here`
      : `${word} Local → ${plan.local.length} here`
  return [
    ...(internal.policy === 'Local' ? [here('internal', internal.route)] : []),
    ...(external?.policy === 'Local' ? [here('external', external.route)] : []),
    ...settings(plan),
  ].join(', ')
}

const settings = ({ affinitySeconds, frontends, sourceRanges }: PortPlan): readonly string[] => [
  ...(affinitySeconds === null ? [] : [`ClientIP ${seconds(affinitySeconds)}`]),
  ...(frontends.some(each => each.kind === 'load-balancer-ip' && each.fenced)
    ? [`lb from ${sourceRanges.join(' ')} only`]
    : []),
]

export interface Moves {
  readonly came: readonly PlanEndpoint[]
  readonly went: readonly PlanEndpoint[]
}

/** Endpoints that any route leads to now and did not before, and the other way round. */
export const movesOf = (before: PortPlan | undefined, after: PortPlan | undefined): Moves => {
  const had = new Set(before?.reachable.map(({ text }) => text))
  const has = new Set(after?.reachable.map(({ text }) => text))
  return {
    came: after?.reachable.filter(({ text }) => !had.has(text)) ?? [],
    went: before?.reachable.filter(({ text }) => !has.has(text)) ?? [],
  }
}

/** What a change means for traffic, a sentence each; none where nothing changes for clients. */
export const meaningOf = (
  before: PortPlan | undefined,
  after: PortPlan | undefined,
): readonly string[] => {
  if (after === undefined) return ['gone: its addresses are no longer served here']
  if (before === undefined) return [`new: ${served(after)}`]
  return [
    ...addressesChanged(before, after),
    ...insideChanged(before, after),
    ...outsideChanged(before, after),
    ...settingsChanged(before, after),
  ]
}

const served = (plan: PortPlan): string =>
  plan.internal.route === 'reject' ? REFUSED : shareWords(plan)

const REFUSED = 'no endpoint is ready, so clients are refused at once'

const shareWords = ({ internal, cluster, local, affinitySeconds }: PortPlan): string => {
  const [only, second] = internal.route === 'local' ? local : cluster
  const total = internal.route === 'local' ? local.length : cluster.length
  const who = affinitySeconds === null ? 'connections' : 'clients'
  if (only !== undefined && second === undefined) return `all new ${who} go to ${only.text}`
  return `new ${who} are spread over ${total} endpoints, ${share(total)} each`
}

const share = (total: number): string => `${Number((100 / total).toFixed(total > 10 ? 1 : 0))} %`

const insideChanged = (before: PortPlan, after: PortPlan): readonly string[] => {
  const { route } = after.internal
  if (route === 'reject') return before.internal.route === 'reject' ? [] : [REFUSED]
  if (route === 'drop')
    return before.internal.route === 'drop'
      ? []
      : ['from pods: dropped, as policy internal Local finds no endpoint on this node']
  const wasServed = before.internal.route === 'cluster' || before.internal.route === 'local'
  const list = (plan: PortPlan): string =>
    (plan.internal.route === 'local' ? plan.local : plan.cluster).map(({ text }) => text).join(' ')
  if (wasServed && list(before) === list(after)) return []
  return [`${wasServed ? '' : 'served again: '}${shareWords(after)}`]
}

const outsideChanged = (before: PortPlan, after: PortPlan): readonly string[] => {
  if (after.external?.policy !== 'Local' || after.internal.route === 'reject') return []
  const { route } = after.external
  const same = before.external?.route === route && before.local.length === after.local.length
  if (same) return []
  if (route !== 'drop')
    return [
      `from outside: ${counted(after.local.length, 'endpoint')} on this node, client address kept`,
    ]
  return ['from outside: dropped on this node, which has no ready endpoint for it']
}

const addressesChanged = (before: PortPlan, after: PortPlan): readonly string[] => {
  const words = (plan: PortPlan): ReadonlySet<string> => new Set(plan.frontends.map(frontendWord))
  const [had, has] = [words(before), words(after)]
  const added = [...has].filter(word => !had.has(word))
  const gone = [...had].filter(word => !has.has(word))
  return [
    ...(added.length === 0 ? [] : [`now also at ${added.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`no longer at ${gone.join(', ')}`]),
  ]
}

const settingsChanged = (before: PortPlan, after: PortPlan): readonly string[] => {
  const words = (plan: PortPlan): string =>
    [
      ...(plan.internal.policy === 'Local' ? ['internal Local'] : []),
      ...(plan.external?.policy === 'Local' ? ['external Local'] : []),
      ...settings(plan),
    ].join(', ') || 'none'
  return words(before) === words(after) ? [] : [`policy: ${words(before)} → ${words(after)}`]
}
