import t from 'tap'
import { defaultConfig } from '../../../src/config/read.ts'
import type { ProxyConfig } from '../../../src/config/types.ts'
import type { Node } from '../../../src/objects/types.ts'
import { type FactsInput, makeFacts, nodeAddresses } from '../../../src/plan/facts.ts'
import { MODERN_KERNEL, type NodeFacts } from '../../../src/plan/types.ts'

const NODE: Node = {
  kind: 'Node',
  name: 'node-a',
  zone: 'z1',
  podCIDRs: ['10.244.0.0/24', '10.244.9.0/24', 'fd00:244::/64'],
  addresses: ['192.168.50.10', 'fd00:50::10', '198.51.100.10'],
  eligible: true,
}
const INTERFACES = ['::1', '127.0.0.1', '192.168.60.10', '192.168.50.10', 'fd00:50::10']

type Given = Partial<Omit<FactsInput, 'config'>> & { readonly config?: Partial<ProxyConfig> }

const made = ({ config, ...more }: Given = {}): ReturnType<typeof makeFacts> =>
  makeFacts({
    config: { ...defaultConfig(), ...config },
    nodeName: 'node-a',
    node: NODE,
    interfaceAddresses: INTERFACES,
    serviceCIDRs: { IPv4: ['10.96.0.0/12'], IPv6: [] },
    largeCluster: { IPv4: true, IPv6: false },
    kernel: MODERN_KERNEL,
    families: ['IPv4', 'IPv6'],
    mode: 'iptables',
    ...more,
  })

const factsOf = (given: Given): NodeFacts => made(given).facts
const codes = (given: Given): readonly string[] => made(given).problems.map(({ code }) => code)

t.test('what is taken as it comes', async t => {
  const facts = factsOf({})
  t.equal(facts.zone, 'z1')
  t.equal(facts.nodeName, 'node-a')
  t.strictSame(facts.serviceCIDRs, { IPv4: ['10.96.0.0/12'], IPv6: [] })
  t.strictSame(facts.largeCluster, { IPv4: true, IPv6: false })
  t.strictSame(facts.interfaceAddresses, {
    IPv4: ['127.0.0.1', '192.168.50.10', '192.168.60.10'],
    IPv6: ['::1', 'fd00:50::10'],
  })
  t.equal(factsOf({ node: undefined }).zone, null)
})

t.test("the node's addresses", async t => {
  const rows: readonly [readonly string[], string, string, string | null, string | null][] = [
    [[], '0.0.0.0', 'IPv4', null, null],
    [['10.0.0.1', '10.0.0.2', 'fd00::1'], '0.0.0.0', 'IPv4', '10.0.0.1', 'fd00::1'],
    [['fd00::1', '10.0.0.1'], '::', 'IPv6', '10.0.0.1', 'fd00::1'],
    [['10.0.0.1', 'fd00::1'], '192.0.2.1', 'IPv4', '192.0.2.1', 'fd00::1'],
    [['10.0.0.1', 'fd00::1'], 'fd00::9', 'IPv6', '10.0.0.1', 'fd00::9'],
    [[], 'fd00::9', 'IPv6', null, 'fd00::9'],
  ]
  for (const [addresses, bind, primary, IPv4, IPv6] of rows)
    t.strictSame(
      nodeAddresses({ ...NODE, addresses }, bind),
      { primary, ips: { IPv4, IPv6 } },
      `${addresses} bound to ${bind}`,
    )
})

// Spec services-and-endpoints, section 8.
t.test('how pods are told', async t => {
  const cidr = (text: string): unknown => ({ kind: 'cidr', cidr: text })
  const name = { kind: 'interface', name: 'br0' }
  const prefix = { kind: 'interface-prefix', prefix: 'cali' }
  const detectLocal = { bridgeInterface: 'br0', interfaceNamePrefix: 'cali' }
  const rows: readonly [string, Partial<ProxyConfig>, unknown, unknown][] = [
    ['no range', {}, null, null],
    ['one range', { clusterCIDR: '10.1.2.3/16' }, cidr('10.1.0.0/16'), null],
    [
      'two ranges',
      { clusterCIDR: 'fd00::/48, 10.1.0.0/16' },
      cidr('10.1.0.0/16'),
      cidr('fd00::/48'),
    ],
    [
      'the first of a family',
      { clusterCIDR: '10.1.0.0/16,10.2.0.0/16' },
      cidr('10.1.0.0/16'),
      null,
    ],
    ['node', { detectLocalMode: 'NodeCIDR' }, cidr('10.244.0.0/24'), cidr('fd00:244::/64')],
    ['bridge', { detectLocalMode: 'BridgeInterface', detectLocal }, name, name],
    ['prefix', { detectLocalMode: 'InterfaceNamePrefix', detectLocal }, prefix, prefix],
  ]
  for (const [title, config, IPv4, IPv6] of rows)
    t.strictSame(factsOf({ config }).podDetector, { IPv4, IPv6 }, title)
  t.strictSame(codes({}), ['NO_POD_DETECTOR'])
  t.strictSame(codes({ config: { clusterCIDR: '10.1.0.0/16' } }), [])
  t.strictSame(codes({ config: { clusterCIDR: '10.1.0.0/16' }, families: ['IPv6'] }), [
    'NO_POD_DETECTOR',
  ])
  const [problem] = made({ config: { detectLocalMode: 'NodeCIDR' }, node: undefined }).problems
  t.match(problem, { subject: 'Node', field: 'spec.podCIDRs', value: '[]' })
})

// Spec services-and-endpoints, section 9, and agent, section 3.2.
t.test('where node ports are served', async t => {
  const all = (holdsLoopback: boolean): unknown => ({ all: true, holdsLoopback })
  const some = (...addresses: readonly string[]): unknown => ({
    all: false,
    holdsLoopback: false,
    addresses,
  })
  const rows: readonly [readonly string[], string, unknown, unknown][] = [
    [[], 'iptables', all(true), all(false)],
    [[], 'nftables', some('192.168.50.10'), some('fd00:50::10')],
    [['primary'], 'iptables', some('192.168.50.10'), some('fd00:50::10')],
    [['192.168.0.0/16'], 'nftables', some('192.168.50.10', '192.168.60.10'), all(false)],
    [['fd00:50::/64'], 'iptables', all(true), some('fd00:50::10')],
    [['192.168.50.0/24', '0.0.0.0/0'], 'iptables', all(true), all(false)],
    [['172.16.0.0/12'], 'iptables', some(), all(false)],
    [
      ['127.0.0.0/8'],
      'iptables',
      { all: false, holdsLoopback: true, addresses: ['127.0.0.1'] },
      all(false),
    ],
    [['127.5.0.0/16'], 'iptables', { all: false, holdsLoopback: true, addresses: [] }, all(false)],
    [
      ['64.0.0.0/2'],
      'iptables',
      { all: false, holdsLoopback: true, addresses: ['127.0.0.1'] },
      all(false),
    ],
    [['::1/128'], 'iptables', all(true), some('::1')],
  ]
  for (const [nodePortAddresses, mode, IPv4, IPv6] of rows)
    t.strictSame(
      factsOf({ config: { nodePortAddresses }, mode }).nodePortAddresses,
      { IPv4, IPv6 },
      `${mode} ${nodePortAddresses}`,
    )
})

t.test('a loopback address is no primary address', async t => {
  const config = { nodePortAddresses: ['primary'], bindAddress: '127.0.0.1' }
  const { nodePortAddresses } = factsOf({ config })
  t.strictSame(nodePortAddresses.IPv4, { all: true, holdsLoopback: true })
  t.match(nodePortAddresses.IPv6, { all: false })
})

t.test('what an operator should know about node ports', async t => {
  const base = { clusterCIDR: '10.244.0.0/16' }
  const of = (...nodePortAddresses: readonly string[]): Given => ({
    config: { ...base, nodePortAddresses },
  })
  t.strictSame(codes(of()), [])
  t.strictSame(codes(of('192.168.0.0/16')), ['NODE_PORT_FAMILY_OPEN'])
  t.strictSame(codes({ ...of('192.168.0.0/16'), families: ['IPv4'] }), [])
  t.strictSame(codes(of('172.16.0.0/12', '::/0')), ['NO_NODE_PORT_ADDRESS'])
  const unknown = { ...of(), mode: 'nftables', node: undefined }
  t.strictSame(codes(unknown), ['NODE_PORT_FAMILY_OPEN', 'NODE_PORT_FAMILY_OPEN'])
  t.strictSame(factsOf(unknown).nodePortAddresses.IPv4, { all: true, holdsLoopback: true })
  t.strictSame(codes({ ...unknown, node: NODE }), [])
})

t.test('what nobody set is not told as if somebody had', async t => {
  const config = { clusterCIDR: '10.244.0.0/16' }
  const byDefault = made({ config, mode: 'nftables', node: undefined, families: ['IPv4'] })
  t.match(byDefault.problems, [
    {
      field: 'nodePortAddresses',
      value: '',
      fact: 'is not set, and its default, ["primary"], gives no IPv4 range',
    },
  ])
  const set = { ...config, nodePortAddresses: ['primary'] }
  const asked = made({ config: set, mode: 'nftables', node: undefined, families: ['IPv4'] })
  t.match(asked.problems, [{ value: '["primary"]', fact: 'gives no IPv4 range' }])
  const elsewhere = {
    config,
    mode: 'nftables',
    families: ['IPv4'],
    interfaceAddresses: [],
  } as const
  t.match(made(elsewhere).problems, [
    {
      value: '',
      fact: `is not set, and its default, ["primary"], holds none of the node's IPv4 addresses`,
    },
  ])
})

t.test('settings that hold for one mode', async t => {
  const { iptables, nftables, conntrack } = defaultConfig()
  const config = {
    iptables: { ...iptables, masqueradeAll: true, masqueradeBit: 5 },
    nftables: { ...nftables, masqueradeBit: 20 },
  }
  for (const [mode, masqueradeAll, masqueradeBit, localhostNodePorts] of [
    ['iptables', true, 5, true],
    ['ipvs', true, 5, false],
    ['userspace', true, 5, false],
    ['nftables', false, 20, false],
  ] as const)
    t.match(factsOf({ config, mode }), { masqueradeAll, masqueradeBit, localhostNodePorts }, mode)
  const off = { iptables: { ...iptables, localhostNodePorts: false } }
  t.equal(factsOf({ config: off }).localhostNodePorts, false)
  const elsewhere = { nodePortAddresses: ['192.168.50.0/24'] }
  t.equal(factsOf({ config: elsewhere }).localhostNodePorts, false)

  t.equal(factsOf({}).kernel.tcpBeLiberal, false)
  const liberal = { conntrack: { ...conntrack, tcpBeLiberal: true } }
  t.equal(factsOf({ config: liberal }).kernel.tcpBeLiberal, true)
  const kernel = { tcpBeLiberal: true, nfacct: false, randomFully: false }
  t.strictSame(factsOf({ kernel }).kernel, kernel)

  t.equal(factsOf({}).allowExternalIPs, true)
  const gate = { featureGates: { AllowServiceExternalIPs: false } }
  t.equal(factsOf({ config: gate }).allowExternalIPs, false)
})
