/** Deletes stale UDP flows after each sync, over netlink, and logs what was done or why it could not be. */
import type { PortChange } from '../../agent/conntrack.ts'
import { cleanFlows } from '../../agent/flow-hygiene.ts'
import { deleteFlows, listFlows } from '../../netlink/conntrack.ts'
import type { NodeFacts } from '../../plan/types.ts'
import type { Log } from './log.ts'

/** For LoopOptions.afterSync. Never rejects: flows that stay are found again by the next change, or end by themselves. */
export const flowCleaner =
  (log: Log) =>
  async (ports: readonly PortChange[], facts: NodeFacts): Promise<void> => {
    try {
      const deleted = await cleanFlows({ list: listFlows, delete: deleteFlows }, ports, facts)
      if (deleted > 0) log.info('stale UDP flows deleted', { flows: deleted })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.error('stale UDP flows stay; clients of removed endpoints may wait until they end', {
        error: why,
      })
    }
  }
