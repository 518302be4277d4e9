/** The paths of a group as OpenAPI operations: which verbs there are, with the parameters that clients look for. */
import type { Json, JsonObject } from '../json.ts'
import { groupVersion, type Resource } from '../resources/types.ts'
import { type Flavour, schemaName } from './openapi-schemas.ts'

type Action = 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection'

const METHODS: Readonly<Record<Action, string>> = {
  get: 'get',
  list: 'get',
  post: 'post',
  put: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
}

const WRITES = ['dryRun', 'fieldManager', 'fieldValidation']
const LISTS = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
]

const PARAMETERS: Readonly<Record<Action, readonly string[]>> = {
  get: ['resourceVersion'],
  list: LISTS,
  post: WRITES,
  put: WRITES,
  patch: [...WRITES, 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'],
  deletecollection: [...LISTS, 'dryRun', 'gracePeriodSeconds', 'propagationPolicy'],
}

const BOOLEANS = new Set(['allowWatchBookmarks', 'sendInitialEvents', 'watch', 'force'])
const INTEGERS = new Set(['limit', 'timeoutSeconds', 'gracePeriodSeconds'])

export const pathsOf = (resources: readonly Resource[], flavour: Flavour): JsonObject => {
  const paths: JsonObject = {}
  for (const resource of resources) {
    const root = `${resource.group === '' ? '/api' : '/apis'}/${groupVersion(resource)}`
    const scope = resource.namespaced ? `${root}/namespaces/{namespace}` : root
    const collection = `${scope}/${resource.plural}`
    const add = (path: string, actions: readonly Action[]): void => {
      paths[path] = Object.fromEntries([
        ...actions.map(action => [METHODS[action], operation(resource, action, flavour)]),
        ['parameters', pathParameters(path, flavour)],
      ])
    }
    add(collection, ['list', 'post', 'deletecollection'])
    add(`${collection}/{name}`, ['get', 'put', 'patch', 'delete'])
    if (resource.namespaced) add(`${root}/${resource.plural}`, ['list'])
    if (resource.subresources.includes('status'))
      add(`${collection}/{name}/status`, ['get', 'put', 'patch'])
  }
  return paths
}

const operation = (resource: Resource, action: Action, flavour: Flavour): JsonObject => {
  const { group, version, kind } = resource
  const name = schemaName(resource.shape)
  const schema: JsonObject = {
    $ref: `${flavour.prefix}${action === 'list' ? `${name}List` : name}`,
  }
  const parameters: Json[] = PARAMETERS[action].map(parameter => queryParameter(parameter, flavour))
  const writes = action === 'post' || action === 'put' || action === 'patch'
  const three = flavour.version === 3
  if (writes && !three) parameters.push({ name: 'body', in: 'body', required: true, schema })
  return {
    tags: [`${group === '' ? 'core' : group.split('.')[0]}_${version}`],
    operationId: `${action}${kind}`,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, kind, version },
    parameters,
    ...(three
      ? {}
      : {
          produces: ['application/json', 'application/yaml'],
          consumes: consumes(action),
          schemes: ['https'],
        }),
    ...(writes && three
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(consumes(action).map(type => [type, { schema }])),
          },
        }
      : {}),
    responses: {
      200: {
        description: 'OK',
        ...(three ? { content: { 'application/json': { schema } } } : { schema }),
      },
    },
  }
}

const consumes = (action: Action): string[] =>
  action === 'patch'
    ? [
        'application/json-patch+json',
        'application/merge-patch+json',
        'application/strategic-merge-patch+json',
        'application/apply-patch+yaml',
      ]
    : ['*/*']

const queryParameter = (name: string, { version }: Flavour): JsonObject => {
  const type = BOOLEANS.has(name) ? 'boolean' : INTEGERS.has(name) ? 'integer' : 'string'
  return {
    name,
    in: 'query',
    ...(version === 3 ? { schema: { type } } : { type, uniqueItems: true }),
  }
}

const pathParameters = (path: string, { version }: Flavour): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...(version === 3 ? { schema: { type: 'string' } } : { type: 'string', uniqueItems: true }),
  }))
