import fc from 'fast-check'
import t from 'tap'
import { base } from '../../../backends/nftables/base.ts'
import { compile } from '../../../backends/nftables/compile.ts'
import type { NftEntry } from '../../../backends/nftables/entries.ts'
import { equal } from '../../../backends/nftables/equal.ts'
import { lines } from '../../../backends/nftables/render.ts'
import type { PlanEndpoint, PortPlan } from '../../../src/plan/types.ts'
import { Program } from '../../../src/program/program.ts'
import type { Change } from '../../../src/program/types.ts'
import { holds } from '../../support/holds.ts'
import { endpoint, endpoints, facts, plan } from './support/plans.ts'

const NODE = facts()

const text = (change: Change<NftEntry>): string =>
  change.op === 'remove'
    ? `- ${lines(change.was).join(' ')}`
    : change.op === 'add'
      ? `+ ${lines(change.entry).join(' ')}`
      : `~ ${lines(change.entry).join(' ')}`

/** What replacing one plan by another changes. */
const changes = (before: PortPlan, after: PortPlan): readonly string[] => {
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(NODE))
  const first = compile(before, NODE)
  program.replace(before.key, first)
  return program.replace(before.key, compile(after, NODE, first)).map(text)
}

const withEndpoints = (cluster: readonly PlanEndpoint[]): PortPlan => plan({ cluster, local: [] })
const NINE = endpoint('10.244.9.9', 8080)

t.test('one endpoint more is one element and the verdict, whatever the length', t => {
  t.strictSame(changes(withEndpoints(endpoints(50)), withEndpoints([...endpoints(50), NINE])), [
    '+ endpoints { 10.96.0.10 . tcp . 80 . 50 : 10.244.9.9 . 8080 }',
    '~ services { 10.96.0.10 . tcp . 80 : goto pick-51 }',
    '+ chain pick-51 { \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 51 map @endpoints \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 1 map @endpoints \tdrop }',
    '- chain pick-50 { \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 50 map @endpoints \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 1 map @endpoints \tdrop }',
  ])
  for (const length of [2, 200, 1000]) {
    const before = withEndpoints(endpoints(length))
    t.equal(changes(before, withEndpoints([...endpoints(length), NINE])).length, 4, `${length}`)
  }
  t.end()
})

t.test('a removed endpoint is replaced by the last one', t => {
  const before = withEndpoints(endpoints(50).map(one => ({ ...one, isLocal: false })))
  const after = withEndpoints(before.cluster.filter((_, at) => at !== 7))
  t.strictSame(changes(before, after).slice(0, 3), [
    '~ endpoints { 10.96.0.10 . tcp . 80 . 7 : 10.244.0.49 . 8080 }',
    '~ services { 10.96.0.10 . tcp . 80 : goto pick-49 }',
    '+ chain pick-49 { \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 49 map @endpoints \tdnat ip to ip daddr . meta l4proto . th dport . numgen random mod 1 map @endpoints \tdrop }',
  ])
  t.equal(changes(before, after).length, 5, 'and the chain and the last element go')
  t.end()
})

t.test('one out, one in leaves the verdict alone', t => {
  const before = withEndpoints(endpoints(50).map(one => ({ ...one, isLocal: false })))
  const after = withEndpoints([NINE, ...before.cluster.filter((_, at) => at !== 7)])
  t.strictSame(changes(before, after), [
    '~ endpoints { 10.96.0.10 . tcp . 80 . 7 : 10.244.9.9 . 8080 }',
  ])
  t.end()
})

t.test('chains depend on lengths, not on services or endpoints', t => {
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(facts({ families: ['IPv4'] })))
  const chains = (): number => [...program.values()].filter(entry => entry.kind === 'chain').length
  const static_ = chains()
  for (let at = 0; at < 300; at++) {
    const frontends = [
      { kind: 'cluster-ip', address: `10.96.1.${at & 255}`, port: 80 + at },
    ] as const
    const key = `IPv4 shop/s${at} TCP`
    program.replace(key, compile(plan({ key, frontends, cluster: endpoints(1 + (at % 3)) }), NODE))
  }
  t.equal(static_, 12)
  t.equal(chains(), static_ + 3, 'one chain for each of three lengths')
  t.end()
})

t.test('an address named twice is fenced if one mention is', t => {
  const fragment = compile(
    plan({
      frontends: [
        { kind: 'external-ip', address: '198.51.100.1', port: 80 },
        { kind: 'load-balancer-ip', address: '198.51.100.1', port: 80, fenced: true },
      ],
      sourceRanges: ['203.0.113.0/24', '203.0.113.7/32', '203.0.113.0/24'],
    }),
    NODE,
  )
  const shown = fragment.entries.flatMap(lines)
  t.ok(shown.includes('services { 198.51.100.1 . tcp . 80 : goto fenced }'))
  t.strictSame(
    shown.filter(line => line.startsWith('allowed-sources')),
    ['allowed-sources { 198.51.100.1 . tcp . 80 . 203.0.113.0/24 }'],
    'nested and repeated ranges once',
  )
  t.end()
})

const arbList = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 40 })
const toEndpoints = (numbers: readonly number[]): PlanEndpoint[] =>
  numbers.map(number => endpoint(`10.244.7.${number}`, 80, number % 4 === 0))

t.test('law: any previous fragment gives the same endpoints, without a gap', t => {
  holds(
    t,
    fc.property(arbList, arbList, fc.constantFrom(null, 30), (before, after, affinitySeconds) => {
      const made = (numbers: readonly number[]): PortPlan =>
        plan({
          affinitySeconds,
          cluster: toEndpoints(numbers),
          external: { policy: 'Local', route: numbers.some(n => n % 4 === 0) ? 'local' : 'drop' },
          frontends: [
            { kind: 'cluster-ip', address: '10.96.0.1', port: 80 },
            { kind: 'node-port', port: 30000 },
          ],
        })
      const fresh = compile(made(after), NODE)
      const next = compile(made(after), NODE, compile(made(before), NODE))
      const keys = (entries: readonly NftEntry[]): string[] => entries.map(e => e.key).sort()
      const targets = (entries: readonly NftEntry[]): string[] =>
        entries
          .flatMap(e => (e.kind === 'endpoint' ? [`${e.frontend.text} ${e.to.ip}`] : []))
          .sort()
      const same =
        JSON.stringify(keys(fresh.entries)) === JSON.stringify(keys(next.entries)) &&
        JSON.stringify(targets(fresh.entries)) === JSON.stringify(targets(next.entries))
      return same && new Set(keys(next.entries)).size === next.entries.length
    }),
    { numRuns: 300 },
  )
  t.end()
})
