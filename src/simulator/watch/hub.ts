/**
 * Hands events to watchers. A watcher is a place in the store's log, not a queue: one that reads slowly costs nothing
 * but its lag, and is told 410 when the log no longer reaches back to it. Watchers that want the same things in the
 * same form share a channel, and each stretch of events is written out once for all of them.
 */
import type { Writable } from 'node:stream'
import type { Item, Store } from '../store/types.ts'
import { concerns } from './interest.ts'

/** How one stretch of the log reads to a watcher; empty text where it saw nothing of it. */
export type Encode = (item: Item) => string

export interface Watch {
  /** Watchers with equal keys see the same bytes. */
  readonly channel: string
  /** Only versions that concern it are encoded (interest.ts). */
  readonly interest: string
  readonly encode: Encode
  /** Events up to this revision are known to the watcher. */
  readonly from: number
  readonly out: Writable
  /** The log no longer reaches back to where the watcher is. */
  readonly onExpired: (revision: number) => void
}

export interface Watcher {
  /** Events up to this revision were written. */
  cursor(): number
  stop(): void
}

export interface Hub {
  add(watch: Watch): Watcher
  /** How many watchers there are now. */
  size(): number
  close(): void
}

interface Place {
  readonly watch: Watch
  cursor: number
  /** full: waits for the stream to drain. over: was told that the log does not reach back to it. */
  state: 'open' | 'full' | 'over'
}

interface Channel {
  readonly places: Set<Place>
  readonly interest: string
  readonly encode: Encode
  /** The stretch written out last. */
  from: number
  to: number
  chunk: Buffer | null
}

/** Revisions written out at a time, so that no chunk grows with a watcher's lag. */
const STRETCH = 512

/** The versions of one stretch by what they concern; most watchers are at the same place in the log. */
interface Sorted {
  readonly from: number
  readonly to: number
  readonly byInterest: ReadonlyMap<string, readonly Item[]>
}

interface Log {
  readonly store: Store
  sorted: Sorted
}

export const createHub = (store: Store): Hub => {
  const channels = new Map<string, Channel>()
  const log: Log = { store, sorted: { from: -1, to: -1, byInterest: new Map() } }
  let due = false
  let size = 0
  const pump = (): void => {
    due = false
    for (const channel of channels.values())
      for (const place of channel.places) advance(log, channel, place)
  }
  const stop = store.subscribe(() => {
    if (due) return
    due = true
    setImmediate(pump)
  })
  return {
    add: watch => {
      const channel = channels.get(watch.channel) ?? emptyChannel(watch)
      channels.set(watch.channel, channel)
      const place: Place = { watch, cursor: watch.from, state: 'open' }
      channel.places.add(place)
      size += 1
      const drained = (): void => {
        if (place.state === 'full') place.state = 'open'
        advance(log, channel, place)
      }
      watch.out.on('drain', drained)
      advance(log, channel, place)
      return {
        cursor: () => place.cursor,
        stop: () => {
          watch.out.off('drain', drained)
          if (channel.places.delete(place)) size -= 1
          if (channel.places.size === 0 && channels.get(watch.channel) === channel)
            channels.delete(watch.channel)
        },
      }
    },
    size: () => size,
    close: stop,
  }
}

const emptyChannel = ({ encode, interest }: Watch): Channel => ({
  places: new Set(),
  interest,
  encode,
  from: -1,
  to: -1,
  chunk: null,
})

const advance = (log: Log, channel: Channel, place: Place): void => {
  const { store } = log
  const newest = store.revision()
  while (place.state === 'open' && place.cursor < newest) {
    if (place.cursor < store.compacted()) {
      place.state = 'over'
      place.watch.onExpired(place.cursor)
      return
    }
    const to = Math.min(newest, place.cursor + STRETCH)
    const chunk = chunkOf(log, channel, place.cursor, to)
    place.cursor = to
    if (chunk !== null && !place.watch.out.write(chunk)) place.state = 'full'
  }
}

const chunkOf = (log: Log, channel: Channel, from: number, to: number): Buffer | null => {
  if (channel.from === from && channel.to === to) return channel.chunk
  let text = ''
  for (const item of sortedBetween(log, from, to).get(channel.interest) ?? [])
    text += channel.encode(item)
  channel.from = from
  channel.to = to
  channel.chunk = text === '' ? null : Buffer.from(text)
  return channel.chunk
}

const sortedBetween = (log: Log, from: number, to: number): Sorted['byInterest'] => {
  if (log.sorted.from === from && log.sorted.to === to) return log.sorted.byInterest
  const byInterest = new Map<string, Item[]>()
  for (let revision = from + 1; revision <= to; revision++) {
    const item = log.store.event(revision)
    if (item === undefined) continue
    for (const interest of concerns(item)) {
      const known = byInterest.get(interest)
      if (known === undefined) byInterest.set(interest, [item])
      else known.push(item)
    }
  }
  log.sorted = { from, to, byInterest }
  return byInterest
}
