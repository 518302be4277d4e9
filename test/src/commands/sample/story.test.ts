/** The sample's story: every step names slices that exist, changes the program, and the end is the beginning. */
import t from 'tap'
import { backends, withBackend } from '../../../../backends/registry.ts'
import { Pipeline } from '../../../../src/agent/pipeline.ts'
import {
  playStep,
  SAMPLE_CLUSTER,
  type Slices,
  slicesOf,
} from '../../../../src/commands/sample/source.ts'
import { STORY } from '../../../../src/commands/sample/story.ts'
import { defaultConfig } from '../../../../src/config/read.ts'
import { FAMILIES } from '../../../../src/objects/types.ts'
import { by } from '../../../../src/order.ts'
import { MODERN_KERNEL } from '../../../../src/plan/types.ts'
import { readFiles } from '../../../../src/sources/files.ts'

const start = await readFiles([SAMPLE_CLUSTER], { readStdin: async () => '' })

/** Order of endpoints means nothing. */
const picture = (slices: Slices): unknown =>
  [...slices].map(([name, slice]) => [name, [...slice.endpoints].sort(by(({ ip }) => ip))])

t.test('the sample has no fault', async t => {
  t.strictSame(start.problems, [])
  t.equal(slicesOf(start.events).size, 6)
})

t.test('each edit finds its endpoint, or adds one that was not there', async t => {
  let slices = slicesOf(start.events)
  for (const step of STORY)
    for (const edit of step.edits) {
      const has = slices.get(edit.slice)?.endpoints.some(({ ip }) => ip === edit.ip)
      t.equal(has, edit.to !== 'add', `${step.says}: ${edit.to} ${edit.ip}`)
      slices = playStep(slices, { ...step, edits: [edit] }).slices
    }
})

t.test('the last step leaves the cluster as it was, so the story can begin again', async t => {
  const first = slicesOf(start.events)
  const last = STORY.reduce((slices, step) => playStep(slices, step).slices, first)
  t.strictSame(picture(last), picture(first))
})

t.test('each step changes the program, whatever the mode', async t => {
  for (const mode of ['nftables', 'iptables'] as const)
    withBackend(mode, backend => {
      const pipeline = new Pipeline({
        backend,
        config: defaultConfig(),
        nodeName: 'node-a',
        interfaceAddresses: ['192.168.50.10'],
        kernel: MODERN_KERNEL,
        families: FAMILIES,
      })
      pipeline.apply(start.events)
      let slices = slicesOf(start.events)
      for (const step of STORY) {
        const played = playStep(slices, step)
        slices = played.slices
        t.ok(pipeline.apply(played.events).changes.length > 0, `${mode}: ${step.says}`)
      }
    })
  t.ok('nftables' in backends && 'iptables' in backends)
})

t.test('steps are one to two seconds apart, as a person can follow', async t => {
  for (const { after, says } of STORY) t.ok(after >= 1000 && after <= 2000, says)
})
