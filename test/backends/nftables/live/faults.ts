/** One bad entry, and a kernel that refuses. Run by test/live/nftables.test.ts inside a namespace. */
import t from 'tap'
import { elementKey, type NftEntry } from '../../../../backends/nftables/entries.ts'
import { equal } from '../../../../backends/nftables/equal.ts'
import { NftablesKernel } from '../../../../backends/nftables/kernel.ts'
import type { NftablesError } from '../../../../backends/nftables/refusal.ts'
import { tracer } from '../../../../backends/nftables/trace.ts'
import type { Wire } from '../../../../backends/nftables/wire.ts'
import { BatchError, NetlinkError } from '../../../../src/netlink/errors.ts'
import { NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { diff } from '../../../../src/program/program.ts'
import { endpoints, facts, plan } from '../support/plans.ts'
import { crowd, desk, differences, nft, open } from '../support/program.ts'

t.setTimeout(120_000)

t.test('a refused element is named, and nothing else is', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open(['IPv4'])
  const ipv4 = desk(facts({ families: ['IPv4'] }))
  await kernel.renew(ipv4.program)
  await nft('add', 'element', 'ip', 'kpc', 'services', '{ 10.96.0.7 . tcp . 80 : drop }')
  await kernel.read()
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

t.test('what somebody else did unnoticed is held against no entry', async t => {
  await nft('flush', 'ruleset')
  await using kernel = await open(['IPv4'])
  const table = desk(facts({ families: ['IPv4'] }))
  for (const made of crowd(3)) table.put(made)
  await kernel.renew(table.program)
  const [first, second] = crowd(2)
  await nft('delete', 'element', 'ip', 'kpc', 'services', '{ 10.96.0.0 . tcp . 80 }')
  const grown = first ? table.put({ ...first, cluster: endpoints(9) }) : []
  await t.rejects(kernel.apply(grown), { code: 'ENOENT', refused: [] })
  await nft(
    'add',
    'element',
    'ip',
    'kpc',
    'endpoints',
    '{ 10.96.0.1 . tcp . 80 . 2 : 1.2.3.4 . 5 }',
  )
  await kernel.apply(diff(await kernel.read(), table.program, equal))
  await nft(
    'add',
    'element',
    'ip',
    'kpc',
    'endpoints',
    '{ 10.96.0.1 . tcp . 80 . 2 : 1.2.3.4 . 5 }',
  )
  const more = second ? table.put({ ...second, cluster: endpoints(3) }) : []
  await t.rejects(kernel.apply(more), {
    code: 'EEXIST',
    refused: [],
    message: 'EEXIST: somebody else changed our table meanwhile; what is there has to be read',
  })
  await kernel.apply(diff(await kernel.read(), table.program, equal))
  t.strictSame(await differences(kernel, table.program), [])
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

/** Fails in the ways that a kernel and its sockets do, each with its chance, from a seed. */
const faultyWire = (real: Wire, seed: number): Wire & { readonly strikes: string[] } => {
  let state = seed
  const roll = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const strikes: string[] = []
  const fault = (code: string, index?: number): BatchError => {
    strikes.push(code)
    return new BatchError([new NetlinkError({ code, subject: 'a test', sequence: 0, index })])
  }
  const REFUSALS = ['EBUSY', 'EPERM', 'ERESTART', 'ENOMEM', 'EINTR']
  return {
    strikes,
    sendLimit: real.sendLimit,
    request: message => real.request(message),
    async sendBatch(messages, options) {
      const chance = roll()
      const refusal = REFUSALS[Math.floor(roll() * REFUSALS.length)] ?? 'EBUSY'
      if (chance < 0.1) throw fault(refusal, Math.floor(roll() * messages.length))
      await real.sendBatch(messages, options)
      // The batch went in, and the answer was lost: ENOBUFS, or silence.
      if (chance > 0.9) throw fault('UNKNOWN')
    },
    async *dump(message) {
      const chance = roll()
      let count = 0
      for await (const reply of real.dump(message)) {
        if (chance < 0.05 && ++count > 2) break
        yield reply
      }
      if (chance < 0.05) {
        strikes.push('EINTR dump')
        throw new NetlinkError({ code: 'EINTR', subject: 'a test', sequence: 0 })
      }
    },
    [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
  }
}

const SERVICES = 12
const AROUND = { isNodeAddress: () => false }

/** What a packet to a service meets in what a kernel holds: the endpoints, or another verdict. */
const reached = (entries: ReadonlyMap<string, NftEntry>, at: number): readonly string[] =>
  tracer(entries)(
    {
      family: 'IPv4',
      protocol: 'TCP',
      source: '10.244.0.5',
      destination: `10.96.0.${at}`,
      port: 80,
      inInterface: 'eth0',
    },
    AROUND,
  ).outcomes.map(outcome =>
    outcome.verdict === 'delivered' ? outcome.endpoint.ip : outcome.verdict,
  )

const unique = (texts: readonly string[]): string => [...new Set(texts)].sort().join()

t.test('no fault leaves a service half programmed, and each is recovered from', async t => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    await nft('flush', 'ruleset')
    const wire = faultyWire(openNetlink(NETLINK_NETFILTER), seed)
    // Transactions of a few elements: a change is in pieces, and the fault comes between them.
    const options = {
      families: ['IPv4'],
      chunk: 300,
      renewFrom: seed % 2 === 0 ? 10 : 100_000,
    } as const
    await using kernel = new NftablesKernel({ socket: wire, ...options })
    await using witness = await open(['IPv4'])
    const table = desk(facts({ families: ['IPv4'] }))
    /** Before a service is there its address is dropped, refused, or nobody's. */
    const wanted: string[] = Array.from({ length: SERVICES }, () => 'dropped')
    /** Every list that a service had since the kernel was last in step. */
    let allowed = wanted.map(() => new Set(['dropped', 'rejected', 'untouched']))
    let inStep = false
    for (let step = 0; step < 120; step++) {
      const at = step % SERVICES
      const length = 1 + ((step * 7 + seed) % 9)
      const cluster = endpoints(14).filter((_, index) => (index + step) % 14 < length)
      const frontends = [{ kind: 'cluster-ip', address: `10.96.0.${at}`, port: 80 }] as const
      const key = `IPv4 shop/s${at} TCP`
      const changes = table.put(plan({ key, frontends, cluster }))
      wanted[at] = unique(cluster.map(({ ip }) => ip))
      allowed[at]?.add(wanted[at])
      try {
        if (inStep) await kernel.apply(changes)
        else if (!(await kernel.renew(table.program)))
          await kernel.apply(diff(new Map(await kernel.read()), table.program, equal))
        inStep = true
        allowed = wanted.map((list, service) =>
          list === 'dropped' ? (allowed[service] ?? new Set()) : new Set([list]),
        )
      } catch {
        inStep = false
      }
      const holds = await witness.read()
      for (let service = 0; service < SERVICES; service++) {
        const found = unique(reached(holds, service))
        if (!allowed[service]?.has(found))
          t.fail(`seed ${seed}, step ${step}: service ${service} leads to ${found}`, {
            allowed: [...(allowed[service] ?? [])],
          })
      }
    }
    for (let attempt = 0; attempt < 50; attempt++)
      try {
        await kernel.apply(diff(new Map(await kernel.read()), table.program, equal))
        break
      } catch {}
    t.strictSame(await differences(await open(['IPv4']), table.program), [], `seed ${seed}`)
    t.ok(new Set(wire.strikes).size >= 5, `of every kind: ${wire.strikes.length} faults`)
  }
})
