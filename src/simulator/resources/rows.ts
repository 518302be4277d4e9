/**
 * The rows of the resource table, by API group: each kind with its names, its type, its strategy and the fields that
 * it can be selected by. Adding a kind is adding a row.
 */
import { type JsonObject, textAt } from '../json.ts'
import { serviceStrategy } from '../services/strategy.ts'
import {
  addressNameFault,
  ipAddressStrategy,
  leaseStrategy,
  namespaceStrategy,
  nodeStrategy,
  serviceCidrStrategy,
} from './cluster.ts'
import {
  bindingStrategy,
  configMapStrategy,
  eventStrategy,
  plainStrategy,
  roleStrategy,
  secretStrategy,
} from './config.ts'
import { endpointsStrategy, sliceStrategy } from './endpoints.ts'
import { label1035Fault, labelFault, pathSegmentFault } from './names.ts'
import { podStrategy } from './pods.ts'
import type { Selectable, Strategy, Subresource } from './types.ts'
import {
  daemonSetStrategy,
  deploymentStrategy,
  jobStrategy,
  replicaSetStrategy,
} from './workloads.ts'

export interface Row {
  readonly kind: string
  /** Of the client library's class. */
  readonly model: string
  readonly plural: string
  readonly strategy: Strategy
  readonly short?: readonly string[]
  readonly cluster?: boolean
  readonly sub?: readonly Subresource[]
  readonly all?: boolean
  readonly nameFault?: (name: string) => string
  readonly selectable?: Readonly<Record<string, Selectable>>
}

const field =
  (...path: readonly string[]): Selectable =>
  object =>
    textAt(object, ...path)

const flag =
  (...path: readonly [string, string]): Selectable =>
  object => {
    const owner = object[path[0]] as JsonObject | undefined
    return String(owner?.[path[1]] === true)
  }

const replicas = (): Selectable => object =>
  String((object['status'] as JsonObject | undefined)?.['replicas'] ?? 0)

const EVENT_FIELDS: Readonly<Record<string, Selectable>> = {
  ...Object.fromEntries(
    ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(key => [
      `involvedObject.${key}`,
      field('involvedObject', key),
    ]),
  ),
  reason: field('reason'),
  reportingComponent: field('reportingComponent'),
  source: object => textAt(object, 'source', 'component') || textAt(object, 'reportingComponent'),
  type: field('type'),
}

const STATUS: readonly Subresource[] = ['status']
const SCALE: readonly Subresource[] = ['status', 'scale']

const CORE: readonly Row[] = [
  {
    kind: 'ConfigMap',
    model: 'V1ConfigMap',
    plural: 'configmaps',
    short: ['cm'],
    strategy: configMapStrategy,
  },
  {
    kind: 'Endpoints',
    model: 'V1Endpoints',
    plural: 'endpoints',
    short: ['ep'],
    strategy: endpointsStrategy,
  },
  {
    kind: 'Event',
    model: 'CoreV1Event',
    plural: 'events',
    short: ['ev'],
    strategy: eventStrategy,
    selectable: EVENT_FIELDS,
  },
  {
    kind: 'Namespace',
    model: 'V1Namespace',
    plural: 'namespaces',
    short: ['ns'],
    cluster: true,
    sub: ['status', 'finalize'],
    nameFault: labelFault,
    strategy: namespaceStrategy,
    selectable: { 'status.phase': field('status', 'phase') },
  },
  {
    kind: 'Node',
    model: 'V1Node',
    plural: 'nodes',
    short: ['no'],
    cluster: true,
    sub: STATUS,
    strategy: nodeStrategy,
    selectable: { 'spec.unschedulable': flag('spec', 'unschedulable') },
  },
  {
    kind: 'Pod',
    model: 'V1Pod',
    plural: 'pods',
    short: ['po'],
    all: true,
    sub: ['status', 'binding', 'eviction'],
    strategy: podStrategy,
    selectable: {
      'spec.nodeName': field('spec', 'nodeName'),
      'spec.restartPolicy': field('spec', 'restartPolicy'),
      'spec.schedulerName': field('spec', 'schedulerName'),
      'spec.serviceAccountName': field('spec', 'serviceAccountName'),
      'spec.hostNetwork': flag('spec', 'hostNetwork'),
      'status.phase': field('status', 'phase'),
      'status.podIP': field('status', 'podIP'),
      'status.nominatedNodeName': field('status', 'nominatedNodeName'),
    },
  },
  {
    kind: 'Secret',
    model: 'V1Secret',
    plural: 'secrets',
    strategy: secretStrategy,
    selectable: { type: field('type') },
  },
  {
    kind: 'ServiceAccount',
    model: 'V1ServiceAccount',
    plural: 'serviceaccounts',
    short: ['sa'],
    strategy: plainStrategy,
  },
  {
    kind: 'Service',
    model: 'V1Service',
    plural: 'services',
    short: ['svc'],
    all: true,
    sub: STATUS,
    nameFault: label1035Fault,
    strategy: serviceStrategy,
    selectable: {
      'spec.clusterIP': field('spec', 'clusterIP'),
      'spec.type': field('spec', 'type'),
    },
  },
]

const APPS: readonly Row[] = [
  {
    kind: 'DaemonSet',
    model: 'V1DaemonSet',
    plural: 'daemonsets',
    short: ['ds'],
    all: true,
    sub: STATUS,
    strategy: daemonSetStrategy,
  },
  {
    kind: 'Deployment',
    model: 'V1Deployment',
    plural: 'deployments',
    short: ['deploy'],
    all: true,
    sub: SCALE,
    strategy: deploymentStrategy,
  },
  {
    kind: 'ReplicaSet',
    model: 'V1ReplicaSet',
    plural: 'replicasets',
    short: ['rs'],
    all: true,
    sub: SCALE,
    strategy: replicaSetStrategy,
    selectable: { 'status.replicas': replicas() },
  },
]

const NETWORKING: readonly Row[] = [
  {
    kind: 'IPAddress',
    model: 'V1IPAddress',
    plural: 'ipaddresses',
    short: ['ip'],
    cluster: true,
    nameFault: addressNameFault,
    strategy: ipAddressStrategy,
  },
  {
    kind: 'ServiceCIDR',
    model: 'V1ServiceCIDR',
    plural: 'servicecidrs',
    cluster: true,
    sub: STATUS,
    strategy: serviceCidrStrategy,
  },
]

const RBAC: readonly Row[] = [
  {
    kind: 'ClusterRoleBinding',
    model: 'V1ClusterRoleBinding',
    plural: 'clusterrolebindings',
    cluster: true,
    nameFault: pathSegmentFault,
    strategy: bindingStrategy,
  },
  {
    kind: 'ClusterRole',
    model: 'V1ClusterRole',
    plural: 'clusterroles',
    cluster: true,
    nameFault: pathSegmentFault,
    strategy: roleStrategy,
  },
  {
    kind: 'RoleBinding',
    model: 'V1RoleBinding',
    plural: 'rolebindings',
    nameFault: pathSegmentFault,
    strategy: bindingStrategy,
  },
  {
    kind: 'Role',
    model: 'V1Role',
    plural: 'roles',
    nameFault: pathSegmentFault,
    strategy: roleStrategy,
  },
]

export const GROUPS: readonly (readonly [string, readonly Row[]])[] = [
  ['', CORE],
  ['apps', APPS],
  [
    'batch',
    [
      {
        kind: 'Job',
        model: 'V1Job',
        plural: 'jobs',
        all: true,
        sub: STATUS,
        strategy: jobStrategy,
        selectable: {
          'status.successful': object =>
            String((object['status'] as JsonObject | undefined)?.['succeeded'] ?? 0),
        },
      },
    ],
  ],
  [
    'coordination.k8s.io',
    [{ kind: 'Lease', model: 'V1Lease', plural: 'leases', strategy: leaseStrategy }],
  ],
  [
    'discovery.k8s.io',
    [
      {
        kind: 'EndpointSlice',
        model: 'V1EndpointSlice',
        plural: 'endpointslices',
        strategy: sliceStrategy,
      },
    ],
  ],
  ['networking.k8s.io', NETWORKING],
  ['rbac.authorization.k8s.io', RBAC],
]
