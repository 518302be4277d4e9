/**
 * The loop: keeps one kernel equal to what a source of cluster objects tells. One change alone is written at once;
 * changes that arrive while the kernel is busy go out together. After a failure the kernel's state counts as unknown:
 * the next attempt reads it and writes the difference. Nothing is written before the source has told everything that
 * was there at the start.
 */
import type { Backend, Kernel } from '../backend.ts'
import type { Problem } from '../objects/types.ts'
import type { Clock } from '../ports/clock.ts'
import { diff } from '../program/program.ts'
import type { Change, Entry } from '../program/types.ts'
import type { Source, SourceUpdate } from '../sources/source.ts'
import { backoffMs } from './backoff.ts'
import { Inbox } from './inbox.ts'
import type { Pipeline, PortUpdate, Timing } from './pipeline.ts'

export interface LoopOptions<E extends Entry> {
  readonly source: Source
  readonly pipeline: Pipeline<E>
  readonly backend: Pick<Backend<E>, 'equal'>
  readonly kernel: Kernel<E>
  readonly clock: Clock
  /** Ends the loop after the write that is under way. What is in the kernel stays. */
  readonly signal: AbortSignal
  /** Return after the first sync, whether it succeeds or not. */
  readonly once: boolean
  readonly onSync: (report: SyncReport<E>) => void
  readonly onProblems: (problems: readonly Problem[]) => void
}

interface SyncWork<E extends Entry> {
  /** The kernel was read and compared: the first sync, or the one after a failure. */
  readonly full: boolean
  readonly ports: readonly PortUpdate<E>[]
  readonly timing: Timing & { readonly apply: number }
}

export type SyncReport<E extends Entry> =
  | (SyncWork<E> & { readonly outcome: 'synced'; readonly changes: readonly Change<E>[] })
  | (SyncWork<E> & {
      readonly outcome: 'failed'
      readonly error: unknown
      /** Failures in a row, this one included. */
      readonly failures: number
      readonly retryInMs: number
    })

/** How the loop ended: `synced` and `changed` tell of the last sync; without any sync both are false. */
export interface LoopResult {
  readonly synced: boolean
  readonly changed: boolean
}

interface Pending<E extends Entry> {
  readonly changes: readonly Change<E>[]
  readonly ports: readonly PortUpdate<E>[]
  readonly timing: Timing
}

const IDLE: Timing = { model: 0, plan: 0, compile: 0 }

/** Runs until the source ends, `signal` aborts or, with `once`, the first sync is over. */
export const runLoop = async <E extends Entry>(options: LoopOptions<E>): Promise<LoopResult> => {
  const { source, clock, signal, once } = options
  const stop = new AbortController()
  const inbox = new Inbox(source(AbortSignal.any([signal, stop.signal])))
  const writer = new Writer(options)
  const aborted = new Promise<void>(resolve => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let synced = false
  try {
    while (!signal.aborted) {
      const retryInMs = writer.retryInMs
      const wait = retryInMs === undefined ? aborted : clock.sleep(retryInMs, signal)
      const taken = await inbox.take(wait)
      if (taken.kind === 'ended' && retryInMs === undefined) break
      if (taken.kind === 'ended') await wait
      if (signal.aborted) break
      if (taken.kind === 'items') synced = writer.fold(taken.items) || synced
      if (synced) await writer.sync()
      if (synced && once) break
    }
  } finally {
    stop.abort()
  }
  return writer.result
}

/** Owns what the loop knows about the kernel. */
class Writer<E extends Entry> {
  readonly #options: LoopOptions<E>
  #pending: readonly Pending<E>[] = []
  /** The kernel holds the program, but for the pending changes. */
  #inStep = false
  #failures = 0
  result: LoopResult = { synced: false, changed: false }

  constructor(options: LoopOptions<E>) {
    this.#options = options
  }

  get retryInMs(): number | undefined {
    return this.#failures > 0 ? backoffMs(this.#failures) : undefined
  }

  /** Takes events into the pipeline. Says whether the picture is whole now. */
  fold(updates: readonly SourceUpdate[]): boolean {
    const { pipeline, onProblems } = this.#options
    const update = pipeline.apply(updates.flatMap(({ events }) => events))
    const problems = [...updates.flatMap(source => source.problems), ...update.problems]
    if (problems.length > 0) onProblems(problems)
    this.#pending = [...this.#pending, update]
    return updates.some(source => source.synced)
  }

  /** One attempt to bring the kernel in step. */
  async sync(): Promise<void> {
    const { clock, kernel, onSync } = this.#options
    const full = !this.#inStep
    const ports = this.#pending.flatMap(update => update.ports)
    const timing = total(this.#pending.map(update => update.timing))
    const started = clock.now()
    try {
      const changes = await this.#changes()
      if (changes.length > 0) await kernel.apply(changes)
      this.#settle(true, changes.length > 0)
      if (full || changes.length > 0)
        onSync({ outcome: 'synced', full, ports, changes, timing: this.#timed(timing, started) })
    } catch (error) {
      this.#settle(false, false)
      onSync({
        outcome: 'failed',
        full,
        ports,
        error,
        failures: this.#failures,
        retryInMs: backoffMs(this.#failures),
        timing: this.#timed(timing, started),
      })
    }
  }

  async #changes(): Promise<readonly Change<E>[]> {
    const { backend, kernel, pipeline } = this.#options
    if (!this.#inStep) return diff(await kernel.read(), pipeline.program, backend.equal)
    return this.#pending.flatMap(update => update.changes)
  }

  #settle(synced: boolean, changed: boolean): void {
    this.#pending = []
    this.#inStep = synced
    this.#failures = synced ? 0 : this.#failures + 1
    this.result = { synced, changed }
  }

  #timed(timing: Timing, started: number): SyncWork<E>['timing'] {
    return { ...timing, apply: this.#options.clock.now() - started }
  }
}

const total = (timings: readonly Timing[]): Timing =>
  timings.reduce(
    (sum, timing) => ({
      model: sum.model + timing.model,
      plan: sum.plan + timing.plan,
      compile: sum.compile + timing.compile,
    }),
    IDLE,
  )
