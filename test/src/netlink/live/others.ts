/**
 * Counters, addresses, connections, on a real kernel. Run by live.test.ts inside a namespace.
 */
import { createSocket } from 'node:dgram'
import t from 'tap'
import { interfaceAddresses } from '../../../../src/netlink/addresses.ts'
import {
  deleteFlow,
  deleteFlows,
  type Flow,
  getFlows,
  listFlows,
} from '../../../../src/netlink/conntrack.ts'
import { familyId } from '../../../../src/netlink/genetlink.ts'
import { NETLINK_GENERIC, NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import {
  ensureNfacctCounters,
  nfacctSupported,
  readNfacctCounter,
} from '../../../../src/netlink/nfacct.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import { must } from '../../../support/namespace.ts'

const run = (line: string): Promise<string> => {
  const [command = '', ...args] = line.split(' ')
  return must(realExec, command, args)
}

const sendDatagrams = async (count: number, size: number, address: string): Promise<void> => {
  const socket = createSocket('udp4')
  for (let i = 0; i < count; i++)
    await new Promise(resolve => socket.send(new Uint8Array(size), 9, address, resolve))
  socket.close()
}

t.test('counters are made once and keep their values', async t => {
  t.equal(await nfacctSupported(), true)
  t.equal(await readNfacctCounter('dropped'), undefined)
  t.equal(await ensureNfacctCounters(['dropped', 'accepted']), true)
  t.match(await run('nfacct list'), /dropped[\s\S]*accepted|accepted[\s\S]*dropped/)
  t.strictSame(await readNfacctCounter('dropped'), { packets: 0n, bytes: 0n })
  await run('iptables -A OUTPUT -d 127.0.0.9 -m nfacct --nfacct-name dropped')
  await sendDatagrams(2, 100, '127.0.0.9')
  t.equal(await ensureNfacctCounters(['dropped', 'accepted', 'third']), true)
  t.strictSame(await readNfacctCounter('dropped'), { packets: 2n, bytes: 256n })
  await t.rejects(ensureNfacctCounters(['x'.repeat(32)]), /31 bytes/)
})

t.test('the addresses of every interface, up or down', async t => {
  await run('ip link add down0 type veth peer name down1')
  await run('ip address add 192.0.2.7/24 dev down0')
  await run('ip address add 198.51.100.1 peer 198.51.100.2 dev down0')
  await run('ip address add fd00:7::7/64 dev down0 nodad')
  const listed = JSON.parse(await run('ip -json address')) as {
    ifname: string
    addr_info: { local: string; family: string }[]
  }[]
  const want = listed.flatMap(({ ifname, addr_info }) =>
    addr_info.map(
      ({ local, family }) => `${ifname} ${local} ${family === 'inet' ? 'IPv4' : 'IPv6'}`,
    ),
  )
  const got = (await interfaceAddresses()).map(
    ({ name, address, family }) => `${name} ${address} ${family}`,
  )
  t.strictSame([...got].sort(), [...want].sort())
  t.ok(got.includes('down0 198.51.100.1 IPv4'), 'ours, not the peer')
  t.ok(got.includes('down0 fd00:7::7 IPv6'))
})

const flow = (protocol: string, from: string, to: string, more = ''): Promise<string> =>
  run(`conntrack -I -p ${protocol} -s ${from} -d ${to} --sport 1111 --dport 53 -t 100${more}`)

const flows = async (family: 'IPv4' | 'IPv6'): Promise<readonly Flow[]> => {
  const found: Flow[] = []
  for await (const each of listFlows({ family, protocol: 'UDP' })) found.push(each)
  return found.toSorted((a, b) => (a.original.destination.ip < b.original.destination.ip ? -1 : 1))
}

t.test('flows are listed and deleted, and only those asked for', async t => {
  const nat =
    ' --reply-src 10.244.0.2 --reply-dst 10.0.0.1 --reply-port-src 5353 --reply-port-dst 1111'
  await flow('udp', '10.0.0.1', '10.96.0.53', nat)
  await flow('udp', '10.0.0.1', '10.96.0.54', ' -w 7')
  await flow('tcp', '10.0.0.1', '10.96.0.55', ' --state ESTABLISHED')
  await flow('udp', 'fd00::1', 'fd00::53')
  const [translated, zoned, more] = await flows('IPv4')
  t.equal(more, undefined)
  t.match(translated, {
    family: 'IPv4',
    protocol: 17,
    original: {
      source: { ip: '10.0.0.1', port: 1111 },
      destination: { ip: '10.96.0.53', port: 53 },
    },
    reply: {
      source: { ip: '10.244.0.2', port: 5353 },
      destination: { ip: '10.0.0.1', port: 1111 },
    },
    zone: 0,
  })
  t.match(zoned, { zone: 7 })
  const [six] = await flows('IPv6')
  t.match(six, { family: 'IPv6', original: { destination: { ip: 'fd00::53', port: 53 } } })
  if (!translated || !zoned || !six) return
  t.equal(await deleteFlow({ ...translated, id: 1 }), false, 'another flow in its place')
  t.equal(await deleteFlow({ ...zoned, zone: 0 }), false)
  t.equal(await deleteFlow(translated), true)
  t.equal(await deleteFlow(translated), false)
  t.equal(await deleteFlows([translated, zoned, six]), 2)
  const left = await run('conntrack -L')
  t.match(left, /^tcp .*dst=10.96.0.55/m)
  t.notMatch(left, /^udp/m)
})

t.test('the kernel itself keeps the other protocols back', async t => {
  await flow('udp', '10.0.0.1', '10.96.0.53')
  await using socket = openNetlink(NETLINK_NETFILTER)
  const count = { UDP: 0, SCTP: 0 }
  for (const protocol of ['UDP', 'SCTP'] as const)
    for await (const _ of socket.dump(getFlows({ family: 'IPv4', protocol }))) count[protocol]++
  t.strictSame(count, { UDP: 1, SCTP: 0 })
})

t.test('generic families are known by name', async t => {
  await using socket = openNetlink(NETLINK_GENERIC)
  t.equal(await familyId(socket, 'nlctrl'), 16, 'the one whose number is fixed')
  await t.rejects(familyId(socket, 'kpc-nothing'), { code: 'ENOENT' })
})

t.test('a protocol the kernel lacks', t => {
  t.throws(() => openNetlink(31), { code: 'EPROTONOSUPPORT' })
  t.end()
})

t.test('many flows at once, in more than one send', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  t.ok(socket.sendLimit > 100_000)
  const [one] = await flows('IPv4')
  if (!one) throw new Error('no flow')
  const gone = Array.from({ length: 20_000 }, (_, i) => ({
    ...one,
    original: { ...one.original, source: { ip: '10.9.9.9', port: i } },
  }))
  t.equal(await deleteFlows([...gone, one]), 1)
})
