/** Time as an argument: the real clock, and a fake one that a test moves by hand. */
import { setTimeout as sleepFor } from 'node:timers/promises'

export interface Clock {
  /** Milliseconds that only ever grow; no date. */
  now(): number
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    sleepFor(ms, undefined, signal ? { signal } : {}).then(
      () => undefined,
      () => undefined,
    ),
}
