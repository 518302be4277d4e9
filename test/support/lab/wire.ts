/**
 * What the lab says to the processes in its namespaces, and what they answer: JSON, a line each way.
 */
import type { Protocol } from '../../../src/objects/types.ts'

export interface Tries {
  readonly do: 'probe'
  readonly proto: Protocol
  readonly dst: string
  readonly port: number
  readonly tries: number
  readonly timeoutMs: number
  /** Source ports of UDP and SCTP, from here on: a port is never used twice. */
  readonly sport: number
  /** One try at a time, as a client that comes back. */
  readonly inTurn: boolean
}

export interface Listen {
  readonly do: 'listen'
  readonly proto: Protocol
  readonly ip: string
  readonly port: number
}

/** Starts a datagram every 100 ms from one source port, until the process ends. */
export interface StartFlow {
  readonly do: 'flow'
  readonly name: string
  readonly sport: number
  readonly dst: string
  readonly port: number
}

/** Waits and gives the endpoints that answered a flow meanwhile. */
interface WatchFlow {
  readonly do: 'watch'
  readonly name: string
  readonly forMs: number
}

export type Command = Tries | Listen | StartFlow | WatchFlow

/** What one try came to. `peer` is the source that the endpoint saw. */
export type Got =
  | { readonly got: 'answered'; readonly endpoint: string; readonly peer: string }
  | { readonly got: 'refused' | 'dropped' | 'prohibited' }

export type Answer =
  | { readonly tries: readonly Got[] }
  | { readonly endpoints: readonly string[] }
  | { readonly ok: true }
  | { readonly error: string }
