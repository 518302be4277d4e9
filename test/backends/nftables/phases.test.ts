import fc from 'fast-check'
import t from 'tap'
import { base } from '../../../backends/nftables/base.ts'
import { compile } from '../../../backends/nftables/compile.ts'
import type { NftEntry } from '../../../backends/nftables/entries.ts'
import { equal } from '../../../backends/nftables/equal.ts'
import { inPhases, type Operation } from '../../../backends/nftables/phases.ts'
import { lines } from '../../../backends/nftables/render.ts'
import { tracer } from '../../../backends/nftables/trace.ts'
import { transactions } from '../../../backends/nftables/transactions.ts'
import { batchSize } from '../../../src/netlink/batch.ts'
import type { PlanEndpoint, PortPlan } from '../../../src/plan/types.ts'
import { diff, Program } from '../../../src/program/program.ts'
import type { Change } from '../../../src/program/types.ts'
import { endpoint, endpoints, facts, plan } from './support/plans.ts'

const NODE = facts({ families: ['IPv4'] })
const ENCODING = { tableOf: () => 'kpc', tableFlags: 0, chunk: 120_000 }

const shown = ({ op, entry }: Operation): string => `${op} ${lines(entry)[0]}`

const programOf = (...plans: readonly PortPlan[]): Program<NftEntry> => {
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(NODE))
  for (const made of plans) program.replace(made.key, compile(made, NODE))
  return program
}

t.test('what is pointed at comes before what points at it, and goes after', async t => {
  const before = programOf(plan({ cluster: endpoints(2), affinitySeconds: 30 }))
  const after = programOf(plan({ cluster: endpoints(3), affinitySeconds: 30 }))
  const there = inPhases(diff(before, after, equal)).map(unit => unit.map(shown).join(', '))
  t.strictSame(there, [
    'make-chain chain pick-3 {',
    'make-chain chain sticky-3 {',
    'fill-chain chain pick-3 {',
    'fill-chain chain sticky-3 {',
    'add endpoints { 10.96.0.10 . tcp . 80 . 2 : 10.244.0.2 . 8080 }',
    'add live { 10.96.0.10 . tcp . 80 . 10.244.0.2 . 8080 }',
    'remove services { 10.96.0.10 . tcp . 80 : goto sticky-2 }, add services { 10.96.0.10 . tcp . 80 : goto sticky-3 }',
  ])
  const back = inPhases(diff(after, before, equal)).map(unit => unit.map(shown).join(', '))
  t.strictSame(back.slice(-3), [
    'remove services { 10.96.0.10 . tcp . 80 : goto sticky-3 }, add services { 10.96.0.10 . tcp . 80 : goto sticky-2 }',
    'remove endpoints { 10.96.0.10 . tcp . 80 . 2 : 10.244.0.2 . 8080 }',
    'remove live { 10.96.0.10 . tcp . 80 . 10.244.0.2 . 8080 }',
  ])
})

t.test('hooks come last, when all else is there', async t => {
  const units = inPhases(diff(new Map(), programOf(plan()), equal))
  const last = units.at(-1)?.map(shown) ?? []
  t.equal(last.length, 10)
  t.ok(last.every(text => text.includes('nat-')))
})

t.test('messages for one change', async t => {
  const messages = (before: PortPlan, after: PortPlan): readonly number[] => {
    const program = programOf(before)
    const fragment = compile(after, NODE, program.fragment(before.key))
    const all = [...transactions(inPhases(program.replace(before.key, fragment)), ENCODING)]
    return all.map(({ parcels }) => parcels.length)
  }
  for (const length of [2, 50, 1000]) {
    const few = plan({ cluster: endpoints(length), reachable: [] })
    const list = [...endpoints(length), endpoint('10.244.99.1', 8080)]
    const more = plan({ cluster: list, reachable: [] })
    t.strictSame(messages(few, more), [7], `${length}: a chain of three rules, 1 element, 2 flips`)
    const other = [...endpoints(length).slice(1), endpoint('10.244.99.1', 8080)]
    t.strictSame(
      messages(few, plan({ cluster: other, reachable: [] })),
      [2],
      `${length}: one for another`,
    )
  }
})

t.test('transactions have 60 to 180 KB, but for the last', async t => {
  const program = programOf(
    ...Array.from({ length: 60 }, (_, at) =>
      plan({
        key: `IPv4 shop/s${at} TCP`,
        frontends: [{ kind: 'cluster-ip', address: `10.96.3.${at}`, port: 80 }],
        cluster: endpoints(200 + at),
        reachable: [],
      }),
    ),
  )
  const all = [...transactions(inPhases(diff(new Map(), program, equal)), ENCODING)]
  const sizes = all.map(({ parcels }) => batchSize(parcels.map(({ message }) => message)))
  t.ok(sizes.length > 4)
  for (const size of sizes.slice(0, -1)) t.ok(size >= 60_000 && size <= 180_000, `${size} bytes`)
})

t.test('a list of thousands that changes altogether is written in pieces', async t => {
  const list = (from: number): PlanEndpoint[] =>
    Array.from({ length: 3000 }, (_, at) => endpoint(`10.244.${(from + at) >> 8}.${at & 255}`, 80))
  const before = programOf(plan({ cluster: list(0), reachable: [] }))
  const next = programOf(plan({ cluster: list(5000).slice(1), reachable: [] }))
  const units = inPhases(diff(before, next, equal))
  t.ok(units.every(unit => unit.length <= 2000))
  const sizes = [...transactions(units, ENCODING)].map(({ parcels }) =>
    batchSize(parcels.map(({ message }) => message)),
  )
  t.ok(Math.max(...sizes) < 180_000, 'below what any kernel lets through')
  const ips = new Set([...list(0), ...list(5000)].map(({ ip }) => ip))
  let table: ReadonlyMap<string, NftEntry> = new Map(
    [...before.values()].map(one => [one.key, one]),
  )
  for (const unit of units) {
    table = after(table, unit)
    const [fate = ''] = fates(table)
    const strays = fate.split(',').filter(one => !ips.has(one.split(' ')[0] ?? ''))
    if (strays.length > 0) t.fail(`a packet meets ${strays[0]}`)
  }
  t.equal(fates(table)[0], fates(new Map([...next.values()].map(one => [one.key, one])))[0])
})

/** What a table is after some units of a change. */
const after = (entries: ReadonlyMap<string, NftEntry>, operations: readonly Operation[]) => {
  const table = new Map(entries)
  for (const { op, entry } of operations) {
    if (op === 'remove' || op === 'drop-chain') table.delete(entry.key)
    else if (op !== 'empty-chain') table.set(entry.key, entry)
  }
  return table
}

const arbList = fc.subarray(Array.from({ length: 9 }, (_, at) => at))
const arbPlan = fc
  .tuple(arbList, fc.constantFrom(null, 30), fc.boolean(), fc.boolean())
  .map(([list, affinitySeconds, isLocal, fenced]): PortPlan => {
    const cluster = list.map((at): PlanEndpoint => endpoint(`10.244.1.${at}`, 80, at % 3 === 0))
    const local = cluster.filter(one => one.isLocal)
    const route = cluster.length === 0 ? 'reject' : local.length > 0 ? 'local' : 'drop'
    return plan({
      cluster,
      local,
      affinitySeconds,
      frontends: [
        { kind: 'cluster-ip', address: '10.96.0.10', port: 80 },
        { kind: 'load-balancer-ip', address: '198.51.100.1', port: 80, fenced },
        { kind: 'node-port', port: 30080 },
      ],
      sourceRanges: fenced ? ['203.0.113.0/24'] : [],
      external: isLocal
        ? { policy: 'Local', route }
        : { policy: 'Cluster', route: cluster.length > 0 ? 'cluster' : 'reject' },
    })
  })

const PACKETS = (['10.244.0.5', '203.0.113.9', '192.0.2.9'] as const).flatMap(source =>
  (
    [
      ['10.96.0.10', 80],
      ['198.51.100.1', 80],
      ['192.168.50.10', 30080],
    ] as const
  ).map(([destination, port]) => ({
    family: 'IPv4' as const,
    protocol: 'TCP' as const,
    source,
    destination,
    port,
    inInterface: 'eth0',
  })),
)

const fates = (entries: ReadonlyMap<string, NftEntry>): readonly string[] => {
  const trace = tracer(entries)
  return PACKETS.map(packet =>
    trace(packet, { isNodeAddress: address => address === '192.168.50.10' })
      .outcomes.map(outcome =>
        outcome.verdict === 'delivered'
          ? `${outcome.endpoint.ip} ${outcome.masquerade} ${outcome.sticky}`
          : outcome.verdict,
      )
      .sort()
      .join(),
  )
}

t.test('law: wherever it stops, each packet meets the old program or the new one', async t => {
  fc.assert(
    fc.property(arbPlan, arbPlan, (before, next) => {
      const program = programOf(before)
      const old = new Map([...program.values()].map(entry => [entry.key, entry]))
      const changes: readonly Change<NftEntry>[] = program.replace(
        before.key,
        compile(next, NODE, program.fragment(before.key)),
      )
      const units = inPhases(changes)
      const [atFirst, atLast] = [fates(old), fates(after(old, units.flat()))]
      t.strictSame(atLast, fates(new Map([...program.values()].map(entry => [entry.key, entry]))))
      let table: ReadonlyMap<string, NftEntry> = old
      for (const unit of units) {
        table = after(table, unit)
        for (const [at, fate] of fates(table).entries())
          if (fate !== atFirst[at] && fate !== atLast[at])
            throw new Error(`${PACKETS[at]?.destination} from ${PACKETS[at]?.source}: ${fate}`)
      }
    }),
    { numRuns: 300 },
  )
})
