import t from 'tap'
import { str, u32be } from '../../../../src/netlink/attributes.ts'
import { type Message, netfilterMessage, type Reply } from '../../../../src/netlink/message.ts'
import { NFPROTO_IPV4 } from '../../../../src/netlink/nf-tables/constants.ts'
import { deleteElements, newElements } from '../../../../src/netlink/nf-tables/elements.ts'
import {
  deleteChain,
  deleteSet,
  deleteTable,
  flushChain,
  newChain,
  newRule,
  newSet,
  newTable,
} from '../../../../src/netlink/nf-tables/encode.ts'
import { readEvent } from '../../../../src/netlink/nf-tables/events.ts'

const TABLE = { family: NFPROTO_IPV4, table: 'svc' }
const CHAIN = { ...TABLE, chain: 'a' }
const SET = { ...TABLE, set: 's' }

const heard = (message: Message | undefined): Reply => {
  if (message === undefined) throw new Error('no message')
  return { ...message, sequence: 1, port: 4711 }
}
const told = (message: Message | undefined): readonly unknown[] => {
  const event = readEvent(heard(message))
  return [event.kind, 'isNew' in event ? event.isNew : null, event.port]
}

t.test('each change is told as what it is', t => {
  const elements = [{ key: Uint8Array.of(0, 80) }]
  const set = {
    ...SET,
    flags: 0,
    keyType: 13,
    keyLength: 2,
    data: null,
    fields: [],
    size: 0,
    timeoutMs: 0n,
  }
  t.strictSame(told(newTable({ ...TABLE, flags: 0 })), ['table', true, 4711])
  t.strictSame(told(deleteTable(TABLE)), ['table', false, 4711])
  t.strictSame(told(newChain({ ...CHAIN, hook: null })), ['chain', true, 4711])
  t.strictSame(told(deleteChain(CHAIN)), ['chain', false, 4711])
  t.strictSame(told(newRule({ ...CHAIN, expressions: [] })), ['rule', true, 4711])
  t.strictSame(told(flushChain(CHAIN)), ['rule', false, 4711])
  t.strictSame(told(newSet(set)), ['set', true, 4711])
  t.strictSame(told(deleteSet(SET)), ['set', false, 4711])
  t.strictSame(told(newElements(SET, elements)[0]), ['elements', true, 4711])
  t.strictSame(told(deleteElements(SET, elements)[0]), ['elements', false, 4711])
  t.match(readEvent(heard(newElements(SET, elements)[0])), { elements: { ...SET, elements } })
  t.end()
})

t.test('a generation ends a commit', t => {
  const message = netfilterMessage({
    subsystem: 10,
    operation: 15,
    family: 0,
    attributes: [u32be(1, 9), u32be(2, 77), str(3, 'nft')],
  })
  t.strictSame(readEvent(heard(message)), {
    kind: 'generation',
    generation: { id: 9, pid: 77, command: 'nft' },
    port: 4711,
  })
  t.end()
})

t.test('what is not read here stays opaque', t => {
  for (const [subsystem, operation] of [
    [10, 18],
    [1, 0],
  ] as const) {
    const message = netfilterMessage({ subsystem, operation, family: 2, attributes: [] })
    t.strictSame(readEvent(heard(message)), {
      kind: 'opaque',
      type: message.type,
      body: message.body,
      port: 4711,
    })
  }
  t.end()
})
