import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { base } from '../../../backends/iptables/base.ts'
import { compile } from '../../../backends/iptables/compile.ts'
import { chainKey, type IptablesEntry, rulesOf } from '../../../backends/iptables/entries.ts'
import { Model } from '../../../src/model/model.ts'
import { makePlan } from '../../../src/plan/make.ts'
import { arbCluster, arbFacts, setOf } from '../../support/generators.ts'
import { holds } from '../../support/holds.ts'
import { EXAMPLE, programOf } from './support/example.ts'

/** Jumps without a chain, and chains that are jumped to from nowhere. */
const faults = (entries: readonly IptablesEntry[]): readonly string[] => {
  const chains = new Set(entries.flatMap(entry => (entry.kind === 'chain' ? [entry.key] : [])))
  const entered = new Set<string>()
  for (const entry of entries)
    for (const { target } of rulesOf(entry))
      if (target?.kind === 'jump') entered.add(chainKey({ ...entry, chain: target.chain }))
  return [
    ...[...entered].filter(key => !chains.has(key)).map(key => `no chain ${key}`),
    ...[...chains]
      .filter(key => !entered.has(key) && !key.endsWith('CANARY'))
      .map(key => `nothing leads to ${key}`),
  ]
}

t.test('every jump has its chain and every chain its jump', async t => {
  t.strictSame(faults([...programOf(EXAMPLE).values()]), [])
})

t.test('no jump dangles, whatever the cluster and the node', async t => {
  holds(
    t,
    fc.property(arbCluster, arbFacts, (objects, facts) => {
      const model = new Model()
      for (const object of objects) model.apply(setOf(object))
      const plans = [...model.ports()].map(port => makePlan(port, facts))
      const fragments = [base({ ...facts, families: ['IPv4', 'IPv6'] })]
      for (const plan of plans) fragments.push(compile(plan, facts))
      const entries = fragments.flatMap(fragment => fragment.entries)
      const dangling = faults(entries).filter(fault => fault.startsWith('no chain'))
      assert.deepEqual(dangling, [])
    }),
    { numRuns: 100 },
  )
})
