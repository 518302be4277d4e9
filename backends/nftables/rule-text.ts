/** Rules in nft's own words, as `nft -f` takes them and version 1.0.6 compiles them without adding matches. */
import type { Field, Match, Rule, Statement, Verdict } from './entries.ts'
import { PROTOCOL } from './entries.ts'

type FamilyWord = 'ip' | 'ip6'

export const ruleText = (family: FamilyWord, { matches, statements }: Rule): string =>
  [
    ...matches.map(match => matchText(family, match)),
    ...statements.map(statement => statementText(family, statement)),
  ].join(' ')

export const verdictText = (verdict: Verdict): string =>
  verdict.kind === 'drop' ? 'drop' : `${verdict.kind} ${verdict.chain}`

const ADDRESS: Readonly<Record<'source' | 'destination', string>> = {
  source: 'saddr',
  destination: 'daddr',
}

const fieldText = (family: FamilyWord, field: Field): string => {
  switch (field) {
    case 'source':
    case 'destination':
      return `${family} ${ADDRESS[field]}`
    case 'protocol':
      return 'meta l4proto'
    case 'port':
      return 'th dport'
    case 'original-destination':
      return `ct original ${family} daddr`
    case 'original-port':
      return 'ct original proto-dst'
  }
  const offset = field.offset === 0 ? '' : ` offset ${field.offset}`
  return `numgen random mod ${field.modulus}${offset}`
}

const concat = (family: FamilyWord, fields: readonly Field[]): string =>
  fields.map(field => fieldText(family, field)).join(' . ')

const hex = (mask: number): string => `0x${mask.toString(16).padStart(8, '0')}`

/** The text of a comparison: nothing for equal. */
const unless = (not: boolean): string => (not ? '!= ' : '')

const matchText = (family: FamilyWord, match: Match): string => {
  switch (match.kind) {
    case 'range':
      return `${family} ${ADDRESS[match.field]} ${unless(match.not)}${match.cidr}`
    case 'interface':
      return `iifname ${unless(match.not)}"${match.name}${match.prefix ? '*' : ''}"`
    case 'local':
      return `fib ${ADDRESS[match.field]} type ${unless(match.not)}local`
    case 'translated':
      return 'ct status dnat'
    case 'marked':
      return `meta mark & ${hex(match.mask)} == ${hex(match.mask)}`
    case 'protocol':
      return `meta l4proto ${PROTOCOL[match.protocol]}`
    case 'member':
      return `${concat(family, match.fields)} ${unless(match.not)}@${match.set}`
  }
}

const statementText = (family: FamilyWord, statement: Statement): string => {
  switch (statement.kind) {
    case 'mark':
      return `meta mark set meta mark | ${hex(statement.mask)}`
    case 'unmark':
      return `meta mark set meta mark ^ ${hex(statement.mask)}`
    case 'masquerade':
      return 'masquerade fully-random'
    case 'reject':
      return 'reject'
    case 'verdict':
      return verdictText(statement.verdict)
    case 'dispatch':
      return `${concat(family, statement.fields)} vmap @${statement.map}`
    case 'translate':
      return `dnat ${family} to ${concat(family, statement.fields)} map @${statement.map}`
    case 'remember': {
      const { map, fields, data, seconds } = statement
      return `update @${map} { ${concat(family, fields)} timeout ${seconds}s : ${concat(family, data)} }`
    }
    case 'forget': {
      const { map, fields, data } = statement
      return `delete @${map} { ${concat(family, fields)} : ${concat(family, data)} }`
    }
  }
}
