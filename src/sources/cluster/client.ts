/**
 * Sources: requests to an API server, as a kubeconfig or the pod's own service account says how. Only GET: a source
 * reads. Answers come as streams, so that a long list never has to be in memory as text.
 */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

export interface ApiClient {
  /** The server's address, for messages. */
  readonly server: string
  /** Resolves to a 200's body. Rejects with StatusError for any other status, else as node:https does. */
  readonly get: (
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<IncomingMessage>
}

/** The server answered, and it was not what was asked for. */
export class StatusError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.name = 'StatusError'
    this.code = code
  }
}

/** The path of a kubeconfig, its text, or the service account of the pod that this runs in. */
export type ClientFrom =
  | { readonly kubeconfig: string }
  | { readonly text: string }
  | { readonly inCluster: true }

/** Throws for a kubeconfig that cannot be read or names no cluster. */
export const openClient = (from: ClientFrom): ApiClient => {
  const config = new KubeConfig()
  if ('kubeconfig' in from) config.loadFromFile(from.kubeconfig)
  else if ('text' in from) config.loadFromString(from.text)
  else config.loadFromCluster()
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no current cluster')
  const base = cluster.server.replace(/\/$/, '')
  return {
    server: base,
    get: async (path, query, signal) => {
      const options: https.RequestOptions = {
        signal,
        headers: { Accept: 'application/json', 'User-Agent': 'kpc' },
        timeout: CONNECT_MS,
      }
      await config.applyToHTTPSOptions(options)
      return request(`${base}${path}?${new URLSearchParams(query)}`, options)
    },
  }
}

/** Ms without an answer, or without a byte of it, after which a server counts as gone. */
const CONNECT_MS = 30_000

const request = (url: string, options: https.RequestOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const module = url.startsWith('https:') ? https : http
    const sent = module.request(url, options, answer => {
      if (answer.statusCode === 200) resolve(answer)
      else void refused(answer).then(reject)
    })
    sent.on('socket', socket => socket.setKeepAlive(true, CONNECT_MS))
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${CONNECT_MS / 1000} s`)))
    sent.on('error', reject)
    sent.end()
  })

const MAX_REFUSAL = 64 * 1024

const refused = async (answer: IncomingMessage): Promise<Error> => {
  const code = answer.statusCode ?? 0
  let text = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) {
      text += String(chunk)
      if (text.length > MAX_REFUSAL) break
    }
    const status = JSON.parse(text) as { message?: unknown }
    return new StatusError(
      code,
      typeof status.message === 'string' ? status.message : `HTTP ${code}`,
    )
  } catch {
    return new StatusError(code, `HTTP ${code}`)
  }
}

/** The lines of a stream, without their ends. The last may lack one. */
export async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}

/** A whole body as JSON. */
export const jsonOf = async (stream: IncomingMessage): Promise<unknown> => {
  const chunks: string[] = []
  for await (const chunk of stream.setEncoding('utf8')) chunks.push(String(chunk))
  return JSON.parse(chunks.join(''))
}
