/**
 * Looks whether the rules are still there where the kernel tells nobody of changes: iptables-legacy. The canaries of
 * all three tables are looked at every sync period (spec iptables, section 9, where it is one table), and from time to
 * time somebody has to read and compare everything. Either takes a hundredth of the time at most.
 */
import type { BackendIo } from '../../src/backend.ts'
import { TABLES } from './entries.ts'
import { type Lookout, type LookoutOptions, REST } from './lookout.ts'
import { CANARY } from './names.ts'
import { chainState } from './tools.ts'

export interface PolledOptions extends LookoutOptions {
  readonly io: BackendIo
}

/** Looks until disposed of. */
export const polledLookout = (options: PolledOptions): Lookout => {
  const ended = new AbortController()
  let busy = 0
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    busy++
    try {
      return await work()
    } finally {
      busy--
    }
  }
  void keepLooking(options, ended.signal, () => busy > 0)
  return {
    reading: during,
    writing: async work => void (await during(work)),
    [Symbol.asyncDispose]: async () => ended.abort(),
  }
}

const keepLooking = async (
  options: PolledOptions,
  signal: AbortSignal,
  isBusy: () => boolean,
): Promise<void> => {
  const { clock, syncPeriodMs, lastRead, onDrift } = options
  let restMs = syncPeriodMs
  while (!signal.aborted) {
    await clock.sleep(restMs, signal)
    if (signal.aborted) return
    restMs = syncPeriodMs
    if (isBusy()) continue
    const started = clock.now()
    const gone = await missingCanary(options.io, signal)
    if (signal.aborted) return
    restMs = Math.max(syncPeriodMs, REST * (clock.now() - started))
    const { at, took } = lastRead()
    if (gone !== undefined) onDrift(`${gone} is gone`)
    else if (clock.now() - at >= REST * took) onDrift('somebody changed it since it was last read')
  }
}

/** Where a canary is missing for certain. What cannot be found out, as while the lock is held, is no sign of it. */
const missingCanary = async (io: BackendIo, signal: AbortSignal): Promise<string | undefined> => {
  for (const family of io.families)
    for (const table of TABLES) {
      if (signal.aborted) return undefined
      const state = await chainState(io, { family, table, chain: CANARY })
      if (state === 'gone') return `${family} ${table} ${CANARY}`
    }
  return undefined
}
