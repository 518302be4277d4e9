import t from 'tap'
import { cleanFlows, type FlowTable, type KernelFlow } from '../../../src/agent/flow-hygiene.ts'
import { facts, plan } from '../../backends/nftables/support/plans.ts'

const flow = (dialled: string, answers: string): KernelFlow => ({
  original: { destination: { ip: dialled, port: 53 } },
  reply: { source: { ip: answers, port: 5353 } },
})
const OLD = flow('10.96.0.10', '10.244.0.1')
const LIVING = flow('10.96.0.10', '10.244.0.2')
const frontends = [{ kind: 'cluster-ip', address: '10.96.0.10', port: 53 }] as const
const change = {
  before: plan({ protocol: 'UDP', frontends, serving: ['10.244.0.1:5353', '10.244.0.2:5353'] }),
  after: plan({ protocol: 'UDP', frontends, serving: ['10.244.0.2:5353'] }),
}

/** A table that is disturbed in its first readings. */
const tableOf = (
  flows: readonly KernelFlow[],
  disturbed: number,
): FlowTable<KernelFlow> & { readonly left: KernelFlow[]; readonly readings: () => number } => {
  const left = [...flows]
  let readings = 0
  return {
    left,
    readings: () => readings,
    async *list() {
      readings++
      yield* left.slice(0, readings <= disturbed ? 1 : undefined)
      if (readings <= disturbed) throw Object.assign(new Error('changed'), { code: 'EINTR' })
    },
    delete: async gone => {
      for (const one of gone) left.splice(left.indexOf(one), 1)
      return gone.length
    },
  }
}

t.test('stale flows go, others stay', async t => {
  const table = tableOf([LIVING, OLD], 0)
  t.equal(await cleanFlows(table, [change], facts()), 1)
  t.strictSame(table.left, [LIVING])
})

t.test('a reading that was disturbed is done again, up to five times', async t => {
  const table = tableOf([LIVING, OLD], 3)
  t.equal(await cleanFlows(table, [change], facts()), 1)
  t.equal(table.readings(), 4)
  const restless = tableOf([OLD, LIVING], 99)
  t.equal(await cleanFlows(restless, [change], facts()), 1, 'what was found has to do')
  t.equal(restless.readings(), 5)
})

t.test('without a change of a UDP port nothing is listed', async t => {
  const table = tableOf([OLD], 0)
  t.equal(await cleanFlows(table, [{ before: plan(), after: undefined }], facts()), 0)
  t.equal(table.readings(), 0)
})

t.test('another error is not hidden', async t => {
  const broken: FlowTable<KernelFlow> = {
    // biome-ignore lint/correctness/useYield: it fails before the first flow
    async *list() {
      throw new Error('no such protocol')
    },
    delete: async () => 0,
  }
  await t.rejects(cleanFlows(broken, [change], facts()), /no such protocol/)
})
