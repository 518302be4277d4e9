/**
 * The columns of `kubectl get`, declared by resource. What stands in them is in cells.ts and pod-columns.ts.
 */
import { listAt, mapAt, numberAt, textAt } from '../json.ts'
import {
  AGE,
  ageOf,
  type Cell,
  column,
  count,
  endpointsOf,
  eventSeen,
  externalIP,
  jobDuration,
  jobStatus,
  NAME,
  nodeAddress,
  nodeRoles,
  nodeStatus,
  orNone,
  roleRef,
  selector,
  servicePorts,
  size,
  slicePorts,
  some,
  subjects,
  TEMPLATE,
  text,
} from './cells.ts'
import { readyAddresses } from './endpoints.ts'
import { podReason, readyContainers, restarts } from './pod-columns.ts'
import type { Column } from './types.ts'

const integer = { type: 'integer' } as const
const wide = { wide: true } as const

const BINDING = [
  NAME,
  column('Role', roleRef),
  AGE,
  ...['User', 'Group', 'ServiceAccount'].map(subjects),
]

const parentRef: Cell = object => {
  const { group, resource, namespace, name } = mapAt(object, 'spec', 'parentRef')
  return [group, resource, namespace, name].filter(Boolean).join('/')
}

const created = column('Created At', text('metadata', 'creationTimestamp'))

/** Columns by the resource's plural; the others have NAME and AGE. */
export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  namespaces: [NAME, column('Status', text('status', 'phase')), AGE],
  nodes: [
    NAME,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    AGE,
    column('Version', text('status', 'nodeInfo', 'kubeletVersion')),
    column('Internal-IP', nodeAddress('InternalIP'), wide),
    column('External-IP', nodeAddress('ExternalIP'), wide),
    column(
      'OS-Image',
      object => textAt(object, 'status', 'nodeInfo', 'osImage') || '<unknown>',
      wide,
    ),
    column(
      'Kernel-Version',
      object => textAt(object, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>',
      wide,
    ),
    column(
      'Container-Runtime',
      object => textAt(object, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
      wide,
    ),
  ],
  pods: [
    NAME,
    column('Ready', readyContainers),
    column('Status', podReason),
    column('Restarts', restarts),
    AGE,
    column('IP', object => orNone(textAt(object, 'status', 'podIP')), wide),
    column('Node', object => orNone(textAt(object, 'spec', 'nodeName')), wide),
    column('Nominated Node', object => orNone(textAt(object, 'status', 'nominatedNodeName')), wide),
    column('Readiness Gates', () => '<none>', wide),
  ],
  services: [
    NAME,
    column('Type', text('spec', 'type')),
    column('Cluster-IP', object => orNone(textAt(object, 'spec', 'clusterIP'))),
    column('External-IP', externalIP),
    column('Port(s)', servicePorts),
    AGE,
    column('Selector', selector('spec', 'selector'), wide),
  ],
  endpoints: [NAME, column('Endpoints', endpointsOf), AGE],
  endpointslices: [
    NAME,
    column('AddressType', text('addressType')),
    column('Ports', slicePorts),
    column('Endpoints', object => some(readyAddresses(object), 3).replace('<none>', '<unset>')),
    AGE,
  ],
  configmaps: [
    NAME,
    column(
      'Data',
      object =>
        Object.keys(mapAt(object, 'data')).length + Object.keys(mapAt(object, 'binaryData')).length,
    ),
    AGE,
  ],
  secrets: [NAME, column('Type', text('type')), column('Data', size('data'), integer), AGE],
  serviceaccounts: [
    NAME,
    column('Secrets', object => listAt(object, 'secrets').length, integer),
    AGE,
  ],
  events: [
    column('Last Seen', eventSeen),
    column('Type', text('type')),
    column('Reason', text('reason')),
    column(
      'Object',
      object =>
        `${textAt(object, 'involvedObject', 'kind').toLowerCase()}/${textAt(object, 'involvedObject', 'name')}`,
    ),
    column('Subobject', text('involvedObject', 'fieldPath'), wide),
    column(
      'Source',
      object => textAt(object, 'source', 'component') || textAt(object, 'reportingComponent'),
      wide,
    ),
    column('Message', object => textAt(object, 'message').trim()),
    column(
      'First Seen',
      (object, now) => ageOf(textAt(object, 'firstTimestamp') || textAt(object, 'eventTime'), now),
      wide,
    ),
    column('Count', object => numberAt(object, 'count') ?? 1, { ...integer, wide: true }),
    column('Name', text('metadata', 'name'), { format: 'name', wide: true }),
  ],
  deployments: [
    NAME,
    column(
      'Ready',
      object =>
        `${count('status', 'readyReplicas')(object, 0)}/${count('spec', 'replicas')(object, 0)}`,
    ),
    column('Up-to-date', count('status', 'updatedReplicas'), integer),
    column('Available', count('status', 'availableReplicas'), integer),
    AGE,
    ...TEMPLATE,
  ],
  replicasets: [
    NAME,
    column('Desired', count('spec', 'replicas'), integer),
    column('Current', count('status', 'replicas'), integer),
    column('Ready', count('status', 'readyReplicas'), integer),
    AGE,
    ...TEMPLATE,
  ],
  daemonsets: [
    NAME,
    column('Desired', count('status', 'desiredNumberScheduled'), integer),
    column('Current', count('status', 'currentNumberScheduled'), integer),
    column('Ready', count('status', 'numberReady'), integer),
    column('Up-to-date', count('status', 'updatedNumberScheduled'), integer),
    column('Available', count('status', 'numberAvailable'), integer),
    column('Node Selector', selector('spec', 'template', 'spec', 'nodeSelector')),
    AGE,
    ...TEMPLATE,
  ],
  jobs: [
    NAME,
    column('Status', jobStatus),
    column(
      'Completions',
      object =>
        `${count('status', 'succeeded')(object, 0)}/${numberAt(object, 'spec', 'completions') ?? numberAt(object, 'spec', 'parallelism') ?? 1}`,
    ),
    column('Duration', jobDuration),
    AGE,
    ...TEMPLATE,
  ],
  servicecidrs: [NAME, column('CIDRs', object => listAt(object, 'spec', 'cidrs').join(',')), AGE],
  ipaddresses: [NAME, column('ParentRef', parentRef), AGE],
  leases: [NAME, column('Holder', text('spec', 'holderIdentity')), AGE],
  roles: [NAME, created],
  clusterroles: [NAME, created],
  rolebindings: BINDING,
  clusterrolebindings: BINDING,
}

export const columnsOf = (plural: string): readonly Column[] => COLUMNS[plural] ?? [NAME, AGE]
