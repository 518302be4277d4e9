/**
 * A whole API server in this process: store, identities, HTTP. Everybody, kpc's own agent too, reaches it over the wire
 * with the kubeconfig it hands out.
 */
import { randomUUID } from 'node:crypto'
import { type Edge, handle } from './api/handle.ts'
import { DEFAULT_LIMITS, type Limits, type Listening, listen } from './api/http.ts'
import type { Api } from './api/types.ts'
import { authenticator } from './auth/authenticate.ts'
import { createIdentities, type Identities, writePrivate } from './auth/identities.ts'
import { kubeconfigOf } from './auth/kubeconfig.ts'
import { createAuthorizer } from './auth/rbac.ts'
import { openControllerClient } from './controllers/client.ts'
import { runGarbageCollector } from './controllers/garbage.ts'
import { runNamespaceController } from './controllers/namespaces.ts'
import { loadAll, loadYaml, type Refused } from './load.ts'
import { endpointAddress, hostsOf, urlOf } from './reach.ts'
import type { World } from './resources/types.ts'
import { seedObjects } from './seed.ts'
import { rememberNodePorts } from './services/allocate.ts'
import { openStore } from './store/journal.ts'
import { createStore } from './store/memory.ts'
import type { Store } from './store/types.ts'
import { createHub } from './watch/hub.ts'

export interface SimulatorOptions {
  readonly bind?: string
  /** 0 picks a free one. */
  readonly port?: number
  readonly tls?: boolean
  /** Where the store is kept; absent: in memory. */
  readonly data?: string
  readonly nodes?: number
  /** The Service of the API server itself, default/kubernetes; it is there unless this is false. */
  readonly apiService?: boolean
  /** YAML of objects to start with. */
  readonly objects?: readonly string[]
  readonly serviceCidrs?: readonly string[]
  readonly nodePorts?: { readonly from: number; readonly to: number }
  /** Revisions that watchers may lag behind. */
  readonly history?: number
  readonly limits?: Limits
  readonly random?: () => number
  readonly onFault?: (error: unknown) => void
}

export interface Simulator {
  readonly url: string
  readonly port: number
  /** The text of a kubeconfig: contexts kpc-simulator (the admin) and kube-proxy. */
  readonly kubeconfig: string
  /** Whoever waits for the file finds it whole. */
  readonly writeKubeconfig: (path: string) => Promise<void>
  readonly adminToken: string
  /** PEM; null without TLS. */
  readonly authority: string | null
  readonly api: Api
  /** Objects to start with that were refused. */
  readonly refused: readonly Refused[]
  close(): Promise<void>
}

const COMPACT_MS = 5 * 60_000

export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const { data = null, tls = true, bind = '127.0.0.1' } = options
  const history = options.history === undefined ? {} : { history: options.history }
  const store = data === null ? createStore(history) : await openStore(data, history)
  const api: Api = { store, hub: createHub(store), now: Date.now, world: worldOf(store, options) }
  const refused = await fill(api, options)
  const identities = await createIdentities(hostsOf(bind), data, tls)
  const authority = tls ? identities.authority.certificate : null
  const stop = new AbortController()
  const listening = await serve(options, { api, identities, signal: stop.signal })
  const compaction = compactEvery(store, COMPACT_MS)
  const url = urlOf(bind, listening.port, tls)
  const kubeconfig = kubeconfigOf({ url, authority }, identities.logins)
  const adminToken = identities.credentials[0]?.token ?? ''
  const agent = 'kube-controller-manager'
  const { signal } = stop
  const reach = { url, token: adminToken, authority, agent, signal }
  const controllers = [
    runNamespaceController(openControllerClient(reach), signal),
    runGarbageCollector(openControllerClient({ ...reach, form: 'metadata' }), signal),
  ]
  return {
    url,
    port: listening.port,
    kubeconfig,
    writeKubeconfig: path => writePrivate(path, kubeconfig),
    adminToken,
    authority,
    api,
    refused,
    close: async () => {
      clearInterval(compaction)
      stop.abort()
      await Promise.all([listening.close(), ...controllers])
      api.hub.close()
      await store.close()
    },
  }
}

const serve = (
  { bind = '127.0.0.1', port = 0, tls = true, limits = DEFAULT_LIMITS, onFault }: SimulatorOptions,
  { api, identities, signal }: { api: Api; identities: Identities; signal: AbortSignal },
): Promise<Listening> => {
  const edge: Edge = {
    api,
    authorizer: createAuthorizer(api.store),
    authenticate: authenticator(identities.credentials),
    onFault: onFault ?? (() => {}),
    signal,
  }
  const { server, authority } = identities
  return listen(
    { bind, port, limits, tls: tls ? { server, authority: authority.certificate } : null },
    (message, response) => {
      void handle(edge, message, response)
    },
  )
}

const worldOf = (
  store: Store,
  { nodePorts = { from: 30000, to: 32767 }, random = Math.random }: SimulatorOptions,
): World => {
  const world: World = {
    store,
    now: () => `${new Date().toISOString().slice(0, 19)}Z`,
    random,
    uid: randomUUID,
    ranges: { nodePorts },
    nodePorts: new Map(),
  }
  const revision = Number.MAX_SAFE_INTEGER
  for (const { object } of store.list({
    resource: '/services',
    namespace: '',
    after: '',
    revision,
  }))
    rememberNodePorts(object, world)
  return world
}

const fill = async (api: Api, options: SimulatorOptions): Promise<readonly Refused[]> => {
  const { bind = '127.0.0.1', port = 0, nodes = 0, objects = [] } = options
  const serviceCidrs = options.serviceCidrs ?? ['10.96.0.0/16', 'fd00:10:96::/112']
  const endpoint = options.apiService === false ? null : { address: endpointAddress(bind), port }
  const seeds = seedObjects({ serviceCidrs, endpoint, nodes })
  const faults = loadAll(api, seeds)
  if (faults.length > 0)
    throw new Error(
      `the cluster's own objects were refused: ${faults[0]?.subject}: ${faults[0]?.message}`,
    )
  const refused = objects.flatMap(text => loadYaml(api, text))
  await api.store.settled()
  return refused
}

/** As kube-apiserver does with etcd: what is older than one interval is forgotten at the next. */
const compactEvery = (store: Store, interval: number): NodeJS.Timeout => {
  let before = store.revision()
  const timer = setInterval(() => {
    const compacted = store.compacted()
    if (before > compacted) store.compact(before)
    before = store.revision()
  }, interval)
  return timer.unref()
}
