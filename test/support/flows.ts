/**
 * What clients see, as golden/…/flows.json tells it: a probe says who sends what where, an outcome what comes of it.
 * Types, and the comparison of an expected outcome with a found one.
 */
import type { Protocol } from '../../src/objects/types.ts'
import type { Role } from './network.ts'

/** A mode of kube-proxy that outcomes were recorded in. */
export type Mode = 'iptables' | 'nftables'

/** `preserved`, or `masqueraded:IP`. */
export type SeenSource = string

export type FlowOutcome =
  | {
      readonly result: 'served'
      /** Sorted as text. */
      readonly endpoints: readonly string[]
      /** For all endpoints, or for each. */
      readonly source: SeenSource | Readonly<Record<string, SeenSource>>
      /** Of affinity probes only. */
      readonly sticky?: boolean
    }
  | { readonly result: 'refused' | 'dropped' | 'prohibited' }

export interface Probe extends Readonly<Record<Mode, FlowOutcome>> {
  readonly from: Role
  readonly proto: Protocol
  readonly dst: string
  readonly port: number
  readonly tries: number
  readonly affinity?: boolean
}

export type HttpAnswer =
  | {
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: unknown
    }
  | { readonly error: string }

export interface HttpProbe extends Readonly<Record<Mode, HttpAnswer>> {
  readonly from: Role
  readonly url: string
}

export interface Flows {
  readonly probes: readonly Probe[]
  readonly http?: readonly HttpProbe[]
}

/** A flow that runs through the steps of a transition: a datagram every 100 ms from one port. */
export interface UdpFlow {
  readonly name: string
  readonly from: Role
  readonly sport: number
  readonly dst: string
  readonly port: number
}

/** `external 192.168.50.10:30080/TCP` */
export const probeName = ({ from, dst, port, proto }: Omit<Probe, Mode>): string =>
  dst.includes(':') ? `${from} [${dst}]:${port}/${proto}` : `${from} ${dst}:${port}/${proto}`

/** Sources by endpoint, as one where they are all the same. */
export const foldSources = (
  sources: ReadonlyMap<string, SeenSource>,
): SeenSource | Readonly<Record<string, SeenSource>> => {
  const [first, ...others] = new Set(sources.values())
  if (first !== undefined && others.length === 0) return first
  return Object.fromEntries([...sources].sort(([a], [b]) => (a < b ? -1 : 1)))
}
