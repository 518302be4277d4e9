/**
 * What a notification of nf_tables means to us: whether it tells of a chain, a rule or a jump that is ours, as
 * iptables-nft keeps them. Pure.
 */
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/netlink/nf-tables/constants.ts'
import type { NftEvent } from '../../src/netlink/nf-tables/events.ts'
import type { ChainRef, Rule } from '../../src/netlink/nf-tables/objects.ts'
import type { Family } from '../../src/objects/types.ts'
import { TABLES, type Table } from './entries.ts'
import { type Holding, holdingOf } from './holding.ts'
import { jumpEntries } from './jumps.ts'

const PROTOCOL_FAMILY: Readonly<Record<Family, number>> = {
  IPv4: NFPROTO_IPV4,
  IPv6: NFPROTO_IPV6,
}

const JUMP_TARGETS: ReadonlySet<string> = new Set(
  jumpEntries('IPv4').flatMap(({ rule: { target } }) =>
    target?.kind === 'jump' ? [target.chain] : [],
  ),
)

/** Made or deleted: of a chain that is ours everything counts, of a built-in chain only the jumps to ours. */
export const touchesOurs = (event: NftEvent, families: readonly Family[]): boolean => {
  switch (event.kind) {
    case 'table':
      return !event.isNew && isServed(event.table.family, families) && isTable(event.table.table)
    case 'chain':
      return isWhollyOurs(holding(event.chain, families))
    case 'rule': {
      const held = holding(event.rule, families)
      return isWhollyOurs(held) || (held === 'jumps' && jumpsToOurs(event.rule))
    }
    case 'set':
    case 'elements':
    case 'generation':
    case 'opaque':
      return false
  }
}

const holding = ({ family, table, chain }: ChainRef, families: readonly Family[]): Holding =>
  isServed(family, families) && isTable(table) ? holdingOf(table, chain) : 'nothing'

const isWhollyOurs = (held: Holding): boolean => held === 'all' || held === 'rules'

const isServed = (protocolFamily: number, families: readonly Family[]): boolean =>
  families.some(family => PROTOCOL_FAMILY[family] === protocolFamily)

const isTable = (name: string): name is Table => TABLES.some(table => table === name)

const jumpsToOurs = ({ expressions }: Rule): boolean =>
  expressions.some(
    expression =>
      expression.kind === 'immediate' &&
      'chain' in expression.data &&
      expression.data.chain !== null &&
      JUMP_TARGETS.has(expression.data.chain),
  )
