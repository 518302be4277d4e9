/** A packet under way and what rules ask of it: fields, matches, membership. Pure; trace.ts walks the chains. */
import { cidrContains } from '../../src/addresses.ts'
import type { Packet, Step, Surroundings } from '../../src/backend.ts'
import type { Family } from '../../src/objects/types.ts'
import type { EntryTable } from '../../src/program/types.ts'
import {
  elementKey,
  type Field,
  type Match,
  type NftEntry,
  PROTOCOL,
  type SourceElement,
  type Target,
} from './entries.ts'

export interface Traced {
  /** As it was sent. */
  readonly packet: Packet
  /** Where it is going now. */
  readonly destination: string
  readonly port: number
  readonly translated: boolean
  readonly mark: number
  readonly masquerade: boolean
  readonly sticky: boolean
  readonly probability: number
  readonly steps: readonly Step<NftEntry>[]
}

/** Allowed sources by frontend: ranges cannot be found by key. */
export type SourceIndex = ReadonlyMap<string, readonly SourceElement[]>

export interface Ruleset {
  readonly entries: EntryTable<NftEntry>
  readonly sources: SourceIndex
  readonly surroundings: Surroundings
  readonly family: Family
}

export const sourceIndex = (entries: EntryTable<NftEntry>): SourceIndex =>
  Map.groupBy(
    Iterator.from(entries.values()).filter(entry => entry.kind === 'source'),
    ({ frontend }) => frontend.text,
  )

/** Every number that a look-up with these fields may draw; one that means nothing where it draws none. */
export const draws = (fields: readonly Field[]): readonly number[] => {
  for (const field of fields)
    if (typeof field === 'object')
      return Array.from({ length: field.modulus }, (_, at) => field.offset + at)
  return [0]
}

/** The fields' values as an element's key has them. */
export const valuesOf = (fields: readonly Field[], packet: Traced, number: number): string =>
  fields.map(field => textOfField(field, packet, number)).join(' ')

const textOfField = (
  field: Field,
  { packet, destination, port }: Traced,
  number: number,
): string => {
  switch (field) {
    case 'source':
      return packet.source
    case 'destination':
      return destination
    case 'protocol':
      return PROTOCOL[packet.protocol]
    case 'port':
      return String(port)
    case 'original-destination':
      return packet.destination
    case 'original-port':
      return String(packet.port)
  }
  return String(number)
}

export const withTarget = (packet: Traced, { ip, port }: Target): Traced => ({
  ...packet,
  destination: ip,
  port,
  translated: true,
})

export const holds = (ruleset: Ruleset, match: Match, traced: Traced): boolean => {
  const { packet } = traced
  switch (match.kind) {
    case 'range':
      return cidrContains(match.cidr, addressOf(match.field, traced)) !== match.not
    case 'interface': {
      const name = packet.inInterface ?? ''
      return (match.prefix ? name.startsWith(match.name) : name === match.name) !== match.not
    }
    case 'local':
      return ruleset.surroundings.isNodeAddress(addressOf(match.field, traced)) !== match.not
    case 'translated':
      return traced.translated
    case 'marked':
      return (traced.mark & match.mask) >>> 0 === match.mask
    case 'protocol':
      return packet.protocol === match.protocol
    case 'member':
      return isMember(ruleset, match, traced) !== match.not
  }
}

const addressOf = (field: 'source' | 'destination', { packet, destination }: Traced): string =>
  field === 'source' ? packet.source : destination

const isMember = (
  ruleset: Ruleset,
  { fields, set }: Extract<Match, { kind: 'member' }>,
  traced: Traced,
): boolean => {
  if (set !== 'allowed-sources')
    return ruleset.entries.has(elementKey(ruleset.family, set, valuesOf(fields, traced, 0)))
  const frontend = valuesOf(fields.slice(0, -1), traced, 0)
  const allowed = ruleset.sources.get(frontend) ?? []
  return allowed.some(({ range }) => cidrContains(range, traced.packet.source))
}
