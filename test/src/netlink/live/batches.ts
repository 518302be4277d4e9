/**
 * What a real kernel says to a batch: refusals, the commit's own, somebody else's table, answers that did not fit. Run by
 * live.test.ts inside a namespace.
 */
import process from 'node:process'
import t from 'tap'
import { BatchError } from '../../../../src/netlink/errors.ts'
import { type Message, NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import * as C from '../../../../src/netlink/nf-tables/constants.ts'
import { portKey, verdictData } from '../../../../src/netlink/nf-tables/data.ts'
import { deleteElements, newElements } from '../../../../src/netlink/nf-tables/elements.ts'
import {
  deleteChain,
  deleteSet,
  deleteTable,
  getGeneration,
  getTables,
  newChain,
  newRule,
  newSet,
  newTable,
} from '../../../../src/netlink/nf-tables/encode.ts'
import { type NftEvent, readEvent } from '../../../../src/netlink/nf-tables/events.ts'
import type { NftSet } from '../../../../src/netlink/nf-tables/objects.ts'
import { readGeneration, readTable } from '../../../../src/netlink/nf-tables/read.ts'
import { type NetlinkSocket, openNetlink } from '../../../../src/netlink/socket.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import { must } from '../../../support/namespace.ts'

const TABLE = { family: C.NFPROTO_IPV4, table: 'svc' }
const PORTS: NftSet = {
  ...TABLE,
  set: 'ports',
  flags: 0,
  keyType: C.TYPE_INET_SERVICE,
  keyLength: 2,
  data: null,
  fields: [],
  size: 0,
  timeoutMs: 0n,
}
const table = newTable({ ...TABLE, flags: 0 })
const goto = (from: string, to: string): Message =>
  newRule({
    ...TABLE,
    chain: from,
    expressions: [{ kind: 'immediate', dreg: 0, data: verdictData(C.NFT_GOTO, to) }],
  })
const chain = (name: string): Message => newChain({ ...TABLE, chain: name, hook: null })

const generation = async (socket: NetlinkSocket): Promise<number> => {
  const [reply] = await socket.request(getGeneration)
  return reply ? readGeneration(reply).id : -1
}
const tables = async (socket: NetlinkSocket): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const reply of socket.dump(getTables(0))) found.push(readTable(reply).table)
  return found
}
const refusal = async (promise: Promise<void>): Promise<BatchError> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof BatchError) return error
    throw error
  }
  throw new Error('the batch was accepted')
}
const codes = ({ errors }: BatchError): readonly unknown[] =>
  errors.map(({ code, index }) => [code, index])

t.test('every refused message is named, and nothing of the batch happens', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  const before = await generation(socket)
  const error = await refusal(
    socket.sendBatch([
      table,
      deleteSet({ ...TABLE, set: 'nope' }),
      chain('a'),
      goto('a', 'nowhere'),
      deleteChain({ ...TABLE, chain: 'nope' }),
    ]),
  )
  t.equal(error.outcome, 'refused')
  t.strictSame(codes(error), [
    ['ENOENT', 1],
    ['ENOENT', 3],
    ['ENOENT', 4],
  ])
  t.match(error.errors[0]?.message, /^ENOENT: DELSET svc nope \(message 1 of the batch\)/)
  t.strictSame(await tables(socket), [])
  t.equal(await generation(socket), before)
})

t.test('rules that are sound alone and not together are refused', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  const verdicts: NftSet = {
    ...PORTS,
    set: 'verdicts',
    flags: C.NFT_SET_MAP,
    data: { type: C.NFT_DATA_VERDICT, length: 0 },
  }
  // Translating the destination is not allowed in postrouting, where the map is looked into.
  const error = await refusal(
    socket.sendBatch([
      table,
      newSet(verdicts),
      newChain({
        ...TABLE,
        chain: 'base',
        hook: { type: 'nat', number: C.NF_INET_POST_ROUTING, priority: 0, policy: C.NF_ACCEPT },
      }),
      chain('a'),
      newRule({
        ...TABLE,
        chain: 'a',
        expressions: [
          { kind: 'immediate', dreg: C.NFT_REG32_00, data: Uint8Array.of(10, 0, 0, 1) },
          {
            kind: 'nat',
            type: C.NFT_NAT_DNAT,
            family: C.NFPROTO_IPV4,
            addrMin: C.NFT_REG32_00,
            addrMax: C.NFT_REG32_00,
            protoMin: 0,
            protoMax: 0,
            flags: C.NF_NAT_RANGE_MAP_IPS,
          },
        ],
      }),
      newRule({
        ...TABLE,
        chain: 'base',
        expressions: [
          {
            kind: 'payload',
            dreg: C.NFT_REG32_00,
            base: C.NFT_PAYLOAD_TRANSPORT_HEADER,
            offset: 2,
            len: 2,
          },
          {
            kind: 'lookup',
            set: 'verdicts',
            sreg: C.NFT_REG32_00,
            dreg: C.NFT_REG_VERDICT,
            invert: false,
          },
        ],
      }),
      ...newElements(verdicts, [{ key: Uint8Array.of(0, 80), data: verdictData(C.NFT_GOTO, 'a') }]),
    ]),
  )
  t.equal(error.outcome, 'refused')
  const [first] = error.errors
  t.equal(first?.code, 'EOPNOTSUPP')
  t.ok(first?.index === 6 || first?.index === undefined, 'later kernels name the message')
  t.strictSame(await tables(socket), [])
})

t.test('a batch for a ruleset that has changed is refused', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  const genid = await generation(socket)
  await must(realExec, 'nft', ['add', 'table', 'ip', 'other'])
  t.strictSame(codes(await refusal(socket.sendBatch([table], { genid }))), [
    ['ERESTART', undefined],
  ])
  t.strictSame(await tables(socket), ['other'])
  await socket.sendBatch([table], { genid: genid + 1 })
  t.strictSame(await tables(socket), ['other', 'svc'])
  await must(realExec, 'nft', ['flush', 'ruleset'])
})

t.test(
  'an owned table is nobody else’s while the socket is open, and stays when it is persistent',
  async t => {
    const flags = C.NFT_TABLE_F_OWNER | C.NFT_TABLE_F_PERSIST
    {
      await using owner = openNetlink(NETLINK_NETFILTER)
      try {
        await owner.sendBatch([newTable({ ...TABLE, flags })])
      } catch (error) {
        t.match(error, { errors: [{ code: 'EOPNOTSUPP' }] }, 'a kernel before 6.9 says so')
        return
      }
      await must(realExec, 'nft', ['flush', 'ruleset'])
      t.strictSame(await tables(owner), ['svc'])
      await using other = openNetlink(NETLINK_NETFILTER)
      t.strictSame(codes(await refusal(other.sendBatch([deleteTable(TABLE)]))), [['EPERM', 0]])
    }
    await using next = openNetlink(NETLINK_NETFILTER)
    t.strictSame(await tables(next), ['svc'])
    await next.sendBatch([newTable({ ...TABLE, flags })])
    await next.sendBatch([deleteTable(TABLE)])
    t.strictSame(await tables(next), [])
  },
)

t.test('a listener hears what changed, and who did it', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  await using listening = openNetlink(NETLINK_NETFILTER)
  const events: NftEvent[] = []
  const heard = new Promise<void>((resolve, reject) => {
    listening.listen(C.NFNLGRP_NFTABLES, {
      notify: reply => {
        const event = readEvent(reply)
        events.push(event)
        if (event.kind === 'generation') resolve()
      },
      overrun: () => reject(new Error('overrun')),
    })
  })
  await socket.sendBatch([
    table,
    newSet(PORTS),
    ...newElements(PORTS, [{ key: Uint8Array.of(0, 80) }]),
    chain('a'),
    chain('b'),
    goto('a', 'b'),
  ])
  await heard
  t.strictSame(
    events.map(({ kind }) => kind),
    ['table', 'set', 'elements', 'chain', 'chain', 'rule', 'generation'],
  )
  const last = events.at(-1)
  t.match(last, {
    kind: 'generation',
    generation: { pid: process.pid, id: await generation(socket) },
  })
  t.match(
    events.find(({ kind }) => kind === 'elements'),
    { isNew: true, elements: { set: 'ports', elements: [{ key: Uint8Array.of(0, 80) }] } },
  )
  t.equal(new Set(events.map(({ port }) => port)).size, 1, 'one writer')
  await socket.sendBatch([deleteTable(TABLE)])
})

t.test('a listener that cannot keep up hears that it missed something, and goes on', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  await using listening = openNetlink(NETLINK_NETFILTER, { receiveBuffer: 4096 })
  let overruns = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  listening.listen(C.NFNLGRP_NFTABLES, {
    notify: reply => {
      const event = readEvent(reply)
      if (event.kind === 'table' && !event.isNew) resolve()
    },
    overrun: () => overruns++,
  })
  const all = Array.from({ length: 20_000 }, (_, i) => ({ key: Uint8Array.of(i >> 8, i) }))
  await socket.sendBatch([table, newSet(PORTS), ...newElements(PORTS, all)])
  await new Promise(tick => setTimeout(tick, 250))
  t.ok(overruns > 0)
  await socket.sendBatch([deleteTable(TABLE)])
  await promise
})

t.test('answers that did not fit are never taken for success', async t => {
  await using socket = openNetlink(NETLINK_NETFILTER)
  await socket.sendBatch([table, newSet(PORTS)])
  await using small = openNetlink(NETLINK_NETFILTER, { receiveBuffer: 2048 })
  const missing = Array.from(
    { length: 400 },
    (_, i) => deleteElements(PORTS, [{ key: portKey(i).slice(0, 2) }])[0] as Message,
  )
  const error = await refusal(small.sendBatch(missing))
  t.equal(error.outcome, 'refused')
  t.ok(
    error.errors.some(({ code }) => code === 'UNKNOWN'),
    'it says that some were lost',
  )
  t.ok(error.errors.length < 400)
  await small.sendBatch(newElements(PORTS, [{ key: Uint8Array.of(0, 80) }]))
  t.pass('and the socket goes on')
  await socket.sendBatch([deleteTable(TABLE)])
})

t.test(
  'a batch larger than the send buffer is refused, one that fits its limit is not',
  async t => {
    await using socket = openNetlink(NETLINK_NETFILTER, { sendBuffer: 65_536 })
    const limit = socket.sendLimit
    const body = (size: number): Message => ({ ...table, body: Buffer.concat([table.body], size) })
    t.strictSame(codes(await refusal(socket.sendBatch([body(limit)]))), [['EMSGSIZE', undefined]])
    t.strictSame(await tables(socket), [])
  },
)
