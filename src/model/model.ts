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
  type Entry,
  inserted,
  isServed,
  type Namespace,
  newEntry,
  slicesOf,
  vanished,
} from './entry.ts'
import { foldService, foldSlices, hasPort, sameState } from './fold.ts'
import { countOthers } from './merge.ts'
import { sameNode, sameService, sameSlice, sameSlices, sameTexts } from './same.ts'
import type { PortKey, PortState } from './types.ts'

/** What an event changed: service ports, and whether facts of the node (Node, ServiceCIDR) did. */
export interface Dirty {
  readonly ports: readonly PortKey[]
  readonly facts: boolean
}

const NOTHING: Dirty = { ports: [], facts: false }
const FACTS: Dirty = { ports: [], facts: true }

export class Model {
  readonly #namespaces = new Map<string, Namespace>()
  readonly #ports = new Map<PortKey, PortState>()
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
    return this.#ports.get(key)
  }

  /** All service ports, in no particular order. */
  ports(): MapIterator<PortState> {
    return this.#ports.values()
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

  /** How many things are held; all zero once everything that came has gone. */
  get sizes(): Readonly<Record<'namespaces' | 'ports' | 'nodes' | 'cidrs', number>> {
    return {
      namespaces: this.#namespaces.size,
      ports: this.#ports.size,
      nodes: this.#nodes.size,
      cidrs: this.#cidrs.size,
    }
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
    const entry = this.#entry(namespace, name, service !== undefined)
    if (!entry || (!entry.service && !service)) return NOTHING
    if (entry.service && service && sameService(entry.service, service)) return NOTHING
    const states = service ? foldService(service, slicesOf(entry), entry.states) : []
    entry.service = service
    const ports = this.#settle(entry, states, FAMILIES)
    this.#tidy(namespace, name, entry)
    return { ports, facts: false }
  }

  #setSlice(namespace: string, name: string, given: EndpointSlice | undefined): Dirty {
    const slice = given?.headless ? { ...given, ports: [], endpoints: [] } : given
    const was = this.#namespaces.get(namespace)?.slices.get(name)
    if (!was && !slice) return NOTHING
    if (was && slice && sameSlice(was, slice)) return NOTHING
    if (slice) this.#namespace(namespace).slices.set(name, slice)
    else this.#namespaces.get(namespace)?.slices.delete(name)
    const moved = was && was.service !== slice?.service
    const left = moved ? this.#refile(namespace, was.service, was, undefined) : []
    const reached = slice
      ? this.#refile(namespace, slice.service, moved ? undefined : was, slice)
      : []
    this.#tidyNamespace(namespace)
    return { ports: left.length === 0 ? reached : [...left, ...reached], facts: false }
  }

  /** Takes a slice out of a Service's entry, puts one in, or replaces one. */
  #refile(
    namespace: string,
    name: string,
    was: EndpointSlice | undefined,
    slice: EndpointSlice | undefined,
  ): readonly PortKey[] {
    const entry = this.#entry(namespace, name, slice !== undefined)
    if (!entry) return []
    const rest = was ? entry.slices.filter(other => other !== was) : entry.slices
    entry.slices = slice ? inserted(rest, slice) : rest
    const families = entry.legacy
      ? FAMILIES
      : FAMILIES.filter(family => family === was?.family || family === slice?.family)
    const ports = this.#refold(entry, families)
    this.#tidy(namespace, name, entry)
    return ports
  }

  #setLegacy(namespace: string, name: string, given: Endpoints | undefined): Dirty {
    const entry = this.#entry(namespace, name, given !== undefined)
    if (!entry || (!entry.legacy && !given)) return NOTHING
    if (entry.legacy && given && sameSlices(entry.legacy.slices, given.slices)) return NOTHING
    entry.legacy = given
    const ports = entry.slices.length > 0 ? [] : this.#refold(entry, FAMILIES)
    this.#tidy(namespace, name, entry)
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
    for (const state of states) {
      const was = this.#ports.get(state.key)
      if (was === state) continue
      this.#ports.set(state.key, state)
      if (!was || !sameState(was, state)) dirty.push(state.key)
    }
    for (const key of vanished(entry.states, states)) {
      this.#ports.delete(key)
      dirty.push(key)
    }
    entry.states = states
    for (const family of families) this.#recount(entry, family)
    return dirty
  }

  #recount(entry: Entry, family: Family): void {
    let total = countOthers(slicesOf(entry), family, port => hasPort(entry.states, family, port))
    for (const state of entry.states) if (state.family === family) total += state.endpoints.length
    this.#totals[family] += total - entry.totals[family]
    entry.totals[family] = total
  }

  #namespace(name: string): Namespace {
    let namespace = this.#namespaces.get(name)
    if (!namespace) {
      namespace = { entries: new Map(), slices: new Map() }
      this.#namespaces.set(name, namespace)
    }
    return namespace
  }

  #entry(namespace: string, name: string, create: boolean): Entry | undefined {
    const found = this.#namespaces.get(namespace)?.entries.get(name)
    if (found || !create) return found
    const entry = newEntry()
    this.#namespace(namespace).entries.set(name, entry)
    return entry
  }

  #tidy(namespace: string, name: string, entry: Entry): void {
    if (entry.service || entry.legacy || entry.slices.length > 0) return
    this.#namespaces.get(namespace)?.entries.delete(name)
    this.#tidyNamespace(namespace)
  }

  #tidyNamespace(name: string): void {
    const namespace = this.#namespaces.get(name)
    if (namespace?.entries.size === 0 && namespace.slices.size === 0) this.#namespaces.delete(name)
  }
}
