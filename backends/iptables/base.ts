/**
 * What is in the tables whatever the services are: chains, their static rules, the way into them from the built-in
 * chains, and the dispatch to node ports (spec iptables, sections 3, 4.3, 4.4, 8.2 and 8.3). Pure.
 */
import { isLoopback } from '../../src/addresses.ts'
import type { Sysctl } from '../../src/backend.ts'
import type { Family } from '../../src/objects/types.ts'
import type { NodeFacts } from '../../src/plan/types.ts'
import type { Fragment } from '../../src/program/types.ts'
import { chainEntry, type IptablesEntry, ruleEntry, TABLES, type Table } from './entries.ts'
import { jumpEntries } from './jumps.ts'
import * as chains from './names.ts'
import { comment, destination, jump, type Match, type Rule, rule, source } from './rule.ts'

/** The base of every family that is served. */
export const base = (facts: NodeFacts): Fragment<IptablesEntry> => ({
  entries: facts.families.flatMap(family => baseOf(family, facts)),
})

/** The bit that marks a packet for masquerading. */
export const masqueradeMark = ({ masqueradeBit }: Pick<NodeFacts, 'masqueradeBit'>): number =>
  2 ** masqueradeBit

/** Whether node ports are served on loopback. Never for IPv6, where a loopback source cannot leave the node. */
export const onLocalhost = (family: Family, facts: NodeFacts): boolean =>
  family === 'IPv4' && facts.localhostNodePorts

const baseOf = (family: Family, facts: NodeFacts): readonly IptablesEntry[] => {
  const chain = (table: Table, name: string, rules: readonly Rule[] | null): IptablesEntry =>
    chainEntry(family, table, name, rules && { kind: 'rules', rules })
  return [
    ...TABLES.map(table => chain(table, chains.CANARY, [])),
    chain('filter', chains.SERVICES, null),
    chain('filter', chains.EXTERNAL_SERVICES, null),
    chain('filter', chains.FORWARD, forwardRules(facts)),
    chain('filter', chains.NODE_PORTS, null),
    chain('filter', chains.PROXY_FIREWALL, null),
    chain('filter', chains.FIREWALL, onLocalhost(family, facts) ? [LOCALNET_GUARD] : null),
    chain('nat', chains.SERVICES, null),
    chain('nat', chains.NODE_PORTS, null),
    chain('nat', chains.POSTROUTING, postroutingRules(facts)),
    chain('nat', chains.MARK_MASQ, [
      rule([], { kind: 'mark', how: 'or', bits: masqueradeMark(facts) }),
    ]),
    ...jumpEntries(family),
    ...nodePortDispatch(family, facts).map(dispatch =>
      ruleEntry(family, 'nat', chains.SERVICES, dispatch, 'last'),
    ),
  ]
}

/** route_localnet lets packets from outside name a loopback address; this stops them. */
const LOCALNET_GUARD: Rule = rule(
  [
    comment('block incoming localnet connections'),
    destination('127.0.0.0/8'),
    source('127.0.0.0/8', true),
    { kind: 'conntrack', not: true, states: ['RELATED', 'ESTABLISHED', 'DNAT'] },
  ],
  { kind: 'drop' },
)

const forwardRules = (facts: NodeFacts): readonly Rule[] => {
  const bits = masqueradeMark(facts)
  const counted: readonly Match[] = facts.kernel.nfacct
    ? [{ kind: 'accounting', name: chains.INVALID_COUNTER }]
    : []
  const invalid: Match = { kind: 'conntrack', not: false, states: ['INVALID'] }
  const accept = [
    rule(
      [
        comment('kubernetes forwarding rules'),
        { kind: 'mark', not: false, value: bits, mask: bits },
      ],
      { kind: 'accept' },
    ),
    rule(
      [
        comment('kubernetes forwarding conntrack rule'),
        { kind: 'conntrack', not: false, states: ['RELATED', 'ESTABLISHED'] },
      ],
      { kind: 'accept' },
    ),
  ]
  if (facts.kernel.tcpBeLiberal) return accept
  return [rule([invalid, ...counted], { kind: 'drop' }), ...accept]
}

const postroutingRules = (facts: NodeFacts): readonly Rule[] => {
  const bits = masqueradeMark(facts)
  return [
    rule([{ kind: 'mark', not: true, value: bits, mask: bits }], { kind: 'return' }),
    rule([], { kind: 'mark', how: 'xor', bits }),
    rule([comment('kubernetes service traffic requiring SNAT')], {
      kind: 'masquerade',
      randomFully: facts.kernel.randomFully,
    }),
  ]
}

const DISPATCH: Match = comment(
  'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
)

const nodePortDispatch = (family: Family, facts: NodeFacts): readonly Rule[] => {
  const nodePorts = facts.nodePortAddresses[family]
  const target = jump(chains.NODE_PORTS)
  const loopback = onLocalhost(family, facts)
  if (nodePorts.all) {
    const range = family === 'IPv4' ? '127.0.0.0/8' : '::1/128'
    const but = loopback ? [] : [destination(range, true)]
    return [rule([DISPATCH, { kind: 'address-type', side: 'destination' }, ...but], target)]
  }
  return nodePorts.addresses
    .filter(address => loopback || !isLoopback(address))
    .map(address => rule([DISPATCH, destination(address)], target))
}

/** What the rules of `facts` need beside themselves; for the caller to set (spec iptables, section 2). */
export const sysctls = (facts: NodeFacts): readonly Sysctl[] =>
  facts.families.includes('IPv4') && facts.localhostNodePorts
    ? [{ path: '/proc/sys/net/ipv4/conf/all/route_localnet', value: '1' }]
    : []
