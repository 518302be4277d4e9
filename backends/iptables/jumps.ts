/**
 * The jumps from the built-in chains, in the order in which they are inserted at the top (spec iptables, section 3.3).
 */
import type { Family } from '../../src/objects/types.ts'
import type { JumpEntry, Table } from './entries.ts'
import * as chains from './names.ts'
import { comment, jump, type Match, rule } from './rule.ts'
import { saveText } from './rule-text.ts'

const NEW: Match = { kind: 'conntrack', not: false, states: ['NEW'] }
const EXTERNAL = [NEW, comment('kubernetes externally-visible service portals')]
const PORTALS = comment('kubernetes service portals')
const LOAD_BALANCER = [NEW, comment('kubernetes load balancer firewall')]

type Jump = readonly [table: Table, from: string, parts: readonly Match[], to: string]

const JUMPS: readonly Jump[] = [
  ['filter', 'INPUT', EXTERNAL, chains.EXTERNAL_SERVICES],
  ['filter', 'FORWARD', EXTERNAL, chains.EXTERNAL_SERVICES],
  ['filter', 'INPUT', [comment('kubernetes health check service ports')], chains.NODE_PORTS],
  ['filter', 'FORWARD', [NEW, PORTALS], chains.SERVICES],
  ['filter', 'OUTPUT', [NEW, PORTALS], chains.SERVICES],
  ['filter', 'FORWARD', [comment('kubernetes forwarding rules')], chains.FORWARD],
  ['filter', 'INPUT', LOAD_BALANCER, chains.PROXY_FIREWALL],
  ['filter', 'OUTPUT', LOAD_BALANCER, chains.PROXY_FIREWALL],
  ['filter', 'FORWARD', LOAD_BALANCER, chains.PROXY_FIREWALL],
  ['nat', 'OUTPUT', [PORTALS], chains.SERVICES],
  ['nat', 'PREROUTING', [PORTALS], chains.SERVICES],
  ['nat', 'POSTROUTING', [comment('kubernetes postrouting rules')], chains.POSTROUTING],
  ['filter', 'INPUT', [], chains.FIREWALL],
  ['filter', 'OUTPUT', [], chains.FIREWALL],
]

const entriesOf = (family: Family): readonly JumpEntry[] =>
  JUMPS.map(([table, chain, parts, to], turn) => {
    const jumpRule = rule(parts, jump(to))
    const key = `${family} ${table} ${chain} ${saveText(jumpRule, family)}`
    return { kind: 'jump', key, family, table, chain, turn, rule: jumpRule }
  })

const ENTRIES: Readonly<Record<Family, readonly JumpEntry[]>> = {
  IPv4: entriesOf('IPv4'),
  IPv6: entriesOf('IPv6'),
}

/** All jumps of a family, by turn. */
export const jumpEntries = (family: Family): readonly JumpEntry[] => ENTRIES[family]

const BY_KEY = new Map(
  [...ENTRIES.IPv4, ...ENTRIES.IPv6].map((entry): [string, JumpEntry] => [entry.key, entry]),
)

/** The jump that stands in a built-in chain with this save text; undefined: that rule is someone else's. */
export const jumpOf = (
  family: Family,
  table: Table,
  chain: string,
  text: string,
): JumpEntry | undefined => BY_KEY.get(`${family} ${table} ${chain} ${text}`)
