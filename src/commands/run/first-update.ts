/**
 * A source whose first whole picture is looked at before the loop starts: the node's own object in it decides how the
 * pipeline is made. The source then tells everything, the first update too.
 */
import type { ClusterEvent, Problem } from '../../objects/types.ts'
import type { Source, SourceUpdate } from '../../sources/source.ts'

export interface OpenedSource {
  /** Empty once the source has told it: a cluster that has changed altogether would else be kept as it was, too. */
  readonly first: SourceUpdate
  /** May be run once. `onUpdate` sees each update before the reader does. */
  readonly source: (onUpdate: (update: SourceUpdate) => void) => Source
}

/**
 * Waits until the picture is whole; `onWait` hears the problems that come before. undefined: the source ended, or the
 * signal aborted, before that.
 */
export const openWithFirst = async (
  source: Source,
  signal: AbortSignal,
  onWait: (problems: readonly Problem[]) => void,
): Promise<OpenedSource | undefined> => {
  const updates = source(signal)[Symbol.asyncIterator]()
  const events: ClusterEvent[] = []
  let opened = await updates.next()
  while (opened.done !== true && !opened.value.synced) {
    onWait(opened.value.problems)
    for (const event of opened.value.events) events.push(event)
    opened = await updates.next()
  }
  if (opened.done === true) return undefined
  return handingOver({ ...opened.value, events: [...events, ...opened.value.events] }, updates)
}

const NOTHING: SourceUpdate = { events: [], problems: [], synced: true }

const handingOver = (
  whole: SourceUpdate,
  updates: AsyncIterator<SourceUpdate, void>,
): OpenedSource => {
  let first = whole
  return {
    get first() {
      return first
    },
    source: onUpdate =>
      async function* () {
        let next: IteratorResult<SourceUpdate, void> = { done: false, value: first }
        first = NOTHING
        while (next.done !== true) {
          onUpdate(next.value)
          yield next.value
          next = await updates.next()
        }
      },
  }
}
