/**
 * One Service and its slices in, the states of its service ports out. What does not change keeps its identity. Pure.
 */
import type { EndpointSlice, Family, Service, ServicePort } from '../objects/types.ts'
import { mergeEndpoints, NO_ENDPOINTS } from './merge.ts'
import { samePort, sameServiceFor } from './same.ts'
import { type PortKey, type PortState, portKey, portLabel } from './types.ts'

/**
 * The states of a served Service that is new or has changed; `slices` have not. Of two ports with one name and protocol,
 * which the API refuses, the later stands, as in kube-proxy.
 */
export const foldService = (
  service: Service,
  slices: readonly EndpointSlice[],
  previous: readonly PortState[],
): readonly PortState[] => {
  const ports = service.ports.some((port, at) => isRepeated(service.ports, port, at))
    ? service.ports.filter((port, at) => !isRepeated(service.ports, port, at))
    : service.ports
  const inFamily = (family: Family): readonly PortState[] =>
    ports.map(port => {
      const was = previous.length > 0 ? findPort(previous, family, port) : undefined
      const key = was?.key ?? keyOf(family, service, port)
      const endpoints = was?.endpoints ?? endpointsOf(slices, family, port)
      return portState(key, service, port, family, endpoints)
    })
  const { IPv4, IPv6 } = service.clusterIPs
  if (IPv6 === null) return inFamily('IPv4')
  return IPv4 === null ? inFamily('IPv6') : [...inFamily('IPv4'), ...inFamily('IPv6')]
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
    return portState(state.key, state.service, state.port, state.family, endpoints)
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

// Written out in one place, so that all states have one shape in memory.
const portState = (
  key: PortKey,
  service: Service,
  port: ServicePort,
  family: Family,
  endpoints: PortState['endpoints'],
): PortState => ({ key, family, service, port, endpoints })

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
const isRepeated = (ports: readonly ServicePort[], port: ServicePort, at: number): boolean =>
  ports.length > at + 1 &&
  ports.findLastIndex(({ name, protocol }) => name === port.name && protocol === port.protocol) > at
