/**
 * Connections through a service while everything around it changes, and while the process that changes it is killed
 * again and again. KPC_LIVE=all: ten thousand changes and a hundred kills. Run by test/live/nftables.test.ts.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { NftablesKernel } from '../../../../backends/nftables/kernel.ts'
import { NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { endpoint, plan } from '../support/plans.ts'
import { nft, open } from '../support/program.ts'
import { connect, echo, hold, prepareNamespace, serve, startTraffic } from '../support/traffic.ts'
import { ENDPOINTS, PORT, STABLE, world } from '../support/world.ts'

t.setTimeout(900_000)
const isLong = process.env['KPC_LIVE'] === 'all'
const CHANGES = isLong ? 10_000 : 1_000
const KILLS = isLong ? 100 : 10

await prepareNamespace(ENDPOINTS)
const servers = await Promise.all(ENDPOINTS.map(address => serve(address, PORT)))
t.teardown(() => {
  for (const server of servers) server.close()
})
const mine = new Set(ENDPOINTS)

t.test('a stable service is served through any number of changes', async t => {
  await using kernel = await open(['IPv4'])
  const { desk, next } = world(1)
  await kernel.renew(desk.program)
  t.ok(mine.has(await connect(STABLE, 80)), 'it is served at all')
  const traffic = startTraffic(STABLE, 80, mine)
  let entries = 0
  for (let at = 0; at < CHANGES; at++) {
    const changes = next()
    entries += changes.length
    await kernel.apply(changes)
    if (at % 50 === 0) await sleep(1)
  }
  const { count, strays } = await traffic.end()
  t.comment(`${CHANGES} changes of ${entries} entries, ${count} connections`)
  t.ok(count > CHANGES / 20)
  t.strictSame(strays, [], 'every connection reached an endpoint of the service')
})

const ECHO_PORT = 7
const STICKY = '10.96.200.2'

t.test('a swap is noticed by no connection, and sticky clients keep their endpoint', async t => {
  await nft('flush', 'ruleset')
  const { desk } = world(2)
  const echoes = await Promise.all(ENDPOINTS.map(address => echo(address, ECHO_PORT)))
  const frontend = (address: string, port: number) =>
    ({ kind: 'cluster-ip', address, port }) as const
  desk.put(
    plan({
      key: 'IPv4 shop/echo TCP',
      frontends: [frontend(STABLE, ECHO_PORT)],
      cluster: ENDPOINTS.map(address => endpoint(address, ECHO_PORT)),
    }),
  )
  desk.put(
    plan({
      key: 'IPv4 shop/sticky TCP',
      frontends: [frontend(STICKY, 80)],
      cluster: ENDPOINTS.map(address => endpoint(address, PORT)),
      affinitySeconds: 600,
    }),
  )
  const options = { families: ['IPv4'], renewFrom: 10 } as const
  await using kernel = new NftablesKernel({ socket: openNetlink(NETLINK_NETFILTER), ...options })
  await kernel.renew(desk.program)
  const held = await hold(STABLE, ECHO_PORT)
  const chosen = await connect(STICKY, 80)
  t.ok(mine.has(chosen))
  for (let swap = 1; swap <= 3; swap++) {
    t.equal(await kernel.renew(desk.program), true)
    t.equal(await held.ask(), '?', `open connection, swap ${swap}`)
    const answers = await Promise.all([1, 2, 3, 4].map(() => connect(STICKY, 80)))
    t.strictSame(answers, [chosen, chosen, chosen, chosen], `sticky client, swap ${swap}`)
  }
  held.end()
  for (const server of echoes) server.close()
})

const startAgent = async (seed: number): Promise<ChildProcess> => {
  const agent = fork(join(import.meta.dirname, '../support/agent-child.ts'), [String(seed)])
  await once(agent, 'message')
  return agent
}

t.test('a stable service is served whenever its agent is killed', async t => {
  await nft('flush', 'ruleset')
  const first = await startAgent(0)
  const traffic = startTraffic(STABLE, 80, mine)
  first.kill('SIGKILL')
  for (let seed = 1; seed <= KILLS; seed++) {
    const agent = fork(join(import.meta.dirname, '../support/agent-child.ts'), [String(seed)])
    // From before it has read anything to well into its changes.
    await sleep(150 + ((seed * 7919) % 400))
    agent.kill('SIGKILL')
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit')
  }
  const last = await startAgent(KILLS + 1)
  last.kill('SIGKILL')
  const { count, strays } = await traffic.end()
  t.comment(`${KILLS} kills, ${count} connections`)
  t.ok(count > KILLS)
  t.strictSame(strays, [])
})
