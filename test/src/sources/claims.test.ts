/** Answers for src/sources/claims.ts: service ports that want the same traffic. */
import t from 'tap'
import { formatProblem } from '../../../src/objects/problem.ts'
import { claimsOf, NO_CLAIMS } from '../../../src/sources/claims.ts'
import { readFiles } from '../../../src/sources/files.ts'
import type { Placed } from '../../../src/sources/picture.ts'
import { Spot } from '../../../src/sources/spot.ts'
import { type Raw, service, sound } from '../../support/raw-objects.ts'

const PLACE = { file: 'cluster.yaml', document: 1, line: 1 }

const placed = (name: string, spec: Raw = {}, rest: Raw = {}): Placed => ({
  object: sound('Service', service(spec, { metadata: { namespace: 'shop', name }, ...rest })),
  spot: new Spot(PLACE, () => PLACE),
})

const told = (...services: readonly Placed[]): readonly string[] =>
  claimsOf(services, NO_CLAIMS).problems.map(problem =>
    formatProblem(problem)
      .replace(/^warning: /, '')
      .replace(/\n.*/, ''),
  )

const UDP = [{ name: 'http', protocol: 'UDP', port: 80 }]
const OTHER = { clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'] }

t.test('a cluster IP of two Services: the smaller name wins, whatever the order', async t => {
  const a = placed('a')
  const b = placed('b')
  const expected = [
    'Service shop/b: spec.clusterIP "10.96.0.10" is claimed for port 80/TCP by shop/a:http and shop/b:http; ' +
      'shop/a:http gets the traffic; in iptables mode it is whichever rule comes first',
  ]
  t.strictSame(told(a, b), expected)
  t.strictSame(told(b, a), expected)
  t.match(claimsOf([a, b], NO_CLAIMS).problems, [{ code: 'CLAIMED_TWICE', place: PLACE }])
})

t.test('three claimants: each loser hears of the winner', async t => {
  const names = (services: readonly Placed[]) => told(...services).map(text => text.slice(0, 14))
  const [a, b, c] = [placed('a'), placed('b'), placed('c')]
  for (const services of [
    [a, b, c],
    [c, b, a],
    [b, c, a],
  ])
    t.strictSame([...names(services)].sort(), ['Service shop/b', 'Service shop/c'])
  t.match(told(c, b, a), [/by shop\/a:http and /, /by shop\/a:http and /])
})

t.test('what does not clash', async t => {
  t.strictSame(told(placed('a'), placed('b', OTHER)), [])
  t.strictSame(told(placed('a'), placed('b', { ports: UDP })), [])
  t.strictSame(told(placed('a'), placed('b', { ports: [{ name: 'http', port: 81 }] })), [])
  const labels = { 'service.kubernetes.io/service-proxy-name': 'x' }
  const metadata = { namespace: 'shop', name: 'b', labels }
  t.strictSame(told(placed('a'), placed('b', {}, { metadata })), [], 'served by another')
  t.strictSame(told(placed('a', { externalIPs: ['10.96.0.10'] })), [], 'with itself')
  const external = { externalIPs: ['192.0.2.1'] }
  const headless = placed('b', { ...external, clusterIP: 'None', clusterIPs: ['None'] })
  t.strictSame(told(placed('a', external), headless), [])
})

t.test('external IPs, load-balancer IPs and node ports, once for each two', async t => {
  const balanced = (ip: string): Raw => ({ status: { loadBalancer: { ingress: [{ ip }] } } })
  const external = { ...OTHER, externalIPs: ['10.96.0.10', '192.0.2.1'] }
  t.strictSame(told(placed('a', external), placed('b', {}, balanced('192.0.2.1'))), [
    'Service shop/b: spec.clusterIP "10.96.0.10" is claimed for port 80/TCP by shop/a:http and shop/b:http, ' +
      'as is another frontend; shop/a:http gets the traffic; in iptables mode it is whichever rule comes first',
  ])
  const ports = [{ name: 'http', port: 80, nodePort: 30080 }]
  t.match(told(placed('a', { ports }), placed('b', { ...OTHER, ports })), [
    /^Service shop\/b: spec\.ports 30080 is claimed as a node port for TCP by shop\/a:http and /,
  ])
  const six = { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'], ports }
  t.strictSame(told(placed('a', { ports }), placed('b', six)), [], 'another family')
})

t.test('one Service with two names for one port', async t => {
  const ports = [
    { name: 'b', port: 80 },
    { name: 'a', port: 80 },
  ]
  t.match(told(placed('web', { ports })), [
    /^Service shop\/web: spec\.clusterIP .* by shop\/web:a and shop\/web:b; shop\/web:a gets/,
  ])
})

t.test('looked at again only when a Service changed', async t => {
  const [a, b] = [placed('a'), placed('b')]
  const first = claimsOf([a, b], NO_CLAIMS)
  t.equal(claimsOf([a, b], first), first)
  t.not(claimsOf([a], first), first)
  t.strictSame(claimsOf([a], first).problems, [])
})

t.test('in files', async t => {
  const of = (name: string) => service({}, { metadata: { namespace: 'shop', name } })
  const folder = t.testdir({ 'a.json': JSON.stringify(of('a')), 'b.json': JSON.stringify(of('b')) })
  const { problems } = await readFiles([folder], { readStdin: async () => '' })
  t.match(problems, [
    { code: 'CLAIMED_TWICE', severity: 'warning', place: { file: `${folder}/b.json` } },
  ])
})
