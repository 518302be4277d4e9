/**
 * Every recorded scenario, loaded into a fresh network namespace, reads back as kube-proxy's rules did: chain by
 * chain, rule by rule, both families, with both flavours of the tools; by way of the kernel that the agent uses, and by
 * way of the rendered text that iptables-restore takes.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FAMILIES, type Family } from '../src/objects/types.ts'
import { BACKENDS, type TestedBackend } from './support/backends.ts'
import {
  type Case,
  listCases,
  listScenarios,
  readCaseConfig,
  readCluster,
  readNodeSetting,
  type Step,
} from './support/cases.ts'
import { sameText } from './support/match-file.ts'
import { cannotRun, must, openNamespace } from './support/namespace.ts'
import {
  dumpRules,
  FLAVOURS,
  type Flavour,
  RULE_TOOLS,
  recordedRules,
  toolOf,
} from './support/rules.ts'

/** On a machine that is busy. */
const LONGEST_MS = 300_000
t.setTimeout(LONGEST_MS)

const rows = BACKENDS.filter(({ name }) => name === 'iptables')
const node = await readNodeSetting()

const apply = async (t: Test, tested: Case, flavour: Flavour): Promise<void> => {
  const config = await readCaseConfig(tested)
  for (const row of rows)
    for (const step of tested.steps) {
      await using namespace = await openNamespace()
      const proxy = row.start({ config, node })
      proxy.see(await readCluster(step))
      await row.prepare(namespace.exec, proxy.facts())
      await using kernel = await proxy.open({
        exec: namespace.exec,
        families: node.families,
        flavour,
      })
      await kernel.resync()
      for (const family of FAMILIES) {
        const wanted = await recordedRules(step, family)
        const found = await dumpRules(namespace.exec, family, flavour)
        sameText(t, found, wanted, `${step.name}, ${family}`)
      }
      t.strictSame(await kernel.difference(), [], `${step.name}: read() finds what was applied`)
    }
}

/** The block of one family in a rendered program. */
const blockOf = (rules: string, family: Family): string => {
  const blocks = rules.split(/^(?=# IPv)/m)
  const block = blocks.find(text => text.startsWith(`# ${family}: `))
  if (block === undefined) throw new Error(`the rules hold no block for ${family}`)
  return block
}

const load = async (
  t: Test,
  { tested, step, flavour }: { tested: Case; step: Step; flavour: Flavour },
  row: TestedBackend,
): Promise<void> => {
  const config = await readCaseConfig(tested)
  const rules = await readFile(join(step.directory, row.rulesFile), 'utf8')
  await using namespace = await openNamespace()
  await row.prepare(namespace.exec, row.start({ config, node }).facts())
  for (const family of FAMILIES) {
    const restore = toolOf(family, flavour, 'restore')
    await must(namespace.exec, restore, ['--noflush'], { input: blockOf(rules, family) })
    const found = await dumpRules(namespace.exec, family, flavour)
    sameText(t, found, await recordedRules(step, family), `${step.name}, ${family}`)
  }
}

const skip = cannotRun(...RULE_TOOLS, 'nfacct')
const scenarios = await listScenarios()
const cases = await listCases()

for (const flavour of FLAVOURS) {
  t.test(`applied to a kernel, iptables-${flavour}`, { skip, timeout: LONGEST_MS }, async t => {
    t.jobs = 2
    for (const tested of scenarios) t.test(tested.name, t => apply(t, tested, flavour))
  })
  t.test(`rendered text, iptables-${flavour}-restore`, { skip, timeout: LONGEST_MS }, async t => {
    t.jobs = 2
    for (const tested of cases)
      t.test(tested.name, async t => {
        for (const step of tested.steps)
          for (const row of rows) await load(t, { tested, step, flavour }, row)
      })
  })
}
