import t from 'tap'
import { probeFeatures } from '../../../backends/nftables/open.ts'
import type { Wire } from '../../../backends/nftables/wire.ts'
import { BatchError, NetlinkError } from '../../../src/netlink/errors.ts'
import type { Message } from '../../../src/netlink/message.ts'

/** A kernel that refuses every transaction that holds such a message. */
const kernelWithout = (lacks: (message: Message) => boolean, code = 'ENOENT') => {
  const sent: { readonly count: number; readonly dry: boolean }[] = []
  const wire: Wire = {
    sendLimit: 1 << 20,
    request: async () => [],
    async *dump() {},
    async sendBatch(messages, { dry = false } = {}) {
      sent.push({ count: messages.length, dry })
      const index = messages.findIndex(lacks)
      if (index >= 0)
        throw new BatchError([new NetlinkError({ code, subject: 'a test', sequence: 1, index })])
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  return { wire, sent }
}

const names = ({ name = '' }: Message, text: string): boolean => name.endsWith(text)

t.test('a kernel that has it all is asked once, and changed never', async t => {
  const { wire, sent } = kernelWithout(() => false)
  await probeFeatures(wire)
  t.equal(sent.length, 1)
  t.ok(sent.every(({ dry }) => dry))
})

t.test('what is missing is named, with the release that brought it', async t => {
  const cases: Readonly<Record<string, RegExp>> = {
    pick: /no random numbers .* \(Linux 4\.10 and later/,
    local: /no address types .* \(Linux 4\.10/,
    'nat-late': /no nf_tables with several nat chains .* \(Linux 4\.18/,
    forget: /no deletion of map elements .* \(Linux 5\.4/,
    'allowed-sources': /no ranges within keys .* \(Linux 5\.6/,
    refuse: /no rejection in prerouting .* \(Linux 5\.9/,
  }
  for (const [name, wanted] of Object.entries(cases)) {
    const { wire, sent } = kernelWithout(message => names(message, name))
    await t.rejects(probeFeatures(wire), { code: 'UNSUPPORTED_KERNEL', message: wanted }, name)
    t.ok(
      sent.every(({ dry }) => dry),
      'nothing is committed',
    )
  }
})

t.test('no permission is not taken for an old kernel', async t => {
  const { wire } = kernelWithout(() => true, 'EPERM')
  await t.rejects(probeFeatures(wire), { code: 'EPERM', message: /CAP_NET_ADMIN/ })
})

t.test('silence is neither', async t => {
  const { wire } = kernelWithout(() => true, 'UNKNOWN')
  await t.rejects(probeFeatures(wire), { name: 'BatchError' })
})
