/**
 * Equality of plans, so that a change that means nothing on this node stops here. Pure. Lists that are one and the
 * same object are not walked.
 */
import type { Frontend, PlanEndpoint, PortPlan } from './types.ts'

/** Whether two plans say the same in every field. */
export const samePlan = (a: PortPlan, b: PortPlan): boolean =>
  a === b ||
  (a.key === b.key &&
    a.hasEndpoints === b.hasEndpoints &&
    a.internal.policy === b.internal.policy &&
    a.internal.route === b.internal.route &&
    a.internal.masquerade === b.internal.masquerade &&
    a.external?.policy === b.external?.policy &&
    a.external?.route === b.external?.route &&
    a.sourceRangesHoldNode === b.sourceRangesHoldNode &&
    a.affinitySeconds === b.affinitySeconds &&
    a.healthCheckNodePort === b.healthCheckNodePort &&
    sameList(a.frontends, b.frontends, sameFrontend) &&
    sameList(a.sourceRanges, b.sourceRanges, (x, y) => x === y) &&
    sameEndpoints(a, b))

// The key holds family, namespace, service, port name and protocol, and the label follows from them.
const sameEndpoints = (a: PortPlan, b: PortPlan): boolean =>
  sameList(a.cluster, b.cluster, samePlanEndpoint) &&
  sameList(a.local, b.local, samePlanEndpoint) &&
  ((a.reachable === a.cluster && b.reachable === b.cluster) ||
    sameList(a.reachable, b.reachable, samePlanEndpoint)) &&
  sameList(a.onNode, b.onNode, samePlanEndpoint) &&
  sameList(a.serving, b.serving, (x, y) => x === y)

const samePlanEndpoint = (a: PlanEndpoint, b: PlanEndpoint): boolean =>
  a.text === b.text && (a.isLocal ?? false) === (b.isLocal ?? false)

const sameFrontend = (a: Frontend, b: Frontend): boolean =>
  a.kind === b.kind &&
  a.port === b.port &&
  addressOf(a) === addressOf(b) &&
  isFenced(a) === isFenced(b)

const addressOf = (frontend: Frontend): string | null =>
  'address' in frontend ? frontend.address : null

const isFenced = (frontend: Frontend): boolean => 'fenced' in frontend && frontend.fenced

const sameList = <T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean =>
  a === b || (a.length === b.length && a.every((item, at) => same(item, b[at] as T)))
