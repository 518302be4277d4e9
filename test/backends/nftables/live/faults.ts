/** One bad entry, and a kernel that refuses. Run by test/live/nftables.test.ts inside a namespace. */
import t from 'tap'
import { elementKey } from '../../../../backends/nftables/entries.ts'
import type { NftablesError } from '../../../../backends/nftables/refusal.ts'
import { facts } from '../support/plans.ts'
import { crowd, desk, differences, nft, open } from '../support/program.ts'

t.test('a refused element is named, and nothing else is', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open(['IPv4'])
  const ipv4 = desk(facts({ families: ['IPv4'] }))
  await kernel.renew(ipv4.program)
  await nft('add', 'element', 'ip', 'kpc', 'services', '{ 10.96.0.7 . tcp . 80 : drop }')
  const changes = crowd(30).flatMap(made => [...ipv4.put(made)])
  const error = await kernel.apply(changes).then(
    () => undefined,
    (caught: NftablesError) => caught,
  )
  t.equal(error?.code, 'EEXIST')
  t.strictSame(error?.refused, [elementKey('IPv4', 'services', '10.96.0.7 tcp 80')])
  t.match(error?.message, 'the kernel would not take 4 services 10.96.0.7 tcp 80')
  const left = await differences(kernel, ipv4.program)
  t.ok(left.length >= 60, 'nothing of the transaction went in')
  const rest = changes.filter(
    change => change.op === 'add' && !error?.refused.includes(change.entry.key),
  )
  await kernel.apply(rest)
  const after = await differences(kernel, ipv4.program)
  t.strictSame(after, ['~ services { 10.96.0.7 . tcp . 80 : goto pick-4 }'])
})

t.test('an address that is none is named before anything is sent', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open(['IPv4'])
  const table = desk(facts({ families: ['IPv4'] }))
  await kernel.renew(table.program)
  const [first] = crowd(1)
  const bad = { ip: '10.0.0.300', port: 80, text: '10.0.0.300:80', isLocal: false }
  const changes = first ? table.put({ ...first, cluster: [bad] }) : []
  await t.rejects(kernel.apply(changes), {
    code: 'BAD_ENTRY',
    refused: [elementKey('IPv4', 'endpoints', '10.96.0.0 tcp 80 0')],
  })
})
