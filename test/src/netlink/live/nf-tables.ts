/**
 * Tables written by netlink list exactly as those that nft wrote. Run by live.test.ts inside a namespace.
 */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Message, NETLINK_NETFILTER, type Reply } from '../../../../src/netlink/message.ts'
import * as C from '../../../../src/netlink/nf-tables/constants.ts'
import {
  concatKey,
  indexKey,
  ipv4Key,
  portKey,
  protocolKey,
  verdictData,
} from '../../../../src/netlink/nf-tables/data.ts'
import {
  deleteElements,
  getElementsByKey,
  newElements,
} from '../../../../src/netlink/nf-tables/elements.ts'
import {
  deleteChain,
  deleteRule,
  deleteSet,
  deleteTable,
  flushChain,
  flushSet,
  getChains,
  getElements,
  getRules,
  getSets,
  getTable,
  getTables,
  newChain,
  newRule,
  newSet,
  newTable,
} from '../../../../src/netlink/nf-tables/encode.ts'
import type { Element, NftSet, Rule } from '../../../../src/netlink/nf-tables/objects.ts'
import { readChain, readRule, readSet, readTable } from '../../../../src/netlink/nf-tables/read.ts'
import { readElements } from '../../../../src/netlink/nf-tables/read-elements.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import { must } from '../../../support/namespace.ts'

const EXAMPLE = fileURLToPath(new URL('example.nft', import.meta.url))
const nft = (...args: readonly string[]): Promise<string> => must(realExec, 'nft', args)

const socket = openNetlink(NETLINK_NETFILTER)
t.teardown(() => socket[Symbol.asyncDispose]())

const dump = async <T>(message: Message, read: (reply: Reply) => T): Promise<readonly T[]> => {
  const found: T[] = []
  for await (const reply of socket.dump(message)) found.push(read(reply))
  return found
}

/** Everything there is, as the messages that would make it. */
const messagesOfRuleset = async (): Promise<readonly Message[]> => {
  const tables = await dump(getTables(0), readTable)
  const messages: Message[] = tables.map(table => newTable(table))
  for (const chain of await dump(getChains(0), readChain)) messages.push(newChain(chain))
  for (const table of tables) {
    const sets = await dump(getSets(table), readSet)
    messages.push(...sets.map(set => newSet(set)))
    for (const set of sets) {
      const lists = await dump(getElements(set), readElements)
      for (const element of lists.flatMap(({ elements }) => elements))
        messages.push(...newElements(set, [element]))
    }
    for (const rule of await dump(getRules(table), readRule)) messages.push(newRule(rule))
  }
  return messages
}

t.test('what nft wrote can be read, written back, and lists the same', async t => {
  await nft('-f', EXAMPLE)
  const before = await nft('list', 'ruleset')
  const messages = await messagesOfRuleset()
  await nft('flush', 'ruleset')
  t.equal(await nft('list', 'ruleset'), '')
  await socket.sendBatch(messages)
  t.equal(await nft('list', 'ruleset'), before)
  t.match(before, /update @affinity/)
  t.strictSame(linesOf(await messagesOfRuleset()), linesOf(messages), 'and reads the same')
})

/** In an order of our own: that of a hash table differs each time. */
const linesOf = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ name, body }) => `${name}: ${Buffer.from(body).toString('hex')}`).toSorted()

t.test('nothing that nft writes for this layout is unknown', async t => {
  const rules = (
    await Promise.all(
      (await dump(getTables(0), readTable)).map(table => dump(getRules(table), readRule)),
    )
  ).flat()
  t.ok(rules.length > 20)
  const unknown = new Set<string>()
  for (const { opaque, expressions } of rules) {
    t.notOk(opaque)
    for (const each of expressions) if (each.kind === 'opaque') unknown.add(each.name)
  }
  t.strictSame([...unknown], ['byteorder'], 'which nft adds to look-ups of ranges')
  for (const table of await dump(getTables(0), readTable)) {
    t.notOk(table.opaque)
    for (const set of await dump(getSets(table), readSet)) t.notOk(set.opaque, set.set)
  }
  for (const chain of await dump(getChains(0), readChain)) t.notOk(chain.opaque, chain.chain)
})

const TABLE = { family: C.NFPROTO_IPV4, table: 'hand' }
const ENDPOINTS = { ...TABLE, set: 'endpoints' }
const R = C.NFT_REG32_00

const endpoints: NftSet = {
  ...ENDPOINTS,
  flags: C.NFT_SET_MAP,
  keyType:
    (C.TYPE_IPADDR << 18) | (C.TYPE_INET_PROTOCOL << 12) | (C.TYPE_INET_SERVICE << 6) | C.TYPE_MARK,
  keyLength: 16,
  data: { type: (C.TYPE_IPADDR << 6) | C.TYPE_INET_SERVICE, length: 8 },
  fields: [],
  size: 0,
  timeoutMs: 0n,
}
const endpoint = (index: number, ip: string): Element => ({
  key: concatKey(ipv4Key('10.96.0.10'), protocolKey(6), portKey(80), indexKey(index)),
  data: concatKey(ipv4Key(ip), portKey(8080)),
})

const pick = (modulus: number): Rule => ({
  ...TABLE,
  chain: 'pick-2',
  expressions: [
    { kind: 'payload', dreg: R, base: C.NFT_PAYLOAD_NETWORK_HEADER, offset: 16, len: 4 },
    { kind: 'meta', dreg: R + 1, key: C.NFT_META_L4PROTO },
    { kind: 'payload', dreg: R + 2, base: C.NFT_PAYLOAD_TRANSPORT_HEADER, offset: 2, len: 2 },
    { kind: 'numgen', dreg: R + 3, modulus, type: C.NFT_NG_RANDOM, offset: 0 },
    { kind: 'lookup', set: 'endpoints', sreg: R, dreg: R + 4, invert: false },
    {
      kind: 'nat',
      type: C.NFT_NAT_DNAT,
      family: C.NFPROTO_IPV4,
      addrMin: R + 4,
      addrMax: R + 4,
      protoMin: R + 5,
      protoMax: R + 5,
      flags: C.NF_NAT_RANGE_MAP_IPS | C.NF_NAT_RANGE_PROTO_SPECIFIED,
    },
  ],
})
const drop: Rule = {
  ...TABLE,
  chain: 'pick-2',
  expressions: [{ kind: 'immediate', dreg: C.NFT_REG_VERDICT, data: verdictData(C.NF_DROP) }],
}

t.test('a table made by hand', async t => {
  await socket.sendBatch([
    newTable({ ...TABLE, flags: 0 }),
    newChain({
      ...TABLE,
      chain: 'in',
      hook: { type: 'nat', number: C.NF_INET_PRE_ROUTING, priority: -90, policy: C.NF_ACCEPT },
    }),
    newChain({ ...TABLE, chain: 'pick-2', hook: null }),
    newSet(endpoints),
    newRule(pick(2)),
    newRule(drop),
    ...newElements(ENDPOINTS, [endpoint(0, '10.244.1.2'), endpoint(1, '10.244.1.3')]),
  ])
  const [rule] = await dump(getRules(TABLE), readRule)
  t.strictSame(rule?.expressions, pick(2).expressions, 'the kernel gives back what it was given')
  const [set] = await dump(getSets(TABLE), readSet)
  const { handle: _, count, ...described } = set ?? endpoints
  t.strictSame(described, endpoints)
  if (count !== undefined) t.equal(count, 2)
  const text = await nft('list', 'table', 'ip', 'hand')
  t.match(text, /type nat hook prerouting priority dstnat \+ 10; policy accept;/)
  t.match(text, /10\.96\.0\.10 \. tcp \. 80 \. 0x00000001 : 10\.244\.1\.3 \. 8080/)
  t.match(
    text,
    /dnat ip to ip daddr \. meta l4proto \. th dport \. numgen random mod 2 map @endpoints\n\t\tdrop/,
  )
})

t.test('elements are asked for by key, replaced, deleted, flushed', async t => {
  const get = async (elements: readonly Element[]): Promise<readonly Element[]> => {
    const [message] = getElementsByKey(ENDPOINTS, elements)
    const replies = message ? await socket.request(message) : []
    return replies.flatMap(reply => readElements(reply).elements)
  }
  t.strictSame(
    (await get([endpoint(1, '10.244.1.3')])).map(({ data }) => data),
    [endpoint(1, '10.244.1.3').data],
  )
  await socket.sendBatch(newElements(ENDPOINTS, [endpoint(1, '10.244.1.3')]))
  await t.rejects(socket.sendBatch(newElements(ENDPOINTS, [endpoint(1, '10.244.9.9')])), {
    errors: [{ code: 'EEXIST' }],
  })
  const exclusive = newElements(ENDPOINTS, [endpoint(1, '10.244.1.3')], { exclusive: true })
  await t.rejects(socket.sendBatch(exclusive), { errors: [{ code: 'EEXIST', index: 0 }] })
  await socket.sendBatch([
    ...deleteElements(ENDPOINTS, [endpoint(1, '10.244.1.3')]),
    ...newElements(ENDPOINTS, [endpoint(1, '10.244.9.9')]),
  ])
  t.strictSame(
    (await get([endpoint(1, '0.0.0.0')])).map(({ data }) => data),
    [endpoint(1, '10.244.9.9').data],
  )
  await socket.sendBatch([flushSet(ENDPOINTS)])
  await t.rejects(get([endpoint(1, '0.0.0.0')]), { code: 'ENOENT' })
  t.strictSame(
    (await dump(getElements(ENDPOINTS), readElements)).flatMap(({ elements }) => elements),
    [],
  )
})

t.test('rules and what they use are deleted in the order in which that is possible', async t => {
  const [rule] = await dump(getRules(TABLE), readRule)
  await socket.sendBatch([deleteRule(pick(2), rule?.handle ?? 0n)])
  t.strictSame(
    (await dump(getRules(TABLE), readRule)).map(({ expressions }) => expressions),
    [drop.expressions],
  )
  await socket.sendBatch([
    newRule(pick(1)),
    newElements(ENDPOINTS, [endpoint(0, '10.244.1.2')])[0] as Message,
  ])
  await t.rejects(socket.sendBatch([deleteSet(ENDPOINTS)]), { errors: [{ code: 'EBUSY' }] })
  await socket.sendBatch([flushChain(pick(1)), deleteSet(ENDPOINTS), deleteChain(pick(1))])
  t.equal((await dump(getSets(TABLE), readSet)).length, 0)
  await socket.sendBatch([deleteTable(TABLE)])
  await t.rejects(socket.request(getTable(TABLE)), { code: 'ENOENT' })
})

t.test('50,000 elements go in and come out again', async t => {
  const COUNT = 50_000
  const elements = Array.from({ length: COUNT }, (_, i) => ({
    key: concatKey(
      ipv4Key(`10.${i >> 12}.${(i >> 4) & 0xff}.1`),
      protocolKey(6),
      portKey(80),
      indexKey(i & 15),
    ),
    data: concatKey(ipv4Key('10.244.1.2'), portKey(i & 0xffff)),
  }))
  await socket.sendBatch([newTable({ ...TABLE, flags: 0 }), newSet(endpoints)])
  for (const message of newElements(ENDPOINTS, elements)) await socket.sendBatch([message])
  const back = (await dump(getElements(ENDPOINTS), readElements)).flatMap(
    ({ elements }) => elements,
  )
  t.equal(back.length, COUNT)
  const keyOf = ({ key }: Element): string => Buffer.from(key).toString('hex')
  const want = new Map(
    elements.map(element => [keyOf(element), Buffer.from(element.data).toString('hex')]),
  )
  const wrong = back.filter(
    ({ key, data }) => want.get(keyOf({ key })) !== Buffer.from(data as Uint8Array).toString('hex'),
  )
  t.equal(wrong.length, 0)
  await socket.sendBatch([deleteTable(TABLE)])
})
