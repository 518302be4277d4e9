/**
 * Random clusters for laws. Names, addresses and ports come from very small spaces, so that objects collide, refer to
 * one another and shadow one another often. Everything that comes out is canonical, as the stages behind `objects`
 * may expect.
 *
 *   arbCluster   objects, at most one of each kind and name: the state of a cluster
 *   arbEvents    sets and deletes of such objects in any order, with repetitions
 *   arbFacts     what is true of a node
 *   finalObjects the objects that are left after some events
 */
import fc from 'fast-check'
import type {
  ClusterEvent,
  ClusterObject,
  EndpointSlice,
  Endpoints,
  Family,
  Node,
  PerFamily,
  Protocol,
  Service,
  ServiceCIDR,
  ServicePort,
  SliceEndpoint,
  SlicePort,
} from '../../src/objects/types.ts'
import { MODERN_KERNEL, type NodeFacts, type PodDetector } from '../../src/plan/types.ts'

/** The node that facts are about, as often as not. */
export const HERE = 'node-a'

const NODES = [HERE, 'node-b', 'node-c'] as const
const ZONES = ['z1', 'z2'] as const
const NAMESPACES = ['default', 'shop'] as const
const NAMES = ['web', 'api', 'dns'] as const
const PORT_NAMES = ['', 'http', 'dns'] as const
const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP']

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const few = <T>(arb: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<readonly T[]> =>
  fc.array(arb, { maxLength })
const perFamily = <T>(of: (family: Family) => fc.Arbitrary<T>): fc.Arbitrary<PerFamily<T>> =>
  fc.record({ IPv4: of('IPv4'), IPv6: of('IPv6') })

/** Addresses from `first` on; the last octet or group tells them apart. */
const addresses = (family: Family, ipv4: string, ipv6: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) =>
    family === 'IPv4' ? `${ipv4}.${at + 1}` : `${ipv6}::${(at + 1).toString(16)}`,
  )

const arbFamily: fc.Arbitrary<Family> = pick(['IPv4', 'IPv6'])

const arbServicePort: fc.Arbitrary<ServicePort> = fc.record({
  name: pick(PORT_NAMES),
  protocol: pick(PROTOCOLS),
  port: pick([80, 53, 8080]),
  nodePort: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, pick([30080, 30081])),
})

/** No two ports of one Service have the same name and protocol, or the same number and protocol. */
const arbServicePorts: fc.Arbitrary<readonly ServicePort[]> = fc
  .uniqueArray(arbServicePort, {
    minLength: 1,
    maxLength: 3,
    selector: ({ name, protocol }) => `${name}/${protocol}`,
  })
  .map(ports =>
    ports.filter(
      ({ port, protocol }, at) =>
        ports.findIndex(other => other.port === port && other.protocol === protocol) === at,
    ),
  )

const SOURCE_RANGES: PerFamily<readonly string[]> = {
  IPv4: ['203.0.113.0/24', '192.168.50.0/24', '0.0.0.0/0', '198.51.100.7/32'],
  IPv6: ['2001:db8:1::/64', 'fd00:50::/64', '::/0'],
}

const arbService: fc.Arbitrary<Service> = fc
  .record({
    namespace: pick(NAMESPACES),
    name: pick(NAMES),
    type: pick(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const),
    foreign: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
    clusterIPs: perFamily(family =>
      fc.option(pick(addresses(family, '10.96.0', 'fd00:96', 4)), { freq: 3 }),
    ),
    ports: arbServicePorts,
    externalIPs: perFamily(family =>
      fc.uniqueArray(pick(addresses(family, '198.51.100', '2001:db8:2', 3)), { maxLength: 2 }),
    ),
    loadBalancerIPs: perFamily(family =>
      fc.uniqueArray(pick(addresses(family, '203.0.113', '2001:db8:1', 3)), { maxLength: 2 }),
    ),
    sourceRanges: perFamily(family =>
      fc.uniqueArray(pick(SOURCE_RANGES[family]), { maxLength: 2 }),
    ),
    affinitySeconds: fc.option(pick([10800, 30]), { freq: 2 }),
    internalTrafficPolicy: pick(['Cluster', 'Local'] as const),
    externalTrafficPolicy: pick(['Cluster', 'Local'] as const),
    healthCheckNodePort: pick([0, 32000, 32001]),
  })
  .map(service => ({
    kind: 'Service' as const,
    ...service,
    clusterIPs: service.type === 'ExternalName' ? { IPv4: null, IPv6: null } : service.clusterIPs,
    listsExternalIPs: service.externalIPs.IPv4.length + service.externalIPs.IPv6.length > 0,
  }))

const arbEndpoint = (family: Family): fc.Arbitrary<SliceEndpoint> =>
  fc.record({
    ip: pick(addresses(family, '10.244.0', 'fd00:244', 12)),
    nodeName: fc.option(pick(NODES), { freq: 8 }),
    ready: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, fc.boolean()),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    zoneHints: fc.uniqueArray(pick(ZONES), { maxLength: 2 }),
    nodeHints: fc.uniqueArray(pick(NODES), { maxLength: 1 }),
  })

const arbSlicePort: fc.Arbitrary<SlicePort> = fc.record({
  name: pick(PORT_NAMES),
  protocol: pick(PROTOCOLS),
  port: pick([80, 5353, 8080]),
})

const arbSlice: fc.Arbitrary<EndpointSlice> = arbFamily.chain(family =>
  fc
    .record({
      namespace: pick(NAMESPACES),
      service: pick(NAMES),
      suffix: pick(['a', 'b', 'c']),
      headless: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
      ports: few(arbSlicePort, 3),
      endpoints: few(arbEndpoint(family), 6),
      triggerTime: fc.option(fc.nat()),
      // A slice may be handed from one Service to another: its name does not tell whose it is.
      named: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, pick(NAMES)),
    })
    .map(({ suffix, named, ...slice }) => ({
      kind: 'EndpointSlice' as const,
      name: `${named || slice.service}-${suffix}`,
      family,
      ...slice,
    })),
)

const arbLegacy: fc.Arbitrary<Endpoints> = fc
  .record({ namespace: pick(NAMESPACES), name: pick(NAMES), slices: few(arbSlice, 2) })
  .map(({ slices, ...legacy }) => ({
    kind: 'Endpoints' as const,
    ...legacy,
    slices: slices.map((slice, at) => ({
      ...slice,
      namespace: legacy.namespace,
      service: legacy.name,
      name: `${legacy.name}-${at}`,
    })),
  }))

const arbNode: fc.Arbitrary<Node> = fc.record({
  kind: fc.constant('Node' as const),
  name: pick(NODES),
  zone: fc.option(pick(ZONES)),
  eligible: fc.boolean(),
  podCIDRs: few(pick(['10.244.0.0/24', '10.244.1.0/24', 'fd00:244::/64']), 2),
  addresses: few(pick(['192.168.50.10', '192.168.50.11', 'fd00:50::10']), 2),
})

const arbServiceCIDR: fc.Arbitrary<ServiceCIDR> = fc.record({
  kind: fc.constant('ServiceCIDR' as const),
  name: pick(['kubernetes', 'more']),
  cidrs: few(pick(['10.96.0.0/12', '10.112.0.0/16', 'fd00:96::/112']), 2),
})

const arbObject: fc.Arbitrary<ClusterObject> = fc.oneof(
  { weight: 6, arbitrary: arbService },
  { weight: 10, arbitrary: arbSlice },
  { weight: 1, arbitrary: arbLegacy },
  { weight: 1, arbitrary: arbNode },
  { weight: 1, arbitrary: arbServiceCIDR },
)

/** What makes an object the same object as another. */
const identityOf = (object: ClusterObject): string =>
  `${object.kind} ${'namespace' in object ? object.namespace : ''}/${object.name}`

/** The state of a cluster: no object twice. */
export const arbCluster: fc.Arbitrary<readonly ClusterObject[]> = fc.uniqueArray(arbObject, {
  selector: identityOf,
  maxLength: 25,
  size: 'max',
})

export const setOf = (object: ClusterObject): ClusterEvent => ({ type: 'set', object })

export const deleteOf = (object: ClusterObject): ClusterEvent => ({
  type: 'delete',
  kind: object.kind,
  namespace: 'namespace' in object ? object.namespace : '',
  name: object.name,
})

/** Any history: about a quarter of the events are deletes, some of them of what is not there. */
export const arbEvents: fc.Arbitrary<readonly ClusterEvent[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: arbObject.map(setOf) },
    { weight: 1, arbitrary: arbObject.map(deleteOf) },
  ),
  { maxLength: 40, size: 'max' },
)

/** The objects that are left after a history. */
export const finalObjects = (events: readonly ClusterEvent[]): readonly ClusterObject[] => {
  const left = new Map<string, ClusterObject>()
  for (const event of events)
    if (event.type === 'set') left.set(identityOf(event.object), event.object)
    else left.delete(`${event.kind} ${event.namespace}/${event.name}`)
  return [...left.values()]
}

const arbDetector = (family: Family): fc.Arbitrary<PodDetector | null> =>
  fc.option(
    fc.oneof<fc.Arbitrary<PodDetector>[]>(
      fc.constant({
        kind: 'cidr',
        cidr: family === 'IPv4' ? '10.244.0.0/16' : 'fd00:244::/48',
      }),
      fc.constant({ kind: 'interface', name: 'cbr0' }),
      fc.constant({ kind: 'interface-prefix', prefix: 'cali' }),
    ),
    { freq: 4 },
  )

const INTERFACES: PerFamily<readonly string[]> = {
  IPv4: ['127.0.0.1', '192.168.50.10', '192.168.60.10'],
  IPv6: ['::1', 'fd00:50::10'],
}

/** Any facts that makeFacts may come to, with `HERE` as the node's name. */
export const arbFacts: fc.Arbitrary<NodeFacts> = fc.record({
  nodeName: fc.constant(HERE),
  zone: fc.option(pick(ZONES)),
  families: pick([['IPv4', 'IPv6'], ['IPv4'], ['IPv6']] as const),
  nodeIPs: fc.record({
    IPv4: fc.option(fc.constant('192.168.50.10')),
    IPv6: fc.option(fc.constant('fd00:50::10')),
  }),
  podDetector: perFamily(arbDetector),
  nodePortAddresses: perFamily(family =>
    fc.oneof(
      fc.constant({ all: true as const, holdsLoopback: family === 'IPv4' }),
      fc.record({
        all: fc.constant(false as const),
        holdsLoopback: fc.constant(false),
        addresses: fc.subarray([...INTERFACES[family]].slice(1)),
      }),
    ),
  ),
  interfaceAddresses: fc.constant(INTERFACES),
  serviceCIDRs: fc.record({
    IPv4: fc.subarray(['10.96.0.0/12', '10.112.0.0/16']),
    IPv6: fc.subarray(['fd00:96::/112']),
  }),
  masqueradeAll: fc.boolean(),
  masqueradeBit: pick([14, 0, 31]),
  localhostNodePorts: fc.boolean(),
  allowExternalIPs: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  largeCluster: perFamily(() => fc.boolean()),
  kernel: fc.oneof(
    fc.constant(MODERN_KERNEL),
    fc.record({ tcpBeLiberal: fc.boolean(), nfacct: fc.boolean(), randomFully: fc.boolean() }),
  ),
})
