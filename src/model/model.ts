/**
 * Folds cluster events into service ports and says which of them became dirty. An event costs work in proportion to
 * the one Service it is about, never to the cluster. Everything is shared with the objects that came in; nothing is
 * kept of what other proxies serve but the count of its endpoints (spec services-and-endpoints, sections 2 to 4).
 */

import {
  type ClusterEvent,
  type ClusterObject,
  type EndpointSlice,
  type Endpoints,
  FAMILIES,
  type Family,
  type Node,
  type PerFamily,
  type Service,
  type ServiceCIDR,
} from '../objects/types.ts'
import { byCodeUnit } from '../order.ts'
import {
  countEndpoints,
  type Entry,
  entryOf,
  familiesOf,
  isServed,
  type Namespace,
  replaced,
  slicesOf,
  withKey,
} from './entry.ts'
import { foldService, foldSlices, sameState } from './fold.ts'
import { sameNode, sameService, sameSlice, sameSlices, sameTexts } from './same.ts'
import { type PortKey, type PortState, serviceOfKey } from './types.ts'

/** What an event changed: service ports, and whether facts of the node (Node, ServiceCIDR) did. */
export interface Dirty {
  readonly ports: readonly PortKey[]
  readonly facts: boolean
}

const NO_KEYS: readonly PortKey[] = []
const NO_STATES: readonly PortState[] = []
const NOTHING: Dirty = { ports: NO_KEYS, facts: false }
const FACTS: Dirty = { ports: NO_KEYS, facts: true }

export class Model {
  readonly #namespaces = new Map<string, Namespace>()
  readonly #nodes = new Map<string, Node>()
  readonly #cidrs = new Map<string, readonly string[]>()
  readonly #totals: Record<Family, number> = { IPv4: 0, IPv6: 0 }
  #serviceCIDRs: PerFamily<readonly string[]> = { IPv4: [], IPv6: [] }

  /** Takes one event in. An event that says nothing new makes nothing dirty. */
  apply(event: ClusterEvent): Dirty {
    if (event.type === 'set') return this.#set(event.object)
    const { kind, namespace, name } = event
    switch (kind) {
      case 'Service':
        return this.#setService(namespace, name, undefined)
      case 'EndpointSlice':
        return this.#setSlice(namespace, name, undefined)
      case 'Endpoints':
        return this.#setLegacy(namespace, name, undefined)
      case 'Node':
        return this.#nodes.delete(name) ? FACTS : NOTHING
      case 'ServiceCIDR':
        return this.#setCidrs(name, undefined)
    }
  }

  port(key: PortKey): PortState | undefined {
    const { namespace, name } = serviceOfKey(key)
    return withKey(this.portsOf(namespace, name), key, 0)
  }

  /** All service ports, in no particular order. */
  *ports(): Generator<PortState> {
    for (const { entries } of this.#namespaces.values())
      for (const { states } of entries.values()) yield* states
  }

  /** The service ports of one Service: IPv4 before IPv6, in the order of its spec. */
  portsOf(namespace: string, name: string): readonly PortState[] {
    return this.#namespaces.get(namespace)?.entries.get(name)?.states ?? []
  }

  node(name: string): Node | undefined {
    return this.#nodes.get(name)
  }

  /** The ranges of all ServiceCIDR objects, sorted, each once. */
  serviceCIDRs(): PerFamily<readonly string[]> {
    return this.#serviceCIDRs
  }

  /**
   * Endpoints over all port names of all slices seen, usable or not, with or without a Service (spec iptables,
   * section 8.4).
   */
  endpointTotal(family: Family): number {
    return this.#totals[family]
  }

  /** How many namespaces, nodes and ServiceCIDR objects are held: 0 once everything that came has gone. */
  get held(): number {
    return this.#namespaces.size + this.#nodes.size + this.#cidrs.size
  }

  #set(object: ClusterObject): Dirty {
    switch (object.kind) {
      case 'Service':
        return this.#setService(object.namespace, object.name, object)
      case 'EndpointSlice':
        return this.#setSlice(object.namespace, object.name, object)
      case 'Endpoints':
        return this.#setLegacy(object.namespace, object.name, object)
      case 'Node':
        return this.#setNode(object)
      case 'ServiceCIDR':
        return this.#setCidrs(object.name, object)
    }
  }

  #setService(namespace: string, name: string, given: Service | undefined): Dirty {
    const service = given && isServed(given) ? given : undefined
    const space = this.#space(namespace, service !== undefined)
    const entry = space && entryOf(space, name, service !== undefined)
    if (!entry || (!entry.service && !service)) return NOTHING
    if (entry.service && service && sameService(entry.service, service)) return NOTHING
    const states = service ? foldService(service, slicesOf(entry), entry.states) : NO_STATES
    entry.service = service
    const ports = this.#settle(entry, states, FAMILIES)
    this.#tidy(namespace, space, name, entry)
    return { ports, facts: false }
  }

  #setSlice(namespace: string, name: string, given: EndpointSlice | undefined): Dirty {
    const slice = given?.headless ? { ...given, ports: [], endpoints: [] } : given
    const space = this.#space(namespace, slice !== undefined)
    const was = space?.slices.get(name)
    if (!space || (!was && !slice)) return NOTHING
    if (was && slice && sameSlice(was, slice)) return NOTHING
    if (slice) space.slices.set(name, slice)
    else space.slices.delete(name)
    const moved = was !== undefined && was.service !== slice?.service
    const from = moved ? undefined : was
    // The new owner first: a namespace that becomes empty in between would be forgotten.
    const reached = slice ? this.#refile(namespace, space, slice.service, from, slice) : NO_KEYS
    if (!moved) return { ports: reached, facts: false }
    const left = this.#refile(namespace, space, was.service, was, undefined)
    return { ports: [...left, ...reached], facts: false }
  }

  /** Takes a slice out of a Service's entry, puts one in, or replaces one. */
  #refile(
    namespace: string,
    space: Namespace,
    name: string,
    was: EndpointSlice | undefined,
    slice: EndpointSlice | undefined,
  ): readonly PortKey[] {
    const entry = entryOf(space, name, slice !== undefined)
    if (!entry) return NO_KEYS
    entry.slices = replaced(entry.slices, was, slice)
    const ports = this.#refold(entry, entry.legacy ? FAMILIES : familiesOf(was, slice))
    if (!slice) this.#tidy(namespace, space, name, entry)
    return ports
  }

  #setLegacy(namespace: string, name: string, given: Endpoints | undefined): Dirty {
    const space = this.#space(namespace, given !== undefined)
    const entry = space && entryOf(space, name, given !== undefined)
    if (!entry || (!entry.legacy && !given)) return NOTHING
    if (entry.legacy && given && sameSlices(entry.legacy.slices, given.slices)) return NOTHING
    entry.legacy = given
    const ports = entry.slices.length > 0 ? NO_KEYS : this.#refold(entry, FAMILIES)
    this.#tidy(namespace, space, name, entry)
    return { ports, facts: false }
  }

  #setNode(node: Node): Dirty {
    const was = this.#nodes.get(node.name)
    if (was && sameNode(was, node)) return NOTHING
    this.#nodes.set(node.name, node)
    return FACTS
  }

  #setCidrs(name: string, given: ServiceCIDR | undefined): Dirty {
    if (given) this.#cidrs.set(name, given.cidrs)
    else this.#cidrs.delete(name)
    const all = [...new Set([...this.#cidrs.values()].flat())].sort(byCodeUnit)
    const was = this.#serviceCIDRs
    this.#serviceCIDRs = {
      IPv4: all.filter(cidr => !cidr.includes(':')),
      IPv6: all.filter(cidr => cidr.includes(':')),
    }
    const same = FAMILIES.every(family => sameTexts(was[family], this.#serviceCIDRs[family]))
    return same ? NOTHING : FACTS
  }

  /** Works a change of an entry's slices in. */
  #refold(entry: Entry, families: readonly Family[]): readonly PortKey[] {
    return this.#settle(entry, foldSlices(entry.states, slicesOf(entry), families), families)
  }

  /** Makes `states` those of the entry and counts its endpoints anew. Returns the keys of what differs. */
  #settle(
    entry: Entry,
    states: readonly PortState[],
    families: readonly Family[],
  ): readonly PortKey[] {
    const dirty: PortKey[] = []
    const before = entry.states
    states.forEach((state, at) => {
      const was = withKey(before, state.key, at)
      if (!was || !sameState(was, state)) dirty.push(state.key)
    })
    before.forEach(({ key }, at) => {
      if (!withKey(states, key, at)) dirty.push(key)
    })
    entry.states = states
    for (const family of families) this.#recount(entry, family)
    return dirty
  }

  #recount(entry: Entry, family: Family): void {
    const total = countEndpoints(entry, family)
    this.#totals[family] += total - entry[family]
    entry[family] = total
  }

  #space(namespace: string, create: boolean): Namespace | undefined {
    const found = this.#namespaces.get(namespace)
    if (found || !create) return found
    const space = { entries: new Map(), slices: new Map() }
    this.#namespaces.set(namespace, space)
    return space
  }

  #tidy(namespace: string, space: Namespace, name: string, entry: Entry): void {
    if (entry.service || entry.legacy || entry.slices.length > 0) return
    space.entries.delete(name)
    // A slice keeps its Service's entry, so without entries there are no slices either.
    if (space.entries.size === 0) this.#namespaces.delete(namespace)
  }
}
