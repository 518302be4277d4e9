/**
 * Every recorded transition, step after step in one network namespace: each step goes in as changes to what is there
 * (or, where the proxy was restarted, as the difference to what it finds), and reads back as kube-proxy's rules did.
 */
import t, { type Test } from 'tap'
import { FAMILIES } from '../src/objects/types.ts'
import { BACKENDS } from './support/backends.ts'
import {
  type Case,
  listTransitions,
  readCaseConfig,
  readCluster,
  readNodeSetting,
} from './support/cases.ts'
import { sameText } from './support/match-file.ts'
import { cannotRun, openNamespace } from './support/namespace.ts'
import type { ProxyKernel, ProxyUnderTest } from './support/proxy.ts'
import { dumpRules, FLAVOURS, type Flavour, RULE_TOOLS, recordedRules } from './support/rules.ts'

/** On a machine that is busy. */
const LONGEST_MS = 300_000
t.setTimeout(LONGEST_MS)

const rows = BACKENDS.filter(({ name }) => name === 'iptables')
const node = await readNodeSetting()

interface Running {
  readonly proxy: ProxyUnderTest
  readonly kernel: ProxyKernel
}

const walk = async (t: Test, tested: Case, flavour: Flavour): Promise<void> => {
  const config = await readCaseConfig(tested)
  for (const row of rows) {
    await using namespace = await openNamespace()
    const { exec } = namespace
    let running: Running | undefined
    for (const step of tested.steps) {
      const cluster = await readCluster(step)
      if (running && !step.restart) {
        running.proxy.see(cluster)
        await running.kernel.push()
      } else {
        await running?.kernel[Symbol.asyncDispose]()
        const proxy = row.start({ config, node })
        proxy.see(cluster)
        if (!running) await row.prepare(exec, proxy.facts())
        running = { proxy, kernel: await proxy.open({ exec, families: node.families, flavour }) }
        await running.kernel.resync()
      }
      for (const family of FAMILIES) {
        const found = await dumpRules(exec, family, flavour)
        sameText(t, found, await recordedRules(step, family), `${step.name}, ${family}`)
      }
      const left = await running.kernel.difference()
      t.strictSame(left, [], `${step.name}: read() finds what was applied`)
    }
    await running?.kernel[Symbol.asyncDispose]()
  }
}

const skip = cannotRun(...RULE_TOOLS, 'nfacct')
const transitions = await listTransitions()

for (const flavour of FLAVOURS)
  t.test(`iptables-${flavour}`, { skip, timeout: LONGEST_MS }, async t => {
    t.jobs = 2
    for (const tested of transitions) t.test(tested.name, t => walk(t, tested, flavour))
  })
