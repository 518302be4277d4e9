/**
 * Text and netlink leave the same ruleset behind, for every golden case; it reads back as what was written; and nft
 * lists it. Run by test/live/nftables.test.ts inside a namespace.
 */
import t from 'tap'
import { nftables } from '../../../../backends/nftables/backend.ts'
import { TABLES } from '../../../../backends/nftables/kernel.ts'
import { Pipeline } from '../../../../src/agent/pipeline.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import {
  type Case,
  EMPTY_CLUSTER,
  eventsBetween,
  listCases,
  readCaseConfig,
  readCluster,
  readNodeSetting,
} from '../../../support/cases.ts'
import { must } from '../../../support/namespace.ts'
import { differences, nft, open } from '../support/program.ts'

t.setTimeout(300_000)

const node = await readNodeSetting()
const cases = await listCases()

/** nft 1.0.6 aborts when it compiles an `update` of a map whose key is longer than 16 bytes. */
const isBeyondNft106 = (text: string): boolean => /update @\S+ \{ ip6 /.test(text)

const loadText = async (text: string): Promise<string> => {
  await must(realExec, 'nft', ['flush', 'ruleset'])
  await must(realExec, 'nft', ['-c', '-f', '-'], { input: text })
  await must(realExec, 'nft', ['-f', '-'], { input: text })
  return nft('list', 'ruleset')
}

const pipelineOf = async (tested: Case): Promise<Pipeline<Parameters<typeof nftables.equal>[0]>> =>
  new Pipeline({
    backend: nftables,
    config: await readCaseConfig(tested),
    nodeName: node.nodeName,
    interfaceAddresses: Object.values(node.interfaces).flat(),
    kernel: node.kernel,
    families: node.families,
  })

let skipped = 0
for (const tested of cases)
  t.test(tested.name, async t => {
    const pipeline = await pipelineOf(tested)
    let before = EMPTY_CLUSTER
    for (const [at, step] of tested.steps.entries()) {
      await nft('flush', 'ruleset')
      const cluster = await readCluster(step)
      pipeline.apply(eventsBetween(before, cluster))
      before = cluster
      await using kernel = await open(node.families)
      t.equal(await kernel.renew(pipeline.program), true, `${step.name}: made anew`)
      t.strictSame(await differences(kernel, pipeline.program), [], `${step.name}: reads back`)
      const written = await nft('list', 'ruleset')
      const text = nftables.render(pipeline.program.values())
      if (isBeyondNft106(text)) {
        skipped++
        continue
      }
      t.equal(await loadText(text), written, `${step.name}: text and netlink agree`)
      await using second = await open(node.families)
      t.strictSame(await differences(second, pipeline.program), [], `${step.name}: text reads back`)
      if (at === 0) t.match(written, `table ip ${TABLES[0]} {`)
    }
  })

t.test('changes lead to the same ruleset as a fresh start', async t => {
  const transitions = cases.filter(({ steps }) => steps.length > 1)
  t.ok(transitions.length > 5)
  for (const tested of transitions) {
    await nft('flush', 'ruleset')
    const pipeline = await pipelineOf(tested)
    await using kernel = await open(node.families)
    let before = EMPTY_CLUSTER
    for (const [at, step] of tested.steps.entries()) {
      const cluster = await readCluster(step)
      const { changes } = pipeline.apply(eventsBetween(before, cluster))
      before = cluster
      if (at === 0) await kernel.renew(pipeline.program)
      else await kernel.apply(changes)
      t.strictSame(await differences(kernel, pipeline.program), [], step.name)
    }
  }
})

t.test('few texts are beyond nft 1.0.6', async t => {
  t.equal(skipped, 2, 'IPv6 with session affinity')
})
