/**
 * Where connections to a service port go, and whose address they then have as their source (spec
 * services-and-endpoints, sections 7.1 and 7.2). There are few different answers, so plans share them. Pure.
 */
import type { Choice, Policies } from './policy.ts'
import type { ClusterMasquerade, ExternalTraffic, InternalTraffic, Route } from './types.ts'

/** What happens to connections to the cluster IP. */
export const internalTraffic = (
  { internalLocal }: Policies,
  choice: Choice,
  masquerade: ClusterMasquerade,
): InternalTraffic =>
  INTERNAL[policyName(internalLocal)][routeOf(internalLocal, choice)][masquerade]

/** What happens to connections to external IPs, load-balancer IPs and the node port. */
export const externalTraffic = ({ externalLocal }: Policies, choice: Choice): ExternalTraffic =>
  EXTERNAL[policyName(externalLocal)][routeOf(externalLocal, choice)]

const routeOf = (policyLocal: boolean, { hasEndpoints, local }: Choice): Route => {
  if (!hasEndpoints) return 'reject'
  if (!policyLocal) return 'cluster'
  return local.length > 0 ? 'local' : 'drop'
}

type Policy = InternalTraffic['policy']

const policyName = (local: boolean): Policy => (local ? 'Local' : 'Cluster')

const table = <K extends string, V>(keys: readonly K[], of: (key: K) => V): Record<K, V> =>
  Object.fromEntries(keys.map(key => [key, of(key)])) as Record<K, V>

const POLICIES: readonly Policy[] = ['Cluster', 'Local']
const ROUTES: readonly Route[] = ['cluster', 'local', 'reject', 'drop']
const MASQUERADES: readonly ClusterMasquerade[] = ['always', 'unless-pod', 'never']

const INTERNAL = table(POLICIES, policy =>
  table(ROUTES, route =>
    table(MASQUERADES, (masquerade): InternalTraffic => ({ policy, route, masquerade })),
  ),
)

const EXTERNAL = table(POLICIES, policy =>
  table(ROUTES, (route): ExternalTraffic => ({ policy, route })),
)
