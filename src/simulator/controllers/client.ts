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
  /** Calls back for each object that is there, comes or changes. Resolves when the signal aborts. */
  readonly follow: (path: string, onObject: (object: JsonObject) => void) => Promise<void>
}

export interface Reach {
  readonly url: string
  readonly token: string
  /** PEM; null without TLS. */
  readonly authority: string | null
  readonly agent: string
  readonly signal: AbortSignal
}

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
  const followOnce = async (
    path: string,
    onObject: (object: JsonObject) => void,
  ): Promise<void> => {
    const list = await send('GET', path)
    for (const item of listAt(list, 'items')) if (isObject(item)) onObject(item)
    const from = textAt(list, 'metadata', 'resourceVersion')
    const stream = await open('GET', `${path}?watch=true&resourceVersion=${from}`)
    for await (const line of linesOf(stream)) {
      const event = JSON.parse(line) as Json
      if (textAt(event, 'type') === 'ERROR') return
      if (textAt(event, 'type') !== 'DELETED') onObject(mapAt(event, 'object'))
    }
  }
  return {
    send,
    follow: async (path, onObject) => {
      while (!signal.aborted) {
        await followOnce(path, onObject).catch(() => undefined)
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

const opener = ({ url, token, authority, agent: name, signal }: Reach): Open => {
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
        'content-type': 'application/json',
        'user-agent': name,
      }
      const request = module.request(`${url}${path}`, { method, agent, headers, signal }, resolve)
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}
