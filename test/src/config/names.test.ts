/** Answers for src/config/names.ts, and for every text of a configuration that reaches a rule, the kernel or a server. */
import t from 'tap'
import { defaultConfig, readConfig, withFlags } from '../../../src/config/read.ts'

const HEAD = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }
const read = (more: object): ReturnType<typeof readConfig> =>
  readConfig(JSON.stringify({ ...HEAD, ...more }), 'proxy.yaml')

const BAD_INTERFACES: readonly string[] = [
  'x\n-A KUBE-SERVICES -j ACCEPT\n#',
  'br0" accept #',
  "br'0",
  'br 0',
  'br\t0',
  'br/0',
  'br:0',
  'br\\0',
  'br*',
  'br+',
  '!',
  '!br0',
  '-j',
  '.',
  '..',
  'br\u0000',
  'br\u001b[31m',
  'br\u007f',
  'brü',
  'br\u2028',
  ' br0',
  'br0 ',
  'br0\n',
  'sixteen-bytes-ab',
]

t.test('a name that no interface should have never gets as far as a rule', async t => {
  for (const name of ['bridgeInterface', 'interfaceNamePrefix'] as const)
    for (const value of BAD_INTERFACES)
      for (const detectLocalMode of ['BridgeInterface', 'InterfaceNamePrefix', 'ClusterCIDR']) {
        const { config, problems } = read({ detectLocalMode, detectLocal: { [name]: value } })
        const mine = problems.filter(({ field }) => field === `detectLocal.${name}`)
        t.match(
          mine[0],
          {
            code: 'BAD_CONFIG_VALUE',
            severity: 'error',
            value: JSON.stringify(value).slice(0, 80),
            fact: /^is not an interface name \(1 to 15 characters/,
          },
          encodeURI(value),
        )
        t.equal(mine.length, 1, 'and is told once')
        t.equal(config.detectLocal[name], '')
      }
})

t.test('names that interfaces have', async t => {
  for (const name of [
    'br0',
    'cali',
    'eth0.100',
    'br-1f2e3d4c5b6a',
    'wg_0',
    '...',
    'a@b',
    '0',
    'x#y',
  ])
    for (const field of ['bridgeInterface', 'interfaceNamePrefix'] as const) {
      const { config, problems } = read({ detectLocal: { [field]: name } })
      t.strictSame(problems, [], name)
      t.equal(config.detectLocal[field], name)
    }
})

t.test("the node's name", async t => {
  t.equal(read({ hostnameOverride: ' Node-A.example ' }).config.hostnameOverride, 'node-a.example')
  for (const value of [
    ' ',
    'a b',
    'node_a',
    'a,metadata.name=b',
    '\u001b[2Ja',
    '-a',
    'a'.repeat(254),
  ]) {
    const { config, problems } = read({ hostnameOverride: value })
    t.match(problems, [
      { severity: 'error', field: 'hostnameOverride', fact: /is not a node name/ },
    ])
    t.equal(config.hostnameOverride, '')
    const flagged = withFlags(defaultConfig(), { hostnameOverride: value })
    t.match(flagged.problems, [{ code: 'BAD_FLAG', severity: 'error' }], value)
    t.equal(flagged.config.hostnameOverride, '')
  }
})

t.test('a scheduler names a kernel module', async t => {
  for (const scheduler of ['rr', 'wlc', 'lblcr', ''])
    t.strictSame(read({ mode: 'ipvs', ipvs: { scheduler } }).problems, [], scheduler)
  for (const scheduler of ['../x', 'a b', 'RR', 'sixteen_bytes_ab', 'rr\n'])
    t.match(read({ mode: 'ipvs', ipvs: { scheduler } }).problems, [
      { severity: 'error', field: 'ipvs.scheduler' },
    ])
})

t.test('what goes into a request header has no control characters', async t => {
  for (const name of ['acceptContentTypes', 'contentType']) {
    t.match(read({ clientConnection: { [name]: 'a\r\nX: y' } }).problems, [
      { severity: 'error', field: `clientConnection.${name}` },
    ])
    t.strictSame(read({ clientConnection: { [name]: 'application/json; q=1' } }).problems, [])
  }
})

t.test('ranges with anything else in them are no ranges', async t => {
  for (const text of ['10.0.0.0/8\n', '10.0.0.0/8 -j ACCEPT', '10.0.0.0/8;', '0x0a.0.0.0/8']) {
    t.match(read({ clusterCIDR: `${text},x` }).problems, [{ field: 'clusterCIDR' }])
    t.match(read({ nodePortAddresses: [`${text}x`] }).problems, [{ field: 'nodePortAddresses' }])
    t.match(read({ mode: 'ipvs', ipvs: { excludeCIDRs: [`${text}x`] } }).problems, [
      { field: 'ipvs.excludeCIDRs' },
    ])
  }
})
