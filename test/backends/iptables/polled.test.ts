/** Looking now and then, by a clock that the test moves and a tool that takes as long as the test says. */
import t from 'tap'
import { IptablesError } from '../../../backends/iptables/errors.ts'
import { polledLookout } from '../../../backends/iptables/polled.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { ExecResult } from '../../../src/ports/exec.ts'

interface MovedClock extends Clock {
  /** Moves on to when the sleeper wakes, and lets it act. Gives how long it slept. */
  readonly wake: () => Promise<number>
  readonly pass: (ms: number) => void
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

const movedClock = (): MovedClock => {
  let now = 0
  let sleeper: { readonly ms: number; readonly end: () => void } | undefined
  return {
    now: () => now,
    sleep: ms => new Promise(end => (sleeper = { ms, end })),
    pass: ms => {
      now += ms
    },
    wake: async () => {
      const { ms = 0, end } = sleeper ?? {}
      now += ms
      end?.()
      await settle()
      return ms
    },
  }
}

const THERE: ExecResult = { code: 0, stdout: '-N KUBE-PROXY-CANARY\n', stderr: '' }
const GONE: ExecResult = {
  code: 1,
  stdout: '',
  stderr: 'iptables: No chain/target/match by that name.\n',
}
const LOCKED: ExecResult = {
  code: 4,
  stdout: '',
  stderr: 'Another app is currently holding the xtables lock. Stopped waiting after 1s.\n',
}

const bench = (lastRead = { at: 0, took: 1000 }) => {
  const clock = movedClock()
  const heard: string[] = []
  const asked: string[] = []
  const state = { answers: new Map<string, ExecResult>(), takesMs: 0, fails: false }
  const lookout = polledLookout({
    io: {
      families: ['IPv4'],
      flavour: 'legacy',
      exec: async (command, args) => {
        asked.push([command, ...args].join(' '))
        clock.pass(state.takesMs)
        if (state.fails) throw new IptablesError('TOOL_MISSING', 'not there')
        return state.answers.get(args[3] ?? '') ?? THERE
      },
    },
    onDrift: what => void heard.push(what),
    clock,
    syncPeriodMs: 30_000,
    lastRead: () => lastRead,
  })
  return { clock, heard, asked, state, lookout }
}

t.test('the canaries of all three tables are looked at', async t => {
  for (const table of ['mangle', 'filter', 'nat']) {
    const { clock, heard, asked, state, lookout } = bench()
    await clock.wake()
    t.strictSame(heard, [])
    t.equal(asked.length, 3)
    t.equal(asked[0], 'iptables-legacy -w 1 -t mangle -S KUBE-PROXY-CANARY')
    state.answers.set(table, GONE)
    t.equal(await clock.wake(), 30_000)
    t.strictSame(heard, [`IPv4 ${table} KUBE-PROXY-CANARY is gone`])
    await lookout[Symbol.asyncDispose]()
    await clock.wake()
    t.equal(heard.length, 1, 'nobody looks after the end')
  }
})

t.test('a held lock, and a tool that is not there, are no sign of a flush', async t => {
  const { clock, heard, state } = bench()
  for (const table of ['mangle', 'filter', 'nat']) state.answers.set(table, LOCKED)
  await clock.wake()
  state.fails = true
  await clock.wake()
  t.strictSame(heard, [])
})

t.test('everything is compared after a hundred times what a read takes', async t => {
  const lastRead = { at: 0, took: 1000 }
  const { clock, heard } = bench(lastRead)
  for (let look = 0; look < 3; look++) await clock.wake()
  t.strictSame(heard, [], '90 s')
  await clock.wake()
  t.equal(heard.length, 1, '120 s')
  lastRead.at = clock.now()
  for (let look = 0; look < 3; look++) await clock.wake()
  t.equal(heard.length, 1, 'from the last read on')
})

t.test('looking takes a hundredth of the time at most, and not while we read or write', async t => {
  const { clock, heard, asked, state, lookout } = bench()
  state.takesMs = 200
  await clock.wake()
  t.equal(await clock.wake(), 60_000)
  state.answers.set('nat', GONE)
  const before = asked.length
  const done = Promise.withResolvers<number>()
  const writing = lookout.writing(() => done.promise)
  await clock.wake()
  t.equal(asked.length, before)
  done.resolve(1)
  await writing
  t.equal(await clock.wake(), 30_000)
  t.match(heard.at(-1), /nat KUBE-PROXY-CANARY is gone/)
})
