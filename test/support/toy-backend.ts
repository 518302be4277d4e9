/**
 * The smallest backend there is: an entry for each frontend with the endpoints it leads to. Laws of the pipeline and
 * the loop are shown on it, so that they are not a matter of any one dataplane.
 */
import type { Backend } from '../../src/backend.ts'
import { fakeKernel } from '../../src/kernel/fake.ts'
import { by } from '../../src/order.ts'
import type { Frontend, PortPlan } from '../../src/plan/types.ts'
import type { Entry } from '../../src/program/types.ts'

export interface Line extends Entry {
  readonly kind: 'line'
  readonly text: string
}

const nameOf = (frontend: Frontend): string =>
  frontend.kind === 'node-port'
    ? `node-port ${frontend.port}`
    : `${frontend.address} ${frontend.port}`

const leadsTo = (plan: PortPlan, frontend: Frontend): string => {
  const route = frontend.kind === 'cluster-ip' ? plan.internal.route : plan.external?.route
  if (route === 'cluster' || route === 'local')
    return plan[route].map(endpoint => endpoint.text).join(' ')
  return route ?? 'nowhere'
}

export const toy: Backend<Line> = {
  name: 'iptables',
  base: facts => ({
    entries: [{ kind: 'line', key: 'node', text: `${facts.nodeName} ${facts.zone}` }],
  }),
  compile: plan => ({
    entries: [
      ...new Map(
        plan.frontends.map((frontend): [string, Line] => {
          const key = `${plan.family} ${nameOf(frontend)} ${plan.protocol}`
          return [key, { kind: 'line', key, text: leadsTo(plan, frontend) }]
        }),
      ).values(),
    ],
  }),
  equal: (a, b) => a.text === b.text,
  render: entries =>
    [...entries]
      .sort(by(entry => entry.key))
      .map(({ key, text }) => `${key}: ${text}\n`)
      .join(''),
  lines: ({ key, text }) => [`${key}: ${text}`],
  ruleCount: () => 1,
  tracer: () => () => ({ outcomes: [] }),
  open: async () => fakeKernel<Line>(),
}
