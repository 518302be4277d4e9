#!/usr/bin/env node
/**
 * The program kpc: the one file that knows this process. Gives its streams, signals and machine to main, and its
 * exit code to the process.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Io, Output } from './commands/io.ts'
import { main } from './commands/main.ts'
import { interfaceAddresses } from './netlink/addresses.ts'
import { realClock } from './ports/clock.ts'
import { realExec } from './ports/exec.ts'

const ending = new AbortController()

// Ctrl-C asks to end; who asks twice does not want to wait.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())

const outputTo = (stream: NodeJS.WriteStream): Output => {
  let open = true
  // The reader has gone (`kpc render | head`): nothing more is written, and the work ends.
  stream.on('error', error => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error
    open = false
    ending.abort()
  })
  return {
    write: words => {
      if (open) stream.write(words)
    },
    isTerminal: stream.isTTY === true,
    width: () => (stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY),
  }
}

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
    const child = spawn(command, [...args, ...self, ...argv], { stdio: 'inherit' })
    // A terminal sends Ctrl-C to the child as well; SIGTERM comes to this process alone.
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 2 : 128)))
  })

const io: Io = {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  signal: ending.signal,
  clock: realClock,
  date: () => new Date(),
  exec: realExec,
  readStdin: () => text(process.stdin),
  readFile: path => readFile(path, 'utf8'),
  writeFile,
  hostname,
  interfaceAddresses: async () => (await interfaceAddresses()).map(({ address }) => address),
  mayChangeRules,
  rerun,
}

try {
  process.exitCode = await main(process.argv.slice(2), io)
} catch (error) {
  // Exit code 1 means "differs", so even a fault of our own must not end with it.
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.stderr.write(`error: this is a fault in kpc itself\n${words}\n`)
  process.exitCode = 2
}
