/**
 * Sources: a cluster, through its API server: Services, EndpointSlices, ServiceCIDRs and the node's own Node, listed
 * and watched with the selectors of spec services-and-endpoints, section 2. Events come only for changes of what kpc
 * reads; trouble with the server comes as problems and takes nothing away.
 */
import { isDeepStrictEqual } from 'node:util'
import { isMapping } from '../objects/fields.ts'
import { objectKey } from '../objects/key.ts'
import { readObject } from '../objects/read.ts'
import type { ClusterEvent, ClusterObject, Kind, Problem } from '../objects/types.ts'
import type { ApiClient } from './cluster/client.ts'
import { reflect, type Timing, type Told, type Watched } from './cluster/reflect.ts'
import type { Source, SourceUpdate } from './source.ts'

export interface ClusterSourceOptions {
  readonly client: ApiClient
  /** Only this Node is watched. */
  readonly nodeName: string
  readonly timing: Timing
}

/** The objects of an API server, from the first list on until the signal aborts. */
export const clusterSource = ({ client, nodeName, timing }: ClusterSourceOptions): Source =>
  async function* (signal) {
    const ended = new AbortController()
    const over = AbortSignal.any([signal, ended.signal])
    const views = watchedResources(nodeName).map(watched => new View(watched, client.server))
    const inbox = new Inbox(over)
    const running = views.map(view =>
      reflect(client, view.watched, {
        timing,
        signal: over,
        tell: told => {
          const wasListed = view.listed
          inbox.add(view.take(told), view.listed !== wasListed)
        },
      }),
    )
    try {
      while (await inbox.filled()) {
        const { events, problems } = inbox.empty()
        yield { events, problems, synced: views.every(({ listed }) => listed) }
      }
    } finally {
      ended.abort()
      await Promise.allSettled(running)
    }
  }

const watchedResources = (nodeName: string): readonly Watched[] => [
  {
    kind: 'Service',
    apiVersion: 'v1',
    path: '/api/v1/services',
    labelSelector: '!service.kubernetes.io/service-proxy-name',
    fieldSelector: 'spec.clusterIP!=None',
    optional: false,
  },
  {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    labelSelector: '!service.kubernetes.io/headless',
    optional: false,
  },
  {
    kind: 'Node',
    apiVersion: 'v1',
    path: '/api/v1/nodes',
    fieldSelector: `metadata.name=${nodeName}`,
    optional: false,
  },
  {
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    path: '/apis/networking.k8s.io/v1/servicecidrs',
    optional: true,
  },
]

type Changes = Pick<SourceUpdate, 'events' | 'problems'>

/** What is known of one resource; owns its objects. */
class View {
  readonly watched: Watched
  listed = false
  readonly #server: string
  readonly #objects = new Map<string, ClusterObject>()

  constructor(watched: Watched, server: string) {
    this.watched = watched
    this.#server = server
  }

  /** Takes in what the server told. Gives what has changed by it. */
  take(told: Told): Changes {
    switch (told.type) {
      case 'trouble':
        return { events: [], problems: [this.#trouble(told.error, told.retryMs)] }
      case 'set':
        return this.#set(told.object)
      case 'delete':
        return { events: this.#delete(keyOf(told.object)), problems: [] }
      case 'list':
        return this.#replace(told.objects)
    }
  }

  #replace(objects: readonly unknown[]): Changes {
    this.listed = true
    const there = new Set(objects.map(keyOf))
    const gone = [...this.#objects.keys()].filter(key => !there.has(key))
    const changes = objects.map(object => this.#set(object))
    return {
      events: [
        ...gone.flatMap(key => this.#delete(key)),
        ...changes.flatMap(({ events }) => events),
      ],
      problems: changes.flatMap(({ problems }) => problems),
    }
  }

  #set(raw: unknown): Changes {
    const { object, problems } = readObject(raw)
    // What can no longer be read is not what it was, so what was read of it before does not hold any more.
    if (object === null) return { events: this.#delete(keyOf(raw)), problems }
    const key = objectKey(object)
    if (isDeepStrictEqual(this.#objects.get(key), object)) return { events: [], problems: [] }
    this.#objects.set(key, object)
    return { events: [{ type: 'set', object }], problems }
  }

  #delete(key: string): readonly ClusterEvent[] {
    const object = this.#objects.get(key)
    if (object === undefined) return []
    this.#objects.delete(key)
    const namespace = 'namespace' in object ? object.namespace : ''
    const kind: Kind = object.kind
    return [{ type: 'delete', kind, namespace, name: object.name }]
  }

  #trouble(error: Error, retryMs: number): Problem {
    const known = this.listed ? 'what is known stays as it is' : 'nothing is known yet'
    return {
      code: 'API_SERVER_TROUBLE',
      severity: 'warning',
      subject: `API server ${this.#server}`,
      field: '',
      value: '',
      fact: `gives no ${this.watched.kind} objects (${error.message})`,
      consequence: `${known}; retry in ${(retryMs / 1000).toFixed(1)} s`,
    }
  }
}

const keyOf = (raw: unknown): string => {
  const object = isMapping(raw) ? raw : {}
  const { namespace, name } = isMapping(object['metadata']) ? object['metadata'] : {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return objectKey({ kind: text(object['kind']), namespace: text(namespace), name: text(name) })
}

/** Collects changes until somebody asks for them; owns the waiting. */
class Inbox {
  #events: ClusterEvent[] = []
  #problems: Problem[] = []
  #fresh = false
  #wake: () => void = () => undefined
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  /** A first list is news even without an object: it may be the last that was waited for. */
  add({ events, problems }: Changes, isNews: boolean): void {
    if (!isNews && events.length === 0 && problems.length === 0) return
    for (const event of events) this.#events.push(event)
    this.#problems.push(...problems)
    this.#fresh = true
    this.#wake()
  }

  /** Resolves to true when there is something to tell, to false when the end has come. */
  async filled(): Promise<boolean> {
    while (!this.#fresh && !this.#signal.aborted)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    return !this.#signal.aborted
  }

  empty(): Changes {
    const changes = { events: this.#events, problems: this.#problems }
    this.#events = []
    this.#problems = []
    this.#fresh = false
    return changes
  }
}
