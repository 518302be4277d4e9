/**
 * Calls for a garbage collection whenever a run falls quiet. What a first picture or a large change leaves behind is as
 * much as what is kept, and V8 keeps a heap that large for as long as nothing more is asked of it.
 */
import type { Io } from '../io.ts'

/** After so long without a sync nothing holds on to the last one, and nobody is likely to wait for the next. */
export const QUIET_MS = 10_000

/** Gives what is to be called after each sync, until the signal aborts. */
export const tidier = (
  { clock, collectGarbage }: Pick<Io, 'clock' | 'collectGarbage'>,
  signal: AbortSignal,
): (() => void) => {
  let isWaiting = false
  let isQuiet = true
  const wait = async (): Promise<void> => {
    isWaiting = true
    while (!isQuiet && !signal.aborted) {
      isQuiet = true
      await clock.sleep(QUIET_MS, signal)
    }
    isWaiting = false
    if (!signal.aborted) collectGarbage()
  }
  return () => {
    isQuiet = false
    if (!isWaiting) void wait()
  }
}
