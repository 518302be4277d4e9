/**
 * The chains that service ports share: the sized ones, one for each distinct length of an endpoint list, and those
 * that session affinity needs. Fragments name them in verdicts and own them together. Chains of one name are the same
 * object every time, so a program of many thousand owners compares them by identity.
 * Which chain leads where: README.md beside this file.
 */
import type { Family, Protocol } from '../../src/objects/types.ts'
import {
  type Chain,
  chainKey,
  type Field,
  type Hook,
  type Rule,
  type Statement,
  type Verdict,
} from './entries.ts'

/** Index of the first endpoint of a frontend's second list, its local endpoints. */
export const LOCAL_OFFSET = 1_000_000

/** Priorities of the hooks; NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC of linux/netfilter_ipv4.h are −100 and 100. */
export const PRIORITY = { translate: -100, late: -90, learn: 99, masquerade: 100 } as const

/** How a connection is handed to a list: its source is masqueraded or not, its client remembered or not. */
export interface Manner {
  readonly nodePort: boolean
  readonly list: 'cluster' | 'local'
  readonly masquerade: boolean
  readonly sticky: boolean
}

/** A chain to go to, and all chains that this needs, itself the first. */
export interface Way {
  readonly verdict: Verdict
  readonly chains: readonly Chain[]
}

export const FRONTEND: readonly Field[] = ['destination', 'protocol', 'port']
export const NODE_PORT: readonly Field[] = ['protocol', 'port']
const ORIGINAL_FRONTEND: readonly Field[] = ['original-destination', 'protocol', 'original-port']
const ORIGINAL_NODE_PORT: readonly Field[] = ['protocol', 'original-port']
const TARGET: readonly Field[] = ['destination', 'port']
const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP']

export const rule = (...statements: readonly Statement[]): Rule => ({ matches: [], statements })
export const to = (verdict: Verdict): Statement => ({ kind: 'verdict', verdict })
export const goto = (chain: string): Verdict => ({ kind: 'goto', chain })
export const DROP: Verdict = { kind: 'drop' }

export const chain = (
  family: Family,
  name: string,
  rules: readonly Rule[],
  hook: Hook | null = null,
): Chain => ({ kind: 'chain', key: chainKey(family, name), family, name, hook, rules })

const ways = new Map<string, Way>()

const once = (key: string, make: () => Way): Way => {
  const known = ways.get(key)
  if (known) return known
  const way = make()
  ways.set(key, way)
  return way
}

const wayTo = (chains: readonly [Chain, ...Chain[]]): Way => ({
  verdict: goto(chains[0].name),
  chains,
})

/** The chain for a list of `length` endpoints (1 or more). `mask`: the masquerade mark. */
export const sizedWay = (family: Family, manner: Manner, length: number, mask: number): Way => {
  const name = sizedName(manner, length)
  return once(`${family} ${name} ${mask}`, () => {
    const { nodePort, masquerade, sticky } = manner
    if (masquerade) {
      const next = sizedWay(family, { ...manner, masquerade: false }, length, mask)
      const rules = [rule({ kind: 'mark', mask }, to(next.verdict))]
      return wayTo([chain(family, name, rules), ...next.chains])
    }
    if (sticky) {
      const next = sizedWay(family, { ...manner, sticky: false }, length, mask)
      const fields: Field[] = ['source', ...(nodePort ? NODE_PORT : FRONTEND)]
      const map = nodePort ? 'np-affinity' : 'affinity'
      const rules = [rule({ kind: 'translate', fields, map }), rule(to(next.verdict))]
      return wayTo([chain(family, name, rules), ...next.chains])
    }
    return wayTo([chain(family, name, pickRules(manner, length))])
  })
}

const sizedName = ({ nodePort, list, masquerade, sticky }: Manner, length: number): string =>
  [
    ...(nodePort ? ['np'] : []),
    ...(sticky ? ['sticky'] : []),
    ...(list === 'local' ? ['local'] : sticky ? [] : ['pick']),
    ...(masquerade ? ['masq'] : []),
    length,
  ].join('-')

/**
 * The choice. A map is looked up as it is at that very moment, so a packet may read the old length and then a list
 * that is shorter: the second rule serves it. What vanished altogether is dropped, since a UDP packet that leaves
 * untranslated would pin its flow to nowhere.
 */
const pickRules = ({ nodePort, list }: Manner, length: number): readonly Rule[] => {
  const offset = list === 'local' ? LOCAL_OFFSET : 0
  const from = nodePort ? NODE_PORT : FRONTEND
  const map = nodePort ? 'np-endpoints' : 'endpoints'
  const pick = (modulus: number): Rule =>
    rule({ kind: 'translate', fields: [...from, { modulus, offset }], map })
  return [pick(length), ...(length > 1 ? [pick(1)] : []), rule(to(DROP))]
}

/** Everything that makes clients of a sticky frontend be remembered for `seconds`. */
export const learnWay = (family: Family, nodePort: boolean, seconds: number): Way =>
  once(`${family} learn ${nodePort} ${seconds}`, () => {
    const prefix = nodePort ? 'np-' : ''
    return wayTo([
      chain(family, `${prefix}learn-${seconds}`, learnRules(nodePort, seconds)),
      chain(family, `${prefix}forget`, forgetRules(nodePort)),
      ...learnChains(family),
    ])
  })

/**
 * Hooks that see a connection's first packet after translation, just before it is masqueraded. They exist while any
 * sticky service does. nft 1.0.6 knows the type of `ct original proto-dst` only behind a match of the protocol.
 */
const learnChains = (family: Family): readonly Chain[] =>
  once(`${family} learn`, () => wayTo(makeLearnChains(family))).chains

const makeLearnChains = (family: Family): readonly [Chain, ...Chain[]] => {
  const jump: Rule = {
    matches: [{ kind: 'translated' }],
    statements: [to({ kind: 'jump', chain: 'learn' })],
  }
  const hooked = (hook: 'input' | 'postrouting'): Chain =>
    chain(family, `learn-${hook}`, [jump], { hook, priority: PRIORITY.learn })
  const rules = [
    ...perProtocol({ kind: 'dispatch', fields: ORIGINAL_FRONTEND, map: 'sticky-services' }),
    ...perProtocol({ kind: 'dispatch', fields: ORIGINAL_NODE_PORT, map: 'sticky-nodeports' }),
  ]
  return [hooked('input'), hooked('postrouting'), chain(family, 'learn', rules)]
}

const perProtocol = (statement: Statement): readonly Rule[] =>
  PROTOCOLS.map(protocol => ({
    matches: [{ kind: 'protocol', protocol }],
    statements: [statement],
  }))

const learnRules = (nodePort: boolean, seconds: number): readonly Rule[] => {
  const original = nodePort ? ORIGINAL_NODE_PORT : ORIGINAL_FRONTEND
  const set = nodePort ? 'np-live' : 'live'
  const stale = to(goto(nodePort ? 'np-forget' : 'forget'))
  return PROTOCOLS.flatMap((protocol): Rule[] => [
    {
      matches: [
        { kind: 'protocol', protocol },
        { kind: 'member', fields: [...original, ...TARGET], not: true, set },
      ],
      statements: [stale],
    },
    {
      matches: [{ kind: 'protocol', protocol }],
      statements: [
        {
          kind: 'remember',
          map: nodePort ? 'np-affinity' : 'affinity',
          fields: ['source', ...original],
          data: TARGET,
          seconds,
        },
      ],
    },
  ])
}

/**
 * The remembered endpoint has left: the next connection chooses anew. This one is let go where it was sent, which may
 * still serve. To drop it would also drop what another service that claims the same address has chosen.
 */
const forgetRules = (nodePort: boolean): readonly Rule[] => {
  const original = nodePort ? ORIGINAL_NODE_PORT : ORIGINAL_FRONTEND
  const map = nodePort ? 'np-affinity' : 'affinity'
  const forget: Statement = { kind: 'forget', map, fields: ['source', ...original], data: TARGET }
  return perProtocol(forget)
}
