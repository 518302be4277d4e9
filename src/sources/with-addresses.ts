/**
 * A source that also tells when the node's interface addresses change: node ports are served on those of them that
 * fall in a configured range (spec services-and-endpoints, section 9). They are listed at an interval, so that a new
 * address counts without waiting for an event of the cluster.
 */
import type { Clock } from '../ports/clock.ts'
import type { Source, SourceUpdate } from './source.ts'

export interface AddressListing {
  readonly list: () => Promise<readonly string[]>
  readonly everyMs: number
  readonly clock: Pick<Clock, 'sleep'>
}

/** Ends with `source`. A listing that fails is left out; the next one counts. */
export const withAddresses = (source: Source, listing: AddressListing): Source =>
  async function* (signal) {
    const over = new AbortController()
    const ending = AbortSignal.any([signal, over.signal])
    const main = source(signal)[Symbol.asyncIterator]()
    const addresses = changes(listing, ending)[Symbol.asyncIterator]()
    let [update, moved] = [main.next(), addresses.next()]
    try {
      while (true) {
        const first = await Promise.race([
          update.then(result => ({ from: 'source' as const, result })),
          moved.then(result => ({ from: 'addresses' as const, result })),
        ])
        if (first.result.done) break
        yield first.result.value
        if (first.from === 'source') update = main.next()
        else moved = addresses.next()
      }
    } finally {
      over.abort()
      await main.return?.()
    }
  }

const changes = async function* (
  { list, everyMs, clock }: AddressListing,
  signal: AbortSignal,
): AsyncGenerator<SourceUpdate> {
  let known: string | undefined
  while (!signal.aborted) {
    const interfaceAddresses = await list().catch(() => undefined)
    const text = interfaceAddresses?.join(' ')
    if (interfaceAddresses && known !== undefined && text !== known)
      yield { events: [], problems: [], synced: false, interfaceAddresses }
    known = text ?? known
    await clock.sleep(everyMs, signal)
  }
  // The source alone decides when it is over.
  await new Promise(() => undefined)
}
