/** Discovery and OpenAPI tell the truth: what they list is there, and every reference in them leads somewhere. */
import t from 'tap'
import { openApi, type Requests } from '../../../support/api.ts'

interface Listed {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

const groupVersions = async ({ send }: Requests): Promise<readonly string[]> => {
  const { body } = await send('GET', '/apis')
  const groups = body['groups'] as { versions: { groupVersion: string }[] }[]
  return [
    '/api/v1',
    ...groups.flatMap(({ versions }) => versions.map(one => `/apis/${one.groupVersion}`)),
  ]
}

t.test('every resource that discovery lists can be listed, and says its kind', async t => {
  const api = await openApi(t)
  let seen = 0
  for (const root of await groupVersions(api)) {
    const { resources } = (await api.send('GET', root)).body as unknown as { resources: Listed[] }
    for (const { name, kind, verbs } of resources) {
      if (!verbs.includes('list')) continue
      const got = await api.send('GET', `${root}/${name}`)
      t.equal(got.body['kind'], `${kind}List`, `${root}/${name}`)
      seen += 1
    }
  }
  t.equal(seen, 21)
})

t.test('the aggregated form lists the same', async t => {
  const api = await openApi(t)
  const accept =
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const names: string[] = []
  for (const root of ['/api', '/apis']) {
    const got = await api.send('GET', root, { headers: { accept } })
    t.equal(
      got.headers.get('content-type'),
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    )
    const items = got.body['items'] as {
      metadata: { name: string }
      versions: { resources: { resource: string; subresources?: { subresource: string }[] }[] }[]
    }[]
    for (const { metadata, versions } of items)
      for (const { resource, subresources = [] } of versions.flatMap(one => one.resources))
        names.push(
          `${metadata.name}/${resource}`,
          ...subresources.map(sub => `${metadata.name}/${resource}/${sub.subresource}`),
        )
  }
  const plain: string[] = []
  for (const root of await groupVersions(api)) {
    const { resources } = (await api.send('GET', root)).body as unknown as { resources: Listed[] }
    const group = root === '/api/v1' ? '' : (root.split('/')[2] ?? '')
    plain.push(...resources.map(({ name }) => `${group}/${name}`))
  }
  t.strictSame(names.sort(), plain.sort())
})

const references = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  )
}

t.test(
  'OpenAPI: no reference leads nowhere, and each kind has its schema and its operations',
  async t => {
    const api = await openApi(t)
    const { paths } = (await api.send('GET', '/openapi/v3')).body as unknown as {
      paths: Record<string, { serverRelativeURL: string }>
    }
    const kinds: string[] = []
    for (const [root, { serverRelativeURL }] of Object.entries(paths)) {
      t.match(serverRelativeURL, new RegExp(`^/openapi/v3/${root}\\?hash=[0-9A-F]{64}$`))
      const document = (await api.send('GET', serverRelativeURL)).body as unknown as {
        components: {
          schemas: Record<string, { 'x-kubernetes-group-version-kind'?: { kind: string }[] }>
        }
        paths: Record<string, unknown>
      }
      const { schemas } = document.components
      const lost = references(document).filter(
        one => schemas[one.replace('#/components/schemas/', '')] === undefined,
      )
      t.strictSame(lost, [], root)
      for (const schema of Object.values(schemas))
        kinds.push(...(schema['x-kubernetes-group-version-kind'] ?? []).map(({ kind }) => kind))
      t.ok(Object.keys(document.paths).every(path => path.startsWith(`/${root}/`)))
    }
    t.equal(kinds.filter(kind => !kind.endsWith('List')).length, 21)
    const v2 = (await api.send('GET', '/openapi/v2')).body as unknown as {
      definitions: Record<string, unknown>
    }
    const lost = references(v2).filter(
      one => v2.definitions[one.replace('#/definitions/', '')] === undefined,
    )
    t.strictSame(lost, [])
  },
)
