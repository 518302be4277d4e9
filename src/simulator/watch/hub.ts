/**
 * Hands events to watchers. A watcher is a place in the store's log, not a queue: one that reads slowly costs nothing
 * but its lag, and is told 410 when the log no longer reaches back to it. Watchers that want the same things in the
 * same form share a channel, and each stretch of events is written out once for all of them.
 */
import type { Writable } from 'node:stream'
import type { Item, Store } from '../store/types.ts'

/** How one stretch of the log reads to a watcher; empty text where it saw nothing of it. */
export type Encode = (item: Item) => string

export interface Watch {
  /** Watchers with equal keys see the same bytes. */
  readonly channel: string
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
  readonly encode: Encode
  /** The stretch written out last. */
  from: number
  to: number
  chunk: Buffer | null
}

/** Revisions written out at a time, so that no chunk grows with a watcher's lag. */
const STRETCH = 512

export const createHub = (store: Store): Hub => {
  const channels = new Map<string, Channel>()
  let due = false
  let size = 0
  const pump = (): void => {
    due = false
    for (const channel of channels.values())
      for (const place of channel.places) advance(store, channel, place)
  }
  const stop = store.subscribe(() => {
    if (due) return
    due = true
    setImmediate(pump)
  })
  return {
    add: watch => {
      const channel = channels.get(watch.channel) ?? emptyChannel(watch.encode)
      channels.set(watch.channel, channel)
      const place: Place = { watch, cursor: watch.from, state: 'open' }
      channel.places.add(place)
      size += 1
      const drained = (): void => {
        if (place.state === 'full') place.state = 'open'
        advance(store, channel, place)
      }
      watch.out.on('drain', drained)
      advance(store, channel, place)
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

const emptyChannel = (encode: Encode): Channel => ({
  places: new Set(),
  encode,
  from: -1,
  to: -1,
  chunk: null,
})

const advance = (store: Store, channel: Channel, place: Place): void => {
  const newest = store.revision()
  while (place.state === 'open' && place.cursor < newest) {
    if (place.cursor < store.compacted()) {
      place.state = 'over'
      place.watch.onExpired(place.cursor)
      return
    }
    const to = Math.min(newest, place.cursor + STRETCH)
    const chunk = chunkOf(store, channel, place.cursor, to)
    place.cursor = to
    if (chunk !== null && !place.watch.out.write(chunk)) place.state = 'full'
  }
}

const chunkOf = (store: Store, channel: Channel, from: number, to: number): Buffer | null => {
  if (channel.from === from && channel.to === to) return channel.chunk
  let text = ''
  for (let revision = from + 1; revision <= to; revision++) {
    const item = store.event(revision)
    if (item !== undefined) text += channel.encode(item)
  }
  channel.from = from
  channel.to = to
  channel.chunk = text === '' ? null : Buffer.from(text)
  return channel.chunk
}
