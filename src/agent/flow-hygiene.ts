/**
 * After a sync: looks through the UDP flows that the kernel remembers and deletes the stale ones. Which those are is
 * decided by conntrack.ts; how flows are listed and deleted is given. Costs nothing where no UDP service port changed.
 */
import { FAMILIES, type Family, type Protocol } from '../objects/types.ts'
import type { NodeFacts } from '../plan/types.ts'
import { type PortChange, staleFlows } from './conntrack.ts'

interface End {
  readonly ip: string
  readonly port: number
}

/** A flow as a kernel tells it; `original` as it was sent, `reply` as answers come. */
export interface KernelFlow {
  readonly original: { readonly destination: End }
  readonly reply: { readonly source: End }
}

export interface FlowTable<F extends KernelFlow> {
  /** Throws an error with code EINTR, after the last flow, when some may be missing. */
  list(filter: { readonly family: Family; readonly protocol: Protocol }): AsyncIterable<F>
  /** Gives how many were still there. */
  delete(flows: readonly F[]): Promise<number>
}

/** As kube-proxy does; afterwards what was found has to do (spec services-and-endpoints, section 11). */
const ATTEMPTS = 5

/** Deletes the flows that these changes made stale. Gives how many. Throws what listing or deleting throws. */
export const cleanFlows = async <F extends KernelFlow>(
  table: FlowTable<F>,
  changes: readonly PortChange[],
  facts: Pick<NodeFacts, 'nodePortAddresses' | 'interfaceAddresses'>,
): Promise<number> => {
  let deleted = 0
  for (const family of FAMILIES) {
    const stale = staleFlows(family, changes, facts)
    if (!stale) continue
    const flows = await listed(table, family)
    deleted += await table.delete(
      flows.filter(({ original, reply }) =>
        stale.isStale({ dialled: original.destination, answers: reply.source }),
      ),
    )
  }
  return deleted
}

const listed = async <F extends KernelFlow>(
  table: FlowTable<F>,
  family: Family,
): Promise<readonly F[]> => {
  for (let attempt = 1; ; attempt++) {
    const flows: F[] = []
    try {
      for await (const flow of table.list({ family, protocol: 'UDP' })) flows.push(flow)
      return flows
    } catch (error) {
      if (!isInterrupted(error)) throw error
      if (attempt === ATTEMPTS) return flows
    }
  }
}

const isInterrupted = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EINTR'
