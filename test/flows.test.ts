/**
 * Every recorded flow, by following its first packet through the program: where it goes, with which source, whether
 * it sticks; and what the health-check ports say. No kernel is asked. A failing flow prints the rules it met.
 */
import t, { type Test } from 'tap'
import { BACKENDS, type TestedBackend } from './support/backends.ts'
import {
  type Case,
  listCases,
  readCaseConfig,
  readCluster,
  readFlows,
  readNodeSetting,
} from './support/cases.ts'
import { type Flows, type HttpProbe, type Mode, probeName } from './support/flows.ts'
import { httpAnswer } from './support/http-answer.ts'
import type { ProxyUnderTest } from './support/proxy.ts'
import { packetOf, routeText, shares, tracedOutcome } from './support/trace-outcome.ts'

const node = await readNodeSetting()
const cases = await listCases()
/** Without recorded flows: it is about the form of rules. */
const WITHOUT_FLOWS: ReadonlySet<string> = new Set(['large-cluster'])

/** What any fair choice stays within; iptables chooses by 32-bit numbers. */
const FAIR = 1e-6

const checkProbes = (t: Test, mode: Mode, { probes }: Flows, proxy: ProxyUnderTest): void => {
  const trace = proxy.tracer()
  for (const probe of probes) {
    const packet = packetOf(probe)
    const traced = trace(packet)
    const name = probeName(probe)
    const rules = routeText(traced)
    const sum = traced.outcomes.reduce((total, { probability }) => total + probability, 0)
    t.ok(Math.abs(sum - 1) < FAIR, `${name}: probabilities add up`, { rules })
    t.strictSame(tracedOutcome(packet, traced), probe[mode], name, { rules })
    const chances = [...shares(traced).values()]
    const unfair = chances.filter(chance => Math.abs(chance - 1 / chances.length) > FAIR)
    t.strictSame(unfair, [], `${name}: endpoints have equal chances`, { rules })
  }
}

const checkHttp = (
  t: Test,
  mode: Mode,
  http: readonly HttpProbe[],
  proxy: ProxyUnderTest,
): void => {
  for (const probe of http)
    t.strictSame(httpAnswer(probe.url, proxy), probe[mode], `GET ${probe.url}`)
}

const checkCase = async (t: Test, tested: Case, row: TestedBackend): Promise<void> => {
  const proxy = row.start({ config: await readCaseConfig(tested), node })
  for (const step of tested.steps) {
    proxy.see(await readCluster(step))
    const flows = await readFlows(step)
    if (!flows) {
      const expected = WITHOUT_FLOWS.has(tested.name) || tested.udp.length > 0
      t.ok(expected, `${step.name} has no recorded flows`)
      continue
    }
    t.ok(flows.probes.length > 0, `${step.name} has probes`)
    checkProbes(t, row.mode, flows, proxy)
    checkHttp(t, row.mode, flows.http ?? [], proxy)
  }
}

for (const row of BACKENDS)
  t.test(row.name, async t => {
    for (const tested of cases) t.test(tested.name, t => checkCase(t, tested, row))
  })

t.test('the recorded health answers are all there', async t => {
  const flows = await Promise.all(cases.flatMap(({ steps }) => steps.map(readFlows)))
  const http = flows.flatMap(one => one?.http ?? [])
  t.equal(http.length, 77)
})
