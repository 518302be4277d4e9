/**
 * kpc without a process: a command line in, its exit code and what it printed out. Time is virtual: waiting for a few
 * seconds takes none, and moves the clock for whoever waits longer.
 */
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { Io, Output } from '../../src/commands/io.ts'
import { main } from '../../src/commands/main.ts'
import type { Clock } from '../../src/ports/clock.ts'

export interface Printed {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What was run in a network namespace instead of here. */
  readonly reruns: readonly (readonly string[])[]
}

export interface Stage {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Both streams are terminals of this many columns. */
  readonly terminal?: number
  readonly io?: Partial<Io>
}

/** Waits up to this long drive the clock; longer ones are driven by it. */
const SHORT_MS = 5000

export const virtualClock = (): Clock => {
  let now = 0
  const sleepers: { readonly due: number; readonly wake: () => void }[] = []
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      const due = now + ms
      if (ms > SHORT_MS)
        return new Promise(resolve => {
          sleepers.push({ due, wake: resolve })
          signal?.addEventListener('abort', () => resolve(), { once: true })
        })
      // Whoever is woken gets to act before the next one waits.
      for (let turn = 0; turn < 5; turn++) await setImmediate()
      now = Math.max(now, due)
      for (const sleeper of sleepers) if (sleeper.due <= now) sleeper.wake()
    },
  }
}

const recorder = (terminal: number | undefined): Output & { readonly text: () => string } => {
  const written: string[] = []
  return {
    write: text => void written.push(text),
    isTerminal: terminal !== undefined,
    width: () => terminal ?? Number.POSITIVE_INFINITY,
    text: () => written.join(''),
  }
}

/** A machine without privileges, on 31 January 2026 at noon UTC, unless told otherwise. */
export const kpc = async (
  argv: readonly string[],
  { stdin = '', env = {}, terminal, io = {} }: Stage = {},
): Promise<Printed> => {
  const [stdout, stderr] = [recorder(terminal), recorder(terminal)]
  const reruns: (readonly string[])[] = []
  const code = await main(argv, {
    stdout,
    stderr,
    env,
    signal: new AbortController().signal,
    clock: virtualClock(),
    date: () => new Date('2026-01-31T12:00:00Z'),
    exec: async command => {
      throw new Error(`${command} must not be called`)
    },
    readStdin: async () => stdin,
    readFile: path => readFile(path, 'utf8'),
    writeFile: async path => {
      throw new Error(`${path} must not be written`)
    },
    hostname: () => 'test-host',
    interfaceAddresses: async () => ['127.0.0.1', '::1'],
    mayChangeRules: async () => false,
    collectGarbage: () => undefined,
    rerun: async (command, words) => {
      reruns.push([...command, ...words])
      return 0
    },
    ...io,
  })
  return { code, out: stdout.text(), err: stderr.text(), reruns }
}
