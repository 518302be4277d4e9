/** Whose commits are whose, with a wire that tells what the test says and a clock that the test moves. */
import t from 'tap'
import { NotifiedLookout } from '../../../backends/iptables/notified.ts'
import { str, u32be } from '../../../src/netlink/attributes.ts'
import { NFNL_SUBSYS_NFTABLES } from '../../../src/netlink/batch.ts'
import type { Listener } from '../../../src/netlink/listening.ts'
import { type Message, netfilterMessage } from '../../../src/netlink/message.ts'
import { NFTA_GEN } from '../../../src/netlink/nf-tables/attribute-numbers.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6, NFT_JUMP } from '../../../src/netlink/nf-tables/constants.ts'
import { verdictData } from '../../../src/netlink/nf-tables/data.ts'
import { newChain, newRule } from '../../../src/netlink/nf-tables/encode.ts'
import { NFT_MSG } from '../../../src/netlink/nf-tables/operations.ts'
import type { Clock } from '../../../src/ports/clock.ts'

const generation = (id: number): Message =>
  netfilterMessage({
    subsystem: NFNL_SUBSYS_NFTABLES,
    operation: NFT_MSG.NEWGEN,
    flags: 0,
    family: 0,
    attributes: [
      u32be(NFTA_GEN.ID, id),
      u32be(NFTA_GEN.PROC_PID, 7),
      str(NFTA_GEN.PROC_NAME, 'iptables'),
    ],
    name: 'NEWGEN',
  })

const ruleIn = (chain: string, to = 'ELSEWHERE', family = NFPROTO_IPV4): Message =>
  newRule({
    family,
    table: 'nat',
    chain,
    expressions: [{ kind: 'immediate', dreg: 0, data: verdictData(NFT_JUMP, to) }],
  })

const chainCalled = (chain: string, table = 'nat'): Message =>
  newChain({ family: NFPROTO_IPV4, table, chain, hook: null })

interface Sleeper {
  readonly due: number
  readonly end: () => void
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

const open = async () => {
  let now = 0
  let id = 1
  let sleepers: readonly Sleeper[] = []
  let listener: Listener | undefined
  const heard: string[] = []
  const lastRead = { at: 0, took: 50 }
  const clock: Clock = {
    now: () => now,
    sleep: ms => new Promise(end => (sleepers = [...sleepers, { due: now + ms, end }])),
  }
  const lookout = new NotifiedLookout({
    families: ['IPv4'],
    wire: {
      listen: (_group, given) => {
        listener = given
      },
      request: async () => [{ ...generation(id), sequence: 0, port: 0 }],
      [Symbol.asyncDispose]: async () => {},
    },
    onDrift: what => void heard.push(what),
    clock,
    syncPeriodMs: 30_000,
    lastRead: () => lastRead,
  })
  await lookout.start()
  const tell = (...messages: readonly Message[]): void => {
    for (const message of messages) listener?.notify({ ...message, sequence: 0, port: 7 })
  }
  return {
    heard,
    lookout,
    lastRead,
    tell,
    overrun: () => listener?.overrun(),
    /** A commit, told at once. */
    commit: (...messages: readonly Message[]) => tell(...messages, generation(++id)),
    /** A commit that is not told, or not yet. */
    silent: () => ++id,
    pass: async (ms: number) => {
      await settle()
      for (const end = now + ms; now < end; ) {
        now = Math.min(end, ...sleepers.filter(({ due }) => due > now).map(({ due }) => due))
        const woken = sleepers.filter(({ due }) => due <= now)
        sleepers = sleepers.filter(({ due }) => due > now)
        for (const sleeper of woken) sleeper.end()
        await settle()
      }
    },
  }
}

t.test('what touches ours is told, with who did it', async t => {
  const ours = [
    ruleIn('KUBE-SERVICES'),
    ruleIn('KUBE-SEP-AAAAAAAAAAAAAAAA'),
    ruleIn('OUTPUT', 'KUBE-SERVICES'),
    chainCalled('KUBE-SVC-AAAAAAAAAAAAAAAA'),
    chainCalled('KUBE-PROXY-CANARY', 'mangle'),
  ]
  for (const message of ours) {
    const bench = await open()
    bench.commit(message)
    t.strictSame(bench.heard, ['iptables (pid 7) changed it'])
  }
  const others = [
    ruleIn('OUTPUT'),
    ruleIn('KUBE-SERVICES', 'ELSEWHERE', NFPROTO_IPV6),
    chainCalled('THEIRS'),
    chainCalled('KUBE-SERVICES', 'raw'),
  ]
  const bench = await open()
  for (const message of others) bench.commit(message)
  t.strictSame(bench.heard, [])
})

t.test('our own writes are not told, whenever they are heard', async t => {
  const { heard, lookout, commit, silent, tell } = await open()
  await lookout.writing(async () => {
    commit(ruleIn('KUBE-SERVICES'))
    silent()
    return 2
  })
  tell(ruleIn('KUBE-SERVICES'), generation(3))
  t.strictSame(heard, [])
  commit(ruleIn('KUBE-SERVICES'))
  t.equal(heard.length, 1, 'the next one is not ours')
})

t.test('one commit too many during a write of ours is told', async t => {
  const { heard, lookout, commit } = await open()
  await lookout.writing(async () => {
    commit(ruleIn('KUBE-SERVICES'))
    commit(ruleIn('KUBE-NODEPORTS'))
    return 1
  })
  t.ok(heard.length > 0)
})

t.test('what was done before everything was read is no news', async t => {
  const { heard, lookout, silent, tell } = await open()
  silent()
  await lookout.reading(async () => undefined)
  tell(ruleIn('KUBE-SERVICES'), generation(2))
  t.strictSame(heard, [])
})

t.test('who makes us read in vain waits the second time', async t => {
  const { heard, lookout, lastRead, commit, pass } = await open()
  await pass(1000)
  commit(ruleIn('KUBE-SERVICES'))
  t.equal(heard.length, 1)
  await lookout.reading(async () => undefined)
  lastRead.at = 1000
  for (let time = 0; time < 3; time++) commit(ruleIn('KUBE-SERVICES'))
  t.equal(heard.length, 1)
  await pass(4999)
  t.equal(heard.length, 1)
  await pass(1)
  t.equal(heard.length, 2, 'a hundred times what the read took')
  await lookout.reading(async () => undefined)
  await lookout.writing(async () => 0)
  commit(ruleIn('KUBE-SERVICES'))
  t.equal(heard.length, 3, 'the last one was not in vain')
})

t.test('lost notifications are told unless they were of our own commits', async t => {
  const { heard, lookout, silent, overrun, pass, commit } = await open()
  await lookout.writing(async () => {
    silent()
    overrun()
    return 1
  })
  await pass(1000)
  t.strictSame(heard, [])
  silent()
  overrun()
  await pass(1000)
  t.strictSame(heard, ['so many changes were made that the kernel could not tell them all'])
  commit(ruleIn('OUTPUT'))
  t.equal(heard.length, 1)
})

t.test('a commit that was not told shows by the next one that is', async t => {
  const { heard, silent, commit } = await open()
  silent()
  commit(ruleIn('OUTPUT'))
  t.match(heard, [/could not tell them all/])
})

t.test('a commit that nobody told of shows within a sync period', async t => {
  const { heard, silent, pass, lookout } = await open()
  silent()
  await pass(31_000)
  t.equal(heard.length, 1)
  await pass(100_000)
  t.equal(heard.length, 1)
  await lookout[Symbol.asyncDispose]()
})
