/**
 * What the model holds under one Service name and under one namespace, and the small questions it asks of that. Pure.
 */
import {
  type EndpointSlice,
  type Endpoints,
  FAMILIES,
  type Family,
  type Service,
} from '../objects/types.ts'
import { by } from '../order.ts'
import type { PortKey, PortState } from './types.ts'

/** All that is known under one Service name, whether or not the Service itself is there. */
export interface Entry {
  /** undefined: there is none, another proxy serves it, or it has no cluster IP. */
  service: Service | undefined
  /** Sorted by name. Those with the headless label are here too, without endpoints: they count as existing. */
  slices: readonly EndpointSlice[]
  legacy: Endpoints | undefined
  states: readonly PortState[]
  /** Endpoints over all port names. */
  readonly totals: Record<Family, number>
}

export interface Namespace {
  readonly entries: Map<string, Entry>
  readonly slices: Map<string, EndpointSlice>
}

export const newEntry = (): Entry => ({
  service: undefined,
  slices: [],
  legacy: undefined,
  states: [],
  totals: { IPv4: 0, IPv6: 0 },
})

/** Seen by this proxy, in at least one family. */
export const isServed = (service: Service): boolean =>
  !service.foreign && FAMILIES.some(family => service.clusterIPs[family] !== null)

/**
 * Endpoints objects stand in only where the Service has no EndpointSlice object at all: one with the headless label
 * shows that the cluster makes slices, and then kube-proxy sees none of the Service's endpoints either.
 */
export const slicesOf = ({ slices, legacy }: Entry): readonly EndpointSlice[] =>
  slices.length === 0 && legacy ? legacy.slices : slices

/** With one slice more. In order of names, so that the result does not depend on which slice came first. */
export const inserted = (
  slices: readonly EndpointSlice[],
  slice: EndpointSlice,
): readonly EndpointSlice[] =>
  slices.length === 0 ? [slice] : [...slices, slice].sort(by(({ name }) => name)).slice()

/** The keys that are in the first list only. */
export const vanished = (
  before: readonly PortState[],
  after: readonly PortState[],
): readonly PortKey[] => {
  if (before.every(({ key }, at) => key === after[at]?.key)) return NO_KEYS
  const kept = new Set(after.map(({ key }) => key))
  return before.flatMap(({ key }) => (kept.has(key) ? [] : [key]))
}

const NO_KEYS: readonly PortKey[] = []
