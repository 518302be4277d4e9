/**
 * Reading iptables rules back out of a namespace, in the form of the golden dumps, with both flavours of the tools.
 */
import type { Family } from '../../src/objects/types.ts'
import type { Exec } from '../../src/ports/exec.ts'
import { readRecorded, type Step } from './cases.ts'
import { normaliseDump } from './dump.ts'
import { must } from './namespace.ts'

export type Flavour = 'nft' | 'legacy'
export const FLAVOURS: readonly Flavour[] = ['nft', 'legacy']

const PREFIX: Readonly<Record<Family, string>> = { IPv4: 'iptables', IPv6: 'ip6tables' }
const FILE: Readonly<Record<Family, string>> = { IPv4: 'ip4.save', IPv6: 'ip6.save' }

/** The tool of a flavour, such as `ip6tables-legacy-save`. */
export const toolOf = (family: Family, flavour: Flavour, verb: 'save' | 'restore'): string =>
  `${PREFIX[family]}-${flavour}-${verb}`

/** What both flavours need on PATH. */
export const RULE_TOOLS: readonly string[] = FLAVOURS.flatMap(flavour =>
  (['save', 'restore'] as const).flatMap(verb => [
    toolOf('IPv4', flavour, verb),
    toolOf('IPv6', flavour, verb),
  ]),
)

/** The order of the recorded dumps. */
const TABLES: readonly string[] = ['nat', 'filter', 'mangle']

const tableOf = (block: string): string => /^\*(\w+)$/m.exec(block)?.[1] ?? ''

/** A dump of all tables, those of the recordings first; any other table stays, so that it is seen. */
const inRecordedOrder = (dump: string): string => {
  const blocks = dump.split(/(?<=^COMMIT\n)/m)
  const wanted = TABLES.flatMap(table => blocks.filter(block => tableOf(block) === table))
  return [...wanted, ...blocks.filter(block => !TABLES.includes(tableOf(block)))].join('')
}

/** All tables of a family, normalised. */
export const dumpRules = async (exec: Exec, family: Family, flavour: Flavour): Promise<string> =>
  normaliseDump(inRecordedOrder(await must(exec, toolOf(family, flavour, 'save'), [])))

/** What kube-proxy's rules read like after a step. */
export const recordedRules = (step: Step, family: Family): Promise<string> =>
  readRecorded(step, `iptables/${FILE[family]}`)
