/**
 * What stands in an nftables table, as readonly data told apart by `kind`: the table, its sets and maps, chains with
 * their rules, and elements. Both writers, text and netlink, and the tracer work on these values and on nothing else.
 * What each chain, set and map is for: README.md beside this file.
 */
import type { Family, Protocol } from '../../src/objects/types.ts'

export type VerdictMap =
  | 'services'
  | 'nodeports'
  | 'short-services'
  | 'np-short-services'
  | 'local-services'
  | 'np-local-services'
  | 'fenced-services'
  | 'sticky-services'
  | 'sticky-nodeports'
export type AddressSet = 'cluster-ips' | 'node-ips'
export type SetName =
  | VerdictMap
  | AddressSet
  | 'endpoints'
  | 'np-endpoints'
  | 'hairpins'
  | 'allowed-sources'
  | 'live'
  | 'np-live'
  | 'affinity'
  | 'np-affinity'

/** What a packet, or the connection it opens, says at a place in a rule. */
export type Field =
  | 'source'
  | 'destination'
  | 'protocol'
  | 'port'
  | 'original-destination'
  | 'original-port'
  /** A random number of offset … offset + modulus − 1, drawn anew for each look-up. */
  | { readonly modulus: number; readonly offset: number }

export type Verdict =
  | { readonly kind: 'drop' }
  | { readonly kind: 'goto' | 'jump'; readonly chain: string }

export type Match =
  | {
      readonly kind: 'range'
      readonly field: 'source' | 'destination'
      readonly not: boolean
      readonly cidr: string
    }
  | {
      readonly kind: 'interface'
      readonly not: boolean
      readonly name: string
      readonly prefix: boolean
    }
  /** Whether the address is one of the node's own, as the routing table knows it. */
  | { readonly kind: 'local'; readonly field: 'source' | 'destination'; readonly not: boolean }
  /** The connection's destination was translated. */
  | { readonly kind: 'translated' }
  | { readonly kind: 'marked'; readonly mask: number }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  | {
      readonly kind: 'member'
      readonly fields: readonly Field[]
      readonly not: boolean
      readonly set: SetName
    }

export type Statement =
  | { readonly kind: 'mark' | 'unmark'; readonly mask: number }
  | { readonly kind: 'masquerade' | 'reject' }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** Does what the map says of these fields; goes on if it says nothing. */
  | { readonly kind: 'dispatch'; readonly fields: readonly Field[]; readonly map: VerdictMap }
  /** Translates the destination to what the map says of these fields; goes on if it says nothing. */
  | { readonly kind: 'translate'; readonly fields: readonly Field[]; readonly map: SetName }
  | {
      readonly kind: 'remember'
      readonly map: 'affinity' | 'np-affinity'
      readonly fields: readonly Field[]
      readonly data: readonly Field[]
      readonly seconds: number
    }
  | {
      readonly kind: 'forget'
      readonly map: 'affinity' | 'np-affinity'
      readonly fields: readonly Field[]
      readonly data: readonly Field[]
    }

/** All matches first, then what is done. */
export interface Rule {
  readonly matches: readonly Match[]
  readonly statements: readonly Statement[]
}

export interface Hook {
  readonly hook: 'prerouting' | 'input' | 'output' | 'postrouting'
  readonly priority: number
}

export interface Table {
  readonly kind: 'table'
  readonly key: string
  readonly family: Family
}

export interface SetEntry {
  readonly kind: 'set'
  readonly key: string
  readonly family: Family
  readonly name: SetName
}

export interface Chain {
  readonly kind: 'chain'
  readonly key: string
  readonly family: Family
  readonly name: string
  /** null: reached from other chains only. Every hook is of type nat. */
  readonly hook: Hook | null
  readonly rules: readonly Rule[]
  /** Found in a kernel, holding rules that this vocabulary lacks. Equal to nothing. */
  readonly foreign?: boolean
}

/** What a client dials, within a family: an address, protocol and port, or a node port. */
export interface Frontend {
  readonly family: Family
  /** null: a node port. */
  readonly address: string | null
  readonly protocol: Protocol
  readonly port: number
  /** Its fields as a map's key has them, with a blank between them. */
  readonly text: string
}

/** Where a translated connection goes. */
export interface Target {
  readonly ip: string
  readonly port: number
}

export interface EndpointElement {
  readonly kind: 'endpoint'
  readonly key: string
  readonly frontend: Frontend
  readonly index: number
  readonly to: Target
}

export interface VerdictElement {
  readonly kind: 'verdict'
  readonly key: string
  readonly map: VerdictMap
  readonly frontend: Frontend
  readonly verdict: Verdict
}

/** An endpoint that a sticky frontend may use now. */
export interface LiveElement {
  readonly kind: 'live'
  readonly key: string
  readonly frontend: Frontend
  readonly endpoint: Target
}

/** A source that may use a fenced load-balancer address. */
export interface SourceElement {
  readonly kind: 'source'
  readonly key: string
  readonly frontend: Frontend
  /** CIDR, canonical. */
  readonly range: string
}

export interface AddressElement {
  readonly kind: 'address'
  readonly key: string
  readonly family: Family
  readonly set: AddressSet
  readonly address: string
}

/** An endpoint of this node, which may be sent its own connection. */
export interface HairpinElement {
  readonly kind: 'hairpin'
  readonly key: string
  readonly family: Family
  readonly protocol: Protocol
  readonly endpoint: Target
}

export type Element =
  | EndpointElement
  | VerdictElement
  | LiveElement
  | SourceElement
  | AddressElement
  | HairpinElement

export type NftEntry = Table | SetEntry | Chain | Element

/** The key prefix of a family: one character, as every element carries it. */
const FAMILY: Readonly<Record<Family, string>> = { IPv4: '4', IPv6: '6' }

/** nft's word for a protocol. */
export const PROTOCOL: Readonly<Record<Protocol, 'tcp' | 'udp' | 'sctp'>> = {
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
}

export const tableKey = (family: Family): string => FAMILY[family]
export const setKey = (family: Family, name: SetName): string => `${FAMILY[family]} set ${name}`
export const chainKey = (family: Family, name: string): string => `${FAMILY[family]} chain ${name}`

/** `values`: the element's fields with a blank between them. */
export const elementKey = (family: Family, set: SetName, values: string): string =>
  `${FAMILY[family]} ${set} ${values}`

export const frontendOf = (
  family: Family,
  address: string | null,
  protocol: Protocol,
  port: number,
): Frontend => ({
  family,
  address,
  protocol,
  port,
  text: `${address === null ? '' : `${address} `}${PROTOCOL[protocol]} ${port}`,
})

/** The set or map that an element belongs to. */
export const setOf = (element: Element): SetName => {
  switch (element.kind) {
    case 'endpoint':
      return element.frontend.address === null ? 'np-endpoints' : 'endpoints'
    case 'verdict':
      return element.map
    case 'live':
      return element.frontend.address === null ? 'np-live' : 'live'
    case 'source':
      return 'allowed-sources'
    case 'address':
      return element.set
    case 'hairpin':
      return 'hairpins'
  }
}

export const familyOf = (entry: NftEntry): Family =>
  'family' in entry ? entry.family : entry.frontend.family
