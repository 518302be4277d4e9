/**
 * Slices of one Service in, endpoints of one service port out: each address and port once, sorted by text (spec
 * services-and-endpoints, section 4.3). Pure.
 */
import { endpointText } from '../addresses.ts'
import type { EndpointSlice, Family, Protocol, SliceEndpoint, SlicePort } from '../objects/types.ts'
import { byCodeUnit } from '../order.ts'
import { sameEndpoint } from './same.ts'
import type { Endpoint } from './types.ts'

/** Which endpoints: those of slice ports with this name and protocol, in slices of this family. */
export interface PortOfSlices {
  readonly family: Family
  readonly name: string
  readonly protocol: Protocol
}

/**
 * The endpoints of one service port. `slices` are visited in the order given; of two endpoints with one text the
 * later stands, unless it is terminating. Where `previous` holds an equal endpoint it is taken over, so that unchanged
 * endpoints keep their identity; where nothing changed at all, `previous` itself is returned.
 */
export const mergeEndpoints = (
  slices: readonly EndpointSlice[],
  port: PortOfSlices,
  previous: readonly Endpoint[],
): readonly Endpoint[] => {
  let found: Endpoint[] | undefined
  for (const slice of slices) {
    if (slice.family !== port.family || slice.headless) continue
    for (const { name, protocol, port: number } of slice.ports) {
      if (name !== port.name || protocol !== port.protocol) continue
      const more = slice.endpoints.map(endpoint => endpointOf(endpoint, number))
      found = found ? found.concat(more) : more
    }
  }
  if (found === undefined || found.length === 0) return NO_ENDPOINTS
  return takeOver(isAscending(found) ? found : unique(found.sort(byText)), previous)
}

/** What every service port without endpoints shares. */
export const NO_ENDPOINTS: readonly Endpoint[] = []

/**
 * How many endpoints the slices have in one family under port names that `isServed` does not know, each address and
 * port of a port name once.
 */
export const countOthers = (
  slices: readonly EndpointSlice[],
  family: Family,
  isServed: (port: SlicePort) => boolean,
): number => {
  let texts: Set<string> | undefined
  for (const slice of slices) {
    if (slice.family !== family || slice.headless) continue
    for (const port of slice.ports) {
      if (isServed(port)) continue
      texts ??= new Set()
      for (const { ip } of slice.endpoints)
        texts.add(`${port.protocol} ${port.name} ${endpointText(ip, port.port)}`)
    }
  }
  return texts?.size ?? 0
}

const endpointOf = (endpoint: SliceEndpoint, port: number): Endpoint => ({
  ip: endpoint.ip,
  port,
  text: endpointText(endpoint.ip, port),
  nodeName: endpoint.nodeName,
  ready: endpoint.ready,
  serving: endpoint.serving,
  terminating: endpoint.terminating,
  zoneHints: endpoint.zoneHints,
  nodeHints: endpoint.nodeHints,
})

/** Sorted, and nothing twice. */
const isAscending = (endpoints: readonly Endpoint[]): boolean => {
  for (let at = 1; at < endpoints.length; at++)
    if (byTextOf(endpoints, at - 1, endpoints[at]?.text ?? '') >= 0) return false
  return true
}

const byText = (a: Endpoint, b: Endpoint): number => byCodeUnit(a.text, b.text)

/** Drops doubles from a sorted list. Sorting is stable, so doubles still stand in the order of their slices. */
const unique = (sorted: Endpoint[]): Endpoint[] => {
  let last = 0
  for (const [at, endpoint] of sorted.entries()) {
    if (at === 0) continue
    if (sorted[last]?.text !== endpoint.text) sorted[++last] = endpoint
    else if (!endpoint.terminating) sorted[last] = endpoint
  }
  sorted.length = last + 1
  return sorted
}

/** Both lists are sorted by text. */
const takeOver = (found: Endpoint[], previous: readonly Endpoint[]): readonly Endpoint[] => {
  if (previous.length === 0) return found
  let taken = 0
  let old = 0
  for (const [at, endpoint] of found.entries()) {
    while (old < previous.length && byTextOf(previous, old, endpoint.text) < 0) old++
    const candidate = previous[old]
    if (!candidate || !sameEndpoint(candidate, endpoint)) continue
    found[at] = candidate
    taken++
  }
  return taken === found.length && taken === previous.length ? previous : found
}

const byTextOf = (list: readonly Endpoint[], at: number, text: string): number =>
  byCodeUnit(list[at]?.text ?? '', text)
