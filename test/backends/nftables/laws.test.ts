/**
 * Slots depend on history, so programs are compared by what they do: whatever the order in which a cluster came about,
 * each packet meets what it would meet in a program compiled from the final state.
 */
import fc from 'fast-check'
import t from 'tap'
import { nftables } from '../../../backends/nftables/backend.ts'
import type { NftEntry } from '../../../backends/nftables/entries.ts'
import { Pipeline } from '../../../src/agent/pipeline.ts'
import type { Packet } from '../../../src/backend.ts'
import { rawService, rawSlice } from '../../../src/bench/workload.ts'
import { defaultConfig } from '../../../src/config/read.ts'
import { readObject } from '../../../src/objects/read.ts'
import type { ClusterEvent } from '../../../src/objects/types.ts'
import { MODERN_KERNEL, type PortPlan } from '../../../src/plan/types.ts'
import { diff, keyOf } from '../../../src/program/program.ts'
import { arbEvents, finalObjects, HERE, setOf } from '../../support/generators.ts'

const NODE = ['192.168.50.10', 'fd00:50::10'] as const

const start = (): Pipeline<NftEntry> =>
  new Pipeline({
    backend: nftables,
    config: { ...defaultConfig(), clusterCIDR: '10.244.0.0/16,fd00:244::/48' },
    nodeName: HERE,
    interfaceAddresses: [...NODE, '127.0.0.1', '::1'],
    kernel: MODERN_KERNEL,
    families: ['IPv4', 'IPv6'],
  })

const SOURCES = {
  IPv4: ['10.244.0.5', '203.0.113.9', NODE[0]],
  IPv6: ['fd00:244::5', 'fd00:99::9', NODE[1]],
} as const

/** Packets to everything that a plan says can be dialled, from a pod, from outside and from the node. */
const packetsTo = ({ family, protocol, frontends }: PortPlan): readonly Packet[] =>
  frontends.flatMap(frontend =>
    SOURCES[family].map(source => ({
      family,
      protocol,
      source,
      destination:
        frontend.kind === 'node-port' ? (family === 'IPv4' ? NODE[0] : NODE[1]) : frontend.address,
      port: frontend.port,
      inInterface: source === NODE[0] || source === NODE[1] ? null : 'eth0',
    })),
  )

const fates = (pipeline: Pipeline<NftEntry>, packets: readonly Packet[]): readonly string[] => {
  const trace = nftables.tracer(pipeline.program)
  const around = { isNodeAddress: (address: string) => NODE.some(own => own === address) }
  return packets.map(packet => {
    const outcomes = trace(packet, around).outcomes.map(outcome =>
      outcome.verdict === 'delivered'
        ? `${outcome.endpoint.ip} ${outcome.endpoint.port} ${outcome.masquerade} ${outcome.sticky} ${outcome.probability.toFixed(9)}`
        : `${outcome.verdict} ${outcome.probability.toFixed(9)}`,
    )
    return `${packet.source} > ${packet.destination}:${packet.port}: ${outcomes.sort().join(', ')}`
  })
}

t.test('incremental and full lead every packet to the same places', async t => {
  let seen = 0
  fc.assert(
    fc.property(arbEvents, events => {
      const one = start()
      one.apply([])
      for (const event of events) one.apply([event])
      const all = start()
      all.apply(finalObjects(events).map(setOf))
      const packets = [...all.plans.values()].flatMap(packetsTo)
      seen += packets.length
      t.strictSame(fates(one, packets), fates(all, packets))
      t.equal(one.program.size, all.program.size)
      t.strictSame(
        [...one.program.values()].map(({ key }) => key).sort(),
        [...all.program.values()].map(({ key }) => key).sort(),
        'the same keys, only endpoints may stand at other indexes',
      )
    }),
    { numRuns: 100 },
  )
  t.ok(seen > 500, `${seen} packets`)
})

const toEvent = (raw: unknown): ClusterEvent => {
  const { object } = readObject(raw)
  if (!object) throw new Error('the workload is unsound')
  return setOf(object)
}
const arbHistory = fc.array(fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), { minLength: 1, maxLength: 8 })

t.test('a restart finds every endpoint where history put it', async t => {
  let moved = 0
  fc.assert(
    fc.property(arbHistory, history => {
      const one = start()
      one.apply([toEvent(rawService(0))])
      for (const members of history) one.apply([toEvent(rawSlice(0, 0, members, 8))])
      const fresh = start()
      fresh.apply([toEvent(rawService(0)), toEvent(rawSlice(0, 0, history.at(-1) ?? [], 8))])
      moved += diff(one.program, fresh.program, nftables.equal).length
      fresh.adopt(one.program)
      t.strictSame(diff(one.program, fresh.program, nftables.equal).map(keyOf), [])
    }),
    { numRuns: 100 },
  )
  t.ok(moved > 50, `${moved} would have moved`)
})
