/**
 * The loop: keeps one kernel equal to what a source of cluster objects tells. One change alone is written at once;
 * changes that arrive while the kernel is busy go out together. After a failure the kernel's state counts as unknown:
 * the next attempt reads it and writes the difference. Nothing is written before the source has told everything that
 * was there at the start.
 */
import type { Backend, Kernel, Refusal } from '../backend.ts'
import type { PortKey } from '../model/types.ts'
import type { Problem } from '../objects/types.ts'
import type { NodeFacts } from '../plan/types.ts'
import type { Clock } from '../ports/clock.ts'
import { diff } from '../program/program.ts'
import { squash } from '../program/squash.ts'
import type { Change, Entry } from '../program/types.ts'
import type { Source, SourceUpdate } from '../sources/source.ts'
import { backoffMs } from './backoff.ts'
import { Inbox } from './inbox.ts'
import type { Pipeline, PortUpdate, Timing, Update } from './pipeline.ts'

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
  /** What else has to be done once the kernel holds a change. Must not reject: trouble there is no reason to sync again. */
  readonly afterSync?: (ports: readonly PortUpdate<E>[], facts: NodeFacts) => Promise<void>
  readonly onProblems: (problems: readonly Problem[]) => void
}

interface SyncWork<E extends Entry> {
  /** The kernel was read and compared, or renewed: the first sync, or the one after a failure. */
  readonly full: boolean
  /** Somebody else changed what is ours, in the kernel's words; undefined: nobody did. */
  readonly drift: string | undefined
  readonly ports: readonly PortUpdate<E>[]
  readonly timing: Timing & { readonly apply: number }
}

export type SyncReport<E extends Entry> =
  | (SyncWork<E> & {
      readonly outcome: 'synced'
      /** The whole program was put in the place of what was there; there are no changes to tell then. */
      readonly renewed: boolean
      readonly changes: readonly Change<E>[]
    })
  | (SyncWork<E> & {
      readonly outcome: 'failed'
      readonly error: unknown
      /** Service ports that the kernel would not take; the next attempt leaves them as they were. */
      readonly withheld: readonly PortKey[]
      /** Failures in a row, this one included. */
      readonly failures: number
      /** null: with `once` nobody tries again. */
      readonly retryInMs: number | null
      /** In how many entries the kernel, as it was just read, differs from the program; null: it was not read. */
      readonly differences: number | null
    })

/** How the loop ended: `synced` and `changed` tell of the last sync; without any sync both are false. */
export interface LoopResult {
  readonly synced: boolean
  readonly changed: boolean
}

const IDLE: Timing = { model: 0, plan: 0, compile: 0 }

/** Runs until the source ends, `signal` aborts or, with `once`, the first sync is over. */
export const runLoop = async <E extends Entry>(options: LoopOptions<E>): Promise<LoopResult> => {
  const { source, clock, signal, once } = options
  const stop = new AbortController()
  const inbox = new Inbox(source(AbortSignal.any([signal, stop.signal])))
  const writer = new Writer(options, () => inbox.nudge())
  signal.addEventListener('abort', () => inbox.nudge(), { once: true })
  let synced = false
  try {
    while (!signal.aborted) {
      const retryInMs = writer.retryInMs
      const wait = retryInMs === undefined ? undefined : clock.sleep(retryInMs, signal)
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
  /** Brings the loop round, so that it syncs. */
  readonly #nudge: () => void
  /** What became of service ports since the last success, seen from there. */
  readonly #ports = new Map<PortKey, PortUpdate<E>>()
  /** What the kernel lacks, as long as it is in step otherwise. */
  #changes: readonly Change<E>[] = []
  #timing = IDLE
  /** The kernel holds the program, but for these changes. Otherwise it has to be read. */
  #inStep = false
  #failures = 0
  #isWatching = false
  #hasAdopted = false
  /** What somebody else did to the kernel since it was last brought in step. */
  #drift: string | undefined
  result: LoopResult = { synced: false, changed: false }

  constructor(options: LoopOptions<E>, nudge: () => void) {
    this.#options = options
    this.#nudge = nudge
  }

  get retryInMs(): number | undefined {
    return this.#failures > 0 ? backoffMs(this.#failures) : undefined
  }

  /** Takes events into the pipeline. Says whether the picture is whole now. */
  fold(updates: readonly SourceUpdate[]): boolean {
    const { pipeline, onProblems } = this.#options
    const problems = updates.flatMap(source => source.problems)
    if (problems.length > 0) onProblems(problems)
    this.#take(pipeline.apply(updates.flatMap(({ events }) => events)))
    const moved = updates.findLast(({ interfaceAddresses }) => interfaceAddresses)
    if (moved?.interfaceAddresses)
      this.#take(pipeline.setInterfaceAddresses(moved.interfaceAddresses))
    return updates.some(source => source.synced)
  }

  #take(update: Update<E>): void {
    const { backend, onProblems } = this.#options
    if (update.problems.length > 0) onProblems(update.problems)
    for (const port of update.ports) {
      const first = this.#ports.get(port.key)
      const { before, previous } = first ?? port
      this.#ports.set(port.key, { ...port, before, previous })
    }
    if (this.#inStep)
      this.#changes =
        this.#changes.length === 0
          ? update.changes
          : squash([...this.#changes, ...update.changes], backend.equal)
    this.#timing = sum(this.#timing, update.timing)
  }

  /** Brings the kernel in step. Where it refuses certain service ports, the rest goes in without them. */
  async sync(): Promise<void> {
    while ((await this.#attempt()) === 'without-withheld');
  }

  async #attempt(): Promise<'over' | 'without-withheld'> {
    const { clock, kernel, onSync, once, pipeline } = this.#options
    const started = clock.now()
    const drift = this.#drift
    this.#drift = undefined
    const wasInStep = this.#inStep
    let differences: number | null = null
    if (drift !== undefined) this.#inStep = false
    const work = (): SyncWork<E> => ({
      full: !this.#inStep,
      drift,
      ports: [...this.#ports.values()],
      timing: { ...this.#timing, apply: clock.now() - started },
    })
    try {
      const renewed = !this.#inStep && (await kernel.renew?.(pipeline.program)) === true
      const changes = renewed ? [] : this.#inStep ? this.#changes : await this.#difference()
      if (!this.#inStep && !renewed) differences = changes.length
      if (changes.length > 0) await kernel.apply(changes)
      // That somebody else did something which left ours as it was is no news.
      if (!wasInStep || renewed || changes.length > 0)
        onSync({ ...work(), outcome: 'synced', renewed, changes })
      const ports = [...this.#ports.values()]
      this.#succeed(renewed || changes.length > 0)
      await this.#options.afterSync?.(ports, pipeline.facts)
      await this.#watch()
      return 'over'
    } catch (error) {
      const withheld = this.#withhold(error)
      const failures = ++this.#failures
      const retryInMs = withheld.length > 0 ? 0 : once ? null : backoffMs(failures)
      onSync({ ...work(), outcome: 'failed', error, withheld, failures, retryInMs, differences })
      this.#fail()
      return withheld.length > 0 ? 'without-withheld' : 'over'
    }
  }

  async #difference(): Promise<readonly Change<E>[]> {
    const { backend, kernel, pipeline } = this.#options
    const have = await kernel.read()
    if (!this.#hasAdopted) pipeline.adopt(have)
    this.#hasAdopted = true
    return diff(have, pipeline.program, backend.equal)
  }

  #withhold(error: unknown): readonly PortKey[] {
    const before = new Map([...this.#ports.values()].map(({ key, previous }) => [key, previous]))
    return this.#options.pipeline.withhold(refusedBy(error), before)
  }

  /** From the first success on: a cold load would only hear itself. */
  async #watch(): Promise<void> {
    if (this.#isWatching || this.#options.once) return
    await this.#options.kernel.watch?.(what => {
      this.#drift ??= what
      this.#nudge()
    })
    this.#isWatching = true
  }

  #succeed(changed: boolean): void {
    this.#ports.clear()
    this.#changes = []
    this.#timing = IDLE
    this.#inStep = true
    this.#failures = 0
    this.result = { synced: true, changed }
  }

  #fail(): void {
    this.#changes = []
    this.#inStep = false
    this.result = { synced: false, changed: false }
  }
}

const refusedBy = (error: unknown): Refusal['refused'] =>
  error instanceof Error && 'refused' in error && Array.isArray(error.refused) ? error.refused : []

const sum = (a: Timing, b: Timing): Timing => ({
  model: a.model + b.model,
  plan: a.plan + b.plan,
  compile: a.compile + b.compile,
})
