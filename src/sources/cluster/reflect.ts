/**
 * Sources: one resource of an API server, listed once and watched from there on. It never says that an object is gone
 * because a watch died: only a DELETED event or a whole new list says so.
 */
import { isMapping } from '../../objects/fields.ts'
import { type ApiClient, jsonOf, linesOf, StatusError } from './client.ts'

/** What is watched, and under which selectors (spec services-and-endpoints, section 2). */
export interface Watched {
  readonly kind: string
  readonly apiVersion: string
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** A server that does not have it, or does not show it, is taken to have none of it. */
  readonly optional: boolean
}

export type Told =
  | { readonly type: 'list'; readonly objects: readonly unknown[] }
  | { readonly type: 'set' | 'delete'; readonly object: unknown }
  | { readonly type: 'trouble'; readonly error: Error; readonly retryMs: number }

export interface Timing {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** In [0, 1). */
  readonly random: () => number
}

/** The cursor in the server's history; null: a new list is needed. */
interface Cursor {
  revision: string | null
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
const PAGE = 500
/** Without a revision to go back to, a server without the resource is asked again this often. */
const OPTIONAL_RETRY_MS = 300_000

/** Tells a resource's state and changes until the signal aborts. */
export const reflect = async (
  client: ApiClient,
  watched: Watched,
  { tell, timing, signal }: { tell: (told: Told) => void; timing: Timing; signal: AbortSignal },
): Promise<void> => {
  const cursor: Cursor = { revision: null }
  let failures = 0
  const heard = (): void => {
    failures = 0
  }
  while (!signal.aborted) {
    try {
      if (cursor.revision === null)
        cursor.revision = await listInto(tell, () => listAll(client, watched, signal))
      await watchFrom(client, watched, { cursor, tell, heard, timing, signal })
      // A server that ends watches at once must not be asked in a tight loop.
      await timing.sleep(FIRST_RETRY_MS * timing.random(), signal)
    } catch (cause) {
      if (signal.aborted) return
      const error = cause instanceof Error ? cause : new Error(String(cause))
      if (error instanceof StatusError && error.code === 410) cursor.revision = null
      const missing =
        watched.optional && error instanceof StatusError && [403, 404].includes(error.code)
      if (missing) tell({ type: 'list', objects: [] })
      const retryMs = missing ? OPTIONAL_RETRY_MS : retryAfter(failures, timing)
      const expected = error instanceof StatusError && error.code === 410 && failures === 0
      failures += 1
      if (!expected) tell({ type: 'trouble', error, retryMs })
      await timing.sleep(expected ? FIRST_RETRY_MS * timing.random() : retryMs, signal)
    }
  }
}

/** Gives the revision alone, as a function that waits keeps what it has in hand: here a watch, and a list for hours. */
const listInto = async (
  tell: (told: Told) => void,
  list: () => Promise<Listed>,
): Promise<string> => {
  const { objects, revision } = await list()
  tell({ type: 'list', objects })
  return revision
}

/** Doubles with each failure up to half a minute; the jitter keeps a cluster's nodes from coming all at once. */
const retryAfter = (failures: number, { random }: Timing): number =>
  Math.round(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + random() / 2))

const selectors = ({ labelSelector, fieldSelector }: Watched): Record<string, string> => ({
  ...(labelSelector === undefined ? {} : { labelSelector }),
  ...(fieldSelector === undefined ? {} : { fieldSelector }),
})

interface Listed {
  readonly objects: readonly unknown[]
  readonly revision: string
}

/** A whole list, in pages of one revision. A page that expires fails the list with its 410. */
const listAll = async (
  client: ApiClient,
  watched: Watched,
  signal: AbortSignal,
): Promise<Listed> => {
  const objects: unknown[] = []
  let token = ''
  for (;;) {
    const page = {
      ...selectors(watched),
      limit: String(PAGE),
      ...(token === '' ? {} : { continue: token }),
    }
    const body = await jsonOf(await client.get(watched.path, page, signal))
    if (!isMapping(body) || !isMapping(body['metadata']) || !Array.isArray(body['items'] ?? []))
      throw new Error(`the list of ${watched.kind} objects has no items`)
    const { resourceVersion, continue: next } = body['metadata']
    for (const item of (body['items'] ?? []) as readonly unknown[])
      objects.push(typed(item, watched))
    if (typeof next === 'string' && next !== '') token = next
    else if (typeof resourceVersion === 'string') return { objects, revision: resourceVersion }
    else throw new Error(`the list of ${watched.kind} objects has no resourceVersion`)
  }
}

/** Items of a list leave out what the list's own kind tells. */
const typed = (item: unknown, { kind, apiVersion }: Watched): unknown =>
  isMapping(item) ? { ...item, kind, apiVersion } : item

interface Following {
  readonly cursor: Cursor
  readonly tell: (told: Told) => void
  readonly heard: () => void
  readonly timing: Timing
  readonly signal: AbortSignal
}

/** Follows a watch until the server ends it. Rejects with a StatusError for an ERROR event. */
const watchFrom = async (
  client: ApiClient,
  watched: Watched,
  { cursor, tell, heard, timing, signal }: Following,
): Promise<void> => {
  const seconds = Math.round(300 + 300 * timing.random())
  const query = {
    ...selectors(watched),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: cursor.revision ?? '',
    timeoutSeconds: String(seconds),
  }
  // A server that is gone without a word must not be waited for longer than it may take to end the watch.
  const over = AbortSignal.any([signal, AbortSignal.timeout((seconds + 30) * 1000)])
  const stream = await client.get(watched.path, query, over)
  stream.socket.setTimeout(0)
  heard()
  for await (const line of linesOf(stream)) {
    const event: unknown = JSON.parse(line)
    if (!isMapping(event)) throw new Error('the watch sent what is no event')
    const { type, object } = event
    if (type === 'ERROR') throw statusErrorOf(object)
    if (type === 'DELETED') tell({ type: 'delete', object: typed(object, watched) })
    else if (type !== 'BOOKMARK') tell({ type: 'set', object: typed(object, watched) })
    const metadata = isMapping(object) && isMapping(object['metadata']) ? object['metadata'] : {}
    const revision = metadata['resourceVersion']
    if (typeof revision === 'string') cursor.revision = revision
  }
}

const statusErrorOf = (status: unknown): StatusError => {
  const { code, message } = isMapping(status) ? status : {}
  return new StatusError(
    typeof code === 'number' ? code : 500,
    typeof message === 'string' ? message : 'the watch ended with an error',
  )
}
