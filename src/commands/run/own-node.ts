/** Watches for the node's own object: events in, a problem whenever there is none at first or no longer one. */
import type { ClusterEvent } from '../../objects/types.ts'
import { missingNode, type ReportProblems } from '../problems.ts'

/** Takes the source's events in their order; the first ones bring the whole picture. */
export const ownNodeWatch = (
  nodeName: string,
  report: ReportProblems,
): ((events: readonly ClusterEvent[]) => void) => {
  const names = new Set<string>()
  let isMissed = false
  return events => {
    for (const event of events)
      if (event.type === 'set') {
        if (event.object.kind === 'Node') names.add(event.object.name)
      } else if (event.kind === 'Node') names.delete(event.name)
    const wasMissed = isMissed
    isMissed = !names.has(nodeName)
    if (isMissed && !wasMissed) report([missingNode(nodeName, [...names])])
  }
}
