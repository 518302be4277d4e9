/** Answers for src/commands/run/tidy.ts: one collection for each time that a run falls quiet. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { QUIET_MS, tidier } from '../../../../src/commands/run/tidy.ts'

/** A clock that a test moves by hand. It cannot be moved past more than one wait at a time. */
const handClock = () => {
  let now = 0
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>(resolve => {
        const sleeper = { until: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => resolve())
      }),
    move: async (ms: number) => {
      now += ms
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      await setImmediate()
    },
  }
}

t.test('waits until syncs stop, and collects once', async t => {
  const clock = handClock()
  const end = new AbortController()
  let collections = 0
  const tidy = tidier({ clock, collectGarbage: () => collections++ }, end.signal)
  for (let sync = 0; sync < 5; sync++) {
    tidy()
    await clock.move(QUIET_MS - 1)
  }
  t.equal(collections, 0, 'never quiet so far')
  await clock.move(QUIET_MS)
  await clock.move(QUIET_MS)
  t.equal(collections, 1)
  await clock.move(10 * QUIET_MS)
  t.equal(collections, 1, 'nothing has happened since')
  tidy()
  await clock.move(QUIET_MS)
  t.equal(collections, 2)
  tidy()
  end.abort()
  await setImmediate()
  t.equal(collections, 2, 'who ends needs no memory')
})
