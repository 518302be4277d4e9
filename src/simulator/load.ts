/**
 * Puts objects into the store as the API would, status included: what a cluster starts with, and what a user hands over
 * in a file. Each object is on its own: one that is refused is reported and the others go in.
 */
import { parseAllDocuments } from 'yaml'
import { ApiError, badRequest, notFound } from './api/status.ts'
import type { Api, Call } from './api/types.ts'
import { decodeFor } from './api/verbs/create.ts'
import { updateObject } from './api/verbs/update-object.ts'
import { createObject } from './api/verbs/write.ts'
import { clone, isObject, type Json, type JsonObject, listAt, textAt } from './json.ts'
import { resourceNamed, resourceOfKind } from './resources/table.ts'
import type { Resource } from './resources/types.ts'

export interface Refused {
  /** "Service shop/web". */
  readonly subject: string
  readonly message: string
}

/** A call that no client made: allowed everything, asking for nothing special. */
const internalCall = (resource: Resource, namespace: string, name: string): Call => {
  const nothing = { value: null, duplicates: [] }
  return {
    target: { kind: 'resource', resource, namespace, name, subresource: '' },
    query: new URLSearchParams({ fieldValidation: 'Strict' }),
    media: { encoding: 'json', as: '', version: '' },
    user: { name: 'system:apiserver', uid: '', groups: ['system:masters'] },
    agent: 'kube-apiserver',
    contentType: 'application/json',
    body: async () => nothing,
    objectBody: async () => nothing,
    warn: () => {},
    signal: new AbortController().signal,
  }
}

/** Creates one object unless it is there. Missing namespaces are made. Throws ApiError. */
export const loadObject = (api: Api, value: Json): void => {
  const kind = textAt(value, 'kind')
  const resource = resourceOfKind(textAt(value, 'apiVersion'), kind)
  if (resource === undefined || !isObject(value))
    throw badRequest(
      `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(textAt(value, 'apiVersion'))}`,
    )
  const namespace = resource.namespaced ? textAt(value, 'metadata', 'namespace') || 'default' : ''
  const name = textAt(value, 'metadata', 'name')
  if (namespace !== '') ensureNamespace(api, namespace)
  const key = `${namespace}/${name}`
  if (name !== '' && api.store.get(resource.id, key) !== undefined) return
  const call = internalCall(resource, namespace, name)
  const object = decodeFor(call, value, [])
  const status = clone(object['status'])
  createObject(api, call, object, { dryRun: false, owned: false })
  if (isObject(status) && Object.keys(status).length > 0) loadStatus(api, call, key, status)
}

const loadStatus = (api: Api, call: Call, key: string, status: JsonObject): void => {
  const { resource } = call.target
  const old = api.store.get(resource.id, key)
  if (old === undefined) throw notFound(resource, key)
  const target = { ...call.target, subresource: 'status' as const }
  const object = { ...clone(old.object), status }
  updateObject(api, { ...call, target }, { old, object, dryRun: false, owned: false })
}

const ensureNamespace = (api: Api, name: string): void => {
  const namespaces = resourceNamed('', 'namespaces')
  if (namespaces === undefined || api.store.get('/namespaces', `/${name}`) !== undefined) return
  const object: JsonObject = { metadata: { name } }
  createObject(api, internalCall(namespaces, '', name), object, { dryRun: false, owned: false })
}

/** Creates all objects of a YAML text. Gives those that were refused. */
export const loadYaml = (api: Api, text: string): readonly Refused[] =>
  parseAllDocuments(text).flatMap(document => {
    const fault = document.errors[0]
    if (fault !== undefined) return [{ subject: 'YAML', message: fault.message }]
    return loadAll(api, itemsOf(document.toJS() as Json))
  })

const itemsOf = (value: Json): readonly Json[] => {
  if (value === null) return []
  return textAt(value, 'kind').endsWith('List') ? listAt(value, 'items') : [value]
}

export const loadAll = (api: Api, values: readonly Json[]): readonly Refused[] =>
  values.flatMap(value => {
    try {
      loadObject(api, value)
      return []
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const name = [textAt(value, 'metadata', 'namespace'), textAt(value, 'metadata', 'name')]
      const subject = `${textAt(value, 'kind')} ${name.filter(part => part !== '').join('/')}`
      return [{ subject, message: error.message }]
    }
  })
