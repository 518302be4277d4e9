import t from 'tap'
import { defaultConfig, readConfig, withFlags } from '../../../src/config/read.ts'
import type { ProxyConfig } from '../../../src/config/types.ts'
import { formatProblem } from '../../../src/objects/problem.ts'
import type { Problem } from '../../../src/objects/types.ts'

const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const read = (body: string): ReturnType<typeof readConfig> => readConfig(HEAD + body, 'proxy.yaml')
const brief = ({ severity, field, place }: Problem): readonly unknown[] => [
  severity,
  field,
  place?.line,
]

t.test('an empty configuration is the default', async t => {
  t.strictSame(read(''), { config: defaultConfig(), problems: [] })
  const { config } = read('')
  t.match(config, {
    mode: '',
    bindAddress: '0.0.0.0',
    healthzBindAddress: '0.0.0.0:10256',
    metricsBindAddress: '127.0.0.1:10249',
    detectLocalMode: 'ClusterCIDR',
    oomScoreAdj: -999,
    configSyncPeriod: 900_000,
    iptables: {
      masqueradeBit: 14,
      localhostNodePorts: true,
      syncPeriod: 30_000,
      minSyncPeriod: 1000,
    },
    ipvs: { syncPeriod: 30_000, minSyncPeriod: 0 },
    conntrack: { maxPerCore: 32_768, tcpEstablishedTimeout: 86_400_000 },
  })
})

const EVERYTHING = `
featureGates: {AllowServiceExternalIPs: false}
clientConnection: {kubeconfig: /k, acceptContentTypes: a, contentType: b, qps: 1.5, burst: 3}
logging: {format: json, flushFrequency: 1000000, verbosity: 2, vmodule: [], options: {json: {infoBufferSize: "0"}}}
hostnameOverride: node-a
bindAddress: 010.0.0.1
healthzBindAddress: 127.0.0.1
metricsBindAddress: "[::]:9999"
bindAddressHardFail: true
enableProfiling: true
showHiddenMetricsForVersion: "1.35"
mode: nftables
iptables: {masqueradeBit: 0, masqueradeAll: true, localhostNodePorts: false, syncPeriod: 1m30s, minSyncPeriod: 250ms}
ipvs: {syncPeriod: 10s, minSyncPeriod: 5s, scheduler: lc, excludeCIDRs: [10.0.0.0/8], strictARP: true, tcpTimeout: 1h, tcpFinTimeout: 2m, udpTimeout: 3s}
nftables: {masqueradeBit: 31, masqueradeAll: true, syncPeriod: 20s, minSyncPeriod: 2s}
winkernel: {networkName: a, sourceVip: b, enableDSR: true, rootHnsEndpointName: c, forwardHealthCheckVip: true}
detectLocalMode: BridgeInterface
detectLocal: {bridgeInterface: br0, interfaceNamePrefix: cali}
clusterCIDR: 10.244.0.0/16,fd00::/48
nodePortAddresses: [192.168.0.0/16]
oomScoreAdj: 5
conntrack: {maxPerCore: 0, min: 1, tcpEstablishedTimeout: 1s, tcpCloseWaitTimeout: 2s, tcpBeLiberal: true, udpTimeout: 3s, udpStreamTimeout: 4s}
configSyncPeriod: 1m
portRange: 1-2
udpIdleTimeout: 1s
windowsRunAsService: false
`

const WHOLE: ProxyConfig = {
  featureGates: { AllowServiceExternalIPs: false },
  clientConnection: {
    kubeconfig: '/k',
    acceptContentTypes: 'a',
    contentType: 'b',
    qps: 1.5,
    burst: 3,
  },
  logging: { format: 'json', flushFrequency: 1, verbosity: 2 },
  hostnameOverride: 'node-a',
  bindAddress: '10.0.0.1',
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '[::]:9999',
  bindAddressHardFail: true,
  enableProfiling: true,
  showHiddenMetricsForVersion: '1.35',
  mode: 'nftables',
  iptables: {
    masqueradeBit: 0,
    masqueradeAll: true,
    localhostNodePorts: false,
    syncPeriod: 90_000,
    minSyncPeriod: 250,
  },
  ipvs: {
    syncPeriod: 10_000,
    minSyncPeriod: 5000,
    scheduler: 'lc',
    excludeCIDRs: ['10.0.0.0/8'],
    strictARP: true,
    tcpTimeout: 3_600_000,
    tcpFinTimeout: 120_000,
    udpTimeout: 3000,
  },
  nftables: { masqueradeBit: 31, masqueradeAll: true, syncPeriod: 20_000, minSyncPeriod: 2000 },
  detectLocalMode: 'BridgeInterface',
  detectLocal: { bridgeInterface: 'br0', interfaceNamePrefix: 'cali' },
  clusterCIDR: '10.244.0.0/16,fd00::/48',
  nodePortAddresses: ['192.168.0.0/16'],
  oomScoreAdj: 5,
  conntrack: {
    maxPerCore: 0,
    min: 1,
    tcpEstablishedTimeout: 1000,
    tcpCloseWaitTimeout: 2000,
    tcpBeLiberal: true,
    udpTimeout: 3000,
    udpStreamTimeout: 4000,
  },
  configSyncPeriod: 60_000,
  portRange: '1-2',
  udpIdleTimeout: 1000,
}

t.test('every field is read', async t => {
  t.strictSame(read(EVERYTHING), { config: WHOLE, problems: [] })
})

t.test('JSON is read too', async t => {
  const { config, problems } = readConfig(
    '{"apiVersion":"kubeproxy.config.k8s.io/v1alpha1","kind":"KubeProxyConfiguration","mode":"ipvs"}',
    'x.json',
  )
  t.equal(config.mode, 'ipvs')
  t.strictSame(problems, [])
})

// What kubeadm writes: most fields are there and say nothing.
t.test('null, empty and zero values stand for the default', async t => {
  const { config, problems } = read(`
bindAddress: ""
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: "", qps: 0}
clusterCIDR: ""
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null, udpStreamTimeout: 0s, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s, tcpFinTimeout: 0s, tcpTimeout: 0s, udpTimeout: 0s}
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
metricsBindAddress: ""
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}
`)
  t.strictSame(problems, [])
  t.strictSame(config, defaultConfig())
})

t.test('an IPv6 bind address moves the default addresses', async t => {
  t.match(read('bindAddress: "fd00::1"').config, {
    healthzBindAddress: '[::]:10256',
    metricsBindAddress: '[::1]:10249',
  })
  t.equal(
    read('bindAddress: "::"\nhealthzBindAddress: 1.2.3.4').config.healthzBindAddress,
    '1.2.3.4:10256',
  )
})

t.test('values that break a rule are errors and keep their default', async t => {
  const rows: readonly [string, string][] = [
    ['mode: ebpf', 'mode'],
    ['mode: 5', 'mode'],
    ['iptables: {masqueradeBit: 32}', 'iptables.masqueradeBit'],
    ['iptables: {masqueradeBit: -1}', 'iptables.masqueradeBit'],
    ['iptables: {masqueradeBit: 1.5}', 'iptables.masqueradeBit'],
    ['iptables: {masqueradeBit: "5"}', 'iptables.masqueradeBit'],
    ['iptables: {masqueradeAll: "yes"}', 'iptables.masqueradeAll'],
    ['iptables: {syncPeriod: 30}', 'iptables.syncPeriod'],
    ['iptables: {syncPeriod: -30s}', 'iptables.syncPeriod'],
    ['iptables: []', 'iptables'],
    ['oomScoreAdj: 1001', 'oomScoreAdj'],
    ['conntrack: {min: -1}', 'conntrack.min'],
    ['conntrack: {udpTimeout: -1s}', 'conntrack.udpTimeout'],
    ['detectLocalMode: Magic', 'detectLocalMode'],
    ['bindAddress: localhost', 'bindAddress'],
    ['healthzBindAddress: 1.2.3.4:0', 'healthzBindAddress'],
    ['metricsBindAddress: ":10249"', 'metricsBindAddress'],
    ['metricsBindAddress: 1.2.3.4:65536', 'metricsBindAddress'],
    ['nodePortAddresses: [primary, 10.0.0.0/8]', 'nodePortAddresses'],
    ['nodePortAddresses: [10.0.0.1]', 'nodePortAddresses'],
    ['nodePortAddresses: 10.0.0.0/8', 'nodePortAddresses'],
    ['clientConnection: {burst: -1}', 'clientConnection.burst'],
    ['featureGates: {A: 1}', 'featureGates'],
    ['configSyncPeriod: -1s', 'configSyncPeriod'],
    ['logging: {format: xml}', 'logging.format'],
  ]
  for (const [body, field] of rows) {
    const { config, problems } = read(body)
    t.strictSame(problems.map(brief), [['error', field, 3]], body)
    t.strictSame(config, defaultConfig(), body)
  }
})

t.test('fields that do not go together', async t => {
  const rows: readonly [string, string][] = [
    ['detectLocalMode: BridgeInterface', 'detectLocal.bridgeInterface'],
    ['detectLocalMode: InterfaceNamePrefix', 'detectLocal.interfaceNamePrefix'],
    ['clusterCIDR: 10.0.0.0', 'clusterCIDR'],
    ['clusterCIDR: 10.0.0.0/8,11.0.0.0/8', 'clusterCIDR'],
    ['clusterCIDR: 10.0.0.0/8,fd00::/8,11.0.0.0/8', 'clusterCIDR'],
    ['{mode: iptables, iptables: {syncPeriod: 1s, minSyncPeriod: 2s}}', 'iptables.minSyncPeriod'],
    ['nftables: {syncPeriod: 1s, minSyncPeriod: 2s}', 'nftables.minSyncPeriod'],
    ['{mode: ipvs, ipvs: {syncPeriod: 1s, minSyncPeriod: 2s}}', 'ipvs.minSyncPeriod'],
    ['featureGates: {NFTablesProxyMode: false}', 'featureGates.NFTablesProxyMode'],
  ]
  for (const [body, field] of rows) {
    const text = body.startsWith('{') ? body.slice(1, -1).replace(', ', '\n') : body
    t.strictSame(
      read(text).problems.map(problem => [problem.severity, problem.field]),
      [['error', field]],
      body,
    )
  }
  const short = read('mode: iptables\niptables: {syncPeriod: 1s, minSyncPeriod: 2s}')
  t.equal(short.config.iptables.minSyncPeriod, 1000)
  t.strictSame(read('ipvs: {syncPeriod: 1s, minSyncPeriod: 2s}').problems, [], 'not in use')
  t.strictSame(read('detectLocalMode: NodeCIDR\nclusterCIDR: x').problems, [], 'not in use')
})

t.test('what is wrong in the section of another mode only warns', async t => {
  const [idle] = read('nftables: {masqueradeBit: 40}\nmode: iptables').problems
  t.match(idle, { severity: 'warning', consequence: 'the default, 14, holds' })
  const [used] = read('nftables: {masqueradeBit: 40}\nmode: nftables').problems
  t.match(used, { severity: 'error', consequence: 'kpc does not start' })
  const [period] = read('ipvs: {syncPeriod: 10}').problems
  t.match(period, { severity: 'warning', consequence: 'the default, 30s, holds' })
})

t.test('where the file names no mode, the flag does, and else the default mode', async t => {
  const text = `${HEAD}nftables: {masqueradeBit: 40}`
  t.match(readConfig(text, 'proxy.yaml').problems, [{ severity: 'error' }])
  t.match(readConfig(text, 'proxy.yaml', 'nftables').problems, [{ severity: 'error' }])
  t.match(readConfig(text, 'proxy.yaml', 'iptables').problems, [{ severity: 'warning' }])
})

t.test('durations are told as people write them', async t => {
  const { problems } = read('nftables: {syncPeriod: 1500ms, minSyncPeriod: 90s}')
  t.match(problems, [{ value: '"1m30s"', fact: 'is longer than nftables.syncPeriod, 1.5s' }])
})

t.test('what is wrong with the text itself', async t => {
  const told = (text: string): readonly string[] =>
    readConfig(text, 'proxy.yaml').problems.map(formatProblem)
  t.strictSame(told(''), [
    'error: proxy.yaml: is empty: a KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1 is read here; kpc does not start\n  in proxy.yaml, document 1, line 1',
  ])
  t.match(told('# nothing\n'), [/is empty: /])
  t.match(told('- a'), [/^error: proxy\.yaml: \["a"\] is not a mapping of fields: /])
  t.match(told('a: [\n'), [/^error: proxy\.yaml: is not YAML: .*; kpc does not start\n/])
  t.match(told(`${HEAD}---\n${HEAD}`), [
    /^error: proxy\.yaml: holds more than one document, and a configuration is one; kpc does not start\n.*line 3$/,
  ])
  t.match(told(`${HEAD}mode: iptables\nmode: nftables`), [
    /^warning: proxy\.yaml: has the same field twice; the last one holds\n.*line 4$/,
  ])
  t.match(told('kind: KubeProxyConfiguration'), [
    /apiVersion is missing \(kubeproxy\.config\.k8s\.io\/v1alpha1\); kpc does not start/,
  ])
  t.match(told(HEAD.replace('v1alpha1', 'v9')), [
    /apiVersion "kubeproxy.config.k8s.io\/v9" is not kubeproxy\.config\.k8s\.io\/v1alpha1; /,
  ])
})

t.test('a problem says where, what, which values are right and what follows', async t => {
  const [problem] = read('iptables:\n  masqueradeAll: true\n  masqueradeBit: 40\n').problems
  t.strictSame(problem, {
    code: 'BAD_CONFIG_VALUE',
    severity: 'error',
    subject: 'proxy.yaml',
    field: 'iptables.masqueradeBit',
    value: '40',
    fact: 'is not a whole number from 0 to 31',
    consequence: 'kpc does not start',
    place: { file: 'proxy.yaml', document: 1, line: 5 },
  })
})

t.test('what is unknown or repeated is a warning', async t => {
  const { config, problems } = read(
    'mode: ipvs\nfoo: 1\niptables: {bar: 2}\nwinkernel: {baz: 3}\nfeatureGates: {Moon: true}\nmode: nftables\n',
  )
  t.equal(config.mode, 'nftables')
  t.strictSame(
    problems.map(({ code, severity, field }) => [code, severity, field]),
    [
      ['REPEATED_CONFIG_FIELD', 'warning', ''],
      ['UNKNOWN_CONFIG_FIELD', 'warning', 'foo'],
      ['UNKNOWN_CONFIG_FIELD', 'warning', 'iptables.bar'],
      ['UNKNOWN_CONFIG_FIELD', 'warning', 'winkernel.baz'],
      ['UNKNOWN_FEATURE_GATE', 'warning', 'featureGates.Moon'],
    ],
  )
})

t.test('names of object internals are unknown fields too', async t => {
  const { config, problems } = read('constructor: 1\n__proto__: {mode: ipvs}\ntoString: x\n')
  t.strictSame(
    problems.map(({ field }) => field),
    ['constructor', '__proto__', 'toString'],
  )
  t.equal(config.mode, '')
})

t.test('what is no proxy configuration is not used', async t => {
  for (const text of [
    '',
    'mode: ipvs',
    'a: [',
    '[]',
    HEAD.replace('v1alpha1', 'v9'),
    'kind: Service',
  ]) {
    const { config, problems } = readConfig(text, 'proxy.yaml')
    t.strictSame(config, defaultConfig(), text)
    t.ok(problems.length > 0, text)
    t.ok(
      problems.every(({ severity, place }) => severity === 'error' && place?.file === 'proxy.yaml'),
      text,
    )
  }
})

t.test('flags', async t => {
  const given = { ...defaultConfig(), hostnameOverride: 'file', mode: 'ipvs' } as const
  const config = 'proxy.yaml'
  t.equal(withFlags(given, {}).config, given)
  t.equal(
    withFlags(given, { config, hostnameOverride: ' Node-A ' }).config.hostnameOverride,
    'node-a',
  )
  t.equal(withFlags(given, { hostnameOverride: '' }).config.hostnameOverride, 'file')
  t.match(withFlags(given, { hostnameOverride: ' ' }).problems, [
    { subject: '--hostname-override' },
  ])
  t.equal(withFlags(given, { proxyMode: 'nftables' }).config.mode, 'nftables')
  const silent = withFlags({ ...given, mode: '' }, { config, proxyMode: 'nftables' })
  t.equal(silent.config.mode, 'nftables', 'a file without a mode leaves it to the flag')
  t.strictSame(silent.problems, [])
  const ignored = withFlags(given, { config, proxyMode: 'nftables' })
  t.equal(ignored.config.mode, 'ipvs')
  t.match(ignored.problems, [{ severity: 'warning', subject: '--proxy-mode' }])
  t.strictSame(withFlags(given, { config, proxyMode: 'ipvs' }).problems, [])
  t.match(withFlags(given, { proxyMode: 'ebpf' }).problems, [{ severity: 'error' }])
})
