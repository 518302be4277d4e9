/**
 * One Service and its slices in, the states of its service ports out. What does not change keeps its identity. Pure.
 */
import {
  type EndpointSlice,
  FAMILIES,
  type Family,
  type Service,
  type ServicePort,
} from '../objects/types.ts'
import { mergeEndpoints, NO_ENDPOINTS } from './merge.ts'
import { samePort, sameServiceFor } from './same.ts'
import { type PortKey, type PortState, portKey, portLabel } from './types.ts'

/**
 * The states of a Service that is new or has changed; `slices` have not. Of two ports with one name and protocol,
 * which the API refuses, the later stands, as in kube-proxy.
 */
export const foldService = (
  service: Service,
  slices: readonly EndpointSlice[],
  previous: readonly PortState[],
): readonly PortState[] => {
  const states: PortState[] = []
  for (const family of FAMILIES) {
    if (service.clusterIPs[family] === null) continue
    for (const port of service.ports) {
      if (isRepeated(service.ports, port)) continue
      const was = findPort(previous, family, port)
      const endpoints = was?.endpoints ?? endpointsOf(slices, family, port)
      states.push({
        key: was?.key ?? keyOf(family, service, port),
        family,
        service,
        port,
        endpoints,
      })
    }
  }
  return states.slice()
}

/** The states after a change of the slices of some families; the Service has not changed. */
export const foldSlices = (
  states: readonly PortState[],
  slices: readonly EndpointSlice[],
  families: readonly Family[],
): readonly PortState[] => {
  let changed = false
  const next = states.map(state => {
    if (!families.includes(state.family)) return state
    const endpoints = endpointsOf(slices, state.family, state.port, state.endpoints)
    if (endpoints === state.endpoints) return state
    changed = true
    return { ...state, endpoints }
  })
  return changed ? next : states
}

/** Nothing that a plan is made of differs; the Service's other ports may. */
export const sameState = (a: PortState, b: PortState): boolean =>
  a === b ||
  (a.endpoints === b.endpoints &&
    samePort(a.port, b.port) &&
    sameServiceFor(a.family, a.service, b.service))

/** Whether the Service has a port of this name and protocol in this family. */
export const hasPort = (
  states: readonly PortState[],
  family: Family,
  port: Pick<ServicePort, 'name' | 'protocol'>,
): boolean => findPort(states, family, port) !== undefined

const findPort = (
  states: readonly PortState[],
  family: Family,
  { name, protocol }: Pick<ServicePort, 'name' | 'protocol'>,
): PortState | undefined =>
  states.find(
    state =>
      state.port.name === name && state.port.protocol === protocol && state.family === family,
  )

const endpointsOf = (
  slices: readonly EndpointSlice[],
  family: Family,
  { name, protocol }: ServicePort,
  previous = NO_ENDPOINTS,
): PortState['endpoints'] =>
  slices.length === 0 ? NO_ENDPOINTS : mergeEndpoints(slices, { family, name, protocol }, previous)

const keyOf = (family: Family, { namespace, name }: Service, port: ServicePort): PortKey =>
  portKey(family, portLabel(namespace, name, port.name), port.protocol)

/** A later port has the same name and protocol. */
const isRepeated = (ports: readonly ServicePort[], port: ServicePort): boolean =>
  ports.length > 1 &&
  ports.findLast(({ name, protocol }) => name === port.name && protocol === port.protocol) !== port
