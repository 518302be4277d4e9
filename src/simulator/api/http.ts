/**
 * The HTTP server: sockets in, requests out to their handler. Slow and broken clients cost a timer each and nobody else
 * anything.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Pair } from '../auth/certificates.ts'
import { ApiError, statusOf } from './status.ts'

export interface Listening {
  readonly port: number
  /** Ends all connections and frees the port. */
  close(): Promise<void>
}

export interface ListenOptions {
  readonly bind: string
  /** 0 picks a free one. */
  readonly port: number
  /** null: plain HTTP. */
  readonly tls: { readonly server: Pair; readonly authority: string } | null
  readonly limits: Limits
}

export interface Limits {
  /** Ms for a client to send its headers, or to finish a TLS handshake. */
  readonly headersMs: number
  /** Ms for a client to send a whole request. */
  readonly requestMs: number
}

export const DEFAULT_LIMITS: Limits = { headersMs: 10_000, requestMs: 60_000 }

type Handler = (message: IncomingMessage, response: ServerResponse) => void

export const listen = async (options: ListenOptions, handler: Handler): Promise<Listening> => {
  const server = serverOf(options, handler)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('clientError', refuseClient)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, host: options.bind, backlog: 1024 }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

const serverOf = ({ tls, limits }: ListenOptions, handler: Handler): Server => {
  const timeouts = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: 90_000,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    maxHeaderSize: 64 * 1024,
    noDelay: true,
  }
  if (tls === null) return createServer(timeouts, handler)
  return createTlsServer(
    {
      ...timeouts,
      key: tls.server.key,
      cert: tls.server.certificate,
      ca: tls.authority,
      // A certificate is an offer, not a duty: tokens and nobody in particular are let in too, and told apart later.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.headersMs,
      minVersion: 'TLSv1.2',
    },
    handler,
  )
}

const REFUSALS: Readonly<Record<string, ApiError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError(408, 'Timeout', 'the request was not received in time'),
  HPE_HEADER_OVERFLOW: new ApiError(
    431,
    'RequestHeaderFieldsTooLarge',
    'the request headers are too large',
  ),
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** What is no HTTP, or comes too slowly, is answered once and cut off. */
const refuseClient = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal =
    REFUSALS[error.code ?? ''] ?? new ApiError(400, 'BadRequest', 'malformed HTTP request')
  const body = JSON.stringify(statusOf(refusal))
  socket.end(
    `HTTP/1.1 ${refusal.code} ${REASONS[refusal.code]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
