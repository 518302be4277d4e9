/**
 * What the model holds under one Service name and under one namespace, and the small questions it asks of that.
 */
import {
  type EndpointSlice,
  type Endpoints,
  FAMILIES,
  type Family,
  type Service,
} from '../objects/types.ts'
import { by } from '../order.ts'
import { hasPort } from './fold.ts'
import { countOthers } from './merge.ts'
import type { PortKey, PortState } from './types.ts'

/** All that is known under one Service name, whether or not the Service itself is there. */
export interface Entry {
  /** undefined: there is none, another proxy serves it, or it has no cluster IP. */
  service: Service | undefined
  /** Sorted by name. Those with the headless label are here too, without endpoints: they count as existing. */
  slices: readonly EndpointSlice[]
  legacy: Endpoints | undefined
  states: readonly PortState[]
  /** Endpoints of each family over all port names. */
  IPv4: number
  IPv6: number
}

export interface Namespace {
  readonly entries: Map<string, Entry>
  readonly slices: Map<string, EndpointSlice>
}

const NONE: readonly never[] = []

/** The entry of a Service name, made where there is none and `create` says so. */
export const entryOf = (space: Namespace, name: string, create: boolean): Entry | undefined => {
  const found = space.entries.get(name)
  if (found || !create) return found
  const entry: Entry = {
    service: undefined,
    slices: NONE,
    legacy: undefined,
    states: NONE,
    IPv4: 0,
    IPv6: 0,
  }
  space.entries.set(name, entry)
  return entry
}

/** Seen by this proxy, in at least one family. */
export const isServed = ({ foreign, clusterIPs }: Service): boolean =>
  !foreign && (clusterIPs.IPv4 !== null || clusterIPs.IPv6 !== null)

/**
 * Endpoints objects stand in only where the Service has no EndpointSlice object at all: one with the headless label
 * shows that the cluster makes slices, and then kube-proxy sees none of the Service's endpoints either.
 */
export const slicesOf = ({ slices, legacy }: Entry): readonly EndpointSlice[] =>
  slices.length === 0 && legacy ? legacy.slices : slices

/**
 * Without `was` and with `slice`. In order of names, so that the result does not depend on which slice came first.
 */
export const replaced = (
  slices: readonly EndpointSlice[],
  was: EndpointSlice | undefined,
  slice: EndpointSlice | undefined,
): readonly EndpointSlice[] => {
  const rest = was ? slices.filter(other => other !== was) : slices
  if (!slice) return rest
  return rest.length === 0 ? [slice] : [...rest, slice].sort(by(({ name }) => name))
}

const ONLY: Readonly<Record<Family, readonly Family[]>> = { IPv4: ['IPv4'], IPv6: ['IPv6'] }

/** The families of a slice before and after. */
export const familiesOf = (
  was: EndpointSlice | undefined,
  slice: EndpointSlice | undefined,
): readonly Family[] => {
  const one = slice ?? was
  if (!one) return NONE
  return was && was.family !== one.family ? FAMILIES : ONLY[one.family]
}

/** The state of this key; `at` is where it is likely to be. */
export const withKey = (
  states: readonly PortState[],
  key: PortKey,
  at: number,
): PortState | undefined => {
  const likely = states[at]
  return likely?.key === key ? likely : states.find(state => state.key === key)
}

/** How many endpoints there are in one family over all port names, with or without a Service. */
export const countEndpoints = (entry: Entry, family: Family): number => {
  const { states } = entry
  let total = countOthers(slicesOf(entry), family, port => hasPort(states, family, port))
  for (const state of states) if (state.family === family) total += state.endpoints.length
  return total
}
