/**
 * What must hold of the pipeline with every backend, whatever the cluster and its history: order of events does not
 * matter, incremental equals full, a difference leads from one program to the other.
 */
import fc from 'fast-check'
import t from 'tap'
import { backends } from '../backends/registry.ts'
import { Pipeline } from '../src/agent/pipeline.ts'
import type { Backend } from '../src/backend.ts'
import { defaultConfig } from '../src/config/read.ts'
import { fakeKernel } from '../src/kernel/fake.ts'
import type { ClusterEvent } from '../src/objects/types.ts'
import { MODERN_KERNEL } from '../src/plan/types.ts'
import { diff, keyOf } from '../src/program/program.ts'
import type { Entry, EntryTable } from '../src/program/types.ts'
import { arbCluster, arbEvents, finalObjects, HERE, setOf } from './support/generators.ts'
import { toy } from './support/toy-backend.ts'

const BACKENDS = Object.entries({ toy, ...backends }).map(
  ([title, backend]) => ({ title, backend: backend as unknown as Backend<Entry> }) as const,
)

const start = (backend: Backend<Entry>): Pipeline<Entry> =>
  new Pipeline({
    backend,
    config: { ...defaultConfig(), clusterCIDR: '10.244.0.0/16,fd00:244::/48' },
    nodeName: HERE,
    interfaceAddresses: ['192.168.50.10', '127.0.0.1', 'fd00:50::10', '::1'],
    kernel: MODERN_KERNEL,
    families: ['IPv4', 'IPv6'],
  })

const fed = (backend: Backend<Entry>, ...batches: readonly (readonly ClusterEvent[])[]) => {
  const pipeline = start(backend)
  for (const batch of [[], ...batches]) pipeline.apply(batch)
  return pipeline
}

/** Every difference between two programs, as text that a failing test can print. */
const differences = (
  backend: Backend<Entry>,
  have: EntryTable<Entry>,
  want: EntryTable<Entry>,
): readonly string[] =>
  diff(have, want, backend.equal).map(change => `${change.op} ${keyOf(change)}`)

/**
 * A backend that keeps slots stable numbers them by history, so its programs are compared by what they lead to,
 * which the flow tests do; here only the others are compared entry by entry.
 */
const withStableSlots = new Set(['nftables'])
const comparable = BACKENDS.filter(({ title }) => !withStableSlots.has(title))

t.test('the laws are asked of more than the toy', async t => {
  t.ok(comparable.length > 1)
})

for (const { title, backend } of comparable) {
  t.test(`${title}: incremental equals full`, async t => {
    fc.assert(
      fc.property(arbEvents, events => {
        const one = fed(backend, ...events.map(event => [event]))
        const all = fed(backend, finalObjects(events).map(setOf))
        t.strictSame(differences(backend, one.program, all.program), [])
        t.equal(backend.render(one.program.values()), backend.render(all.program.values()))
      }),
      { numRuns: 60 },
    )
  })

  t.test(`${title}: the order of events does not matter`, async t => {
    const shuffled = arbCluster.chain(objects =>
      fc.tuple(
        fc.constant(objects),
        fc.shuffledSubarray([...objects], { minLength: objects.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([objects, others]) => {
        const one = fed(backend, objects.map(setOf))
        const other = fed(backend, ...others.map(object => [setOf(object)]))
        t.strictSame(differences(backend, one.program, other.program), [])
        t.equal(backend.render(one.program.values()), backend.render(other.program.values()))
      }),
      { numRuns: 60 },
    )
  })
}

for (const { title, backend } of BACKENDS)
  t.test(`${title}: the changes told lead a kernel to the program`, async t => {
    await fc.assert(
      fc.asyncProperty(arbEvents, async events => {
        const pipeline = start(backend)
        const kernel = fakeKernel<Entry>()
        for (const event of events) await kernel.apply(pipeline.apply([event]).changes)
        const have = await kernel.read()
        t.strictSame(differences(backend, have, pipeline.program), [])
        t.strictSame(differences(backend, pipeline.program, pipeline.program), [])
      }),
      { numRuns: 60 },
    )
  })
