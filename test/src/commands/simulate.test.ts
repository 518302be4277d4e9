/** `kpc simulate`: how it is started and ended, and `kpc run --kubeconfig` against it. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSimulator } from '../../../src/simulator/simulator.ts'
import { kpc } from '../../support/kpc.ts'

const folder = await mkdtemp(join(tmpdir(), 'kpc-simulate-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

t.test('it writes a kubeconfig, says how to go on, and ends', async t => {
  const kubeconfig = join(folder, 'new', 'sim.yaml')
  const { code, out, err } = await kpc([
    'simulate',
    '--port',
    '0',
    '--nodes',
    '2',
    '--kubeconfig',
    kubeconfig,
    '--for',
    '1s',
  ])
  t.equal(code, 0)
  t.equal(err, '')
  t.match(out, /^Kubernetes API at https:\/\/127\.0\.0\.1:\d+: 2 nodes, 1 service\n/)
  t.match(out, `kubectl --kubeconfig ${kubeconfig} get nodes`)
  t.match(await readFile(kubeconfig, 'utf8'), /current-context: kpc-simulator/)
  t.equal((await stat(kubeconfig)).mode & 0o777, 0o600, 'its keys are nobody else’s')
})

t.test('objects to start with: the sound ones are there, the others named', async t => {
  const path = join(folder, 'objects.yaml')
  await writeFile(
    path,
    'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop }\nspec: { ports: [{ port: 80 }] }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: bad }\nspec: { ports: [{ port: 0 }] }\n',
  )
  const { code, out, err } = await kpc([
    'simulate',
    '--port',
    '0',
    '--http',
    '-f',
    path,
    '--kubeconfig',
    join(folder, 'k'),
    '--for',
    '1s',
  ])
  t.equal(code, 2)
  t.match(out, /^Kubernetes API at http:.*: 3 nodes, 2 services\n/)
  t.match(
    err,
    /^error: Service bad was refused: .*spec\.ports\[0\]\.port: Invalid value: 0: must be between 1 and 65535, inclusive.*; it is left out\n$/,
  )
})

t.test('what it cannot do it says, and does not start', async t => {
  const wrong = await kpc(['simulate', '--port', '70000'])
  t.equal(wrong.code, 64)
  t.equal(
    wrong.err,
    'error: --port "70000" is not a number from 0 to 65535\n  type: kpc simulate --port 6443\n',
  )
  const missing = await kpc(['simulate', '-f', join(folder, 'nope')])
  t.equal(missing.code, 2)
  t.match(missing.err, /does not exist; nothing was started/)
  const other = await startSimulator({ tls: false })
  t.teardown(() => other.close())
  const taken = await kpc(['simulate', '--port', String(other.port), '--for', '1s'])
  t.equal(taken.code, 2)
  t.match(taken.err, /the API server cannot start: .*EADDRINUSE/)
})

t.test('kpc run --kubeconfig follows it, as the kube-proxy identity may', async t => {
  const simulator = await startSimulator({
    nodes: 1,
    objects: [
      'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop }\nspec: { clusterIP: 10.96.0.77, ports: [{ port: 80 }] }\n',
    ],
  })
  t.teardown(() => simulator.close())
  const kubeconfig = join(folder, 'proxy.yaml')
  await writeFile(
    kubeconfig,
    simulator.kubeconfig.replace('current-context: kpc-simulator', 'current-context: kube-proxy'),
  )
  const argv = [
    'run',
    '--kubeconfig',
    kubeconfig,
    '--hostname-override',
    'node-1',
    '--dry-run',
    '--once',
  ]
  const { code, out } = await kpc(argv)
  t.equal(code, 1, 'an empty kernel differs')
  t.match(out, /shop\/web\/TCP +10\.96\.0\.77:80 .* refused: none ready/)
  t.match(out, /\(1 node, 2 services, 0 endpoints\)/)

  const both = await kpc([...argv, '--demo'])
  t.equal(both.code, 64)
  const broken = await kpc([
    'run',
    '--kubeconfig',
    join(folder, 'nope.yaml'),
    '--dry-run',
    '--once',
  ])
  t.equal(broken.code, 2)
  t.match(broken.err, /--kubeconfig .*nope\.yaml: .*ENOENT.*; nothing was done/)
})
