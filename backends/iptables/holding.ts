/**
 * What of a chain is ours (spec iptables, section 3.1): all of it, single rules, the jumps in it, or nothing.
 */
import type { Table } from './entries.ts'
import * as chains from './names.ts'

export type Holding = 'all' | 'rules' | 'jumps' | 'nothing'

const RULES: Readonly<Record<Table, readonly string[]>> = {
  mangle: [],
  filter: [chains.SERVICES, chains.EXTERNAL_SERVICES, chains.NODE_PORTS, chains.PROXY_FIREWALL],
  nat: [chains.SERVICES, chains.NODE_PORTS],
}

const ALL: Readonly<Record<Table, readonly string[]>> = {
  mangle: [chains.CANARY],
  filter: [chains.CANARY, chains.FORWARD, chains.FIREWALL],
  nat: [chains.CANARY, chains.POSTROUTING, chains.MARK_MASQ],
}

const JUMPS: Readonly<Record<Table, readonly string[]>> = {
  mangle: [],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'OUTPUT', 'POSTROUTING'],
}

export const holdingOf = (table: Table, chain: string): Holding => {
  if (RULES[table].includes(chain)) return 'rules'
  if (ALL[table].includes(chain) || isServiceChain(table, chain)) return 'all'
  return JUMPS[table].includes(chain) ? 'jumps' : 'nothing'
}

/** Of a service port or an endpoint, be it of this run or of an earlier one of kube-proxy. */
const isServiceChain = (table: Table, chain: string): boolean =>
  table === 'nat' && chains.SERVICE_CHAIN_PREFIXES.some(prefix => chain.startsWith(prefix))
