/**
 * What client-go asks for and how: lists in pages and at revisions, watches that begin with a list, bookmarks, tables,
 * compression, selectors that objects walk in and out of. Checked on the wire.
 */

import http from 'node:http'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { eventsOf, openApi, type Requests } from '../../support/api.ts'

const CM = '/api/v1/namespaces/default/configmaps'
const SVC = '/api/v1/namespaces/default/services'

const make = async ({ send }: Requests, count: number): Promise<void> => {
  for (let index = 0; index < count; index++)
    await send('POST', CM, { body: { metadata: { name: `c-${index}` }, data: { k: 'v' } } })
}

interface List {
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

const listOf = async ({ send }: Requests, query: string): Promise<List> =>
  (await send('GET', `${CM}?${query}`)).body as unknown as List

const names = ({ items }: List): readonly string[] => items.map(({ metadata }) => metadata.name)

t.test('lists', async t => {
  const api = await openApi(t)
  await make(api, 5)
  const first = await listOf(api, 'limit=2')
  t.strictSame(names(first), ['c-0', 'c-1'])
  t.equal(first.metadata.remainingItemCount, 3)
  await api.send('DELETE', `${CM}/c-3`)
  const token = first.metadata.continue ?? ''
  const rest = await listOf(api, `limit=9&continue=${token}`)
  t.strictSame(names(rest), ['c-2', 'c-3', 'c-4'], 'a later page is of the first page’s revision')
  t.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion)
  const exact = await listOf(
    api,
    `resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`,
  )
  t.equal(exact.items.length, 5, 'Exact shows the past')
  const recent = await listOf(
    api,
    `resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`,
  )
  t.equal(recent.items.length, 4, 'NotOlderThan shows the present')
  t.strictSame(names(await listOf(api, 'fieldSelector=metadata.name=c-4')), ['c-4'])

  api.simulator.api.store.compact(api.simulator.api.store.revision())
  const gone = await api.send('GET', `${CM}?limit=9&continue=${token}`)
  t.equal(gone.code, 410, 'a page of a compacted revision has expired')
  const again = (gone.body['metadata'] as { continue: string }).continue
  t.strictSame(
    names(await listOf(api, `limit=9&continue=${again}`)),
    ['c-2', 'c-4'],
    'and says how to go on all the same',
  )
  const future = await api.send('GET', `${CM}?resourceVersion=999999`)
  t.equal(future.code, 504, 'a revision that has not come is waited for, but not for long')
  t.match(future.body['details'], { causes: [{ reason: 'ResourceVersionTooLarge' }] })
  t.equal(future.headers.get('retry-after'), '1')
})

t.test('a watch that begins with a list', async t => {
  const api = await openApi(t)
  await make(api, 2)
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=&timeoutSeconds=1'
  const watching = api.send('GET', `${CM}?${query}`, {
    headers: { accept: 'application/vnd.kubernetes.protobuf,application/json' },
  })
  await new Promise(resolve => setTimeout(resolve, 300))
  await api.send('PUT', `${CM}/c-1`, { body: { metadata: { name: 'c-1' }, data: { k: 'w' } } })
  await api.send('DELETE', `${CM}/c-0`)
  const events = eventsOf((await watching).text)
  t.strictSame(
    events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`),
    ['ADDED c-0', 'ADDED c-1', 'BOOKMARK ', 'MODIFIED c-1', 'DELETED c-0', 'BOOKMARK '],
  )
  t.equal(events[2]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true')
  t.equal(events[2]?.object.kind, 'ConfigMap')
  const revisions = events.slice(2).map(({ object }) => Number(object.metadata.resourceVersion))
  t.strictSame(
    revisions,
    [...revisions].sort((a, b) => a - b),
    'revisions only grow',
  )
})

t.test('a watch from a revision', async t => {
  const api = await openApi(t)
  await make(api, 3)
  const { metadata } = await listOf(api, 'limit=1')
  const from = Number(metadata.resourceVersion) - 2
  const resumed = await api.send('GET', `${CM}?watch=true&resourceVersion=${from}&timeoutSeconds=1`)
  t.strictSame(
    eventsOf(resumed.text).map(({ object }) => object.metadata.name),
    ['c-1', 'c-2'],
    'goes on behind it',
  )
  t.match(resumed.headers.get('content-type'), 'application/json')
  api.simulator.api.store.compact(api.simulator.api.store.revision())
  const old = await api.send('GET', `${CM}?watch=true&resourceVersion=${from}&timeoutSeconds=5`)
  const [error, ...more] = eventsOf(old.text)
  t.equal(error?.type, 'ERROR')
  t.equal(error?.object.code, 410)
  t.equal(more.length, 0)
  const named = await api.send('GET', `${CM}/c-1?watch=true&timeoutSeconds=1`)
  t.strictSame(
    eventsOf(named.text).map(({ object }) => object.metadata.name),
    ['c-1'],
  )
})

t.test("a proxy's selectors: objects come into its sight and leave it", async t => {
  const api = await openApi(t)
  const body = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }
  await api.send('POST', SVC, { body })
  await api.send('POST', SVC, {
    body: { ...body, metadata: { name: 'none' }, spec: { ...body.spec, clusterIP: 'None' } },
  })
  const selectors = `labelSelector=${encodeURIComponent('!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name')}&fieldSelector=${encodeURIComponent('spec.clusterIP!=None')}`
  const watching = api.send('GET', `/api/v1/services?${selectors}&watch=true&timeoutSeconds=1`)
  await new Promise(resolve => setTimeout(resolve, 200))
  const label = (value: string | null): Promise<unknown> =>
    api.send('PATCH', `${SVC}/web`, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { 'service.kubernetes.io/service-proxy-name': value } } },
    })
  await label('other')
  await label('another')
  await label(null)
  const events = eventsOf((await watching).text).filter(
    ({ object }) => object.metadata.name !== 'kubernetes',
  )
  t.strictSame(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ['ADDED web', 'DELETED web', 'ADDED web'],
  )
})

t.test('forms: tables, metadata only, YAML, gzip', async t => {
  const api = await openApi(t)
  await make(api, 3)
  const as = (form: string): { headers: { accept: string } } => ({
    headers: { accept: `application/json;as=${form};v=v1;g=meta.k8s.io,application/json` },
  })
  const table = await api.send('GET', CM, as('Table'))
  t.match(table.body, {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
  })
  t.match((table.body['rows'] as { cells: unknown[] }[])[0]?.cells, ['c-0', 1, /s$/])
  const partial = await api.send('GET', CM, as('PartialObjectMetadataList'))
  t.equal(partial.body['kind'], 'PartialObjectMetadataList')
  t.notOk(partial.text.includes('"data"'))
  const one = await api.send('GET', `${CM}/c-0`, as('PartialObjectMetadata'))
  t.equal(one.body['kind'], 'PartialObjectMetadata')
  const yaml = await api.send('GET', `${CM}/c-0`, { headers: { accept: 'application/yaml' } })
  t.match(yaml.text, /^kind: ConfigMap$/m)

  const zipped = await new Promise<{ encoding: string | undefined; bytes: Buffer }>(resolve => {
    http.get(
      `${api.simulator.url}${CM}`,
      {
        headers: { authorization: `Bearer ${api.simulator.adminToken}`, 'accept-encoding': 'gzip' },
      },
      async answer => {
        const chunks: Buffer[] = []
        for await (const chunk of answer) chunks.push(chunk as Buffer)
        resolve({ encoding: answer.headers['content-encoding'], bytes: Buffer.concat(chunks) })
      },
    )
  })
  t.equal(zipped.encoding, 'gzip')
  t.equal((JSON.parse(gunzipSync(zipped.bytes).toString()) as List).items.length, 3)
})

t.test('deletion: finalizers, grace, preconditions, collections', async t => {
  const api = await openApi(t)
  await api.send('POST', CM, {
    body: { metadata: { name: 'held', finalizers: ['example.com/hold'] } },
  })
  const marked = await api.send('DELETE', `${CM}/held`)
  t.match(marked.body, { kind: 'ConfigMap', metadata: { deletionTimestamp: /Z$/ } })
  const barred = await api.send('PATCH', `${CM}/held`, {
    type: 'application/merge-patch+json',
    body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
  })
  t.equal(barred.code, 422, 'no new finalizer on what is going')
  await api.send('PATCH', `${CM}/held`, {
    type: 'application/merge-patch+json',
    body: { metadata: { finalizers: null } },
  })
  t.equal((await api.send('GET', `${CM}/held`)).code, 404, 'gone with its last finalizer')

  const pods = '/api/v1/namespaces/default/pods'
  await api.send('POST', pods, {
    body: {
      metadata: { name: 'p' },
      spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] },
    },
  })
  const going = await api.send('DELETE', `${pods}/p?gracePeriodSeconds=9`)
  t.match(going.body, { metadata: { deletionGracePeriodSeconds: 9 } })
  t.equal(
    (await api.send('GET', `${pods}/p`)).code,
    200,
    'a pod on a node lingers until its kubelet lets go',
  )
  await api.send('DELETE', `${pods}/p`, { body: { gracePeriodSeconds: 0 } })
  t.equal((await api.send('GET', `${pods}/p`)).code, 404)

  await make(api, 4)
  const orphaned = await api.send('DELETE', `${CM}/c-3`, { body: { propagationPolicy: 'Orphan' } })
  t.match(orphaned.body, { metadata: { finalizers: ['orphan'] } })
  const dry = await api.send('DELETE', `${CM}?dryRun=All`)
  t.equal((dry.body['items'] as unknown[]).length, 4)
  await api.send('DELETE', `${CM}?fieldSelector=metadata.name!=c-1`)
  t.strictSame(names(await listOf(api, 'fieldSelector=metadata.name!=c-3')), ['c-1'])
  const kept = await api.send('DELETE', '/api/v1/namespaces/kube-system')
  t.equal(kept.code, 403)
})

t.test('updates: conflicts, no-ops, status and scale', async t => {
  const api = await openApi(t)
  const made = await api.send('POST', SVC, {
    body: {
      metadata: { name: 'web' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
    },
  })
  t.notOk(made.text.includes('192.0.2.9'), 'a status is not created')
  const same = await api.send('PUT', `${SVC}/web`, { body: made.body })
  t.equal(
    (same.body['metadata'] as { resourceVersion: string }).resourceVersion,
    (made.body['metadata'] as { resourceVersion: string }).resourceVersion,
    'a write that changes nothing is none',
  )
  const status = await api.send('PUT', `${SVC}/web/status`, {
    body: {
      ...made.body,
      spec: { ports: [{ port: 99 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
    },
  })
  t.match(status.body, {
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9', ipMode: 'VIP' }] } },
  })
  t.match(status.body, { spec: { ports: [{ port: 80 }] } }, 'only the status counts')
  t.equal(
    (await api.send('PUT', `${SVC}/web`, { body: made.body })).code,
    409,
    'an old version loses',
  )

  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  await api.send('POST', deployments, {
    body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
  })
  const scale = await api.send('GET', `${deployments}/d/scale`)
  t.match(scale.body, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 1 },
    status: { selector: 'a=b' },
  })
  await api.send('PUT', `${deployments}/d/scale`, {
    body: { metadata: { name: 'd' }, spec: { replicas: 4 } },
  })
  const scaled = await api.send('GET', `${deployments}/d`)
  t.match(scaled.body, { spec: { replicas: 4 }, metadata: { generation: 2 } })
})
