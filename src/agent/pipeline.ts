/**
 * The compiler from end to end, incremental: cluster events in, changes of the program out. Events name the service
 * ports they made dirty; each stage then touches those and nothing else. Only what is true of the whole node (its
 * address, its zone, the size of the cluster crossing its threshold) makes every service port dirty. Pure, but for
 * the state it owns and the clock it is given.
 */
import type { Backend } from '../backend.ts'
import type { ProxyConfig } from '../config/types.ts'
import { Model } from '../model/model.ts'
import type { PortKey, PortState } from '../model/types.ts'
import type { ClusterEvent, Family, Problem } from '../objects/types.ts'
import { type FactsInput, makeFacts } from '../plan/facts.ts'
import { makePlan } from '../plan/make.ts'
import { samePlan } from '../plan/same.ts'
import type { KernelFacts, NodeFacts, PortPlan } from '../plan/types.ts'
import { Program } from '../program/program.ts'
import { squash } from '../program/squash.ts'
import type { Change, Entry, EntryTable, Fragment } from '../program/types.ts'

/** Owner of the entries that are there whatever the services are. No service port has this key. */
export const BASE = 'base'

/** Endpoints of one family, usable or not, above which a cluster counts as large (spec iptables, section 8.4). */
const LARGE_CLUSTER_ENDPOINTS = 1000

export interface PipelineOptions<E extends Entry> {
  readonly backend: Backend<E>
  readonly config: ProxyConfig
  readonly nodeName: string
  readonly interfaceAddresses: readonly string[]
  readonly kernel: KernelFacts
  readonly families: readonly Family[]
  /** Milliseconds; only for the timings in an update. */
  readonly now?: () => number
}

/** What became of one service port. */
export interface PortUpdate<E extends Entry> {
  readonly key: PortKey
  readonly before: PortPlan | undefined
  readonly after: PortPlan | undefined
  /** What the program held for it before. */
  readonly previous: Fragment<E> | undefined
  readonly changes: readonly Change<E>[]
}

/** Milliseconds spent in each stage. */
export interface Timing {
  readonly model: number
  readonly plan: number
  readonly compile: number
}

export interface Update<E extends Entry> {
  /** Each key at most once. Worked out when asked for: the first sync compares with the kernel instead. */
  readonly changes: readonly Change<E>[]
  readonly ports: readonly PortUpdate<E>[]
  readonly problems: readonly Problem[]
  readonly timing: Timing
}

interface Replan {
  readonly key: PortKey
  readonly before: PortPlan | undefined
  readonly after: PortPlan | undefined
}

export class Pipeline<E extends Entry> {
  readonly model: Model = new Model()
  readonly program: Program<E>
  readonly #backend: Backend<E>
  readonly #plans = new Map<PortKey, PortPlan>()
  readonly #now: () => number
  #given: Pick<FactsInput, 'config' | 'nodeName' | 'interfaceAddresses' | 'kernel' | 'families'>
  #facts: NodeFacts
  #problems: readonly Problem[]
  /** The facts were made or remade, and the program does not show it yet. */
  #stale = true

  constructor({ backend, now, ...given }: PipelineOptions<E>) {
    this.program = new Program(backend.equal)
    this.#backend = backend
    this.#now = now ?? (() => 0)
    this.#given = given
    const { facts, problems } = this.#makeFacts()
    this.#facts = facts
    this.#problems = problems
  }

  get facts(): NodeFacts {
    return this.#facts
  }

  get plans(): ReadonlyMap<PortKey, PortPlan> {
    return this.#plans
  }

  /** Addresses of the node's interfaces have changed. */
  setInterfaceAddresses(interfaceAddresses: readonly string[]): Update<E> {
    this.#given = { ...this.#given, interfaceAddresses }
    return this.#update(new Set(), true)
  }

  /** Folds events in, in order, and recompiles what they touched. */
  apply(events: readonly ClusterEvent[]): Update<E> {
    const start = this.#now()
    const dirty = new Set<PortKey>()
    let factsDirty = false
    for (const event of events) {
      const { ports, facts } = this.model.apply(event)
      for (const key of ports) dirty.add(key)
      factsDirty ||= facts
    }
    return this.#update(dirty, factsDirty || this.#crossesThreshold(), this.#now() - start)
  }

  /**
   * Puts the service ports that want one of these entries back to the fragment they had before, as the kernel would
   * not take the new one. Returns the keys of those that this changed; what belongs to the base stays. The next
   * change of such a service port is compiled as ever.
   */
  withhold(
    refused: readonly string[],
    before: ReadonlyMap<PortKey, Fragment<E> | undefined>,
  ): readonly PortKey[] {
    const owners = new Set(refused.flatMap(key => this.program.owners(key)))
    owners.delete(BASE)
    return [...owners].filter(owner => {
      const previous = before.get(owner)
      if (previous === this.program.fragment(owner)) return false
      this.program.replace(owner, previous)
      return true
    })
  }

  /**
   * Compiles everything anew beside what a kernel holds, for a backend that keeps slots: a list that another process
   * numbered is then written as it stands, and not renumbered. Before the first sync only; no other backend notices.
   */
  adopt(have: Pick<EntryTable<E>, 'get'>): void {
    if (!this.#backend.keepsSlots) return
    for (const plan of this.#plans.values()) {
      const entries = this.program.fragment(plan.key)?.entries ?? []
      const previous = { entries: entries.flatMap(({ key }) => have.get(key) ?? []) }
      this.program.replace(plan.key, this.#backend.compile(plan, this.#facts, previous))
    }
  }

  #update(dirty: ReadonlySet<PortKey>, factsDirty: boolean, model = 0): Update<E> {
    if (factsDirty) this.#refreshFacts()
    const everything = this.#stale
    this.#stale = false
    const started = this.#now()
    const replans = everything ? this.#replanAll(dirty) : this.#replan(dirty)
    const planned = this.#now()
    const base = everything ? this.program.replace(BASE, this.#backend.base(this.#facts)) : []
    const ports = replans.map(replan => this.#recompile(replan))
    const timing = { model, plan: planned - started, compile: this.#now() - planned }
    const { equal } = this.#backend
    let changes: readonly Change<E>[] | undefined
    return {
      ports,
      timing,
      problems: everything ? this.#problems : [],
      get changes() {
        changes ??= squash([...base, ...ports.flatMap(port => port.changes)], equal)
        return changes
      },
    }
  }

  #replan(keys: Iterable<PortKey>): readonly Replan[] {
    const replans: Replan[] = []
    for (const key of keys) {
      const state = this.model.port(key)
      if (state) this.#replanState(replans, state, false)
      else this.#forget(replans, key)
    }
    return replans
  }

  /** Every service port there is, and those of `dirty` that are no more. */
  #replanAll(dirty: ReadonlySet<PortKey>): readonly Replan[] {
    const replans: Replan[] = []
    if (this.#plans.size > 0)
      for (const key of dirty) if (!this.model.port(key)) this.#forget(replans, key)
    for (const state of this.model.ports()) this.#replanState(replans, state, true)
    return replans
  }

  #replanState(replans: Replan[], state: PortState, always: boolean): void {
    if (!this.#given.families.includes(state.family)) return
    const { key } = state
    const before = this.#plans.get(key)
    const after = makePlan(state, this.#facts)
    if (!always && before && samePlan(before, after)) return
    this.#plans.set(key, after)
    replans.push({ key, before, after })
  }

  #forget(replans: Replan[], key: PortKey): void {
    const before = this.#plans.get(key)
    if (!before) return
    this.#plans.delete(key)
    replans.push({ key, before, after: undefined })
  }

  #recompile({ key, before, after }: Replan): PortUpdate<E> {
    const previous = before && this.program.fragment(key)
    const fragment = after && this.#backend.compile(after, this.#facts, previous)
    return { key, before, after, previous, changes: this.program.replace(key, fragment) }
  }

  #crossesThreshold(): boolean {
    const { largeCluster } = this.#facts
    return this.#given.families.some(family => this.#isLarge(family) !== largeCluster[family])
  }

  #isLarge(family: Family): boolean {
    return this.model.endpointTotal(family) > LARGE_CLUSTER_ENDPOINTS
  }

  #refreshFacts(): void {
    const { facts, problems } = this.#makeFacts()
    if (JSON.stringify(facts) === JSON.stringify(this.#facts)) return
    this.#facts = facts
    this.#problems = problems
    this.#stale = true
  }

  #makeFacts(): ReturnType<typeof makeFacts> {
    return makeFacts({
      ...this.#given,
      mode: this.#backend.name,
      node: this.model.node(this.#given.nodeName),
      serviceCIDRs: this.model.serviceCIDRs(),
      largeCluster: { IPv4: this.#isLarge('IPv4'), IPv6: this.#isLarge('IPv6') },
    })
  }
}
