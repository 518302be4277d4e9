/**
 * A source whose first update is looked at before the loop starts: the node's own object in it decides how the
 * pipeline is made. The source then tells everything, the first update too.
 */
import type { Source, SourceUpdate } from '../../sources/source.ts'

export interface OpenedSource {
  readonly first: SourceUpdate
  /** May be run once. `onUpdate` sees each update before the reader does. */
  readonly source: (onUpdate: (update: SourceUpdate) => void) => Source
}

/** undefined: the source ended, or the signal aborted, before it told anything. */
export const openWithFirst = async (
  source: Source,
  signal: AbortSignal,
): Promise<OpenedSource | undefined> => {
  const updates = source(signal)[Symbol.asyncIterator]()
  const opened = await updates.next()
  if (opened.done === true) return undefined
  const first = opened.value
  return {
    first,
    source: onUpdate =>
      async function* () {
        let next: IteratorResult<SourceUpdate> = { done: false, value: first }
        while (next.done !== true) {
          onUpdate(next.value)
          yield next.value
          next = await updates.next()
        }
      },
  }
}
