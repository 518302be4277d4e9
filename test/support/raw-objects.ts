/** Objects to spoil: a sound one of each kind, and how a test reads one and names what was found. */
import { readObject } from '../../src/objects/read.ts'
import type { ClusterObject, Problem } from '../../src/objects/types.ts'

export type Raw = Readonly<Record<string, unknown>>

export const service = (spec: Raw = {}, rest: Raw = {}): Raw => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    ...spec,
  },
  ...rest,
})

export const slice = (rest: Raw = {}): Raw => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace: 'shop',
    name: 'web-x7k2p',
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  endpoints: [{ addresses: ['10.244.0.1'], nodeName: 'node-a' }],
  ...rest,
})

/** Reads an object that must come out, without a problem. */
export const sound = <K extends ClusterObject['kind']>(
  kind: K,
  raw: unknown,
): Extract<ClusterObject, { kind: K }> => {
  const { object, problems } = readObject(raw)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return ofKind(kind, object)
}

/** Reads an object that must come out, with or without problems. */
export const read = <K extends ClusterObject['kind']>(
  kind: K,
  raw: unknown,
): readonly [Extract<ClusterObject, { kind: K }>, readonly string[]] => {
  const { object, problems } = readObject(raw)
  return [ofKind(kind, object), problems.map(brief)]
}

/** Code, field, value and consequence of a problem in one line. */
export const brief = ({ code, field, value, consequence }: Problem): string =>
  [code, field, value, consequence].join(' | ')

const ofKind = <K extends ClusterObject['kind']>(
  kind: K,
  object: ClusterObject | null,
): Extract<ClusterObject, { kind: K }> => {
  if (object?.kind !== kind) throw new Error(`no ${kind}: ${JSON.stringify(object)}`)
  return object as Extract<ClusterObject, { kind: K }>
}
