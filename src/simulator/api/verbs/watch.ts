/**
 * watch: a stream of events from a revision, or from the present state; with sendInitialEvents a list and a watch in
 * one (KEP-3157). Events are one JSON object a line.
 */
import type { Writable } from 'node:stream'
import { type JsonObject, mapAt } from '../../json.ts'
import { groupVersion } from '../../resources/types.ts'
import { type Item, textOf } from '../../store/types.ts'
import { interestOf } from '../../watch/interest.ts'
import { type Form, shaped } from '../forms.ts'
import { isTrue } from '../request.ts'
import { selectorTest, type Test } from '../selectors.ts'
import { ApiError, badRequest, expired, statusOf } from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { drained } from './drain.ts'
import { atLeast, formOf, listOrExpire, revisionOf } from './read.ts'

interface Plan {
  readonly form: Form
  readonly test: Test | null
  readonly namespace: string
  /** The watcher's name of what it watches and how: equal names share bytes. */
  readonly channel: string
  readonly interest: string
  /** null: begin with the present state. */
  readonly from: number | null
  readonly markEnd: boolean
  readonly bookmarks: boolean
  readonly timeoutMs: number
}

const BOOKMARK_MS = 60_000
const MIN_TIMEOUT_MS = 1_800_000

export const watch = async (api: Api, call: Call): Promise<Reply> => {
  const plan = planOf(api, call)
  const asked = revisionOf(call.query.get('resourceVersion'))
  if (plan.from === null) await atLeast(api.store, asked)
  return {
    kind: 'stream',
    type: 'application/json',
    finite: false,
    run: out => run(api, call.signal, plan, out),
  }
}

const planOf = (api: Api, call: Call): Plan => {
  const { query, target } = call
  const asked = revisionOf(query.get('resourceVersion'))
  const match = query.get('resourceVersionMatch') ?? ''
  const initial = query.get('sendInitialEvents')
  checkOptions(initial, match)
  const seconds = secondsOf(query.get('timeoutSeconds'))
  const timeoutMs = seconds > 0 ? seconds * 1000 : MIN_TIMEOUT_MS * (1 + api.world.random())
  const resume = asked !== null && asked > 0 && initial !== 'true'
  const bookmarks = isTrue(query.get('allowWatchBookmarks'))
  return {
    form: formOf(api, call),
    test: namedTest(call),
    namespace: target.namespace,
    channel: channelOf(call),
    interest: interestOf(target.resource.id, target.name, query.get('fieldSelector')),
    from: resume || initial === 'false' ? (asked ?? api.store.revision()) : null,
    markEnd: initial === 'true' && bookmarks,
    bookmarks,
    timeoutMs: Math.min(timeoutMs, 2 ** 31 - 1),
  }
}

const secondsOf = (text: string | null): number => {
  if (text !== null && !/^-?\d{1,18}$/.test(text))
    throw badRequest(`timeoutSeconds: Invalid value: ${JSON.stringify(text)}`)
  return Number(text ?? '0')
}

const checkOptions = (initial: string | null, match: string): void => {
  const refuse = (text: string): never => {
    throw new ApiError(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${text}`)
  }
  if (initial === null && match !== '')
    refuse(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    )
  if (initial !== null && match !== 'NotOlderThan')
    refuse(
      `resourceVersionMatch: ${match === '' ? 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan' : `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`}`,
    )
}

const namedTest = ({ target: { resource, name }, query }: Call): Test | null => {
  const test = selectorTest(query, resource)
  if (name === '') return test
  return object => mapAt(object, 'metadata')['name'] === name && (test === null || test(object))
}

const channelOf = ({ target: { resource, namespace, name }, query, media }: Call): string =>
  JSON.stringify([
    resource.id,
    namespace,
    name,
    query.get('labelSelector'),
    query.get('fieldSelector'),
    query.get('includeObject'),
    media,
  ])

const run = async (api: Api, signal: AbortSignal, plan: Plan, out: Writable): Promise<void> => {
  const from = plan.from ?? (await writeInitial(api, plan, out))
  if (out.destroyed || signal.aborted) return
  await new Promise<void>(resolve => {
    const watcher = api.hub.add({
      channel: plan.channel,
      interest: plan.interest,
      encode: item => encode(plan, item),
      from,
      out,
      onExpired: revision =>
        queueMicrotask(() => {
          const error = expired(
            `too old resource version: ${revision} (${api.store.compacted() + 1})`,
          )
          out.write(eventText('ERROR', JSON.stringify(statusOf(error))))
          stop()
        }),
    })
    const bookmark = (): void => {
      if (plan.bookmarks && !out.writableNeedDrain) out.write(bookmarkText(plan, watcher.cursor()))
    }
    const bookmarks = setInterval(bookmark, BOOKMARK_MS)
    const timeout = setTimeout(() => {
      bookmark()
      stop()
    }, plan.timeoutMs)
    const stop = (): void => {
      clearInterval(bookmarks)
      clearTimeout(timeout)
      queueMicrotask(() => watcher.stop())
      out.off('close', stop)
      signal.removeEventListener('abort', stop)
      out.end()
      resolve()
    }
    out.on('close', stop)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
}

const CHUNK = 64 * 1024

/** Writes the present state as ADDED events. Gives the revision that it is the state of. */
const writeInitial = async (api: Api, plan: Plan, out: Writable): Promise<number> => {
  const revision = api.store.revision()
  const { resource } = plan.form
  const range = { resource: resource.id, namespace: plan.namespace, after: '', revision }
  let text = ''
  for (const item of listOrExpire(api.store, range)) {
    if (plan.test !== null && !plan.test(item.object)) continue
    text += eventText('ADDED', objectText(plan.form, item))
    if (text.length < CHUNK) continue
    if (!out.write(text)) await drained(out)
    if (out.destroyed) return revision
    text = ''
  }
  if (plan.markEnd) text += bookmarkText(plan, revision, { 'k8s.io/initial-events-end': 'true' })
  if (text !== '' && !out.write(text)) await drained(out)
  return revision
}

/** What an event of the log is to this watcher: a change may bring an object into its sight, or out of it. */
const encode = ({ form, namespace, test }: Plan, item: Item): string => {
  if (item.resource !== form.resource.id) return ''
  if (namespace !== '' && item.namespace !== namespace) return ''
  const before = item.previous !== null && !item.previous.deleted ? item.previous : null
  const saw = before !== null && (test === null || test(before.object))
  const sees = !item.deleted && (test === null || test(item.object))
  if (sees) return eventText(saw ? 'MODIFIED' : 'ADDED', objectText(form, item))
  if (!saw) return ''
  return eventText('DELETED', item.deleted ? objectText(form, item) : goneText(form, before, item))
}

/** An object that left the watcher's sight is shown as it last was, with the revision of its leaving. */
const goneText = (form: Form, before: Item, item: Item): string => {
  const metadata = { ...mapAt(before.object, 'metadata'), resourceVersion: String(item.revision) }
  return JSON.stringify(shaped({ ...before.object, metadata }, form, false))
}

const objectText = (form: Form, item: Item): string =>
  form.media.as === '' ? textOf(item) : JSON.stringify(shaped(item.object, form, true))

const eventText = (type: string, object: string): string =>
  `{"type":"${type}","object":${object}}\n`

const bookmarkText = ({ form }: Plan, revision: number, annotations?: JsonObject): string => {
  const { resource } = form
  const object: JsonObject = {
    kind: resource.kind,
    apiVersion: groupVersion(resource),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    },
  }
  if (form.media.as === 'Table') {
    const table = { kind: 'Table', apiVersion: `meta.k8s.io/${form.media.version}` }
    return eventText(
      'BOOKMARK',
      JSON.stringify({ ...object, ...table, columnDefinitions: [], rows: [] }),
    )
  }
  if (form.media.as !== '')
    Object.assign(object, {
      kind: 'PartialObjectMetadata',
      apiVersion: `meta.k8s.io/${form.media.version}`,
    })
  return eventText('BOOKMARK', JSON.stringify(object))
}
