/** What looks out for other people's changes, in either way, and what it is told of our own doings. Types only. */
import type { Clock } from '../../src/ports/clock.ts'

export interface Lookout extends AsyncDisposable {
  /** Does what reads everything: what happened before is no news then. */
  reading<T>(work: () => Promise<T>): Promise<T>
  /** Does what writes, and gives the number of commits that it made. */
  writing(work: () => Promise<number>): Promise<void>
}

/** The last time that everything was read: its end and how long it took, in milliseconds of `clock`. */
export interface LastRead {
  readonly at: number
  readonly took: number
}

export interface LookoutOptions {
  readonly onDrift: (what: string) => void
  readonly clock: Clock
  readonly syncPeriodMs: number
  readonly lastRead: () => LastRead
}

/** What is looked at of its own accord takes one part in so many of the time. */
export const REST = 100
