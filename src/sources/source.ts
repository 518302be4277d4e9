/**
 * What every source of cluster objects gives, be it files or an API server: batches of events. The first batches
 * bring what is there at the start; from the batch with `synced` on, the picture is whole and rules may be written.
 */
import type { ClusterEvent, Problem } from '../objects/types.ts'

export interface SourceUpdate {
  readonly events: readonly ClusterEvent[]
  readonly problems: readonly Problem[]
  /** Everything that was there at the start has been handed over. */
  readonly synced: boolean
  /** The addresses of the node's interfaces, where they have changed. */
  readonly interfaceAddresses?: readonly string[]
}

/** Ends when there is nothing more to tell, or when `signal` aborts. */
export type Source = (signal: AbortSignal) => AsyncIterable<SourceUpdate>
