/**
 * Entries as text that `nft -f` loads, and each entry in nft's own words. One of two writers of the same values; the
 * other is encode.ts. The text replaces the tables it names.
 */
import type { Family } from '../../src/objects/types.ts'
import { by } from '../../src/order.ts'
import type { Chain, Element, NftEntry, SetEntry } from './entries.ts'
import { familyOf, PROTOCOL, setOf } from './entries.ts'
import { ruleText, verdictText } from './rule-text.ts'
import { AFFINITY_SECONDS, AFFINITY_SIZE, type FieldType, SETS } from './sets.ts'

/** The table that kpc writes, and the one that it builds beside it to take its place (kernel.ts). */
export const TABLE = 'kpc'

export const familyWord = (family: Family): 'ip' | 'ip6' => (family === 'IPv4' ? 'ip' : 'ip6')

/** The same entries in any order give the same bytes. Elements without their set are left out. */
export const render = (entries: Iterable<NftEntry>): string => {
  const sorted = [...entries].sort(by(entry => entry.key))
  const families = sorted.flatMap(entry => (entry.kind === 'table' ? [entry.family] : []))
  return families
    .flatMap(family =>
      tableText(
        family,
        sorted.filter(entry => familyOf(entry) === family),
      ),
    )
    .map(line => `${line}\n`)
    .join('')
}

const tableText = (family: Family, entries: readonly NftEntry[]): readonly string[] => {
  const table = `table ${familyWord(family)} ${TABLE}`
  const elements = Map.groupBy(
    entries.filter(entry => isElement(entry)),
    setOf,
  )
  const chains = entries.filter(entry => entry.kind === 'chain')
  const body = [
    ...entries.flatMap(entry =>
      entry.kind === 'set' ? setText(entry, elements.get(entry.name) ?? []) : [],
    ),
    ...chains.filter(({ hook }) => hook === null).flatMap(chainText),
    ...chains.filter(({ hook }) => hook !== null).flatMap(chainText),
  ]
  return [`add ${table}`, `delete ${table}`, `${table} {`, ...body.map(line => `\t${line}`), '}']
}

const isElement = (entry: NftEntry): entry is Element =>
  entry.kind !== 'table' && entry.kind !== 'set' && entry.kind !== 'chain'

const FIELD_TYPE: Readonly<Record<Exclude<FieldType, 'address'>, string>> = {
  protocol: 'inet_proto',
  port: 'inet_service',
  index: 'integer',
}

const typeText = (family: Family, types: readonly FieldType[]): string =>
  types
    .map(type => {
      if (type === 'address') return family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr'
      return FIELD_TYPE[type]
    })
    .join(' . ')

/** An index has no type name; nft takes its type from an expression that has it. */
const typeofText = (family: Family, types: readonly FieldType[]): string => {
  const words: Readonly<Record<FieldType, string>> = {
    address: `${familyWord(family)} daddr`,
    protocol: 'meta l4proto',
    port: 'th dport',
    index: 'numgen random mod 65536',
  }
  return types.map(type => words[type]).join(' . ')
}

const setHeader = ({ family, name }: SetEntry): string => {
  const { key, data } = SETS[name]
  if (data === null) return `type ${typeText(family, key)}`
  if (data === 'verdict') return `type ${typeText(family, key)} : verdict`
  const text = key.includes('index') ? typeofText : typeText
  const word = key.includes('index') ? 'typeof' : 'type'
  return `${word} ${text(family, key)} : ${text(family, data)}`
}

const setLines = (entry: SetEntry): readonly string[] => {
  const { data, interval, dynamic } = SETS[entry.name]
  const word = data === null ? 'set' : 'map'
  return [
    `${word} ${entry.name} {`,
    `\t${setHeader(entry)}`,
    ...(interval ? ['\tflags interval'] : []),
    ...(dynamic
      ? [`\tsize ${AFFINITY_SIZE}`, '\tflags dynamic,timeout', `\ttimeout ${AFFINITY_SECONDS}s`]
      : []),
    '}',
  ]
}

const setText = (entry: SetEntry, elements: readonly Element[]): readonly string[] => {
  const lines = setLines(entry)
  if (elements.length === 0) return lines
  return [
    ...lines.slice(0, -1),
    '\telements = {',
    ...elements.map(element => `\t\t${elementText(element)},`),
    '\t}',
    '}',
  ]
}

const chainText = ({ family, name, hook, rules }: Chain): readonly string[] => [
  `chain ${name} {`,
  ...(hook ? [`\ttype nat hook ${hook.hook} priority ${hook.priority}; policy accept;`] : []),
  ...rules.map(rule => `\t${ruleText(familyWord(family), rule)}`),
  '}',
]

/** An element as it stands between the braces of its set. */
export const elementText = (element: Element): string => {
  switch (element.kind) {
    case 'endpoint': {
      const { frontend, index, to } = element
      return `${dotted(frontend.text)} . ${index} : ${to.ip} . ${to.port}`
    }
    case 'verdict':
      return `${dotted(element.frontend.text)} : ${verdictText(element.verdict)}`
    case 'live': {
      const { frontend, endpoint } = element
      return `${dotted(frontend.text)} . ${endpoint.ip} . ${endpoint.port}`
    }
    case 'source':
      return `${dotted(element.frontend.text)} . ${element.range}`
    case 'address':
      return element.address
    case 'hairpin': {
      const { protocol, endpoint } = element
      return `${endpoint.ip} . ${endpoint.ip} . ${PROTOCOL[protocol]} . ${endpoint.port}`
    }
  }
}

const dotted = (text: string): string => text.replaceAll(' ', ' . ')

/** An entry as a person reads it in a difference; the address family is named where it is IPv6. */
export const lines = (entry: NftEntry): readonly string[] => {
  const prefix = familyOf(entry) === 'IPv6' ? 'ip6 ' : ''
  switch (entry.kind) {
    case 'table':
      return [`table ${familyWord(entry.family)} ${TABLE}`]
    case 'set':
      return [`${prefix}${setLines(entry)[0]?.replace(' {', '')} { ${setHeader(entry)} }`]
    case 'chain':
      return chainText(entry).map((line, at) => (at === 0 ? `${prefix}${line}` : line))
    case 'endpoint':
    case 'verdict':
    case 'live':
    case 'source':
    case 'address':
    case 'hairpin':
      return [`${prefix}${setOf(entry)} { ${elementText(entry)} }`]
  }
}
