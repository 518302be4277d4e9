/** get and list: one object or a collection at a revision, in pages if the client wants them so. */
import type { Writable } from 'node:stream'
import type { JsonObject } from '../../json.ts'
import { CompactedError, type Item, type Store, textOf } from '../../store/types.ts'
import { type Form, includedOf, listType, shaped, tableOf } from '../forms.ts'
import { selectorTest } from '../selectors.ts'
import { badRequest, expired, futureRevision, notFound } from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { continueToken, type Page, readToken } from './continue.ts'
import { drained } from './drain.ts'
import { scaleOf } from './scale.ts'

export const get = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace, name, subresource } = call.target
  await atLeast(api.store, revisionOf(call.query.get('resourceVersion')))
  const item = api.store.get(resource.id, `${namespace}/${name}`)
  if (item === undefined) throw notFound(resource, name)
  if (subresource === 'scale') return { kind: 'object', code: 200, object: scaleOf(item.object) }
  if (call.media.as === '') return { kind: 'item', code: 200, item }
  return { kind: 'object', code: 200, object: shaped(item.object, formOf(api, call)) }
}

export const formOf = (api: Api, { media, target, query }: Call): Form => ({
  media,
  resource: target.resource,
  included: includedOf(query),
  get now() {
    return api.now()
  },
})

/** A revision parameter; null where it is absent. Throws a 400 for what is no revision. */
export const revisionOf = (text: string | null): number | null => {
  if (text === null || text === '') return null
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: resource version is not a number`)
  return Number(text)
}

const WAIT_MS = 3000

/** Waits until the store has reached a revision. Throws a 504 when it does not within three seconds. */
export const atLeast = async (store: Store, revision: number | null): Promise<void> => {
  if (revision === null || revision <= store.revision()) return
  await new Promise<void>(resolve => {
    const stop = store.subscribe(() => {
      if (store.revision() >= revision) done()
    })
    const timer = setTimeout(() => done(), WAIT_MS)
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
  })
  if (revision > store.revision()) throw futureRevision(revision, store.revision())
}

export const list = async (api: Api, call: Call): Promise<Reply> => {
  const page = await pageOf(api.store, call)
  const { items, next, remaining } = select(api.store, call, page)
  const metadata: JsonObject = {
    resourceVersion: String(page.revision),
    ...(next === '' ? {} : { continue: next }),
    ...(remaining > 0 ? { remainingItemCount: remaining } : {}),
  }
  const form = formOf(api, call)
  if (call.media.as === 'Table') {
    const objects = items.map(({ object }) => object)
    return { kind: 'object', code: 200, object: tableOf(objects, form, metadata) }
  }
  return {
    kind: 'stream',
    type: 'application/json',
    finite: true,
    run: out => writeList(out, { items, form, metadata }),
  }
}

const pageOf = async (store: Store, { query }: Call): Promise<Page> => {
  const limit = limitOf(query.get('limit'))
  const token = query.get('continue') ?? ''
  const asked = revisionOf(query.get('resourceVersion'))
  const match = query.get('resourceVersionMatch') ?? ''
  if (match !== '' && asked === null)
    throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
    throw badRequest(
      `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    )
  if (match === 'Exact' && asked === 0)
    throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')
  if (token !== '') {
    if (match !== '')
      throw badRequest('resourceVersionMatch is forbidden when continue is provided')
    if (asked !== null && asked !== 0)
      throw badRequest('specifying resource version is not allowed when using continue')
    const { revision, after } = readToken(token)
    return { limit, after, revision: revision ?? store.revision() }
  }
  await atLeast(store, asked)
  const exact = match === 'Exact' || (match === '' && limit > 0 && asked !== null && asked > 0)
  return { limit, after: '', revision: exact && asked !== null ? asked : store.revision() }
}

const limitOf = (text: string | null): number => {
  if (text === null || text === '') return 0
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`limit: Invalid value: ${JSON.stringify(text)}`)
  return Number(text)
}

interface Selected {
  readonly items: readonly Item[]
  readonly next: string
  readonly remaining: number
}

const select = (store: Store, { target, query }: Call, page: Page): Selected => {
  const { resource, namespace, name } = target
  const test = selectorTest(query, resource)
  const all = listOrExpire(store, {
    resource: resource.id,
    namespace,
    after: page.after,
    revision: page.revision,
  })
  const named = name === '' ? all : all.filter(({ key }) => key === `${namespace}/${name}`)
  if (test === null && (page.limit === 0 || named.length <= page.limit))
    return { items: named, next: '', remaining: 0 }
  const items: Item[] = []
  for (const [index, item] of named.entries()) {
    if (test !== null && !test(item.object)) continue
    if (page.limit > 0 && items.length === page.limit) {
      const last = items.at(-1)?.key ?? ''
      const remaining = test === null ? named.length - index : 0
      return { items, next: continueToken(page.revision, last), remaining }
    }
    items.push(item)
  }
  return { items, next: '', remaining: 0 }
}

/** Lists, and turns a revision that is compacted into the 410 that tells clients to start over. */
export const listOrExpire = (
  store: Store,
  range: Parameters<Store['list']>[0],
): readonly Item[] => {
  try {
    return store.list(range)
  } catch (cause) {
    if (!(cause instanceof CompactedError)) throw cause
    const again = range.after === '' ? '' : continueToken(null, range.after)
    throw Object.assign(expired(again === '' ? cause.message : CONTINUE_EXPIRED, again), { cause })
  }
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

const CHUNK = 64 * 1024

const writeList = async (
  out: Writable,
  { items, form, metadata }: { items: readonly Item[]; form: Form; metadata: JsonObject },
): Promise<void> => {
  const type = listType(form)
  let text = `${JSON.stringify({ ...type, metadata }).slice(0, -1)},"items":[`
  let first = true
  for (const item of items) {
    if (!first) text += ','
    first = false
    text += form.media.as === '' ? textOf(item) : JSON.stringify(shaped(item.object, form))
    if (text.length < CHUNK) continue
    if (!out.write(text)) await drained(out)
    if (out.destroyed) return
    text = ''
  }
  out.end(`${text}]}\n`)
}
