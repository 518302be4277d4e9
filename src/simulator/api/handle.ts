/**
 * One request from its headers to its reply: who asks, what for, may they, and which verb answers. Every fault becomes
 * a Status; what is our own fault becomes a 500 and is reported.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorizer } from '../auth/rbac.ts'
import { reviewed } from '../auth/reviews.ts'
import { parseBody, parseJsonText, parseYamlText, readBody } from './body.ts'
import { discovery } from './discovery.ts'
import { impersonated } from './impersonate.ts'
import { type Media, negotiate } from './media.ts'
import { openApi } from './openapi.ts'
import { health, version } from './plain-paths.ts'
import { type ResourceTarget, segmentsOf, type Target, targetOf, verbOf } from './request.ts'
import { type Exchange, respond, respondError } from './respond.ts'
import { ApiError, forbiddenFor, methodNotAllowed } from './status.ts'
import type { Api, Call, Reply, User } from './types.ts'
import { create, update } from './verbs/create.ts'
import { deleteCollection, deleteOne } from './verbs/delete.ts'
import { patch } from './verbs/patch.ts'
import { get, list } from './verbs/read.ts'
import { watch } from './verbs/watch.ts'
import { settledOrFail } from './verbs/write.ts'

export interface Edge {
  readonly api: Api
  readonly authorizer: Authorizer
  readonly authenticate: (message: IncomingMessage) => User
  /** Faults of ours that no client should have to report. */
  readonly onFault: (error: unknown) => void
  /** Aborts when the server stops. */
  readonly signal: AbortSignal
}

const JSON_MEDIA: Media = { encoding: 'json', as: '', version: '' }

/** Answers a request. Never rejects. */
export const handle = async (
  edge: Edge,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const warnings: string[] = []
  let exchange: Exchange = { message, response, media: JSON_MEDIA, warnings }
  try {
    const media = negotiate(message.headers.accept)
    exchange = { ...exchange, media }
    const reply = await answer(edge, message, media, warnings)
    await respond(exchange, reply)
  } catch (error) {
    if (response.headersSent || response.destroyed) {
      if (!(error instanceof ApiError || isGone(error))) edge.onFault(error)
      response.destroy()
      return
    }
    await respondError(exchange, asApiError(edge, error)).catch(edge.onFault)
  }
  // A body that nobody wanted would otherwise be taken for the next request.
  if (!message.complete && !message.destroyed) message.resume()
}

const asApiError = (edge: Edge, error: unknown): ApiError => {
  if (error instanceof ApiError) return error
  if (isGone(error)) return new ApiError(408, 'Timeout', 'the request body was cut off')
  edge.onFault(error)
  return new ApiError(500, 'InternalError', 'Internal error occurred')
}

const GONE: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && GONE.includes(error.code)

const answer = async (
  edge: Edge,
  message: IncomingMessage,
  media: Media,
  warnings: string[],
): Promise<Reply> => {
  const [path = '/', search = ''] = splitOnce(message.url ?? '/')
  const user = impersonated(edge.authorizer, edge.authenticate(message), message)
  const query = new URLSearchParams(search)
  const target = targetOf(segmentsOf(path))
  const method = message.method ?? 'GET'
  if (target.kind === 'path') {
    authorizePath(edge.authorizer, user, path, method)
    return plain(target.segments, media, method, edge)
  }
  if (target.kind === 'review') return review(edge, { target, user, method, message })
  authorize(edge.authorizer, user, target, verbOf(method, target, query))
  const call = callOf({ message, target, query, media, user, warnings })
  return verb(edge.api, { ...call, signal: edge.signal }, method)
}

const splitOnce = (url: string): readonly [string, string] => {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

interface Parts {
  readonly message: IncomingMessage
  readonly target: ResourceTarget
  readonly query: URLSearchParams
  readonly media: Media
  readonly user: User
  readonly warnings: string[]
}

const callOf = ({ message, target, query, media, user, warnings }: Parts): Omit<Call, 'signal'> => {
  const contentType = message.headers['content-type'] ?? ''
  return {
    target,
    query,
    media,
    user,
    contentType,
    agent: (message.headers['user-agent'] ?? '').split('/')[0] ?? '',
    body: async () => {
      const bytes = await readBody(message)
      if (bytes.length === 0) return { value: null, duplicates: [] }
      if (contentType.includes('protobuf')) return parseBody(bytes, contentType)
      const text = bytes.toString()
      return contentType.includes('yaml') ? parseYamlText(text) : parseJsonText(text)
    },
    objectBody: async () => parseBody(await readBody(message), contentType),
    warn: text => {
      warnings.push(text)
    },
  }
}

const verb = async (api: Api, call: Call, method: string): Promise<Reply> => {
  switch (verbOf(method, call.target, call.query)) {
    case 'create':
      return create(api, call)
    case 'update':
      return update(api, call)
    case 'patch':
      return patch(api, call)
    case 'delete':
      return deleteOne(api, call)
    case 'deletecollection':
      return deleteCollection(api, call)
    case 'watch':
      return watch(api, call)
  }
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed()
  if (call.target.name === '') return list(api, call)
  try {
    return await get(api, call)
  } finally {
    // What was read, or was not there any more, must still be so after a crash. Lists read what is on disk already.
    await settledOrFail(api)
  }
}

const authorize = (
  authorizer: Authorizer,
  user: User,
  { resource, namespace, name, subresource }: ResourceTarget,
  verbName: string,
): void => {
  const full = subresource === '' ? resource.plural : `${resource.plural}/${subresource}`
  const { group } = resource
  if (authorizer.allows({ user, verb: verbName, group, resource: full, namespace, name, path: '' }))
    return
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  throw forbiddenFor(
    { ...resource, plural: full },
    name,
    `User "${user.name}" cannot ${verbName} resource "${full}" in API group "${group}" ${where}`,
  )
}

const authorizePath = (authorizer: Authorizer, user: User, path: string, method: string): void => {
  const verbName = method.toLowerCase()
  const asked = { user, verb: verbName, group: '', resource: '', namespace: '', name: '', path }
  if (!authorizer.allows(asked))
    throw new ApiError(
      403,
      'Forbidden',
      `forbidden: User "${user.name}" cannot ${verbName} path "${path}"`,
      { details: {} },
    )
}

const plain = async (
  segments: readonly string[],
  media: Media,
  method: string,
  { api }: Edge,
): Promise<Reply> => {
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed()
  switch (segments[0]) {
    case 'api':
    case 'apis':
      return discoveryReply(segments, media)
    case 'openapi':
      return openApi(segments.slice(1), media)
    case 'version':
      return version(segments)
  }
  return health(segments, api)
}

/** Clients tell the aggregated form by its content type, not by its kind. */
const discoveryReply = (segments: readonly string[], media: Media): Reply => {
  const object = discovery(segments, media)
  if (object['kind'] !== 'APIGroupDiscoveryList') return { kind: 'object', code: 200, object }
  const type = `application/json;g=apidiscovery.k8s.io;v=${media.version};as=APIGroupDiscoveryList`
  return { kind: 'text', code: 200, type, text: JSON.stringify(object) }
}

const review = async (
  edge: Edge,
  {
    target,
    user,
    method,
    message,
  }: { target: Target & { kind: 'review' }; user: User; method: string; message: IncomingMessage },
): Promise<Reply> => {
  if (method !== 'POST') throw methodNotAllowed()
  const { group, plural, namespace } = target
  const asked = { user, verb: 'create', group, resource: plural, namespace, name: '', path: '' }
  if (!edge.authorizer.allows(asked))
    throw forbiddenFor(
      { group, plural, kind: '' },
      '',
      `User "${user.name}" cannot create resource "${plural}" in API group "${group}" at the cluster scope`,
    )
  const { value } = parseBody(await readBody(message), message.headers['content-type'] ?? '')
  const object = reviewed(edge.authorizer, { plural, namespace, user, body: value })
  return { kind: 'object', code: 201, object }
}
