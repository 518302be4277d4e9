/** Discovery: which groups, versions and resources there are, in the old form, a document a group, and in the aggregated. */
import type { JsonObject } from '../json.ts'
import { RESOURCES } from '../resources/table.ts'
import { groupVersion, type Resource, type Subresource } from '../resources/types.ts'
import type { Media } from './media.ts'
import { noSuchPath } from './status.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Namespaces go one by one. */
const verbsOf = ({ kind }: Resource): string[] =>
  VERBS.filter(verb => verb !== 'deletecollection' || kind !== 'Namespace')

/** Kinds that are only ever created, and never stored. */
const REVIEWS: readonly (readonly [string, string, string, boolean])[] = [
  ['authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview', false],
  ['authentication.k8s.io', 'tokenreviews', 'TokenReview', false],
  ['authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', false],
  ['authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false],
  ['authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview', false],
]

/** All groups but core, in the order that kubectl prefers kinds by. */
export const GROUPS: readonly string[] = [
  ...new Set([...RESOURCES.map(({ group }) => group), ...REVIEWS.map(([group]) => group)]),
].filter(group => group !== '')

interface SubKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly string[]
}

const subKind = (resource: Resource, sub: Subresource): SubKind => {
  const { group, version, kind } = resource
  switch (sub) {
    case 'status':
      return { group, version, kind, verbs: ['get', 'patch', 'update'] }
    case 'scale':
      return {
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      }
    case 'finalize':
      return { group, version, kind, verbs: ['update'] }
    case 'binding':
      return { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] }
    case 'eviction':
      return { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] }
  }
}

/** APIResourceList of one group and version. */
const resourceList = (group: string): JsonObject => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: groupVersion({ group, version: 'v1' }),
  resources: [
    ...RESOURCES.filter(one => one.group === group).flatMap(entriesOf),
    ...reviewsOf(group),
  ],
})

const entriesOf = (resource: Resource): JsonObject[] => [
  {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: verbsOf(resource),
    ...(resource.shortNames.length === 0 ? {} : { shortNames: [...resource.shortNames] }),
    ...(resource.categories.length === 0 ? {} : { categories: [...resource.categories] }),
  },
  ...resource.subresources.map(sub => {
    const { group, version, kind, verbs } = subKind(resource, sub)
    return {
      name: `${resource.plural}/${sub}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(group === resource.group ? {} : { group, version }),
      kind,
      verbs: [...verbs],
    }
  }),
]

const reviewsOf = (group: string): JsonObject[] =>
  REVIEWS.filter(([own]) => own === group).map(([, name, kind, namespaced]) => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: ['create'],
  }))

const groupOf = (group: string): JsonObject => {
  const version = { groupVersion: `${group}/v1`, version: 'v1' }
  return { name: group, versions: [version], preferredVersion: version }
}

/** The document of a discovery path. Throws a 404 for a path that is none. */
export const discovery = (segments: readonly string[], media: Media): JsonObject => {
  const [root, group = '', version, ...more] = segments
  if (more.length > 0) throw noSuchPath()
  if (root === 'api') {
    if (group === '')
      return media.as === 'APIGroupDiscoveryList' ? aggregated([''], media) : versions()
    if (group === 'v1' && version === undefined) return resourceList('')
    throw noSuchPath()
  }
  if (group === '')
    return media.as === 'APIGroupDiscoveryList'
      ? aggregated(GROUPS, media)
      : { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) }
  if (!GROUPS.includes(group)) throw noSuchPath()
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }
  if (version !== 'v1') throw noSuchPath()
  return resourceList(group)
}

const versions = (): JsonObject => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
})

const aggregated = (groups: readonly string[], { version }: Media): JsonObject => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: `apidiscovery.k8s.io/${version}`,
  metadata: {},
  items: groups.map(group => ({
    metadata: { name: group, creationTimestamp: null },
    versions: [
      {
        version: 'v1',
        freshness: 'Current',
        resources: [
          ...RESOURCES.filter(one => one.group === group).map(aggregatedEntry),
          ...REVIEWS.filter(([own]) => own === group).map(([, name, kind, namespaced]) => ({
            resource: name,
            responseKind: { group, version: 'v1', kind },
            scope: namespaced ? 'Namespaced' : 'Cluster',
            singularResource: kind.toLowerCase(),
            verbs: ['create'],
          })),
        ],
      },
    ],
  })),
})

const aggregatedEntry = (resource: Resource): JsonObject => ({
  resource: resource.plural,
  responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
  scope: resource.namespaced ? 'Namespaced' : 'Cluster',
  singularResource: resource.singular,
  verbs: verbsOf(resource),
  ...(resource.shortNames.length === 0 ? {} : { shortNames: [...resource.shortNames] }),
  ...(resource.categories.length === 0 ? {} : { categories: [...resource.categories] }),
  ...(resource.subresources.length === 0
    ? {}
    : {
        subresources: resource.subresources.map(sub => {
          const { group, version, kind, verbs } = subKind(resource, sub)
          return { subresource: sub, responseKind: { group, version, kind }, verbs: [...verbs] }
        }),
      }),
})
