import t from 'tap'
import { type PortChange, staleFlows, type TrackedFlow } from '../../../src/agent/conntrack.ts'
import type { PortPlan } from '../../../src/plan/types.ts'
import { facts, plan } from '../../backends/nftables/support/plans.ts'

const VIP = '10.96.0.10:53'
const NODE_PORT = '192.168.50.10:30053'
const A = '10.244.0.10:5353'
const B = '10.244.1.7:5353'

const dns = (serving: readonly string[], changes: Partial<PortPlan> = {}): PortPlan =>
  plan({
    protocol: 'UDP',
    serving,
    frontends: [
      { kind: 'cluster-ip', address: '10.96.0.10', port: 53 },
      { kind: 'node-port', port: 30053 },
    ],
    ...changes,
  })

const place = (text: string): TrackedFlow['dialled'] => {
  const [ip = '', port = ''] = text.split(':')
  return { ip, port: Number(port) }
}

/** Which of these flows go: `dialled>answers`. */
const stale = (changes: readonly PortChange[], flows: readonly string[]): readonly string[] => {
  const decided = staleFlows('IPv4', changes, facts())
  return flows.filter(flow => {
    const [dialled = '', answers = ''] = flow.split('>')
    return decided?.isStale({ dialled: place(dialled), answers: place(answers) }) ?? false
  })
}

t.test('an endpoint that went away loses its flows, one that serves keeps them', t => {
  const change = { before: dns([A, B]), after: dns([B]) }
  const flows = [`${VIP}>${A}`, `${VIP}>${B}`, `${NODE_PORT}>${A}`, `${NODE_PORT}>${B}`]
  t.strictSame(stale([change], flows), [`${VIP}>${A}`, `${NODE_PORT}>${A}`])
  t.end()
})

t.test('flows that began before their service had endpoints', t => {
  const flows = [`${VIP}>${VIP}`, `${NODE_PORT}>${NODE_PORT}`]
  t.strictSame(stale([{ before: dns([]), after: dns([A]) }], flows), flows)
  t.strictSame(stale([{ before: undefined, after: dns([A]) }], flows), flows)
  t.strictSame(stale([{ before: undefined, after: dns([]) }], flows), [], 'nothing to lead them to')
  t.end()
})

t.test('without serving endpoints translated flows go, others stay (1.1)', t => {
  const change = { before: dns([A]), after: dns([]) }
  t.strictSame(stale([change], [`${VIP}>${A}`, `${VIP}>${VIP}`]), [`${VIP}>${A}`])
  t.end()
})

t.test('a node port counts on the addresses of the node (1.2)', t => {
  const change = { before: dns([A]), after: dns([B]) }
  t.strictSame(stale([change], ['192.0.2.9:30053>192.0.2.9:30053']), [])
  t.end()
})

t.test('a service that is gone lets go of its endpoints, and of nothing else', t => {
  const change = { before: dns([A]), after: undefined }
  t.strictSame(stale([change], [`${VIP}>${A}`, `${VIP}>192.0.2.1:53`]), [`${VIP}>${A}`])
  const moved = { before: dns([A]), after: dns([A], { frontends: [] }) }
  t.strictSame(stale([moved], [`${VIP}>${A}`]), [`${VIP}>${A}`], 'so does an address it left')
  const taken = { before: undefined, after: dns([A]) }
  t.strictSame(stale([taken, change], [`${VIP}>${A}`]), [], 'the next owner has the last word')
  t.strictSame(stale([change, taken], [`${VIP}>${A}`]), [])
  t.end()
})

t.test('nothing to do', t => {
  const same = { before: dns([A]), after: dns([A]) }
  t.equal(staleFlows('IPv4', [same], facts()), undefined, 'equal sets (1.6)')
  const tcp = { before: undefined, after: dns([A], { protocol: 'TCP' }) }
  t.equal(staleFlows('IPv4', [tcp], facts()), undefined)
  t.equal(staleFlows('IPv6', [{ before: undefined, after: dns([A]) }], facts()), undefined)
  t.end()
})
