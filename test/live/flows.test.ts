/**
 * Recorded flows by real packets: the program of a case in the kernel of the lab's node, servers where its slices name
 * them, and every probe as flows.json has it. By default the mixed scenarios and a handful of telling ones. The
 * environment chooses others: KPC_LIVE=all, or names of cases such as KPC_LIVE=hairpin,restart.
 */
import process from 'node:process'
import t, { type Test } from 'tap'
import { BACKENDS, type TestedBackend } from '../support/backends.ts'
import {
  type Case,
  listCases,
  readCaseConfig,
  readCluster,
  readFlows,
  readNodeSetting,
  type Step,
} from '../support/cases.ts'
import { probeName } from '../support/flows.ts'
import { addressesOf, type Lab, openLab } from '../support/lab.ts'
import { cannotRun } from '../support/namespace.ts'
import type { ProxyKernel, ProxyUnderTest } from '../support/proxy.ts'

/** All of it, on a machine that is busy. */
const LONGEST_MS = 1_800_000
t.setTimeout(LONGEST_MS)

/** Each shows something that the others do not. */
const TELLING = [
  'mixed-crowd',
  'mixed-dual-stack',
  'mixed-policies',
  'mixed-shop',
  'dual-stack',
  'hairpin',
  'host-network-endpoint',
  'loadbalancer-local',
  'loadbalancer-source-ranges-denied',
  'loadbalancer-source-ranges-node',
  'no-endpoints-all-vips',
  'nodeport',
  'session-affinity',
]

/** Those without flows are about the form of rules, or about conntrack. */
const casesWithFlows = async (): Promise<readonly Case[]> => {
  const found: Case[] = []
  for (const tested of await listCases()) {
    const flows = await Promise.all(tested.steps.map(readFlows))
    if (flows.some(one => one !== undefined)) found.push(tested)
  }
  return found
}

const caseOf = (known: readonly Case[], name: string): Case => {
  const found = known.find(candidate => candidate.name === name)
  if (!found) throw new Error(`no case with recorded flows is called ${name}`)
  return found
}

const node = await readNodeSetting()
const chosen = process.env['KPC_LIVE'] ?? TELLING.join()
const known = await casesWithFlows()
const cases = chosen === 'all' ? known : chosen.split(',').map(name => caseOf(known, name))

const compareFlows = async (t: Test, step: Step, row: TestedBackend, lab: Lab): Promise<void> => {
  const flows = await readFlows(step)
  if (!flows) throw new Error(`${step.name} has no flows`)
  const forget = (): Promise<void> => row.forget(lab.exec('node'))
  const outcomes = await lab.probeAll(flows.probes, forget)
  t.equal(outcomes.length, flows.probes.length, `${step.name}: every probe has an outcome`)
  for (const [index, probe] of flows.probes.entries())
    t.strictSame(outcomes[index], probe[row.mode], `${step.name}: ${probeName(probe)}`)
}

const run = async (t: Test, tested: Case, row: TestedBackend): Promise<void> => {
  const config = await readCaseConfig(tested)
  const start = (): ProxyUnderTest => row.start({ config, node })
  await using lab = await openLab()
  const exec = lab.exec('node')
  let proxy = start()
  await row.prepare(exec, proxy.facts())
  let kernel: ProxyKernel | undefined
  for (const step of tested.steps) {
    const cluster = await readCluster(step)
    await lab.serve(addressesOf(cluster))
    if (step.restart) {
      await kernel?.[Symbol.asyncDispose]()
      kernel = undefined
      proxy = start()
    }
    proxy.see(cluster)
    if (kernel) await kernel.push()
    else {
      kernel = await proxy.open({ exec, families: node.families })
      await kernel.resync()
    }
    await compareFlows(t, step, row, lab)
  }
  await kernel?.[Symbol.asyncDispose]()
}

for (const row of BACKENDS)
  t.test(row.name, { skip: cannotRun('python3', ...row.tools), timeout: LONGEST_MS }, async t => {
    t.jobs = 2
    for (const tested of cases) t.test(tested.name, t => run(t, tested, row))
  })
