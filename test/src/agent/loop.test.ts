import t from 'tap'
import { type LoopOptions, runLoop, type SyncReport } from '../../../src/agent/loop.ts'
import { Pipeline } from '../../../src/agent/pipeline.ts'
import type { Kernel } from '../../../src/backend.ts'
import { defaultConfig } from '../../../src/config/read.ts'
import { fakeKernel } from '../../../src/kernel/fake.ts'
import { faulty } from '../../../src/kernel/faulty.ts'
import { readObject } from '../../../src/objects/read.ts'
import type { ClusterEvent } from '../../../src/objects/types.ts'
import { MODERN_KERNEL } from '../../../src/plan/types.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Source, SourceUpdate } from '../../../src/sources/source.ts'
import { type Line, toy } from '../../support/toy-backend.ts'

const service = (name: string, clusterIP: string): ClusterEvent => {
  const { object } = readObject({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
  })
  if (!object) throw new Error('the test object is unsound')
  return { type: 'set', object }
}

const told = (events: readonly ClusterEvent[], synced = true): SourceUpdate => ({
  events,
  problems: [],
  synced,
})

const sourceOf = (...updates: readonly SourceUpdate[]): Source =>
  async function* () {
    for (const update of updates) {
      yield update
      await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    }
  }

/** Sleeps by yielding once, and notes for how long it was asked to. */
const hurriedClock = (): Clock & { readonly slept: readonly number[] } => {
  const slept: number[] = []
  return {
    slept,
    now: () => 0,
    sleep: async ms => {
      slept.push(ms)
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

interface RunOptions {
  readonly once?: boolean
  readonly afterSync?: LoopOptions<Line>['afterSync']
}

const run = async (kernel: Kernel<Line>, source: Source, options: RunOptions = {}) => {
  const reports: SyncReport<Line>[] = []
  const clock = hurriedClock()
  const pipeline = new Pipeline({
    backend: toy,
    config: defaultConfig(),
    nodeName: 'node-a',
    interfaceAddresses: [],
    kernel: MODERN_KERNEL,
    families: ['IPv4'],
  })
  const result = await runLoop({
    source,
    pipeline,
    backend: toy,
    kernel,
    clock,
    signal: new AbortController().signal,
    once: options.once ?? false,
    onSync: report => reports.push(report),
    onProblems: () => undefined,
    ...(options.afterSync && { afterSync: options.afterSync }),
  })
  return { reports, result, pipeline, slept: clock.slept }
}

const keys = async (kernel: Kernel<Line>): Promise<readonly string[]> =>
  [...(await kernel.read()).keys()].sort()

const A = 'IPv4 10.96.0.1 80 TCP'
const B = 'IPv4 10.96.0.2 80 TCP'

t.test('nothing is written before the source has told all', async t => {
  const kernel = fakeKernel<Line>()
  const { reports } = await run(kernel, sourceOf(told([service('a', '10.96.0.1')], false)))
  t.strictSame(reports, [])
  t.equal((await kernel.read()).size, 0)
})

t.test('the first sync compares with the kernel, the next ones write their changes', async t => {
  const stale: Line = { kind: 'line', key: 'IPv4 10.96.0.99 80 TCP', text: 'reject' }
  const kernel = fakeKernel([stale])
  const { reports, result } = await run(
    kernel,
    sourceOf(told([service('a', '10.96.0.1')]), told([service('b', '10.96.0.2')])),
  )
  t.strictSame(await keys(kernel), [A, B, 'node'])
  t.match(reports, [
    { outcome: 'synced', full: true, changes: { length: 3 } },
    { outcome: 'synced', full: false, changes: [{ op: 'add', entry: { key: B } }] },
  ])
  t.strictSame(result, { synced: true, changed: true })
})

t.test('an event that changes nothing writes nothing', async t => {
  const same = told([service('a', '10.96.0.1')])
  const { reports } = await run(fakeKernel<Line>(), sourceOf(same, same, same))
  t.equal(reports.length, 1)
})

t.test('once: the first sync ends it', async t => {
  const kernel = fakeKernel<Line>()
  const forever: Source = async function* (signal) {
    yield told([service('a', '10.96.0.1')])
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  }
  const { result } = await run(kernel, forever, { once: true })
  t.strictSame(result, { synced: true, changed: true })
  const again = await run(kernel, forever, { once: true })
  t.strictSame(again.result, { synced: true, changed: false })
})

t.test('after a failure the kernel is read, and the wait grows', async t => {
  const kernel = fakeKernel<Line>()
  let refusals = 3
  const failing: Kernel<Line> = {
    ...kernel,
    apply: async changes => {
      if (refusals-- > 0) throw new Error('busy')
      await kernel.apply(changes)
    },
  }
  const { reports, result, slept } = await run(failing, sourceOf(told([service('a', '10.96.0.1')])))
  t.strictSame(
    reports.map(({ outcome, full }) => `${outcome} ${full}`),
    ['failed true', 'failed true', 'failed true', 'synced true'],
  )
  t.ok(slept.includes(1000) && slept.includes(2000) && slept.includes(4000))
  t.strictSame(result, { synced: true, changed: true })
  t.strictSame(await keys(kernel), [A, 'node'])
})

t.test('a refused service port keeps what it had, and the others go in at once', async t => {
  const kernel = fakeKernel<Line>()
  const picky: Kernel<Line> = {
    ...kernel,
    apply: async changes => {
      const refused = changes.flatMap(change =>
        change.op !== 'remove' && change.entry.key === B ? [B] : [],
      )
      if (refused.length > 0) throw Object.assign(new Error('not B'), { refused })
      await kernel.apply(changes)
    },
  }
  const both = told([service('a', '10.96.0.1'), service('b', '10.96.0.2')])
  const { reports, result, slept } = await run(picky, sourceOf(both))
  t.match(reports, [
    { outcome: 'failed', withheld: ['IPv4 shop/b TCP'], retryInMs: 0 },
    { outcome: 'synced' },
  ])
  t.strictSame(await keys(kernel), [A, 'node'])
  t.strictSame(result, { synced: true, changed: true })
  t.notOk(
    slept.some(ms => ms > 0),
    'nobody waits for a refused service port',
  )
})

t.test('law: any faulty kernel ends up equal to the program', async t => {
  for (let seed = 0; seed < 50; seed++) {
    const kernel = fakeKernel<Line>()
    const updates = Array.from({ length: 10 }, (_, index) =>
      told([service(`s${index % 4}`, `10.96.0.${1 + ((index * seed) % 7)}`)]),
    )
    const broken = faulty(kernel, { seed, refused: 0.3, lostAnswer: 0.3, read: 0.2 })
    const { pipeline, result } = await run(broken, sourceOf(...updates))
    t.ok(result.synced)
    t.strictSame(await keys(kernel), [...pipeline.program.values()].map(({ key }) => key).sort())
  }
})

t.test('a kernel that would rather take the whole program is given it', async t => {
  const kernel = fakeKernel<Line>()
  const sizes: number[] = []
  const whole: Kernel<Line> = {
    ...kernel,
    read: async () => {
      throw new Error('it is not read')
    },
    renew: async program => {
      sizes.push(program.size)
      await kernel.apply([...program.values()].map(entry => ({ op: 'add', entry })))
      return true
    },
  }
  const first = told([service('a', '10.96.0.1')])
  const { reports } = await run(whole, sourceOf(first, told([service('b', '10.96.0.2')])))
  t.match(reports, [
    { outcome: 'synced', full: true, renewed: true, changes: { length: 0 } },
    { outcome: 'synced', full: false, renewed: false, changes: { length: 1 } },
  ])
  t.strictSame(sizes, [2])
  const unwilling: Kernel<Line> = { ...fakeKernel<Line>(), renew: async () => false }
  const compared = await run(unwilling, sourceOf(first))
  t.match(compared.reports, [{ full: true, renewed: false, changes: { length: 2 } }])
})

t.test('what somebody else did to the kernel is mended at once', async t => {
  const kernel = fakeKernel<Line>()
  let disturb: ((what: string) => void) | undefined
  const watched: Kernel<Line> = {
    ...kernel,
    watch: async onDrift => {
      disturb = onDrift
    },
  }
  const source: Source = async function* () {
    yield told([service('a', '10.96.0.1')])
    while (!disturb) await new Promise(resolve => setImmediate(resolve))
    const held = await kernel.read()
    await kernel.apply([...held.values()].map(was => ({ op: 'remove', was })))
    disturb('nft (pid 7) changed it')
    while ((await kernel.read()).size === 0) await new Promise(resolve => setImmediate(resolve))
  }
  const { reports } = await run(watched, source)
  t.strictSame(await keys(kernel), [A, 'node'])
  t.match(reports, [
    { outcome: 'synced', full: true, drift: undefined },
    { outcome: 'synced', full: true, drift: 'nft (pid 7) changed it', changes: { length: 2 } },
  ])
})

t.test('an alarm about what is as it was is no sync to tell of', async t => {
  const kernel = fakeKernel<Line>()
  let disturb: ((what: string) => void) | undefined
  let reads = 0
  const watched: Kernel<Line> = {
    ...kernel,
    read: async () => {
      reads++
      return kernel.read()
    },
    watch: async onDrift => {
      disturb = onDrift
    },
  }
  const source: Source = async function* () {
    yield told([service('a', '10.96.0.1')])
    while (!disturb) await new Promise(resolve => setImmediate(resolve))
    disturb('iptables (pid 7) changed it')
    while (reads < 2) await new Promise(resolve => setImmediate(resolve))
    yield told([service('b', '10.96.0.2')])
  }
  const { reports } = await run(watched, source)
  t.match(reports, [
    { full: true, drift: undefined },
    { full: false, drift: undefined, changes: [{ op: 'add', entry: { key: B } }] },
  ])
  t.equal(reports.length, 2)
})

t.test('a failure tells what a read has shown, and of a retry only where there is one', async t => {
  const kernel = fakeKernel<Line>()
  const locked: Kernel<Line> = {
    ...kernel,
    apply: async () => {
      throw new Error('locked')
    },
  }
  const first = sourceOf(told([service('a', '10.96.0.1')]))
  const { reports, result } = await run(locked, first, { once: true })
  t.match(reports, [{ outcome: 'failed', retryInMs: null, differences: 2, failures: 1 }])
  t.equal(result.synced, false)
  let refusals = 1
  const unread: Kernel<Line> = {
    ...kernel,
    read: async () => {
      if (refusals-- > 0) throw new Error('unreadable')
      return kernel.read()
    },
  }
  const again = await run(unread, first)
  t.match(again.reports, [
    { outcome: 'failed', retryInMs: 1000, differences: null },
    { outcome: 'synced' },
  ])
})

t.test('what else is to be done hears of every service port, once it is in', async t => {
  const heard: string[][] = []
  const kernel = fakeKernel<Line>()
  await run(
    kernel,
    sourceOf(told([service('a', '10.96.0.1')]), told([service('b', '10.96.0.2')])),
    {
      afterSync: async ports => {
        heard.push(ports.map(({ key }) => key))
        t.ok((await kernel.read()).has(A))
      },
    },
  )
  t.strictSame(heard, [['IPv4 shop/a TCP'], ['IPv4 shop/b TCP']])
})

t.test('new interface addresses are new facts, without an event of the cluster', async t => {
  const kernel = fakeKernel<Line>()
  const addresses = ['10.9.0.1']
  const { pipeline } = await run(
    kernel,
    sourceOf(told([service('a', '10.96.0.1')]), {
      events: [],
      problems: [],
      synced: false,
      interfaceAddresses: addresses,
    }),
  )
  t.strictSame(pipeline.facts.interfaceAddresses.IPv4, addresses)
})
