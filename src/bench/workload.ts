/**
 * Clusters of any size, made from numbers: raw objects as an API server would hand them over. The same size gives
 * the same cluster.
 */

export interface Size {
  readonly services: number
  /** Of each service; one slice holds at most 100. */
  readonly endpoints: number
}

const ENDPOINTS_PER_SLICE = 100

const octets = (base: number, index: number): string =>
  `${base}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`

const serviceName = (index: number): string => `service-${index}`

export const rawNode = (name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': 'z1' } },
  spec: { podCIDRs: ['10.0.0.0/24'] },
  status: { addresses: [{ type: 'InternalIP', address: '192.168.50.10' }] },
})

export const rawService = (index: number): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'bench', name: serviceName(index), labels: { app: serviceName(index) } },
  spec: {
    type: 'ClusterIP',
    clusterIP: octets(172, index + 1),
    clusterIPs: [octets(172, index + 1)],
    ipFamilies: ['IPv4'],
    internalTrafficPolicy: 'Cluster',
    sessionAffinity: 'None',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
  },
  status: { loadBalancer: {} },
})

/** Endpoint addresses of a service, by their numbers within it. */
export const rawSlice = (
  service: number,
  slice: number,
  endpoints: readonly number[],
  perService: number,
): unknown => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace: 'bench',
    name: `${serviceName(service)}-${slice}`,
    labels: { 'kubernetes.io/service-name': serviceName(service) },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  endpoints: endpoints.map(endpoint => ({
    addresses: [octets(10, service * (perService + 1) + endpoint)],
    nodeName: `node-${endpoint % 100}`,
    conditions: { ready: true, serving: true, terminating: false },
  })),
})

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

/** The slices of one service with this many endpoints. */
export const rawSlices = (service: number, { endpoints }: Size): readonly unknown[] =>
  range(0, Math.ceil(endpoints / ENDPOINTS_PER_SLICE)).map(slice => {
    const first = slice * ENDPOINTS_PER_SLICE
    const members = range(first, Math.min(endpoints, first + ENDPOINTS_PER_SLICE))
    return rawSlice(service, slice, members, endpoints)
  })

export const rawCluster = (size: Size): readonly unknown[] => [
  rawNode('node-0'),
  ...range(0, size.services).flatMap(service => [rawService(service), ...rawSlices(service, size)]),
]

/** The first slice of a service with its endpoint of the highest number taken away or put back. */
export const rawToggled = (service: number, size: Size, without: boolean): unknown => {
  const members = range(0, Math.min(size.endpoints, ENDPOINTS_PER_SLICE) - (without ? 1 : 0))
  return rawSlice(service, 0, members, size.endpoints)
}
