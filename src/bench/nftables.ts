/**
 * The nftables backend on this machine's kernel, in a network namespace of its own: a cold start, one endpoint's change
 * from event to acknowledgement, a restart by the second table, memory, and connections a second through the first,
 * the middle and the last service. Needs root. Usage: node src/bench/nftables.ts [SERVICESxENDPOINTS …]
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect as dial } from 'node:net'
import { cpus, loadavg } from 'node:os'
import process from 'node:process'
import { nftables } from '../../backends/nftables/backend.ts'
import type { NftEntry } from '../../backends/nftables/entries.ts'
import type { NftablesKernel } from '../../backends/nftables/kernel.ts'
import { openKernel } from '../../backends/nftables/open.ts'
import { Pipeline } from '../agent/pipeline.ts'
import { defaultConfig } from '../config/read.ts'
import { readObject } from '../objects/read.ts'
import type { ClusterEvent } from '../objects/types.ts'
import { MODERN_KERNEL } from '../plan/types.ts'
import { realExec } from '../ports/exec.ts'
import { rawCluster, rawToggled, type Size } from './workload.ts'

const NAMESPACE = `kpc-bench-${process.pid}`
const CHANGES = 1000
/** Where the endpoints of the workload are, so that they answer. */
const ENDPOINT_RANGE = '10.0.0.0/8'
const ENDPOINT_PORT = 8080
const ROUNDS = 40
const CONNECTIONS_PER_ROUND = 100
const RATE_ROUNDS = 30
const RATE_CONNECTIONS = 500

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`
const rss = (): string => `${Math.round(process.memoryUsage().rss / 1e6)} MB resident`

const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const timed = async <T>(work: () => Promise<T> | T): Promise<readonly [T, number]> => {
  const started = performance.now()
  const result = await work()
  return [result, performance.now() - started]
}

const toEvent = (raw: unknown): ClusterEvent => {
  const { object, problems } = readObject(raw)
  if (!object) throw new Error(`the workload is unsound: ${JSON.stringify(problems)}`)
  return { type: 'set', object }
}

const newPipeline = (): Pipeline<NftEntry> =>
  new Pipeline({
    backend: nftables,
    config: { ...defaultConfig(), clusterCIDR: ENDPOINT_RANGE },
    nodeName: 'node-0',
    interfaceAddresses: ['192.168.50.10'],
    kernel: MODERN_KERNEL,
    families: ['IPv4'],
  })

const kinds = (pipeline: Pipeline<NftEntry>): string => {
  const counts: Record<string, number> = {}
  for (const { kind } of pipeline.program.values()) counts[kind] = (counts[kind] ?? 0) + 1
  return `${counts['chain']} chains, ${counts['endpoint'] ?? 0} endpoints, ${pipeline.program.size} entries`
}

const measureChanges = async (
  pipeline: Pipeline<NftEntry>,
  kernel: NftablesKernel,
  size: Size,
): Promise<void> => {
  const times: number[] = []
  let entries = 0
  for (let at = 0; at < CHANGES; at++) {
    const raw = rawToggled((at >> 1) % size.services, size, at % 2 === 0)
    const [changed, time] = await timed(async () => {
      const { changes } = pipeline.apply([toEvent(raw)])
      await kernel.apply(changes)
      return changes.length
    })
    entries += changed
    times.push(time)
  }
  say(
    `  one endpoint, event to acknowledgement: median ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}, ` +
      `max ${ms(quantile(times, 1))}; ${(entries / CHANGES).toFixed(1)} entries each, ${CHANGES} changes, ${rss()}`,
  )
}

/** Microseconds for a connection that is made and reset. */
const connectOnce = (address: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = performance.now()
    const socket = dial(port, address)
    socket.on('error', reject)
    socket.on('connect', () => {
      resolve((performance.now() - started) * 1000)
      socket.resetAndDestroy()
    })
  })

type Targets = Readonly<Record<string, readonly [string, number]>>

const DIRECT: readonly [string, number] = ['10.0.0.1', ENDPOINT_PORT]

const throughServices = ({ services }: Size): Targets => {
  const virtual = (index: number): readonly [string, number] => [
    `172.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    80,
  ]
  return {
    [WITHOUT]: DIRECT,
    'to no service': DIRECT,
    first: virtual(1),
    middle: virtual(services >> 1),
    last: virtual(services),
  }
}

/**
 * Connections a second, one after the other: client and server share a thread, and with several at once the server's
 * queue runs over, after which a client waits a second.
 */
const rateOf = async ([address, port]: readonly [string, number]): Promise<number> => {
  const [, time] = await timed(async () => {
    for (let at = 0; at < RATE_CONNECTIONS; at++) await connectOnce(address, port)
  })
  return (RATE_CONNECTIONS / time) * 1000
}

/** A table that sleeps has no hooks: as if there were none, on a node that tracks connections all the same. */
const WITHOUT = 'table asleep'
const sleepTable = (asleep: boolean): void => {
  const flags = asleep ? '{ flags dormant; }' : '{ }'
  const { status, stderr } = spawnSync('nft', [`add table ip kpc ${flags}`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`nft: ${stderr}`)
}

const measureRates = async (targets: Targets): Promise<void> => {
  const rates = new Map(Object.keys(targets).map(name => [name, [] as number[]]))
  // The first connections of a process are slower.
  for (const target of Object.values(targets)) await rateOf(target)
  for (let round = 0; round < RATE_ROUNDS; round++)
    for (const [name, target] of Object.entries(targets)) {
      if (name === WITHOUT) sleepTable(true)
      rates.get(name)?.push(await rateOf(target))
      if (name === WITHOUT) sleepTable(false)
    }
  const shown = [...rates].map(([name, all]) => `${name} ${Math.round(quantile(all, 0.5))}`)
  say(`  connections a second, median of ${RATE_ROUNDS} rounds: ${shown.join(', ')}`)
}

/** Each target in turn, again and again, so that what else the machine does meets all of them alike. */
const measureConnections = async (targets: Targets): Promise<void> => {
  const server = createServer(socket => socket.on('error', () => undefined))
  server.listen(ENDPOINT_PORT)
  await once(server, 'listening')
  await measureRates(targets)
  const times = new Map(Object.keys(targets).map(name => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, [address, port]] of Object.entries(targets)) {
      if (name === WITHOUT) sleepTable(true)
      for (let at = 0; at < CONNECTIONS_PER_ROUND; at++)
        times.get(name)?.push(await connectOnce(address, port))
      if (name === WITHOUT) sleepTable(false)
    }
  const shown = [...times].map(([name, all]) => `${name} ${quantile(all, 0.5).toFixed(0)}`)
  say(`  a connection, median µs: ${shown.join(', ')}`)
  server.close()
}

const measure = async (size: Size): Promise<void> => {
  say(`${size.services} services × ${size.endpoints} endpoints`)
  const pipeline = newPipeline()
  const [, built] = await timed(() => {
    pipeline.apply(rawCluster(size).map(toEvent))
  })
  await using kernel = await openKernel({ exec: realExec, families: ['IPv4'] })
  const [, cold] = await timed(() => kernel.renew(pipeline.program))
  say(`  raw objects to program ${ms(built)}; ${kinds(pipeline)}`)
  say(`  cold start, program to last acknowledgement: ${ms(cold)}, ${rss()}`)
  await measureChanges(pipeline, kernel, size)
  await measureConnections(throughServices(size))
  const [, renewed] = await timed(() => kernel.renew(pipeline.program))
  say(`  restart by a second table and one swap: ${ms(renewed)}`)
}

const ip = (...args: readonly string[]): void => {
  const { status, stderr } = spawnSync('ip', [...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

/** Measures in a fresh namespace, in which every endpoint of the workload is this machine. */
const outside = (size: string): void => {
  ip('netns', 'add', NAMESPACE)
  try {
    ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up')
    ip('-n', NAMESPACE, 'address', 'add', '192.168.50.10/32', 'dev', 'lo')
    ip('-n', NAMESPACE, 'route', 'add', 'local', ENDPOINT_RANGE, 'dev', 'lo')
    ip('-n', NAMESPACE, 'route', 'add', 'default', 'dev', 'lo')
    const again = [process.execPath, import.meta.filename, '--inside', size]
    spawnSync('ip', ['netns', 'exec', NAMESPACE, ...again], { stdio: 'inherit' })
  } finally {
    ip('netns', 'del', NAMESPACE)
  }
}

const [mode, ...rest] = process.argv.slice(2)
if (mode === '--inside') {
  const [services = 0, endpoints = 0] = (rest[0] ?? '').split('x').map(Number)
  await measure({ services, endpoints })
} else {
  const [cpu] = cpus()
  const load = loadavg()[0]?.toFixed(1)
  say(
    `machine: ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, load ${load}`,
  )
  for (const size of mode === undefined ? ['5000x50', '44000x1'] : [mode, ...rest]) outside(size)
}
