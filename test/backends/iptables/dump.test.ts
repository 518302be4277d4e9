import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { iptables } from '../../../backends/iptables/backend.ts'
import { readDump } from '../../../backends/iptables/dump.ts'
import { equal, type IptablesEntry } from '../../../backends/iptables/entries.ts'
import { Pipeline } from '../../../src/agent/pipeline.ts'
import { defaultConfig } from '../../../src/config/read.ts'
import { FAMILIES } from '../../../src/objects/types.ts'
import { MODERN_KERNEL } from '../../../src/plan/types.ts'
import { diff, keyOf } from '../../../src/program/program.ts'
import { arbCluster, HERE, setOf } from '../../support/generators.ts'
import { holds } from '../../support/holds.ts'
import { savedDump } from './support/dump.ts'
import { EXAMPLE, FACTS, programOf, worked } from './support/example.ts'

const tableOf = (entries: Iterable<IptablesEntry>): Map<string, IptablesEntry> =>
  new Map([...entries].map(entry => [entry.key, entry]))

const differences = (dump: string): readonly string[] =>
  diff(tableOf(readDump(dump, 'IPv4')), programOf(EXAMPLE), equal).map(
    change => `${change.op} ${keyOf(change)}`,
  )

t.test('the worked example reads back as the program it is', async t => {
  t.strictSame(differences(worked('save')), [])
  t.strictSame(differences(savedDump(programOf(EXAMPLE).values(), 'IPv4')), [])
})

t.test('every program reads back as it is', async t => {
  holds(
    t,
    fc.property(arbCluster, objects => {
      const pipeline = new Pipeline({
        backend: iptables,
        config: { ...defaultConfig(), clusterCIDR: '10.244.0.0/16,fd00:244::/48' },
        nodeName: HERE,
        interfaceAddresses: ['192.168.50.10', '127.0.0.1', 'fd00:50::10', '::1'],
        kernel: MODERN_KERNEL,
        families: FAMILIES,
      })
      pipeline.apply(objects.map(setOf))
      const entries = [...pipeline.program.values()]
      const read = FAMILIES.flatMap(family => readDump(savedDump(entries, family), family))
      assert.equal(read.length, entries.length)
      assert.deepEqual(diff(tableOf(read), pipeline.program, equal), [])
    }),
    { numRuns: 60 },
  )
})

const DISPATCH = /^-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports.*\n/m
const CLUSTER_IP = /^-A KUBE-SERVICES -d 10\.96\.0\.10\/32 .*\n/m
const lineOf = (pattern: RegExp): string => pattern.exec(worked('save'))?.[0] ?? ''

t.test('a rule behind the one that must be last is a difference', async t => {
  const dispatch = lineOf(DISPATCH)
  const cluster = lineOf(CLUSTER_IP)
  t.not(dispatch, '')
  t.not(cluster, '')
  const key = `IPv4 nat ${cluster.slice(3).trimEnd()}`
  const swapped = worked('save')
    .replace(cluster, '')
    .replace(dispatch, dispatch + cluster)
  t.strictSame(differences(swapped), [`add ${key}`, `remove ${key}#misplaced`])
  const twice = worked('save').replace(dispatch, dispatch + cluster)
  t.strictSame(differences(twice), [
    `add ${key}`,
    `remove ${key}#misplaced`,
    `remove ${key}#misplaced#2`,
  ])
})

t.test('a rule or jump that stands twice is a difference', async t => {
  const cluster = lineOf(CLUSTER_IP)
  const twice = worked('save').replace(cluster, cluster + cluster)
  t.strictSame(differences(twice), [`remove IPv4 nat ${cluster.slice(3).trimEnd()}#2`])
  const jump = '-A INPUT -j KUBE-FIREWALL\n'
  const jumps = worked('save').replace(jump, jump + jump)
  t.strictSame(differences(jumps), ['remove IPv4 filter INPUT -j KUBE-FIREWALL#2'])
})

t.test('what is missing, stale or strange in our chains is a difference', async t => {
  const save = worked('save')
  t.strictSame(differences(save.replace('-A INPUT -j KUBE-FIREWALL\n', '')), [
    'add IPv4 filter INPUT -j KUBE-FIREWALL',
  ])
  const stale = ':KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]\n:KUBE-SEP-7BKPKI7PSYID3IZ2 - [0:0]\n'
  t.strictSame(differences(save.replace(':KUBE-SEP-7BKPKI7PSYID3IZ2 - [0:0]\n', stale)), [
    'remove IPv4 nat KUBE-SVC-NPX46M4PTMTKRN6Y',
  ])
  const foreign = '-A KUBE-MARK-MASQ -m limit --limit 5/min -j LOG\n'
  const mark = '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n'
  t.strictSame(differences(save.replace(mark, foreign + mark)), ['replace IPv4 nat KUBE-MARK-MASQ'])
})

t.test('chains and rules of others do not appear', async t => {
  const others = worked('save')
    .replace(':KUBE-MARK-MASQ', ':KUBE-MARK-DROP - [0:0]\n:CNI-HOSTPORT - [0:0]\n:KUBE-MARK-MASQ')
    .replace('-A KUBE-MARK-MASQ', '-A CNI-HOSTPORT -j KUBE-MARK-MASQ\n-A KUBE-MARK-MASQ')
    .replace('-A INPUT', '-A INPUT -i lo -j ACCEPT\n-A INPUT -j KUBE-SERVICES\n-A INPUT')
  t.strictSame(differences(`${others}*raw\n:KUBE-SERVICES - [0:0]\nCOMMIT\n`), [])
})

t.test(
  'what kubelet keeps in its chain is left alone as long as we want nothing there',
  async t => {
    const facts = { ...FACTS, localhostNodePorts: false }
    const program = programOf([], facts)
    const kubelets = '-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP\nCOMMIT'
    const dump = savedDump(program.values(), 'IPv4').replace(
      /(\*filter[^*]*)COMMIT/,
      (_, before: string) => before + kubelets,
    )
    t.ok(dump.includes(kubelets))
    t.strictSame(diff(tableOf(readDump(dump, 'IPv4')), program, equal), [])
    const wanted = diff(tableOf(readDump(dump, 'IPv4')), programOf([]), equal)
    t.ok(wanted.some(change => change.op === 'replace' && keyOf(change).endsWith('KUBE-FIREWALL')))
  },
)

t.test('a dump of a large cluster', async t => {
  const count = 150_000
  const names = Array.from({ length: count }, (_, at) => `KUBE-SEP-${String(at).padStart(16, '0')}`)
  const chains = names.map(name => `:${name} - [0:0]\n`).join('')
  const rules = names.map(name => `-A ${name} -s 10.0.0.1/32 -j KUBE-MARK-MASQ\n`).join('')
  t.equal(readDump(`*nat\n${chains}${rules}COMMIT\n`, 'IPv4').length, count)
})
