/**
 * A choice among N is fair: many flows to one service, counted by endpoint, against what chance would do. By default
 * 20,000 flows, with KPC_LIVE=all 100,000. Run by test/live/nftables.test.ts inside a namespace.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { PlanEndpoint } from '../../../../src/plan/types.ts'
import { endpoint, facts, plan } from '../support/plans.ts'
import { desk, nft, open } from '../support/program.ts'
import { prepareNamespace } from '../support/traffic.ts'

t.setTimeout(600_000)
const FLOWS = process.env['KPC_LIVE'] === 'all' ? 100_000 : 20_000
const AT_ONCE = 200
const PORT = 5353

/** Values of chi squared that chance exceeds once in a million runs, by degrees of freedom. */
const RARE: Readonly<Record<number, number>> = { 6: 38.3, 49: 111.6 }

const addresses = Array.from({ length: 50 }, (_, at) => `10.244.9.${at + 1}`)
/** Who asks; each has this many ports. */
const CLIENTS = ['10.244.8.1', '10.244.8.2']
await prepareNamespace([...addresses, ...CLIENTS])

/** Counts what arrives at each endpoint. */
const countArrivals = async (
  endpoints: readonly PlanEndpoint[],
): Promise<{ readonly counts: number[]; readonly sockets: readonly Socket[] }> => {
  const counts = endpoints.map(() => 0)
  const sockets = await Promise.all(
    endpoints.map(async ({ ip }, at) => {
      const socket = createSocket('udp4')
      socket.on('message', () => {
        counts[at] = (counts[at] ?? 0) + 1
      })
      socket.bind(PORT, ip)
      await once(socket, 'listening')
      return socket
    }),
  )
  return { counts, sockets }
}

const FIRST_PORT = 2000
const PORTS = 60_000

/** A datagram from a port that nobody used before: to conntrack each is a flow of its own. */
const sendOne = (number: number, service: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.on('error', reject)
    socket.bind(FIRST_PORT + (number % PORTS), CLIENTS[Math.floor(number / PORTS)], () =>
      socket.send('?', 53, service, error => {
        socket.close()
        if (error) reject(error)
        else resolve()
      }),
    )
  })

for (const length of [7, 50])
  t.test(`${length} endpoints`, async t => {
    await nft('flush', 'ruleset')
    const service = `10.96.0.${length}`
    await using kernel = await open(['IPv4'])
    const table = desk(facts({ families: ['IPv4'] }))
    const cluster = addresses.slice(0, length).map(address => endpoint(address, PORT))
    const frontends = [{ kind: 'cluster-ip', address: service, port: 53 }] as const
    table.put(plan({ protocol: 'UDP', frontends, cluster }))
    await kernel.renew(table.program)
    const { counts, sockets } = await countArrivals(cluster)
    for (let sent = 0; sent < FLOWS; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => sendOne(sent + at, service)))
      // The event loop reads what arrived before more is sent.
      await sleep(2)
    }
    for (const socket of sockets) socket.close()
    const total = counts.reduce((sum, count) => sum + count, 0)
    const expected = total / length
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    t.comment(
      `${total} flows, ${Math.min(...counts)} … ${Math.max(...counts)} each, χ² ${chi.toFixed(1)}`,
    )
    t.ok(total > FLOWS * 0.99, 'next to all arrived')
    t.ok(
      chi < (RARE[length - 1] ?? 0),
      `χ² ${chi.toFixed(1)} with ${length - 1} degrees of freedom`,
    )
  })
