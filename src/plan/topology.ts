/**
 * Topology: which ready endpoints a service port keeps to, going by the hints in its slices (spec
 * services-and-endpoints, section 6). Pure.
 */
import type { Endpoint } from '../model/types.ts'
import type { NodeFacts } from './types.ts'

export type TopologyMode = 'PreferSameNode' | 'PreferSameZone' | 'none'

type Here = Pick<NodeFacts, 'nodeName' | 'zone'>

/** The mode of a service port with these endpoints, ready and other, for a node. Only ready endpoints have a say. */
export const topologyMode = (endpoints: readonly Endpoint[], here: Here): TopologyMode => {
  let someNode = false
  let someZone = false
  let everyNode = true
  let everyZone = true
  for (const { ready, nodeHints, zoneHints } of endpoints) {
    if (!ready) continue
    if (nodeHints.length === 0) everyNode = false
    else someNode ||= nodeHints.includes(here.nodeName)
    if (zoneHints.length === 0) everyZone = false
    else someZone ||= here.zone !== null && zoneHints.includes(here.zone)
    if (!everyNode && !everyZone) return 'none'
  }
  if (everyNode && someNode) return 'PreferSameNode'
  return everyZone && someZone ? 'PreferSameZone' : 'none'
}

/** Whether an endpoint is among those that the mode keeps to. */
export const suits = (mode: TopologyMode, endpoint: Endpoint, here: Here): boolean => {
  switch (mode) {
    case 'PreferSameNode':
      return endpoint.nodeHints.includes(here.nodeName)
    case 'PreferSameZone':
      return here.zone !== null && endpoint.zoneHints.includes(here.zone)
    case 'none':
      return true
  }
}
