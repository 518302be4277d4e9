/**
 * What the whole process of `kpc run` takes in nftables mode, from a file, in a network namespace of its own: resident
 * memory when the rules are in step, and once the run is quiet, some seconds later. Needs root.
 * Usage: node src/bench/memory.ts [SERVICESxENDPOINTS …]
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { rawCluster, type Size } from './workload.ts'

const NAMESPACE = `kpc-memory-${process.pid}`
const CLI = join(import.meta.dirname, '../cli.ts')
/** As in package.json and the Dockerfile. */
const FLAGS = ['--max-semi-space-size=8']
/** A run that nothing happens to collects its garbage after 10 to 20 s. */
const SETTLED_MS = 22_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const FORMATS: Readonly<Record<string, (objects: readonly unknown[]) => string>> = {
  json: items => JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  yaml: objects => objects.map(object => `---\n${stringify(object)}`).join(''),
}

/** Megabytes, by their name in /proc/PID/status. */
const memoryOf = async (pid: number | undefined, name: string): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
  return Math.round(Number(kilobytes) / 1000)
}

const measure = async (file: string, format: string): Promise<void> => {
  const started = performance.now()
  const run = [process.execPath, ...FLAGS, CLI, 'run', '-f', file, '--hostname-override', 'node-0']
  const child = spawn('ip', ['netns', 'exec', NAMESPACE, ...run], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    const lines = createInterface(child.stderr)
    for await (const line of lines) if (line.includes('"message":"synced"')) break
    const time = performance.now() - started
    const inStep = await memoryOf(child.pid, 'VmRSS')
    await sleep(SETTLED_MS)
    const [quiet, peak] = [await memoryOf(child.pid, 'VmRSS'), await memoryOf(child.pid, 'VmHWM')]
    say(
      `  ${format}: in step after ${seconds(time)} at ${inStep} MB, quiet ${quiet} MB, peak ${peak} MB`,
    )
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

const ip = (...args: readonly string[]): void => {
  const { status, stderr } = spawnSync('ip', [...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

const sizeOf = (text: string): Size => {
  const [services = 0, endpoints = 0] = text.split('x').map(Number)
  return { services, endpoints }
}

const sizes = process.argv.length > 2 ? process.argv.slice(2) : ['5000x50']
const folder = await mkdtemp(join(tmpdir(), 'kpc-memory-'))
say(`Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`)
for (const size of sizes.map(sizeOf)) {
  say(`${size.services} services × ${size.endpoints} endpoints`)
  for (const [format, print] of Object.entries(FORMATS)) {
    const file = join(folder, `cluster.${format}`)
    await writeFile(file, print(rawCluster(size)))
    ip('netns', 'add', NAMESPACE)
    try {
      ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up')
      ip('-n', NAMESPACE, 'address', 'add', '192.168.50.10/32', 'dev', 'lo')
      await measure(file, format)
    } finally {
      ip('netns', 'del', NAMESPACE)
    }
  }
}
await rm(folder, { recursive: true })
