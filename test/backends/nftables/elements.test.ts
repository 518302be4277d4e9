import t from 'tap'
import { kernelElement } from '../../../backends/nftables/element-bytes.ts'
import { type Element, elementKey, frontendOf, setOf } from '../../../backends/nftables/entries.ts'
import { readElement } from '../../../backends/nftables/read-element.ts'
import { lines } from '../../../backends/nftables/render.ts'
import type { Family } from '../../../src/objects/types.ts'
import { wireText } from './support/bytes.ts'

const IP: Readonly<Record<Family, readonly [string, string, string]>> = {
  IPv4: ['10.96.0.10', '10.244.1.7', '203.0.113.0/28'],
  IPv6: ['fd00:10:96::10', 'fd00:10:244:1::7', 'fd00:50::/61'],
}

/** One of each kind, by address and by node port. */
const samples = (family: Family): readonly Element[] => {
  const [vip, ip, range] = IP[family]
  const frontend = frontendOf(family, vip, 'TCP', 80)
  const nodePort = frontendOf(family, null, 'SCTP', 30080)
  const to = { ip, port: 8080 }
  const key = (set: Parameters<typeof elementKey>[1], values: string): string =>
    elementKey(family, set, values)
  return [
    { kind: 'endpoint', key: key('endpoints', `${frontend.text} 7`), frontend, index: 7, to },
    {
      kind: 'endpoint',
      key: key('np-endpoints', `${nodePort.text} 1000000`),
      frontend: nodePort,
      index: 1_000_000,
      to,
    },
    {
      kind: 'verdict',
      key: key('services', frontend.text),
      map: 'services',
      frontend,
      verdict: { kind: 'goto', chain: 'pick-3' },
    },
    {
      kind: 'verdict',
      key: key('nodeports', nodePort.text),
      map: 'nodeports',
      frontend: nodePort,
      verdict: { kind: 'drop' },
    },
    { kind: 'live', key: key('live', `${frontend.text} ${ip} 8080`), frontend, endpoint: to },
    {
      kind: 'live',
      key: key('np-live', `${nodePort.text} ${ip} 8080`),
      frontend: nodePort,
      endpoint: to,
    },
    { kind: 'source', key: key('allowed-sources', `${frontend.text} ${range}`), frontend, range },
    { kind: 'address', key: key('cluster-ips', vip), family, set: 'cluster-ips', address: vip },
    {
      kind: 'hairpin',
      key: key('hairpins', `${ip} ${ip} udp 8080`),
      family,
      protocol: 'UDP',
      endpoint: to,
    },
  ]
}

t.test('bytes of an endpoint', async t => {
  const [first] = samples('IPv4')
  const { key, data } = first ? kernelElement(first) : { key: new Uint8Array(0) }
  t.equal(
    wireText(key),
    [
      '0a 60 00 0a', // 10.96.0.10
      '06 00 00 00', // TCP, padded
      '00 50 00 00', // 80 in network order, padded
      '07 00 00 00', // the index as numgen writes it, in the order of the host
    ].join('\n'),
  )
  t.ok(data instanceof Uint8Array)
  t.equal(wireText(data as Uint8Array), '0a f4 01 07\n1f 90 00 00')
})

t.test('a range is its first and its last key', async t => {
  const source = samples('IPv4').find(({ kind }) => kind === 'source')
  const { key, keyEnd } = source ? kernelElement(source) : { key: new Uint8Array(0) }
  t.equal(wireText(key).split('\n')[3], 'cb 00 71 00')
  t.equal(wireText(keyEnd ?? new Uint8Array(0)).split('\n')[3], 'cb 00 71 0f')
})

t.test('reading undoes writing', async t => {
  for (const family of ['IPv4', 'IPv6'] as const)
    for (const element of samples(family))
      t.strictSame(
        readElement(family, setOf(element), kernelElement(element)),
        element,
        lines(element).join(),
      )
})

t.test('what is no element of ours', async t => {
  const key = new Uint8Array([10, 96, 0, 10, 6, 0, 0, 0, 0, 80, 0, 0])
  const accept = { kind: 'verdict', code: 1, chain: null } as const
  t.equal(readElement('IPv4', 'services', { key, data: accept }), undefined, 'a foreign verdict')
  t.equal(readElement('IPv4', 'affinity', { key }), undefined, 'the kernel writes those')
  key[4] = 99
  t.throws(() => readElement('IPv4', 'services', { key }), /protocol 99/)
})
