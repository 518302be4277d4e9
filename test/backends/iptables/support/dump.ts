/**
 * What iptables-save would print of a program on an otherwise empty host: for reading back without a kernel.
 */
import {
  type IptablesEntry,
  type RuleEntry,
  rulesOf,
  TABLES,
} from '../../../../backends/iptables/entries.ts'
import { saveText } from '../../../../backends/iptables/rule-text.ts'
import type { Family } from '../../../../src/objects/types.ts'

const BUILT_IN = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']

const lineOf = (chain: string, entry: IptablesEntry): readonly string[] =>
  rulesOf(entry).map(rule => `-A ${chain} ${saveText(rule, entry.family)}`)

export const savedDump = (entries: Iterable<IptablesEntry>, family: Family): string => {
  const own = [...entries].filter(entry => entry.family === family)
  const text = TABLES.flatMap(table => {
    const here = own.filter(entry => entry.table === table)
    const places: readonly RuleEntry['place'][] = ['body', 'last']
    return [
      `*${table}`,
      ...BUILT_IN.map(chain => `:${chain} ACCEPT [0:0]`),
      ...here.flatMap(entry => (entry.kind === 'chain' ? [`:${entry.chain} - [0:0]`] : [])),
      ...here.flatMap(entry => (entry.kind === 'rule' ? [] : lineOf(entry.chain, entry))),
      ...places.flatMap(place =>
        here.flatMap(entry =>
          entry.kind === 'rule' && entry.place === place ? lineOf(entry.chain, entry) : [],
        ),
      ),
      'COMMIT',
    ]
  })
  return `${text.join('\n')}\n`
}
