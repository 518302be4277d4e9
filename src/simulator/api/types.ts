/** What passes between the HTTP edge and the verbs: a call that is already authenticated and allowed, and its reply. */
import type { Writable } from 'node:stream'
import type { JsonObject } from '../json.ts'
import type { World } from '../resources/types.ts'
import type { Item, Store } from '../store/types.ts'
import type { Hub } from '../watch/hub.ts'
import type { Parsed } from './body.ts'
import type { Media } from './media.ts'
import type { ResourceTarget } from './request.ts'

/** Who asks. */
export interface User {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
}

export interface Api {
  readonly store: Store
  readonly world: World
  readonly hub: Hub
  /** Ms since 1970. */
  readonly now: () => number
}

export interface Call {
  readonly target: ResourceTarget
  readonly query: URLSearchParams
  readonly media: Media
  readonly user: User
  /** The client's name from its User-Agent, up to the slash. */
  readonly agent: string
  readonly contentType: string
  /** The body as JSON or YAML, whatever its content type says. */
  readonly body: () => Promise<Parsed>
  /** The body must be of a type that holds objects. */
  readonly objectBody: () => Promise<Parsed>
  /** Adds a warning to the reply. */
  readonly warn: (text: string) => void
  /** Aborts when the client is gone or the server stops. */
  readonly signal: AbortSignal
}

export type Reply =
  | { readonly kind: 'object'; readonly code: number; readonly object: JsonObject }
  | { readonly kind: 'item'; readonly code: number; readonly item: Item }
  | {
      readonly kind: 'text'
      readonly code: number
      readonly type: string
      readonly text: string | Buffer
    }
  | {
      readonly kind: 'stream'
      readonly type: string
      /** May be compressed: it ends by itself. */
      readonly finite: boolean
      readonly run: (out: Writable) => Promise<void>
    }
