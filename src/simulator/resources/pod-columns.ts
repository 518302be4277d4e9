/** READY, STATUS and RESTARTS of a pod, with the reasons that kubectl shows in place of a phase. */
import { type Json, type JsonObject, listAt, mapAt, numberAt, textAt } from '../json.ts'

export const readyContainers = (pod: JsonObject): string => {
  const ready = listAt(pod, 'status', 'containerStatuses').filter(
    one => mapAt(one)['ready'] === true,
  )
  return `${ready.length}/${listAt(pod, 'spec', 'containers').length}`
}

export const restarts = (pod: JsonObject): number =>
  listAt(pod, 'status', 'containerStatuses').reduce(
    (sum: number, one) => sum + (numberAt(one, 'restartCount') ?? 0),
    0,
  )

export const podReason = (pod: JsonObject): string => {
  const deleted = textAt(pod, 'metadata', 'deletionTimestamp') !== ''
  const reason = textAt(pod, 'status', 'reason')
  if (deleted) return reason === 'NodeLost' ? 'Unknown' : 'Terminating'
  const initializing = initReason(pod)
  if (initializing !== '') return initializing
  const gated = listAt(pod, 'status', 'conditions').find(
    one => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'reason') === 'SchedulingGated',
  )
  const own = reason || (gated === undefined ? textAt(pod, 'status', 'phase') : 'SchedulingGated')
  const states = listAt(pod, 'status', 'containerStatuses').map(containerReason)
  return states.find(state => state !== '') ?? own
}

const containerReason = (status: Json): string => {
  const waiting = textAt(status, 'state', 'waiting', 'reason')
  if (waiting !== '') return waiting
  const terminated = mapAt(status, 'state', 'terminated')
  if (Object.keys(terminated).length === 0) return ''
  const reason = textAt(terminated, 'reason')
  if (reason !== '') return reason
  const signal = numberAt(terminated, 'signal') ?? 0
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`
}

const initReason = (pod: JsonObject): string => {
  const all = listAt(pod, 'status', 'initContainerStatuses')
  for (const [index, status] of all.entries()) {
    const terminated = mapAt(status, 'state', 'terminated')
    if (Object.keys(terminated).length > 0 && (numberAt(terminated, 'exitCode') ?? 0) === 0)
      continue
    const reason = containerReason(status)
    return reason !== '' && reason !== 'PodInitializing'
      ? `Init:${reason}`
      : `Init:${index}/${listAt(pod, 'spec', 'initContainers').length}`
  }
  return ''
}
