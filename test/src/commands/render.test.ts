/** `kpc render`: what goes to which stream, and with which exit code. */
import { join } from 'node:path'
import t from 'tap'
import { backends } from '../../../backends/registry.ts'
import { kpc } from '../../support/kpc.ts'

const SAMPLE = join(import.meta.dirname, '../../../src/commands/sample')
const CLUSTER = join(SAMPLE, 'cluster.yaml')

const SOUND = `
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: web }
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10]
  ports: [{ name: http, port: 80, protocol: TCP }]
`

t.test('the sample renders in every mode, and alike from its files', async t => {
  for (const mode of Object.keys(backends)) {
    const demo = await kpc(['render', '--demo', '--proxy-mode', mode])
    t.equal(demo.code, 0, mode)
    t.equal(demo.err, '', mode)
    t.match(demo.out, '10.96.0.10')
    const config = join(SAMPLE, 'kubeproxy.yaml')
    const files = await kpc(['render', '-f', CLUSTER, '--config', config, '--ip-family', 'dual'])
    const bare = await kpc(['render', '--demo'])
    t.equal(files.out, bare.out, mode)
  }
})

t.test('--ip-family leaves the other family out', async t => {
  const { out } = await kpc(['render', '--demo', '--proxy-mode', 'iptables', '--ip-family', 'ipv4'])
  t.match(out, '10.96.0.13')
  t.notMatch(out, 'fd00:')
})

t.test('--node-address says where node ports are answered', async t => {
  const render = (...more: readonly string[]): ReturnType<typeof kpc> =>
    kpc(['render', '--demo', '-o', 'json', ...more])
  const named = await render('--node-address', '192.168.50.10')
  const other = await render('--node-address', '192.0.2.77')
  t.equal(named.code, 0)
  t.not(other.out, named.out)
})

t.test('standard input is read, as YAML and as a JSON list', async t => {
  const yaml = await kpc(['render', '-f', '-', '--hostname-override', 'n'], { stdin: SOUND })
  t.equal(yaml.code, 0)
  t.match(yaml.out, '10.96.0.10')
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  }
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [service] })
  const json = await kpc(['render', '-f', '-', '--hostname-override', 'n'], { stdin: list })
  t.equal(json.out, yaml.out)
})

t.test('bad input costs only itself: it is named, the rest is printed, exit 2', async t => {
  const stdin = `${SOUND}---
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: broken }
spec:
  clusterIP: 10.96.0.11
  clusterIPs: [10.96.0.11]
  ports: [{ name: http, port: eighty, protocol: TCP }]
---
apiVersion: v1
kind: Service
metadata: { name: "unfinished
`
  const { code, out, err } = await kpc(['render', '-f', '-', '--proxy-mode', 'iptables'], { stdin })
  t.equal(code, 2)
  t.match(out, '10.96.0.10')
  t.notMatch(out, 'shop/broken')
  t.match(
    err,
    'error: Service shop/broken: spec.ports[0].port "eighty" is not a port number from 1 to 65535; port skipped\n' +
      '  in standard input, document 2, line 16\n',
  )
  t.match(err, /error: standard input: is not YAML: .*; document skipped\n {2}in .*document 3/)
})

t.test('a node without an object of its own is a warning that names those there are', async t => {
  const { code, err } = await kpc(['render', '-f', CLUSTER])
  t.equal(code, 0)
  t.match(
    err,
    'warning: Node test-host: is not among the objects, which have node-a, node-b, node-c;',
  )
})

t.test('nothing readable: nothing printed, exit 2', async t => {
  const { code, out, err } = await kpc(['render', '-f', '/nowhere/x.yaml'])
  t.equal(code, 2)
  t.equal(out, '')
  t.match(err, 'error: /nowhere/x.yaml: does not exist')
  t.match(err, 'no object could be read, so there is no program to print')
})

t.test('a configuration that kube-proxy would refuse', async t => {
  const withConfig = (text: string): ReturnType<typeof kpc> =>
    kpc(['render', '--demo', '--config', 'kubeproxy.yaml'], { io: { readFile: async () => text } })
  const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
  const bad = await withConfig(`${head}mode: iptable\n`)
  t.equal(bad.code, 2)
  t.equal(bad.out, '')
  t.match(bad.err, 'kubeproxy.yaml')
  t.match(bad.err, 'kube-proxy does not start, and neither does kpc')
  const unavailable = await withConfig(`${head}mode: userspace\n`)
  t.equal(unavailable.code, 2)
  const good = await withConfig(`${head}mode: iptables\nhostnameOverride: node-a\n`)
  t.equal(good.code, 0)
  t.match(good.out, '*filter')
  const missing = await kpc(['render', '--demo', '--config', '/nowhere/k.yaml'])
  t.equal(missing.code, 2)
  t.match(missing.err, '--config /nowhere/k.yaml: the file does not exist')
})

t.test('the mode of a configuration file goes before --proxy-mode, with a warning', async t => {
  const text =
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: iptables\n'
  const { out, err } = await kpc(
    ['render', '--demo', '--config', 'k.yaml', '--proxy-mode', 'nftables'],
    { io: { readFile: async () => text } },
  )
  t.match(out, '*filter')
  t.match(err, /warning: --proxy-mode/)
})

t.test('documents: one Program, the same in both forms', async t => {
  const { code, out } = await kpc(['render', '--demo', '-o', 'json'])
  t.equal(code, 0)
  const document = JSON.parse(out)
  t.match(document, {
    apiVersion: 'kpc.dev/v1alpha1',
    kind: 'Program',
    node: 'node-a',
    mode: 'nftables',
    problems: [],
  })
  t.strictSame(document.servicePorts[2], {
    service: 'shop/cart',
    port: 'http',
    protocol: 'TCP',
    family: 'IPv4',
    frontends: [{ kind: 'cluster-ip', address: '10.96.0.12', port: 80 }],
    internal: { policy: 'Cluster', route: 'reject' },
    external: null,
    affinitySeconds: null,
    endpoints: [],
  })
  t.strictSame(document.servicePorts[0].endpoints, [
    { address: '10.244.0.53:5353', node: 'node-a', local: true },
    { address: '10.244.2.53:5353', node: 'node-c', local: false },
  ])
  const keys = document.entries.map(({ key }: { readonly key: string }) => key)
  t.ok(keys.length > 20)
  t.strictSame(keys, [...keys].sort())
  const yaml = await kpc(['render', '--demo', '-o', 'yaml'])
  const { parse } = await import('yaml')
  t.strictSame(parse(yaml.out), document)
})

t.test('kpc run --netns runs the rest of the line in the namespace', async t => {
  const privileged = {
    mayChangeRules: async () => true,
    readFile: async () => Promise.reject(Object.assign(new Error('EINVAL'), { code: 'EINVAL' })),
  }
  for (const netns of [['--netns', 'blue'], ['--netns=blue']]) {
    const { code, reruns } = await kpc(['run', ...netns, '--demo'], { io: privileged })
    t.equal(code, 0)
    t.strictSame(reruns, [['ip', 'netns', 'exec', 'blue', 'run', '--demo']])
  }
  const missing = await kpc(['run', '--netns', 'no-such-namespace', '--demo'])
  t.equal(missing.code, 2)
  t.match(missing.err, 'there is no network namespace "no-such-namespace"')
})
