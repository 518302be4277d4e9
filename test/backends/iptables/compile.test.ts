import t from 'tap'
import { iptables } from '../../../backends/iptables/backend.ts'
import { base, sysctls } from '../../../backends/iptables/base.ts'
import { compile } from '../../../backends/iptables/compile.ts'
import { equal, lines } from '../../../backends/iptables/entries.ts'
import { renderFamily } from '../../../backends/iptables/render.ts'
import type { NodeFacts, PortPlan } from '../../../src/plan/types.ts'
import { diff } from '../../../src/program/program.ts'
import { EXAMPLE, endpoint, FACTS, planOf, programOf, worked } from './support/example.ts'

/** Lines with their table in front, sorted; chains of the host's own left out. */
const tabled = (text: string): readonly string[] => {
  let table = ''
  return text
    .split('\n')
    .filter(line => line !== '' && line !== 'COMMIT' && !/^:[A-Z]+ ACCEPT/.test(line))
    .flatMap(line => {
      if (line.startsWith('*')) table = line.slice(1)
      return line.startsWith('*') ? [] : [`${table} ${line}`]
    })
    .sort()
}

t.test('the worked example is fed as kube-proxy feeds it', async t => {
  const rendered = tabled(renderFamily(programOf(EXAMPLE).values(), 'IPv4'))
  // Canaries and jumps are no part of kube-proxy's restore input: it writes them by single commands.
  const fed = rendered.filter(line => !line.includes('CANARY') && !/^[a-z]+ -I /.test(line))
  t.strictSame(fed, tabled(worked('restore')))
})

t.test('the worked example reads back as iptables-save prints it', async t => {
  const program = programOf(EXAMPLE)
  const saved = [...program.values()].flatMap(entry => [
    ...(entry.kind === 'chain' ? [`${entry.table} :${entry.chain} - [0:0]`] : []),
    ...lines(entry).flatMap(line => {
      const [table, ...rest] = line.split(' ')
      return rest.length > 1 ? [`${table} -A ${rest.join(' ')}`] : []
    }),
  ])
  t.strictSame(saved.sort(), tabled(worked('save')))
})

t.test('a render does not depend on the order of entries', async t => {
  const entries = [...programOf(EXAMPLE).values()]
  t.equal(iptables.render(entries.toReversed()), iptables.render(entries))
  t.match(
    iptables.render(entries),
    /^# IPv4: load with iptables-restore --noflush\n# a rule counts .*: nfacct add ct_state_invalid_dropped_pkts\n# .*: nfacct add localhost_nps_accepted_pkts\n\*mangle\n/,
  )
})

const rules = (plan: PortPlan, facts = FACTS): readonly string[] =>
  compile(plan, facts).entries.flatMap(lines)

const ENDPOINTS = [endpoint('10.0.1.5', 8080), endpoint('10.0.2.9', 8080)]

t.test('a large cluster has no comments in the chains of endpoints', async t => {
  const facts: NodeFacts = { ...FACTS, largeCluster: { IPv4: true, IPv6: false } }
  const large = rules(planOf({}, { cluster: ENDPOINTS }), facts)
  const commented = large.filter(line => line.includes('--comment'))
  t.equal(commented.length, 2)
  t.ok(commented.every(line => line.includes('cluster IP')))
  t.ok(large.some(line => /^nat KUBE-SEP-\S+ -p tcp -m tcp -j DNAT/.test(line)))
})

t.test('an address that is named twice is refused twice', async t => {
  const address = '203.0.113.10'
  const twice = planOf(
    {},
    {
      frontends: [
        { kind: 'external-ip', address, port: 80 },
        { kind: 'load-balancer-ip', address, port: 80, fenced: false },
      ],
      external: { policy: 'Cluster', route: 'reject' },
    },
  )
  const refused = compile(twice, FACTS).entries
  t.strictSame(
    refused.map(({ key }) => key.split('#')[1]),
    [undefined, '2'],
  )
  t.equal(new Set(refused.flatMap(lines)).size, 1)
})

t.test('a previous fragment saves work and changes nothing', async t => {
  const before = compile(planOf({}, { cluster: ENDPOINTS }), FACTS)
  const grown = [...ENDPOINTS, endpoint('10.0.3.7', 8080)]
  const others: readonly (readonly [string, PortPlan, NodeFacts])[] = [
    ['one endpoint more', planOf({}, { cluster: grown }), FACTS],
    ['affinity', planOf({}, { cluster: ENDPOINTS, affinitySeconds: 60 }), FACTS],
    [
      'large',
      planOf({}, { cluster: ENDPOINTS }),
      { ...FACTS, largeCluster: { IPv4: true, IPv6: true } },
    ],
    ['another service port', planOf({ label: 'default/other' }, { cluster: ENDPOINTS }), FACTS],
    ['another protocol', planOf({ protocol: 'UDP' }, { cluster: ENDPOINTS }), FACTS],
    ['no endpoints', planOf({}), FACTS],
  ]
  for (const [what, plan, facts] of others) {
    const [fresh, grownFrom] = [compile(plan, facts), compile(plan, facts, before)]
    t.strictSame(grownFrom.entries.flatMap(lines), fresh.entries.flatMap(lines), what)
    t.strictSame(
      grownFrom.entries.map(({ key }) => key),
      fresh.entries.map(({ key }) => key),
      what,
    )
  }
  const [, plan] = others[0] ?? []
  const kept = plan && compile(plan, FACTS, before).entries.filter(e => before.entries.includes(e))
  t.equal(kept?.length, 2, 'the chains of the two endpoints are the very same')
})

t.test('one endpoint more changes its own chain and the choice, and nothing else', async t => {
  const have = programOf([planOf({}, { cluster: ENDPOINTS })])
  const want = programOf([planOf({}, { cluster: [...ENDPOINTS, endpoint('10.0.3.7', 8080)] })])
  t.strictSame(
    diff(have, want, equal).map(({ op }) => op),
    ['add', 'replace'],
  )
})

t.test('node ports on chosen addresses', async t => {
  const facts: NodeFacts = {
    ...FACTS,
    families: ['IPv4', 'IPv6'],
    localhostNodePorts: false,
    nodePortAddresses: {
      IPv4: { all: false, holdsLoopback: true, addresses: ['127.0.0.1', '192.168.0.2'] },
      IPv6: { all: true, holdsLoopback: false },
    },
  }
  const dispatch = base(facts).entries.filter(({ kind }) => kind === 'rule')
  t.strictSame(
    dispatch.flatMap(lines).map(line => line.replace(/-m comment --comment "[^"]*" /, '')),
    [
      'nat KUBE-SERVICES -d 192.168.0.2/32 -j KUBE-NODEPORTS',
      'nat KUBE-SERVICES ! -d ::1/128 -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    ],
  )
  t.strictSame(sysctls(facts), [])
  t.strictSame(sysctls(FACTS), [{ path: '/proc/sys/net/ipv4/conf/all/route_localnet', value: '1' }])
})
