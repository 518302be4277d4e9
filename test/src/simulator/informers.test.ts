/**
 * Clients that follow the simulator through thousands of random writes end equal to its store: the client library's own
 * informers, and kpc's source. They sit behind a proxy that cuts, stalls and slows connections; the log is short and
 * compacted at random, so that watches meet 410.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import * as k8s from '@kubernetes/client-node'
import t from 'tap'
import { objectKey } from '../../../src/objects/key.ts'
import { readObject } from '../../../src/objects/read.ts'
import type { ClusterObject } from '../../../src/objects/types.ts'
import { loadObject } from '../../../src/simulator/load.ts'
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts'
import { openClient } from '../../../src/sources/cluster/client.ts'
import { clusterSource } from '../../../src/sources/cluster.ts'

const WRITES = Number(env['KPC_WRITES'] ?? 10_000)
const INFORMERS = 4

t.setTimeout(180_000)

/** A line to the simulator that fails as real ones do. */
const openTroubledLine = async (
  port: number,
): Promise<{
  port: number
  trouble: () => void
  server: Server
  /** How often clients were told 410, cut off and slowed. */
  seen: { expired: number; cut: number; slowed: number }
}> => {
  const lines = new Set<readonly [Socket, Socket]>()
  const seen = { expired: 0, cut: 0, slowed: 0 }
  const server = createServer(client => {
    const upstream = createConnection({ port, host: '127.0.0.1' })
    const line = [client, upstream] as const
    lines.add(line)
    for (const socket of line) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        lines.delete(line)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (bytes: Buffer) => {
      if (bytes.includes('too old resource version')) seen.expired += 1
    })
    upstream.pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    server,
    seen,
    trouble: () => {
      for (const [client, upstream] of lines) {
        const dice = Math.random()
        if (dice < 0.2) {
          seen.cut += 1
          client.destroy()
        } else if (dice < 0.5) {
          seen.slowed += 1
          // A reader that takes nothing for a while, and then goes on.
          upstream.pause()
          setTimeout(() => upstream.resume(), 50 + Math.random() * 400).unref()
        }
      }
    },
  }
}

const send = async (
  simulator: Simulator,
  method: string,
  path: string,
  body?: object,
): Promise<number> => {
  const answer = await fetch(`${simulator.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${simulator.adminToken}`,
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await answer.arrayBuffer()
  return answer.status
}

const pick = (count: number): number => Math.floor(Math.random() * count)

const randomWrite = (simulator: Simulator): Promise<number> => {
  const [services, slices] = [
    '/api/v1/namespaces/default/services',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  ]
  const name = `s-${pick(60)}`
  const dice = Math.random()
  if (dice < 0.15) return send(simulator, 'DELETE', `${dice < 0.07 ? services : slices}/${name}`)
  if (dice < 0.4)
    return send(simulator, 'POST', services, {
      metadata: { name },
      spec: { ports: [{ port: 80 + pick(3) }], ...(pick(10) === 0 ? { clusterIP: 'None' } : {}) },
    })
  if (dice < 0.6)
    return send(simulator, 'POST', slices, {
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [`10.0.0.${1 + pick(200)}`] }],
      ports: [{ name: '', port: 80 }],
    })
  if (dice < 0.7)
    // In and out of the proxy's sight: the label decides.
    return send(simulator, 'PATCH', `${services}/${name}`, {
      metadata: {
        labels: { 'service.kubernetes.io/service-proxy-name': pick(2) === 0 ? 'other' : null },
      },
    })
  if (dice < 0.85)
    return send(simulator, 'PATCH', `${services}/${name}`, {
      spec: { sessionAffinity: pick(2) === 0 ? 'None' : 'ClientIP' },
    })
  return send(simulator, 'PATCH', `${slices}/${name}`, {
    endpoints: [{ addresses: [`10.0.1.${1 + pick(200)}`], conditions: { ready: pick(2) === 0 } }],
  })
}

/** Follows services with the client library; checks on the way that no version of an object comes before an older one. */
const openInformer = async (
  kubeconfig: string,
  faults: string[],
): Promise<{ read: () => string[]; stop: () => Promise<void> }> => {
  const config = new k8s.KubeConfig()
  config.loadFromString(kubeconfig)
  const api = config.makeApiClient(k8s.CoreV1Api)
  const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/services', () =>
    api.listNamespacedService({ namespace: 'default' }),
  )
  const newest = new Map<string, number>()
  let stopped = false
  const saw = (what: string) => (service: k8s.V1Service) => {
    const name = service.metadata?.name ?? ''
    const revision = Number(service.metadata?.resourceVersion)
    const before = newest.get(name) ?? 0
    if (revision < before) faults.push(`${what} ${name} at ${revision} after ${before}`)
    newest.set(name, revision)
  }
  informer.on('add', saw('add'))
  informer.on('update', saw('update'))
  informer.on('delete', saw('delete'))
  informer.on('error', () => {
    setTimeout(
      () => {
        if (!stopped) void informer.start()
      },
      20 + Math.random() * 80,
    )
  })
  await informer.start()
  return {
    read: () =>
      informer
        .list()
        .map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`)
        .sort(),
    stop: () => {
      stopped = true
      return informer.stop()
    },
  }
}

const storedServices = ({ api }: Simulator): readonly string[] =>
  api.store
    .list({
      resource: '/services',
      namespace: 'default',
      after: '',
      revision: api.store.revision(),
    })
    .map(({ key, revision }) => `${key.slice('default/'.length)}@${revision}`)
    .sort()

const storedForProxy = ({ api }: Simulator): Map<string, ClusterObject> => {
  const wanted = new Map<string, ClusterObject>()
  for (const resource of [
    '/services',
    'discovery.k8s.io/endpointslices',
    '/nodes',
    'networking.k8s.io/servicecidrs',
  ])
    for (const { object } of api.store.list({
      resource,
      namespace: '',
      after: '',
      revision: api.store.revision(),
    })) {
      const labels =
        (object['metadata'] as { labels?: Record<string, string>; name?: string }).labels ?? {}
      const spec = object['spec'] as { clusterIP?: string } | undefined
      const hidden =
        labels['service.kubernetes.io/service-proxy-name'] !== undefined ||
        (object['kind'] === 'Service' && spec?.clusterIP === 'None')
      const read = readObject(object).object
      if (read !== null && !hidden && (read.kind !== 'Node' || read.name === 'node-1'))
        wanted.set(objectKey(read), read)
    }
  return wanted
}

const until = async (holds: () => boolean, ms: number): Promise<boolean> => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (holds()) return true
  return holds()
}

t.test(`${WRITES} random writes`, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-informers-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const simulator = await startSimulator({
    tls: false,
    nodes: 2,
    history: 150,
    onFault: fault => t.fail(String(fault)),
  })
  const line = await openTroubledLine(simulator.port)
  const kubeconfig = simulator.kubeconfig.replace(`:${simulator.port}`, `:${line.port}`)
  const path = join(folder, 'kubeconfig')
  await writeFile(path, kubeconfig)

  const faults: string[] = []
  const informers = await Promise.all(
    Array.from({ length: INFORMERS }, () => openInformer(kubeconfig, faults)),
  )
  const followed = new Map<string, ClusterObject>()
  const stop = new AbortController()
  let idle = 0
  const source = clusterSource({
    client: openClient({ kubeconfig: path }),
    nodeName: 'node-1',
    timing: {
      random: Math.random,
      sleep: (ms, signal) => sleep(Math.min(ms, 200), undefined, { signal }).catch(() => undefined),
    },
  })
  const following = (async () => {
    for await (const { events, problems } of source(stop.signal)) {
      if (events.length === 0 && problems.length === 0) idle++
      for (const event of events) {
        const key = objectKey(event.type === 'set' ? event.object : event)
        if (event.type === 'set') {
          if (isDeepStrictEqual(followed.get(key), event.object)) faults.push(`no change: ${key}`)
          followed.set(key, event.object)
        } else if (!followed.delete(key)) faults.push(`deleted before it was there: ${key}`)
      }
    }
  })()

  const troubling = setInterval(line.trouble, 150)
  const codes = new Map<number, number>()
  let written = 0
  const writer = async (): Promise<void> => {
    while (written < WRITES) {
      written += 1
      const code = await randomWrite(simulator)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (written % 500 === 0)
        simulator.api.store.compact(simulator.api.store.revision() - pick(40))
    }
  }
  await Promise.all(Array.from({ length: 8 }, writer))
  clearInterval(troubling)
  const odd = [...codes.keys()].filter(code => ![200, 201, 404, 409, 422].includes(code))
  t.strictSame(odd, [], 'every write was answered as documented')

  const stored = storedServices(simulator)
  for (const [index, informer] of informers.entries()) {
    await until(() => informer.read().join() === stored.join(), 40_000)
    t.strictSame(informer.read(), stored, `informer ${index} is equal to the store`)
  }
  t.strictSame(faults, [], 'no version of an object came after a newer one')
  const wanted = storedForProxy(simulator)
  await until(
    () =>
      followed.size === wanted.size &&
      JSON.stringify([...followed.values()].sort(byKey)) ===
        JSON.stringify([...wanted.values()].sort(byKey)),
    20_000,
  )
  t.strictSame(
    [...followed.values()].sort(byKey),
    [...wanted.values()].sort(byKey),
    "kpc's source is equal to the store",
  )
  t.ok(idle <= 4, 'no update said nothing')
  t.ok(line.seen.expired > 0 && line.seen.cut > 0, 'there were disconnects and 410s')
  t.comment(
    JSON.stringify({
      ...line.seen,
      revisions: simulator.api.store.revision(),
      codes: Object.fromEntries(codes),
      services: stored.length,
    }),
  )

  stop.abort()
  await following
  await Promise.all(informers.map(informer => informer.stop()))
  line.server.close()
  await simulator.close()
})

const byKey = (a: ClusterObject, b: ClusterObject): number => (objectKey(a) < objectKey(b) ? -1 : 1)

t.test('an object that is loaded shows up as it is', async t => {
  const simulator = await startSimulator({ tls: false })
  t.teardown(() => simulator.close())
  loadObject(simulator.api, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  })
  const answer = await fetch(`${simulator.url}/api/v1/nodes/n`, {
    headers: { authorization: `Bearer ${simulator.adminToken}` },
  })
  const node = (await answer.json()) as { status: { addresses: { address: string }[] } }
  t.equal(node.status.addresses[0]?.address, '192.0.2.1', 'with its status')
})
