/**
 * A rule as data: what it asks of a packet, in the order in which kube-proxy feeds it to iptables-restore, and what
 * becomes of a packet that passes. What is read and not known is kept word for word as `opaque`.
 */

/** `tcp`, `udp` or `sctp`: how iptables spells a protocol and the match that goes with it. */
export type ProtocolName = 'tcp' | 'udp' | 'sctp'

export type Match =
  | { readonly kind: 'comment'; readonly text: string }
  /** An address, or a range `address/length`. */
  | { readonly kind: 'source' | 'destination'; readonly not: boolean; readonly net: string }
  /** A name that ends in `+` stands for every name that begins so. */
  | { readonly kind: 'in-interface'; readonly not: boolean; readonly name: string }
  | { readonly kind: 'protocol'; readonly protocol: ProtocolName }
  /** Stands behind its protocol, with nothing but addresses between. */
  | { readonly kind: 'destination-port'; readonly port: number }
  | { readonly kind: 'conntrack'; readonly not: boolean; readonly states: readonly string[] }
  | { readonly kind: 'address-type'; readonly side: 'source' | 'destination' }
  | { readonly kind: 'mark'; readonly not: boolean; readonly value: number; readonly mask: number }
  /** Remembers the client in the list `name`. */
  | { readonly kind: 'remember'; readonly name: string }
  /** The list `name` has seen the client within `seconds`. */
  | { readonly kind: 'remembered'; readonly name: string; readonly seconds: number }
  | { readonly kind: 'chance'; readonly probability: number }
  | { readonly kind: 'accounting'; readonly name: string }
  | { readonly kind: 'opaque'; readonly text: string }

export type Target =
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'accept' | 'drop' | 'return' | 'reject' }
  | { readonly kind: 'masquerade'; readonly randomFully: boolean }
  | { readonly kind: 'dnat'; readonly to: string }
  /** Sets (`or`) or flips (`xor`) bits of the mark. */
  | { readonly kind: 'mark'; readonly how: 'or' | 'xor'; readonly bits: number }
  | { readonly kind: 'opaque'; readonly text: string }

export interface Rule {
  readonly parts: readonly Match[]
  /** null: the rule only counts. */
  readonly target: Target | null
}

export const comment = (text: string): Match => ({ kind: 'comment', text })
export const source = (net: string, not = false): Match => ({ kind: 'source', not, net })
export const destination = (net: string, not = false): Match => ({ kind: 'destination', not, net })
export const destinationPort = (port: number): Match => ({ kind: 'destination-port', port })
export const jump = (chain: string): Target => ({ kind: 'jump', chain })
export const rule = (parts: readonly Match[], target: Target | null): Rule => ({ parts, target })
