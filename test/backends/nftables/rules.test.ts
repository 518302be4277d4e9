import t from 'tap'
import { base } from '../../../backends/nftables/base.ts'
import { learnWay, sizedWay } from '../../../backends/nftables/chains.ts'
import type { Chain, NftEntry } from '../../../backends/nftables/entries.ts'
import { readRule } from '../../../backends/nftables/read-rule.ts'
import { expressionsOf } from '../../../backends/nftables/rule-expressions.ts'
import type { NodeFacts } from '../../../src/plan/types.ts'
import { facts } from './support/plans.ts'

const isChain = (entry: NftEntry): entry is Chain => entry.kind === 'chain'

/** Every chain that a program may hold on such a node. */
const chains = (node: NodeFacts): readonly Chain[] =>
  node.families.flatMap(family => [
    ...base(node)
      .entries.filter(isChain)
      .filter(chain => chain.family === family),
    ...learnWay(family, false, 30).chains,
    ...learnWay(family, true, 30).chains,
    ...[false, true].flatMap(nodePort =>
      [false, true].flatMap(sticky =>
        (['cluster', 'local'] as const).flatMap(
          list => sizedWay(family, { nodePort, list, masquerade: true, sticky }, 3, 1 << 14).chains,
        ),
      ),
    ),
  ])

const all = { all: true, holdsLoopback: true } as const
const NODES: Readonly<Record<string, NodeFacts>> = {
  'pods by CIDR': facts(),
  'prefixes that end within a byte': facts({
    podDetector: {
      IPv4: { kind: 'cidr', cidr: '10.244.64.0/18' },
      IPv6: { kind: 'cidr', cidr: 'fd00:10::/29' },
    },
    serviceCIDRs: { IPv4: ['10.96.0.0/12', '0.0.0.0/0'], IPv6: ['fd00::/8', 'fd00::1/128'] },
  }),
  'pods by interface': facts({
    podDetector: {
      IPv4: { kind: 'interface', name: 'cni0' },
      IPv6: { kind: 'interface-prefix', prefix: 'veth' },
    },
    nodePortAddresses: { IPv4: all, IPv6: all },
  }),
  'everything masqueraded, with the highest mark': facts({
    masqueradeAll: true,
    masqueradeBit: 31,
  }),
}

t.test('reading undoes writing, for every rule there is', t => {
  for (const [name, node] of Object.entries(NODES))
    for (const { family, name: chain, rules } of chains(node))
      for (const [at, rule] of rules.entries())
        t.strictSame(
          readRule(family, expressionsOf(family, rule)),
          rule,
          `${name}: ${family} ${chain}, rule ${at}`,
        )
  t.end()
})

t.test('a rule that is not ours is not taken for one', t => {
  const drop = { kind: 'immediate', dreg: 0, data: { kind: 'verdict', code: 0, chain: null } }
  t.equal(readRule('IPv4', [{ kind: 'counter', packets: 0n, bytes: 0n }]), undefined)
  t.equal(
    readRule('IPv4', [{ kind: 'opaque', name: 'limit', bytes: new Uint8Array(0) }]),
    undefined,
  )
  const masked = expressionsOf('IPv4', {
    matches: [],
    statements: [{ kind: 'verdict', verdict: { kind: 'drop' } }],
  })
  t.strictSame(masked, [drop])
  t.equal(
    readRule('IPv4', [...masked, { kind: 'meta', dreg: 8, key: 6 }]),
    undefined,
    'half a match behind a verdict',
  )
  t.end()
})
