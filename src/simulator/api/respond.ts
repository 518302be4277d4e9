/** Writes replies: status, headers, compression, and streams that wait for slow readers. The last step of a request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import { stringify } from 'yaml'
import type { JsonObject } from '../json.ts'
import { textOf } from '../store/types.ts'
import type { Media } from './media.ts'
import { type ApiError, statusOf } from './status.ts'
import type { Reply } from './types.ts'

/** As kube-apiserver: smaller replies are not worth compressing. */
const GZIP_FROM = 128 * 1024
const LEVEL = { level: constants.Z_BEST_SPEED }
const compress = promisify(gzip)

export interface Exchange {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly media: Media
  readonly warnings: readonly string[]
}

export const respond = async (exchange: Exchange, reply: Reply): Promise<void> => {
  switch (reply.kind) {
    case 'object':
      return sendObject(exchange, reply.code, reply.object)
    case 'item':
      return exchange.media.encoding === 'yaml' || isPretty(exchange.message)
        ? sendObject(exchange, reply.code, reply.item.object)
        : sendText(exchange, reply.code, 'application/json', textOf(reply.item))
    case 'text':
      return sendText(exchange, reply.code, reply.type, reply.text)
    case 'stream':
      return sendStream(exchange, reply)
  }
}

export const respondError = (exchange: Exchange, error: ApiError): Promise<void> => {
  const { response } = exchange
  if (error.retryAfter > 0) response.setHeader('Retry-After', String(error.retryAfter))
  if (error.code === 413 || error.code === 408) response.setHeader('Connection', 'close')
  return sendObject(exchange, error.code, statusOf(error))
}

/** People with curl, and those who ask for it, get indented JSON. */
const isPretty = (message: IncomingMessage): boolean => {
  const query = message.url?.split('?')[1] ?? ''
  const pretty = new URLSearchParams(query).get('pretty')
  if (pretty !== null) return pretty === '1' || pretty === 'true'
  return /^(?:curl|Wget)\//.test(message.headers['user-agent'] ?? '')
}

const sendObject = (exchange: Exchange, code: number, object: JsonObject): Promise<void> => {
  if (exchange.media.encoding === 'yaml')
    return sendText(exchange, code, 'application/yaml', stringify(object))
  const text = isPretty(exchange.message)
    ? `${JSON.stringify(object, null, 2)}\n`
    : JSON.stringify(object)
  return sendText(exchange, code, 'application/json', text)
}

const sendText = async (
  { message, response, warnings }: Exchange,
  code: number,
  type: string,
  text: string | Buffer,
): Promise<void> => {
  const headers: Record<string, string | string[] | number> = {
    'Content-Type': type,
    'Cache-Control': 'no-cache, private',
  }
  if (warnings.length > 0)
    headers['Warning'] = warnings.map(text => `299 - ${JSON.stringify(text)}`)
  if (text.length >= GZIP_FROM && acceptsGzip(message)) {
    const body = await compress(text, LEVEL)
    headers['Content-Encoding'] = 'gzip'
    headers['Vary'] = 'Accept-Encoding'
    response.writeHead(code, { ...headers, 'Content-Length': body.length })
    response.end(body)
    return
  }
  const body = typeof text === 'string' ? Buffer.from(text) : text
  response.writeHead(code, { ...headers, 'Content-Length': body.length })
  response.end(body)
}

const acceptsGzip = (message: IncomingMessage): boolean =>
  /\bgzip\b/.test(String(message.headers['accept-encoding'] ?? ''))

const sendStream = async (
  { message, response }: Exchange,
  { type, finite, run }: Reply & { kind: 'stream' },
): Promise<void> => {
  const zipped = finite && acceptsGzip(message)
  response.writeHead(200, {
    'Content-Type': type,
    'Cache-Control': 'no-cache, private',
    ...(zipped ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
  })
  if (!finite) {
    response.socket?.setNoDelay(true)
    response.flushHeaders()
  }
  if (!zipped) return run(response)
  const zip = createGzip(LEVEL)
  pipeline(zip, response, () => {})
  await run(zip)
}
