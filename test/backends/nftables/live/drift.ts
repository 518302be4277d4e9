/** Somebody else changes our table. Run by test/live/nftables.test.ts inside a namespace. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { equal } from '../../../../backends/nftables/equal.ts'
import { diff } from '../../../../src/program/program.ts'
import { crowd, desk, differences, nft, open } from '../support/program.ts'

const QUIET_MS = 150

t.test('others are heard, we are not', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open()
  const table = desk()
  await kernel.renew(table.program)
  const heard: string[] = []
  await kernel.watch(what => void heard.push(what))
  for (const made of crowd(50)) await kernel.apply(table.put(made))
  await nft('add', 'table', 'ip', 'theirs')
  await nft('add', 'chain', 'ip', 'theirs', 'kept')
  await sleep(QUIET_MS)
  t.strictSame(heard, [], 'neither our own writes nor tables of others')

  await nft('delete', 'element', 'ip', 'kpc', 'services', '{ 10.96.0.7 . tcp . 80 }')
  await sleep(QUIET_MS)
  t.equal(heard.length, 1)
  t.match(heard[0], /^nft \(pid \d+\) changed it$/)
  t.strictSame(await differences(kernel, table.program), [
    '+ services { 10.96.0.7 . tcp . 80 : goto pick-4 }',
  ])
  await kernel.apply(diff(new Map(await kernel.read()), table.program, equal))
  await sleep(QUIET_MS)
  t.equal(heard.length, 1, 'mending is not heard')

  await nft('flush', 'ruleset')
  await sleep(QUIET_MS)
  t.equal(heard.length, 2)
  t.equal(await kernel.renew(table.program), true, 'nothing is left: made anew')
  t.strictSame(await differences(kernel, table.program), [])
  await sleep(QUIET_MS)
  t.equal(heard.length, 2)
  await nft('add', 'chain', 'ip', 'kpc', 'stray')
  await sleep(QUIET_MS)
  t.equal(heard.length, 3, 'still listening after the table was made anew')
})

t.test('a great deal of our own is not heard either, and listening goes on', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open()
  const table = desk()
  await kernel.renew(table.program)
  const heard: string[] = []
  await kernel.watch(what => void heard.push(what))
  const held = new Map([...table.program.values()].map(entry => [entry.key, entry]))
  for (const made of crowd(5000)) table.put(made)
  await kernel.apply(diff(held, table.program, equal))
  await sleep(QUIET_MS)
  t.strictSame(heard, [])
  t.strictSame(await differences(kernel, table.program), [])
  await nft('delete', 'table', 'ip', 'kpc')
  await sleep(QUIET_MS)
  t.equal(heard.length, 1)
})

t.test('an element that somebody takes away while much is written is missed', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open()
  const table = desk()
  const [first] = crowd(1)
  if (first) table.put(first)
  await kernel.renew(table.program)
  const heard: string[] = []
  await kernel.watch(what => void heard.push(what))
  const held = new Map([...table.program.values()].map(entry => [entry.key, entry]))
  for (const made of crowd(20_000)) table.put(made)
  const writing = kernel.apply(diff(held, table.program, equal))
  await nft('delete', 'element', 'ip', 'kpc', 'services', '{ 10.96.0.0 . tcp . 80 }')
  await writing
  await sleep(QUIET_MS)
  t.equal(heard.length, 1)
})
