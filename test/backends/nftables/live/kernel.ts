/** Changes, restarts and the swap, on a kernel. Run by test/live/nftables.test.ts inside a namespace. */
import t from 'tap'
import { equal } from '../../../../backends/nftables/equal.ts'
import { NftablesKernel, TABLES } from '../../../../backends/nftables/kernel.ts'
import { NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { diff } from '../../../../src/program/program.ts'
import { endpoints, facts, plan } from '../support/plans.ts'
import { crowd, desk, differences, FAMILIES, nft, open } from '../support/program.ts'

const tables = async (): Promise<readonly string[]> =>
  (await nft('list', 'tables')).trim().split('\n').sort()

t.test('a new process takes up what the last one left', async t => {
  await nft('flush', 'ruleset')
  const table = desk()
  for (const made of crowd(20)) table.put(made)
  {
    await using kernel = await open()
    t.equal(await kernel.renew(table.program), true, 'nothing there: made at once')
  }
  await using kernel = await open()
  t.equal(await kernel.renew(table.program), false, 'a small table is read instead')
  t.strictSame(await differences(kernel, table.program), [])
  const [first] = crowd(1)
  const changes = first ? table.put({ ...first, cluster: endpoints(9) }) : []
  await kernel.apply(changes)
  t.strictSame(await differences(kernel, table.program), [])
})

t.test('chains of a length that nobody needs stay, and are taken up again', async t => {
  await nft('flush', 'ruleset')
  const table = desk(facts({ families: ['IPv4'] }))
  await using kernel = await open(['IPv4'])
  await kernel.renew(table.program)
  for (const length of [3, 5, 3, 5, 3]) {
    await kernel.apply(table.put(plan({ cluster: endpoints(length) })))
    t.strictSame(await differences(kernel, table.program), [], `${length} endpoints`)
  }
  t.match(await nft('list', 'chains'), 'chain pick-5', 'it lies idle')
  const remarked = facts({ families: ['IPv4'], masqueradeBit: 3 })
  const external = [{ kind: 'external-ip', address: '198.51.100.1', port: 80 }] as const
  await kernel.apply(table.put(plan({ frontends: external, cluster: endpoints(2) })))
  await kernel.apply(table.put(plan({ frontends: external, cluster: endpoints(3) })))
  const other = desk(remarked)
  other.put(plan({ frontends: external, cluster: endpoints(2) }))
  await kernel.read()
  await kernel.apply(diff(new Map(await kernel.read()), other.program, equal))
  t.strictSame(await differences(kernel, other.program), [], 'idle chains get the new mark')
  t.match(await nft('list', 'chain', 'ip', 'kpc', 'pick-masq-2'), '0x00000008')
})

t.test('a large program is built beside the old one and takes its place', async t => {
  await nft('flush', 'ruleset')
  const table = desk()
  const small = new NftablesKernel({
    socket: openNetlink(NETLINK_NETFILTER),
    families: FAMILIES,
    renewFrom: 100,
    chunk: 2000,
  })
  await using kernel = small
  for (const made of crowd(200)) table.put(made)
  t.equal(await kernel.renew(table.program), true)
  t.strictSame(await tables(), [`table ip ${TABLES[0]}`, `table ip6 ${TABLES[0]}`])
  t.equal(await kernel.renew(table.program), true)
  t.strictSame(await tables(), [`table ip ${TABLES[1]}`, `table ip6 ${TABLES[1]}`])
  t.strictSame(await differences(kernel, table.program), [])
  await nft('add', 'table', 'ip', TABLES[0])
  t.equal(await kernel.renew(table.program), true, 'what a crash left behind is no hindrance')
  t.strictSame(await tables(), [`table ip ${TABLES[0]}`, `table ip6 ${TABLES[0]}`])
  const changes = crowd(200).flatMap(made => [...table.drop(made.key)])
  await kernel.apply(changes)
  t.strictSame(await differences(kernel, table.program), [], 'in many transactions')
})

t.test('a table of another shape is replaced', async t => {
  await nft('flush', 'ruleset')
  await nft('add', 'table', 'ip', 'kpc')
  await nft('add', 'set', 'ip', 'kpc', 'cluster-ips', '{ type inet_service; }')
  await nft('add', 'element', 'ip', 'kpc', 'cluster-ips', '{ 80 }')
  await using kernel = await open()
  const table = desk()
  t.equal(await kernel.renew(table.program), true)
  t.strictSame(await differences(kernel, table.program), [])
})

t.test('check changes nothing and says what apply would', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open()
  const table = desk()
  await kernel.renew(table.program)
  const before = await nft('list', 'ruleset')
  const changes = table.put(plan())
  await kernel.check(changes)
  t.equal(await nft('list', 'ruleset'), before)
  await kernel.apply(changes)
  await t.rejects(kernel.check(changes), { code: 'EEXIST' }, 'they are there by now')
})

t.test('what is not ours is left alone', async t => {
  await nft('flush', 'ruleset')
  await nft('add', 'table', 'ip', 'theirs')
  await nft('add', 'chain', 'ip', 'theirs', 'kept')
  await using kernel = await open()
  const table = desk()
  await kernel.renew(table.program)
  for (const made of crowd(5)) await kernel.apply(table.put(made))
  t.match(await nft('list', 'table', 'ip', 'theirs'), 'chain kept')
  t.ok([...(await kernel.read()).keys()].length === table.program.size, 'nor is it read')
})

t.test('all of it can be taken away, and made again', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open()
  const table = desk()
  for (const made of crowd(5)) table.put(made)
  await kernel.renew(table.program)
  await kernel.apply(diff(new Map(await kernel.read()), new Map(), equal))
  t.equal(await nft('list', 'ruleset'), '')
  t.strictSame([...(await kernel.read()).keys()], [])
  await kernel.apply(diff(new Map(), table.program, equal))
  t.strictSame(await differences(kernel, table.program), [])
})
