/**
 * What is in the table whatever the services are: all sets and maps, the hooks and the chains that they share. A
 * function of the node alone. The path of a packet through them: README.md beside this file.
 */
import { isLoopback } from '../../src/addresses.ts'
import type { Family } from '../../src/objects/types.ts'
import type { NodeFacts, PodDetector } from '../../src/plan/types.ts'
import type { Fragment } from '../../src/program/types.ts'
import { chain, FRONTEND, goto, NODE_PORT, PRIORITY, rule, to } from './chains.ts'
import {
  type AddressElement,
  type Chain,
  elementKey,
  type Field,
  type Match,
  type NftEntry,
  type Rule,
  type Statement,
  tableKey,
} from './entries.ts'
import { SET_NAMES, setEntry } from './sets.ts'

/** Node ports are never served there, whatever is configured (spec nftables, section 5, 7). */
const LOOPBACK: Readonly<Record<Family, string>> = { IPv4: '127.0.0.0/8', IPv6: '::1/128' }

/** Chains that are there whether or not anything leads to them. */
export const STATIC_CHAINS: ReadonlySet<string> = new Set([
  'services',
  'refuse',
  'fenced',
  'external-local',
  'external-short',
  'np-external-local',
  'np-external-short',
])

const HAIRPIN: readonly Field[] = ['source', 'destination', 'protocol', 'port']

/** The bit that marks the first packet of a connection whose source is to be masqueraded. */
export const markMask = ({ masqueradeBit }: NodeFacts): number => (1 << masqueradeBit) >>> 0

export const base = (facts: NodeFacts): Fragment<NftEntry> => ({
  entries: facts.families.flatMap(family => familyBase(family, facts)),
})

const familyBase = (family: Family, facts: NodeFacts): readonly NftEntry[] => [
  { kind: 'table', key: tableKey(family), family },
  ...SET_NAMES.map(name => setEntry(family, name)),
  ...hooks(family, facts),
  chain(family, 'services', servicesRules(family, facts)),
  chain(family, 'refuse', [rule({ kind: 'reject' })]),
  ...fenced(family),
  ...externalLocal(family, facts, false),
  ...externalLocal(family, facts, true),
  ...nodeAddresses(family, facts),
]

const hooks = (family: Family, facts: NodeFacts): readonly Chain[] => {
  const services = rule(to({ kind: 'jump', chain: 'services' }))
  const translate = PRIORITY.translate
  const late = PRIORITY.late
  return [
    chain(family, 'nat-prerouting', [services], { hook: 'prerouting', priority: translate }),
    chain(family, 'nat-output', [services], { hook: 'output', priority: translate }),
    chain(family, 'nat-prerouting-late', unserved(family, facts, [NOT_HERE]), {
      hook: 'prerouting',
      priority: late,
    }),
    chain(family, 'nat-output-late', unserved(family, facts, []), {
      hook: 'output',
      priority: late,
    }),
    chain(family, 'nat-postrouting', masqueradeRules(facts), {
      hook: 'postrouting',
      priority: PRIORITY.masquerade,
    }),
  ]
}

/** Node-local agents bind cluster IPs on an interface of their own and serve further ports there. */
const NOT_HERE: Match = { kind: 'local', field: 'destination', not: true }

/** An active cluster IP on a port nobody defined is refused; an address that is no service at all is dropped. */
const unserved = (
  family: Family,
  { serviceCIDRs }: NodeFacts,
  also: readonly Match[],
): readonly Rule[] => [
  { matches: [CLUSTER_IP, ...also], statements: [to(goto('refuse'))] },
  ...serviceCIDRs[family].map(
    (cidr): Rule => ({
      matches: [{ kind: 'range', field: 'destination', not: false, cidr }, ...also],
      statements: [to({ kind: 'drop' })],
    }),
  ),
]

const CLUSTER_IP: Match = {
  kind: 'member',
  fields: ['destination'],
  not: false,
  set: 'cluster-ips',
}

const masqueradeRules = (facts: NodeFacts): readonly Rule[] => {
  const mask = markMask(facts)
  return [
    {
      matches: [{ kind: 'marked', mask }],
      statements: [{ kind: 'unmark', mask }, { kind: 'masquerade' }],
    },
    {
      matches: [
        { kind: 'translated' },
        { kind: 'member', fields: HAIRPIN, not: false, set: 'hairpins' },
      ],
      statements: [{ kind: 'masquerade' }],
    },
  ]
}

/** The same word as the plan's ClusterMasquerade, for all cluster IPs at once: one rule instead of a chain each. */
const servicesRules = (family: Family, facts: NodeFacts): readonly Rule[] => {
  const detector = facts.podDetector[family]
  const mark: Statement = { kind: 'mark', mask: markMask(facts) }
  const markRule = (matches: readonly Match[]): Rule => ({
    matches: [...matches, CLUSTER_IP],
    statements: [mark],
  })
  return [
    ...(facts.masqueradeAll ? [markRule([])] : detector ? [markRule([isPod(detector, true)])] : []),
    rule({ kind: 'dispatch', fields: FRONTEND, map: 'services' }),
    {
      matches: nodePortMatches(family, facts),
      statements: [{ kind: 'dispatch', fields: NODE_PORT, map: 'nodeports' }],
    },
  ]
}

const nodePortMatches = (family: Family, facts: NodeFacts): readonly Match[] =>
  facts.nodePortAddresses[family].all
    ? [
        { kind: 'local', field: 'destination', not: false },
        { kind: 'range', field: 'destination', not: true, cidr: LOOPBACK[family] },
      ]
    : [{ kind: 'member', fields: ['destination'], not: false, set: 'node-ips' }]

const isPod = (detector: PodDetector, not: boolean): Match => {
  switch (detector.kind) {
    case 'cidr':
      return { kind: 'range', field: 'source', not, cidr: detector.cidr }
    case 'interface':
      return { kind: 'interface', not, name: detector.name, prefix: false }
    case 'interface-prefix':
      return { kind: 'interface', not, name: detector.prefix, prefix: true }
  }
}

/** Only the allowed sources may pass; what then happens stands in a second map. */
const fenced = (family: Family): readonly Chain[] => [
  chain(family, 'fenced', [
    {
      matches: [
        { kind: 'member', fields: [...FRONTEND, 'source'], not: true, set: 'allowed-sources' },
      ],
      statements: [to({ kind: 'drop' })],
    },
    rule({ kind: 'dispatch', fields: FRONTEND, map: 'fenced-services' }),
  ]),
]

/** External policy Local: pods keep their source and get any endpoint, so does the node, masqueraded. */
const externalLocal = (
  family: Family,
  facts: NodeFacts,
  nodePort: boolean,
): readonly [Chain, Chain] => {
  const prefix = nodePort ? 'np-' : ''
  const fields = nodePort ? NODE_PORT : FRONTEND
  const detector = facts.podDetector[family]
  const short = to(goto(`${prefix}external-short`))
  const fromPod: Rule[] = detector
    ? [{ matches: [isPod(detector, false)], statements: [short] }]
    : []
  const fromNode: Rule = {
    matches: [{ kind: 'local', field: 'source', not: false }],
    statements: [{ kind: 'mark', mask: markMask(facts) }, short],
  }
  const drop = rule(to({ kind: 'drop' }))
  return [
    chain(family, `${prefix}external-local`, [
      ...fromPod,
      fromNode,
      rule({ kind: 'dispatch', fields, map: `${prefix}local-services` }),
      drop,
    ]),
    chain(family, `${prefix}external-short`, [
      rule({ kind: 'dispatch', fields, map: `${prefix}short-services` }),
      drop,
    ]),
  ]
}

const nodeAddresses = (family: Family, facts: NodeFacts): readonly AddressElement[] => {
  const addresses = facts.nodePortAddresses[family]
  if (addresses.all) return []
  return addresses.addresses
    .filter(address => !isLoopback(address))
    .map(address => ({
      kind: 'address',
      key: elementKey(family, 'node-ips', address),
      family,
      set: 'node-ips',
      address,
    }))
}
