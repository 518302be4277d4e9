/**
 * How a controller reaches the API server: over the wire, like everybody. Requests with JSON both ways, and a list that
 * goes on as a watch until the signal aborts.
 */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject, type Json, type JsonObject, listAt, mapAt, textAt } from '../json.ts'

export interface ControllerClient {
  /** Rejects for any status but success. `null` answers a 404. */
  readonly send: (method: string, path: string, body?: JsonObject) => Promise<JsonObject | null>
  /** Resolves when the signal aborts. */
  readonly follow: (path: string, watcher: Watcher) => Promise<void>
}

export interface Watcher {
  /** An object that is there, comes or changes. */
  readonly here: (object: JsonObject) => void
  /** An object, as it was last, that a watch saw go. */
  readonly gone?: (object: JsonObject) => void
  /** All objects of a list were told; a watch follows. */
  readonly listed?: () => void
}

export interface Reach {
  readonly url: string
  readonly token: string
  /** PEM; null without TLS. */
  readonly authority: string | null
  readonly agent: string
  readonly signal: AbortSignal
  /** What of an object is asked for; all of it unless told. */
  readonly form?: keyof typeof ACCEPT
}

const ACCEPT = {
  whole: 'application/json',
  metadata: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
} as const

const RETRY_MS = 1000

export const openControllerClient = (reach: Reach): ControllerClient => {
  const { signal } = reach
  const open = opener(reach)
  const send: ControllerClient['send'] = async (method, path, body) => {
    const answer = await open(method, path, body)
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk as Buffer)
    const value = JSON.parse(Buffer.concat(chunks).toString()) as Json
    if (answer.statusCode === 404) return null
    if ((answer.statusCode ?? 500) >= 300 || !isObject(value))
      throw new Error(`${method} ${path}: ${textAt(value, 'message')}`)
    return value
  }
  const followOnce = async (path: string, { here, gone, listed }: Watcher): Promise<void> => {
    const list = await send('GET', path)
    for (const item of listAt(list, 'items')) if (isObject(item)) here(item)
    listed?.()
    const from = textAt(list, 'metadata', 'resourceVersion')
    const stream = await open('GET', `${path}?watch=true&resourceVersion=${from}`)
    for await (const line of linesOf(stream)) {
      const event = JSON.parse(line) as Json
      if (textAt(event, 'type') === 'ERROR') return
      const tell = textAt(event, 'type') === 'DELETED' ? gone : here
      tell?.(mapAt(event, 'object'))
    }
  }
  return {
    send,
    follow: async (path, watcher) => {
      while (!signal.aborted) {
        await followOnce(path, watcher).catch(() => undefined)
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

type Open = (method: string, path: string, body?: JsonObject) => Promise<IncomingMessage>

const opener = ({ url, token, authority, agent: name, signal, form = 'whole' }: Reach): Open => {
  const module = authority === null ? http : https
  const agent = new module.Agent({
    keepAlive: true,
    ...(authority === null ? {} : { ca: authority }),
  })
  signal.addEventListener('abort', () => agent.destroy())
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        accept: ACCEPT[form],
        'user-agent': name,
      }
      const request = module.request(`${url}${path}`, { method, agent, headers, signal }, resolve)
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}
