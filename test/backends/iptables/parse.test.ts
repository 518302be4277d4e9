import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseRule } from '../../../backends/iptables/parse.ts'
import type { Match, Rule, Target } from '../../../backends/iptables/rule.ts'
import { saveText } from '../../../backends/iptables/rule-text.ts'
import type { Family } from '../../../src/objects/types.ts'
import { holds } from '../../support/holds.ts'

const arbNet = (family: Family): fc.Arbitrary<string> =>
  family === 'IPv4'
    ? fc.constantFrom('10.0.0.1', '10.0.0.0/8', '127.0.0.0/8', '203.0.113.7')
    : fc.constantFrom('fd00::1', 'fd00:10::/64', '::1')

const arbName = fc.constantFrom('KUBE-SEP-CLJD2HVAOG7NX5JI', 'KUBE-MARK-MASQ', 'eth0')
const arbBits = fc.integer({ min: 0, max: 31 }).map(bit => 2 ** bit)
const not = fc.boolean()

const arbLeading = (family: Family): fc.Arbitrary<readonly Match[]> =>
  fc
    .tuple(
      fc.option(fc.record({ kind: fc.constant('source' as const), not, net: arbNet(family) })),
      fc.option(fc.record({ kind: fc.constant('destination' as const), not, net: arbNet(family) })),
      fc.option(
        fc.record({
          kind: fc.constant('in-interface' as const),
          not,
          name: fc.constantFrom('br0', 'cali+'),
        }),
      ),
    )
    .map(parts => parts.filter(part => part !== null))

const arbPort: fc.Arbitrary<readonly Match[]> = fc
  .tuple(fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const), fc.option(fc.nat(65535)))
  .map(([protocol, port]) => [
    { kind: 'protocol', protocol },
    ...(port === null ? [] : [{ kind: 'destination-port', port } as const]),
  ])

const arbMatch: fc.Arbitrary<Match> = fc.oneof(
  fc.record({ kind: fc.constant('comment' as const), text: fc.string({ minLength: 1 }) }),
  fc.record({
    kind: fc.constant('conntrack' as const),
    not,
    states: fc.constantFrom(['NEW'], ['RELATED', 'ESTABLISHED', 'DNAT']),
  }),
  fc.record({
    kind: fc.constant('address-type' as const),
    side: fc.constantFrom('source' as const, 'destination' as const),
  }),
  fc.record({ kind: fc.constant('mark' as const), not, value: arbBits, mask: arbBits }),
  fc.record({ kind: fc.constant('remember' as const), name: arbName }),
  fc.record({ kind: fc.constant('remembered' as const), name: arbName, seconds: fc.nat(86400) }),
  fc.record({ kind: fc.constant('accounting' as const), name: arbName }),
  fc.integer({ min: 1, max: 5000 }).map((n): Match => ({ kind: 'chance', probability: 1 / n })),
  fc.constantFrom<Match>(
    { kind: 'opaque', text: '-m limit --limit 5/min' },
    { kind: 'opaque', text: '-m set --match-set "a -j b" src' },
    { kind: 'opaque', text: '-m addrtype --dst-type LOCAL --limit-iface-in' },
  ),
)

const arbTarget: fc.Arbitrary<Target | null> = fc.option(
  fc.oneof(
    fc.record({ kind: fc.constant('jump' as const), chain: arbName }),
    fc.constantFrom<Target>(
      { kind: 'accept' },
      { kind: 'drop' },
      { kind: 'return' },
      { kind: 'reject' },
      { kind: 'masquerade', randomFully: true },
      { kind: 'masquerade', randomFully: false },
      { kind: 'dnat', to: '10.0.0.1:80' },
      { kind: 'opaque', text: '-j LOG --log-prefix "dropped: "' },
      { kind: 'opaque', text: '-g KUBE-SERVICES' },
      { kind: 'opaque', text: '-j REJECT --reject-with tcp-reset' },
      { kind: 'opaque', text: '-j MARK --set-xmark 0x1/0x3' },
    ),
    fc.record({
      kind: fc.constant('mark' as const),
      how: fc.constantFrom('or' as const, 'xor' as const),
      bits: arbBits,
    }),
  ),
)

/** In the order of the save form, so that a rule reads back as it is and not only as an equal one. */
const arbRule = (family: Family): fc.Arbitrary<Rule> =>
  fc
    .record({
      leading: arbLeading(family),
      before: fc.array(arbMatch, { maxLength: 2 }),
      port: fc.option(arbPort),
      after: fc.array(arbMatch, { maxLength: 2 }),
      target: arbTarget,
    })
    .map(({ leading, before, port, after, target }) => ({
      parts: [...leading, ...before, ...(port ?? []), ...after],
      target,
    }))

/** Probabilities are the one thing that the kernel rounds. Copies, as fast-check's records have no prototype. */
const rounded = ({ parts, target }: Rule): Rule => ({
  parts: parts.map(part => (part.kind === 'chance' ? { ...part, probability: 0 } : { ...part })),
  target: target && { ...target },
})

for (const family of ['IPv4', 'IPv6'] as const) {
  t.test(`${family}: what was printed reads back as the rule it was`, async t => {
    holds(
      t,
      fc.property(arbRule(family), rule => {
        const text = saveText(rule, family)
        const read = parseRule(text, family)
        assert.equal(saveText(read, family), text)
        assert.deepEqual(rounded(read), rounded(rule))
      }),
      { numRuns: 300 },
    )
  })
}

t.test('comments come out of quotes and escapes as they were', async t => {
  const text = `-m comment --comment "say \\"-j DROP\\" or \\'\\\\" -j ACCEPT`
  const { parts, target } = parseRule(text, 'IPv4')
  t.strictSame(parts, [{ kind: 'comment', text: `say "-j DROP" or '\\` }])
  t.strictSame(target, { kind: 'accept' })
})

t.test('one blank or two behind --nfacct-name: the same rule', async t => {
  const one = parseRule('-m nfacct --nfacct-name x -j DROP', 'IPv4')
  const two = parseRule('-m nfacct --nfacct-name  x -j DROP', 'IPv4')
  t.strictSame(one, two)
  t.strictSame(one.parts, [{ kind: 'accounting', name: 'x' }])
})

t.test('a rule that we could not print again is kept word for word', async t => {
  const strange = [
    '-o eth0 -p tcp -m tcp --dport 80 -j ACCEPT',
    '-p tcp -j ACCEPT',
    '-p tcp -m tcp --sport 5 -j ACCEPT',
    '! -p tcp -j DROP',
    '-p icmp -m icmp --icmp-type 8 -j DROP',
    '-d 10.0.0.1/32 -f -j DROP',
    '-p tcp -m tcp --dport 80:90 -j DROP',
    '-m recent --update --seconds 60 --name X --mask 255.255.255.255 --rsource -j DROP',
  ]
  for (const text of strange) {
    const rule = parseRule(text, 'IPv4')
    t.equal(saveText(rule, 'IPv4'), text)
    t.ok(
      rule.parts.some(({ kind }) => kind === 'opaque'),
      text,
    )
  }
})
