#!/usr/bin/env -S node --max-semi-space-size=8
/**
 * The program kpc: the one file that knows this process. Gives its streams, signals and machine to main, and its
 * exit code to the process.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { constants, hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Io, Output } from './commands/io.ts'
import { main } from './commands/main.ts'
import { interfaceAddresses } from './netlink/addresses.ts'
import { realClock } from './ports/clock.ts'
import { realExec } from './ports/exec.ts'
import { garbageCollector } from './ports/garbage.ts'

const ending = new AbortController()
let asked: NodeJS.Signals | undefined

const end = (signal: NodeJS.Signals): void => {
  asked ??= signal
  ending.abort()
}

// Ctrl-C asks to end; who asks twice does not want to wait. A terminal that closes may say so twice and means it once.
process.once('SIGINT', end)
process.once('SIGTERM', end)
process.on('SIGHUP', end)

// Whoever started this process over a channel (see rerun) has closed it, or is no more.
process.on('disconnect', () => ending.abort())
if (process.connected === false) ending.abort()
process.channel?.unref()

const outputTo = (stream: NodeJS.WriteStream, onFault: (error: Error) => void): Output => {
  let open = true
  stream.on('error', error => {
    // The reader has gone (`kpc render | head`): nothing more is written, and the work ends.
    if ('code' in error && error.code === 'EPIPE') {
      open = false
      ending.abort()
      return
    }
    process.exitCode = 2
    onFault(error)
  })
  return {
    write: words => {
      if (open) stream.write(words)
    },
    isTerminal: stream.isTTY === true,
    width: () => (stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY),
  }
}

// A log that cannot be written does not end the work that it tells of: a disk that is full may have room again.
const stderr = outputTo(process.stderr, () => undefined)

let resultsLost = false
const stdout = outputTo(process.stdout, ({ message }) => {
  if (!resultsLost) stderr.write(`error: standard output: ${message}\n`)
  resultsLost = true
  ending.abort()
})

// linux/capability.h
const CAP_NET_ADMIN = 12n

const mayChangeRules = async (): Promise<boolean> => {
  const status = await readFile('/proc/self/status', 'utf8')
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? []
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n
}

const rerun: Io['rerun'] = ([command = '', ...args], argv) =>
  new Promise((resolve, reject) => {
    const self = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)]
    // The channel survives `ip netns exec`. Its end reaches the child however this process ends, and says no more to a
    // child that Ctrl-C on the terminal has reached as well.
    const child = spawn(command, [...args, ...self, ...argv], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    const letEnd = (): void => {
      if (child.connected) child.disconnect()
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill('SIGKILL'))
    }
    if (ending.signal.aborted) letEnd()
    else ending.signal.addEventListener('abort', letEnd, { once: true })
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })

let readsStdin = false
const readStdin = (): Promise<string> => {
  readsStdin = true
  return text(process.stdin)
}

const io: Io = {
  stdout,
  stderr,
  env: process.env,
  signal: ending.signal,
  clock: realClock,
  date: () => new Date(),
  exec: realExec,
  readStdin,
  readFile: path => readFile(path, 'utf8'),
  writeFile,
  hostname,
  interfaceAddresses: async () => (await interfaceAddresses()).map(({ address }) => address),
  mayChangeRules,
  collectGarbage: garbageCollector(),
  rerun,
}

// What was given up may still need a moment to notice.
const LINGERING_MS = 1000

const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise(resolve => {
    stream.write('', () => resolve())
  })

/**
 * A read that the kernel blocks (of a named pipe, say) cannot be called off and outlives even process.exit; the signal
 * itself ends it. Does nothing where nothing else keeps the process.
 */
const leave = async (): Promise<void> => {
  await Promise.all([written(process.stdout), written(process.stderr)])
  const signal = asked ?? 'SIGTERM'
  setTimeout(() => {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }, LINGERING_MS).unref()
}

try {
  const code = await main(process.argv.slice(2), io)
  // A stream that failed has set it already.
  process.exitCode ??= code
} catch (error) {
  // Exit code 1 means "differs", so even a fault of our own must not end with it.
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.stderr.write(`error: this is a fault in kpc itself\n${words}\n`)
  process.exitCode = 2
}
// Input that is still to come, and that nobody waits for any more, would keep this process.
if (readsStdin) process.stdin.destroy()
if (ending.signal.aborted) await leave()
