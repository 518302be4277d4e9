/**
 * The compiler's own speed, without any kernel: how many service ports a second a full compile handles, and what one
 * endpoint's change costs from the raw object to the changes of the program. Usage: npm run bench -- [BACKEND]
 */
import { cpus } from 'node:os'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { backends } from '../../backends/registry.ts'
import { Pipeline } from '../agent/pipeline.ts'
import type { Backend } from '../backend.ts'
import { defaultConfig } from '../config/read.ts'
import { readObject } from '../objects/read.ts'
import type { ClusterEvent } from '../objects/types.ts'
import { MODERN_KERNEL } from '../plan/types.ts'
import type { Entry } from '../program/types.ts'
import { rawCluster, rawToggled, type Size } from './workload.ts'

const FULL: Size = { services: 100_000, endpoints: 1 }
const INCREMENTAL: Size = { services: 10_000, endpoints: 10 }
const CHANGES = 2000
const ROUNDS = 5

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const ms = (value: number): string => `${value < 1 ? value.toFixed(3) : value.toFixed(1)} ms`

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

const ascending = (values: readonly number[]): readonly number[] =>
  [...values].sort((a, b) => a - b)

const toEvent = (raw: unknown): ClusterEvent => {
  const { object, problems } = readObject(raw)
  if (!object) throw new Error(`the workload is unsound: ${JSON.stringify(problems)}`)
  return { type: 'set', object }
}

const pipelineFor = <E extends Entry>(backend: Backend<E>): Pipeline<E> =>
  new Pipeline({
    backend,
    config: { ...defaultConfig(), clusterCIDR: '10.0.0.0/8' },
    nodeName: 'node-0',
    interfaceAddresses: ['192.168.50.10', '127.0.0.1'],
    kernel: MODERN_KERNEL,
    families: ['IPv4', 'IPv6'],
    now: () => performance.now(),
  })

/** What an earlier round left behind is not this round's to clean up. */
const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

const fullCompile = <E extends Entry>(backend: Backend<E>): void => {
  const started = performance.now()
  const events = rawCluster(FULL).map(toEvent)
  say(`  objects made and read in ${ms(performance.now() - started)}`)
  const rounds: { readonly all: number; readonly compile: number }[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    collectGarbage()
    const pipeline = pipelineFor(backend)
    const before = performance.now()
    const { timing } = pipeline.apply(events)
    rounds.push({ all: performance.now() - before, compile: timing.plan + timing.compile })
    const { model, plan, compile } = timing
    say(
      `  round ${round}: model ${ms(model)}, plan ${ms(plan)}, compile and program ${ms(compile)}, ` +
        `${pipeline.program.size} entries`,
    )
  }
  const rate = (times: readonly number[]): string => {
    const sorted = ascending(times)
    const perSecond = (time: number): string =>
      Math.round((FULL.services / time) * 1000).toLocaleString('en')
    return `${perSecond(quantile(sorted, 0.5))} service ports a second median, ${perSecond(quantile(sorted, 0))} best`
  }
  say(`  events to program: ${rate(rounds.map(({ all }) => all))}`)
  say(`  model to program:  ${rate(rounds.map(({ compile }) => compile))}`)
}

const oneChange = <E extends Entry>(backend: Backend<E>): void => {
  const pipeline = pipelineFor(backend)
  pipeline.apply(rawCluster(INCREMENTAL).map(toEvent))
  const times: number[] = []
  let entries = 0
  for (let change = 0; change < CHANGES; change++) {
    const raw = rawToggled((change >> 1) % INCREMENTAL.services, INCREMENTAL, change % 2 === 0)
    const started = performance.now()
    entries += pipeline.apply([toEvent(raw)]).changes.length
    times.push(performance.now() - started)
  }
  const sorted = ascending(times)
  say(
    `  one endpoint's change (raw object to changes): median ${ms(quantile(sorted, 0.5))}, ` +
      `p99 ${ms(quantile(sorted, 0.99))}, max ${ms(quantile(sorted, 1))}, ` +
      `${(entries / CHANGES).toFixed(1)} entries changed on average, ${CHANGES} changes`,
  )
}

const main = (): void => {
  const [cpu] = cpus()
  say(`machine: ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`)
  const wanted = process.argv[2]
  for (const backend of Object.values(backends)) {
    if (wanted !== undefined && backend.name !== wanted) continue
    say(`${backend.name}, ${FULL.services} services × ${FULL.endpoints} endpoint`)
    fullCompile<Entry>(backend as unknown as Backend<Entry>)
    say(`${backend.name}, ${INCREMENTAL.services} services × ${INCREMENTAL.endpoints} endpoints`)
    oneChange<Entry>(backend as unknown as Backend<Entry>)
  }
}

main()
