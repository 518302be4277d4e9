/** Remembered clients across restarts and removals. Run by test/live/nftables.test.ts inside a namespace. */
import t from 'tap'
import { NftablesKernel } from '../../../../backends/nftables/kernel.ts'
import { NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { endpoint, facts, plan } from '../support/plans.ts'
import { desk, nft } from '../support/program.ts'

const A = endpoint('10.244.0.10', 8080, true)
const B = endpoint('10.244.1.7', 8080)
const sticky = plan({ cluster: [A, B], affinitySeconds: 3600 })

const client = (last: number, frontend: string, ip: string): string =>
  `203.0.113.${last} . ${frontend} timeout 1h expires 30m : ${ip} . 8080`

/** `client endpoint`, and the minutes that it has left. */
const remembered = async (table: string): Promise<readonly string[]> => {
  const text = await nft('list', 'map', 'ip', table, 'affinity')
  return [...text.matchAll(/(203\S+) \. \S+ \. tcp \. 80 \S* ?\S* ?expires (\d+)m\S* : (\S+)/g)]
    .map(([, from, minutes, to]) => `${from} ${to} ${minutes}m`)
    .sort()
}

const remember = (): Promise<string> =>
  nft(
    'add',
    'element',
    'ip',
    'kpc',
    'affinity',
    `{ ${client(1, '10.96.0.10 . tcp . 80', A.ip)}, ${client(2, '10.96.0.10 . tcp . 80', B.ip)} }`,
  )

const openSmall = (): NftablesKernel =>
  new NftablesKernel({
    socket: openNetlink(NETLINK_NETFILTER),
    families: ['IPv4'],
    renewFrom: 10,
  })

t.test('clients of an endpoint that left are forgotten, others are not', async t => {
  await nft('flush', 'ruleset')
  const table = desk(facts({ families: ['IPv4'] }))
  {
    await using kernel = openSmall()
    table.put(sticky)
    await kernel.renew(table.program)
    await remember()
    await kernel.apply(table.put({ ...sticky, cluster: [B], reachable: [B] }))
  }
  t.strictSame(await remembered('kpc'), ['203.0.113.2 10.244.1.7 29m'])
})

t.test('clients move to the new table with the time they have left', async t => {
  await nft('flush', 'ruleset')
  const table = desk(facts({ families: ['IPv4'] }))
  table.put(sticky)
  await using kernel = openSmall()
  await kernel.renew(table.program)
  await remember()
  table.put({ ...sticky, cluster: [B], reachable: [B] })
  t.equal(await kernel.renew(table.program), true)
  t.strictSame(await remembered('kpc-b'), ['203.0.113.2 10.244.1.7 29m'], 'those that may')
})
