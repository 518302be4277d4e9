/**
 * The store in memory. A `Journal` may stand behind it and make revisions durable: readers and watchers then learn
 * of a revision only when the journal says that it would survive a crash.
 */
import { emptyKeys, forget, type Keys, push, versionsAt } from './keys.ts'
import { type Change, CompactedError, type Item, type Range, type Store } from './types.ts'

/** What makes revisions outlive the process. */
export interface Journal {
  append(item: Item): void
  /** Resolves when everything appended is on disk; rejects when it will never be. */
  settled(): Promise<void>
  /** The newest revision on disk. */
  revision(): number
  subscribe(listener: () => void): () => void
  compact(revision: number): void
  close(): Promise<void>
}

/** What a journal found on disk when it was opened. */
export interface Recovered {
  readonly items: readonly Item[]
  readonly revision: number
  readonly compacted: number
}

interface State {
  readonly tables: Map<string, Keys>
  /** One entry a revision, the first being `base`. */
  log: Item[]
  base: number
  revision: number
}

/**
 * An empty store, or one that continues what a journal recovered. The log never holds more than twice `history`
 * revisions; watchers that are further behind are told so.
 */
export const createStore = ({
  journal,
  recovered,
  history = 20_000,
}: {
  journal?: Journal
  recovered?: Recovered
  history?: number
} = {}): Store => {
  const state = initial(recovered)
  const listeners = new Set<() => void>()
  let announced = false
  const announce = (): void => {
    announced = false
    for (const listener of [...listeners]) listener()
  }
  const durable = (): number => journal?.revision() ?? state.revision
  const compact = (revision: number): void => {
    journal?.compact(revision)
    cut(state, Math.min(revision, durable()))
  }
  journal?.subscribe(announce)
  return {
    revision: durable,
    compacted: () => state.base - 1,
    get: (resource, key) => liveItem(state, resource, key),
    count: resource => state.tables.get(resource)?.live ?? 0,
    list: range => listRange(state, range),
    commit: change => {
      const item = append(state, change)
      if (state.log.length > 2 * history) compact(state.revision - history)
      if (journal !== undefined) journal.append(item)
      else if (!announced) {
        announced = true
        queueMicrotask(announce)
      }
      return item
    },
    settled: () => journal?.settled() ?? Promise.resolve(),
    event: revision => (revision <= durable() ? state.log[revision - state.base] : undefined),
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    compact,
    close: async () => {
      listeners.clear()
      await journal?.close()
    },
  }
}

const initial = (recovered: Recovered | undefined): State => {
  const state: State = { tables: new Map(), log: [], base: 1, revision: 0 }
  if (recovered === undefined) return state
  state.base = recovered.compacted + 1
  for (const item of recovered.items) {
    record(state, item)
    if (item.revision >= state.base) state.log.push(item)
  }
  state.revision = recovered.revision
  return state
}

const liveItem = (state: State, resource: string, key: string): Item | undefined => {
  const item = state.tables.get(resource)?.newest.get(key)
  return item?.deleted ? undefined : item
}

const listRange = (
  state: State,
  { resource, namespace, after, revision }: Range,
): readonly Item[] => {
  if (revision < state.base - 1) throw new CompactedError(revision, state.base - 1)
  const keys = state.tables.get(resource)
  if (keys === undefined) return []
  return versionsAt(keys, { prefix: namespace === '' ? '' : `${namespace}/`, after, revision })
}

const append = (state: State, { resource, key, namespace, object, deleted }: Change): Item => {
  state.revision += 1
  const metadata = object['metadata']
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new Error(`${resource} ${key}: an object without metadata cannot be stored`)
  metadata['resourceVersion'] = String(state.revision)
  const item: Item = {
    resource,
    key,
    namespace,
    revision: state.revision,
    object,
    deleted,
    previous: null,
    text: null,
  }
  record(state, item)
  state.log.push(item)
  return item
}

const record = (state: State, item: Item): void => {
  let keys = state.tables.get(item.resource)
  if (keys === undefined) {
    keys = emptyKeys()
    state.tables.set(item.resource, keys)
  }
  item.previous = keys.newest.get(item.key) ?? null
  push(keys, item)
}

const cut = (state: State, revision: number): void => {
  const count = revision - state.base + 1
  if (count <= 0) return
  const gone = new Map<string, Set<string>>()
  for (const item of state.log.slice(0, count)) {
    item.previous = null
    const newest = state.tables.get(item.resource)?.newest.get(item.key)
    if (!item.deleted || newest !== item) continue
    const keys = gone.get(item.resource) ?? new Set<string>()
    gone.set(item.resource, keys.add(item.key))
  }
  for (const [resource, keys] of gone) {
    const table = state.tables.get(resource)
    if (table !== undefined) forget(table, keys)
  }
  state.log = state.log.slice(count)
  state.base = revision + 1
}
