/**
 * What the model knows of one service port: the Service it belongs to and its endpoints of one family, merged from
 * all slices, each address and port once, sorted by text. No policy yet: that is the plan's.
 */
import type { Family, Protocol, Service, ServicePort } from '../objects/types.ts'

export interface Endpoint {
  readonly ip: string
  readonly port: number
  /** `10.0.0.1:80` or `[fd00::1]:80`: identity, sort key, hash input and DNAT destination. */
  readonly text: string
  readonly nodeName: string | null
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly zoneHints: readonly string[]
  readonly nodeHints: readonly string[]
}

/** Key of one service port in one family: `IPv4 namespace/name:port TCP`. The unit of change everywhere. */
export type PortKey = string

export interface PortState {
  readonly key: PortKey
  readonly family: Family
  readonly service: Service
  readonly port: ServicePort
  readonly endpoints: readonly Endpoint[]
}

/** `namespace/name:port`, without the colon for an unnamed port: what rules and messages call a service port. */
export const portLabel = (namespace: string, name: string, portName: string): string =>
  portName === '' ? `${namespace}/${name}` : `${namespace}/${name}:${portName}`

export const portKey = (family: Family, label: string, protocol: Protocol): PortKey =>
  `${family} ${label} ${protocol}`

/** The Service of a key. Names hold neither blank, slash nor colon, so the marks between them tell. */
export const serviceOfKey = (
  key: PortKey,
): { readonly namespace: string; readonly name: string } => {
  const start = key.indexOf(' ') + 1
  const slash = key.indexOf('/', start)
  const end = key.indexOf(' ', slash)
  const colon = key.indexOf(':', slash)
  const name = key.slice(slash + 1, colon < 0 || colon > end ? end : colon)
  return { namespace: key.slice(start, slash), name }
}
