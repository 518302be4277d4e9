/**
 * Long-lived UDP flows through the transitions that are about them: real datagrams, rules in a kernel, and after each
 * step the deletion of the flows that are stale. Who answers, and what conntrack holds, is as recorded, but for the
 * flows to endpoints and services that are gone, which kube-proxy v1.36 leaves as they are.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type PortChange, staleFlows, type TrackedFlow } from '../../src/agent/conntrack.ts'
import type { NodeFacts } from '../../src/plan/types.ts'
import type { Exec } from '../../src/ports/exec.ts'
import { BACKENDS, type TestedBackend } from '../support/backends.ts'
import {
  type Case,
  type Cluster,
  listTransitions,
  type RecordedFlows,
  readCaseConfig,
  readCluster,
  readConntrack,
  readNodeSetting,
  type Step,
} from '../support/cases.ts'
import type { Mode } from '../support/flows.ts'
import { addressesOf, type Lab, openLab } from '../support/lab.ts'
import { cannotRun, must } from '../support/namespace.ts'
import type { ProxyKernel, ProxyUnderTest } from '../support/proxy.ts'

/** On a machine that is busy. */
const LONGEST_MS = 300_000
t.setTimeout(LONGEST_MS)

/** Datagrams under way when rules and flows have changed have arrived by then. */
const SETTLED_MS = 250
const WATCHED_MS = 500

/** Spec known-problems, 1.1 and 1.4: flows go with their last endpoint, and with their service. */
const IMPROVED: Readonly<Record<string, Readonly<Record<Mode, RecordedFlows>>>> = {
  'udp-endpoint-replaced step-3': {
    iptables: { entries: [], answers: { pod: [], node: [] } },
    nftables: { entries: [], answers: { pod: [], node: [] } },
  },
  'udp-service-deleted step-2': {
    iptables: {
      entries: [
        'udp src=10.244.0.5 dst=10.96.20.10 sport=41001 dport=53 [UNREPLIED] src=10.96.20.10 dst=10.244.0.5 sport=53 dport=41001',
      ],
      answers: { pod: [] },
    },
    // Unallocated cluster IPs are dropped, so nothing is tracked.
    nftables: { entries: [], answers: { pod: [] } },
  },
}

const listUdp = async (node: Exec): Promise<readonly string[]> =>
  (await must(node, 'conntrack', ['-L', '-p', 'udp', '-f', 'ipv4']))
    .split('\n')
    .filter(line => line.startsWith('udp '))

const pairs = (line: string, name: string): readonly string[] =>
  [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map(([, value]) => value ?? '')

const tracked = (line: string): TrackedFlow => {
  const [, answering = ''] = pairs(line, 'src')
  const [, answeringPort = ''] = pairs(line, 'sport')
  const [dialled = ''] = pairs(line, 'dst')
  const [dialledPort = ''] = pairs(line, 'dport')
  return {
    dialled: { ip: dialled, port: Number(dialledPort) },
    answers: { ip: answering, port: Number(answeringPort) },
  }
}

/** Deletes by the client's tuple, which is one flow. */
const deleteFlow = async (node: Exec, line: string): Promise<void> => {
  const [source = ''] = pairs(line, 'src')
  const [destination = ''] = pairs(line, 'dst')
  const [sport = ''] = pairs(line, 'sport')
  const [dport = ''] = pairs(line, 'dport')
  const tuple = ['-s', source, '-d', destination, '--sport', sport, '--dport', dport]
  await must(node, 'conntrack', ['-D', '-p', 'udp', ...tuple])
}

const clean = async (
  node: Exec,
  changes: readonly PortChange[],
  facts: NodeFacts,
): Promise<void> => {
  const stale = staleFlows('IPv4', changes, facts)
  if (!stale) return
  for (const line of await listUdp(node))
    if (stale.isStale(tracked(line))) await deleteFlow(node, line)
}

/** Ports that name something; all others were picked at random. */
const knownPorts = (clusters: readonly Cluster[], { udp }: Case): ReadonlySet<string> => {
  const ports = udp.flatMap(({ sport, port }) => [sport, port])
  for (const { objects } of clusters)
    for (const object of objects.values()) {
      if (object.kind === 'Service')
        ports.push(...object.ports.flatMap(({ port, nodePort }) => [port, nodePort]))
      if (object.kind === 'EndpointSlice') ports.push(...object.ports.map(({ port }) => port))
    }
  return new Set(ports.map(String))
}

/** As golden/README.md has it: without protocol number, time-out, mark, use and [ASSURED]. */
const entryText = (line: string, known: ReadonlySet<string>): string =>
  line
    .replace(/^udp +17 +\d+ +/, 'udp ')
    .replace(/ (\[ASSURED\]|mark=\d+|use=\d+)/g, '')
    .replace(/\b([sd]port)=(\d+)/g, (whole, name, port) => (known.has(port) ? whole : `${name}=*`))
    .trimEnd()

interface Scene {
  readonly tested: Case
  readonly row: TestedBackend
  readonly lab: Lab
  readonly known: ReadonlySet<string>
}

const compareStep = async (
  t: Test,
  step: Step,
  { tested, row, lab, known }: Scene,
): Promise<void> => {
  await sleep(SETTLED_MS)
  const answers = await Promise.all(
    tested.udp.map(async flow => [flow.name, await lab.watchFlow(flow, WATCHED_MS)]),
  )
  const lines = await listUdp(lab.exec('node'))
  const entries = lines.map(line => entryText(line, known)).sort()
  const wanted = (IMPROVED[step.name] ?? (await readConntrack(step)))[row.mode]
  t.strictSame({ entries, answers: Object.fromEntries(answers) }, wanted, step.name)
}

const run = async (t: Test, tested: Case, row: TestedBackend): Promise<void> => {
  const clusters = await Promise.all(tested.steps.map(readCluster))
  const proxy: ProxyUnderTest = row.start({ config: await readCaseConfig(tested), node })
  await using lab = await openLab()
  const exec = lab.exec('node')
  const scene = { tested, row, lab, known: knownPorts(clusters, tested) }
  await row.prepare(exec, proxy.facts())
  await using kernel: ProxyKernel = await proxy.open({ exec, families: node.families })
  for (const [index, step] of tested.steps.entries()) {
    const cluster = clusters[index]
    if (!cluster) throw new Error(`${step.name} has no cluster`)
    await lab.serve(addressesOf(cluster))
    const changes = proxy.see(cluster)
    await (index === 0 ? kernel.resync() : kernel.push())
    await clean(exec, changes, proxy.facts())
    if (index === 0) for (const flow of tested.udp) await lab.startFlow(flow)
    await compareStep(t, step, scene)
  }
}

const node = await readNodeSetting()
const transitions = (await listTransitions()).filter(({ udp }) => udp.length > 0)

for (const row of BACKENDS) {
  const skip = cannotRun('conntrack', ...row.tools)
  t.test(row.name, { skip, timeout: LONGEST_MS }, async t => {
    t.jobs = 2
    t.ok(transitions.length > 0, 'there are transitions with flows')
    for (const tested of transitions) t.test(tested.name, t => run(t, tested, row))
  })
}
