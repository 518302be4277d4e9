/**
 * The columns of `kubectl get` for the kinds that have some of their own: what pkg/printers/internalversion prints.
 * A cell takes an object and the time in ms since 1970.
 */
import { isObject, type JsonObject, listAt, mapAt, numberAt, textAt } from '../json.ts'
import { readyAddresses } from './endpoints.ts'
import { podReason, readyContainers, restarts } from './pod-columns.ts'
import type { Column } from './types.ts'

type Cell = Column['cell']

const column = (
  name: string,
  cell: Cell,
  { type = 'string' as Column['type'], wide = false, format = '' as Column['format'] } = {},
): Column => ({ name, type, description: name, priority: wide ? 1 : 0, format, cell })

const NAME = column('Name', object => textAt(object, 'metadata', 'name'), { format: 'name' })
const AGE = column('Age', (object, now) =>
  ageOf(textAt(object, 'metadata', 'creationTimestamp'), now),
)

/** How kubectl writes a duration: 45s, 3m10s, 5h, 2d. */
export const ageOf = (time: string, now: number): string => {
  const then = Date.parse(time)
  if (Number.isNaN(then)) return '<unknown>'
  const seconds = Math.max(0, Math.floor((now - then) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`
}

const count =
  (...path: readonly string[]): Cell =>
  object =>
    numberAt(object, ...path) ?? 0
const text =
  (...path: readonly string[]): Cell =>
  object =>
    textAt(object, ...path)
const orNone = (value: string): string => (value === '' ? '<none>' : value)
const size =
  (key: string): Cell =>
  object =>
    Object.keys(mapAt(object, key)).length

const selector =
  (...path: readonly string[]): Cell =>
  object =>
    orNone(
      Object.entries(mapAt(object, ...path))
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    )

const servicePorts: Cell = object =>
  orNone(
    listAt(object, 'spec', 'ports')
      .filter(isObject)
      .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
      .join(','),
  )

const externalIP: Cell = object => {
  const external = listAt(object, 'spec', 'externalIPs').map(String)
  const ingress = listAt(object, 'status', 'loadBalancer', 'ingress').map(
    one => textAt(one, 'ip') || textAt(one, 'hostname'),
  )
  switch (textAt(object, 'spec', 'type')) {
    case 'ExternalName':
      return textAt(object, 'spec', 'externalName')
    case 'LoadBalancer': {
      const all = [...ingress, ...external]
      return all.length > 0 ? all.join(',') : '<pending>'
    }
  }
  return orNone(external.join(','))
}

const containers =
  (key: string): Cell =>
  object =>
    listAt(object, 'spec', 'template', 'spec', 'containers')
      .map(one => textAt(one, key))
      .join(',')

const TEMPLATE = [
  column('Containers', containers('name'), { wide: true }),
  column('Images', containers('image'), { wide: true }),
  column('Selector', selector('spec', 'selector', 'matchLabels'), { wide: true }),
]

const some = (values: readonly string[], max: number): string =>
  values.length > max
    ? `${values.slice(0, max).join(',')} + ${values.length - max} more...`
    : orNone(values.join(','))

const slicePorts: Cell = object =>
  some(
    listAt(object, 'ports').map(port => String(mapAt(port)['port'] ?? '*')),
    3,
  ).replace('<none>', '<unset>')

const endpointsOf: Cell = object =>
  some(
    listAt(object, 'subsets').flatMap(subset =>
      listAt(subset, 'addresses').flatMap(address => {
        const ports = listAt(subset, 'ports')
        const ip = textAt(address, 'ip')
        return ports.length === 0 ? [ip] : ports.map(port => `${ip}:${mapAt(port)['port']}`)
      }),
    ),
    3,
  )

const nodeStatus: Cell = object => {
  const ready = condition(object, 'Ready')
  const status = ready === 'True' ? 'Ready' : ready === '' ? 'Unknown' : 'NotReady'
  return mapAt(object, 'spec')['unschedulable'] === true ? `${status},SchedulingDisabled` : status
}

const nodeAddress =
  (type: string): Cell =>
  object => {
    const found = listAt(object, 'status', 'addresses').find(one => textAt(one, 'type') === type)
    return orNone(textAt(found, 'address'))
  }

const nodeRoles: Cell = object =>
  orNone(
    Object.keys(mapAt(object, 'metadata', 'labels'))
      .filter(key => key.startsWith('node-role.kubernetes.io/'))
      .map(key => key.slice('node-role.kubernetes.io/'.length))
      .join(','),
  )

const condition = (object: JsonObject, type: string): string =>
  textAt(
    listAt(object, 'status', 'conditions').find(one => textAt(one, 'type') === type),
    'status',
  )

const jobStatus: Cell = object => {
  if (condition(object, 'Complete') === 'True') return 'Complete'
  if (condition(object, 'Failed') === 'True') return 'Failed'
  if (textAt(object, 'metadata', 'deletionTimestamp') !== '') return 'Terminating'
  return mapAt(object, 'spec')['suspend'] === true ? 'Suspended' : 'Running'
}

const jobDuration: Cell = (object, now) => {
  const start = textAt(object, 'status', 'startTime')
  const end = textAt(object, 'status', 'completionTime')
  return start === '' ? '' : ageOf(start, end === '' ? now : Date.parse(end))
}

const eventSeen: Cell = (object, now) =>
  ageOf(
    textAt(object, 'series', 'lastObservedTime') ||
      textAt(object, 'lastTimestamp') ||
      textAt(object, 'eventTime') ||
      textAt(object, 'metadata', 'creationTimestamp'),
    now,
  )

const roleRef: Cell = object =>
  `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`

const subjects = (kind: string): Column =>
  column(
    kind === 'ServiceAccount' ? 'ServiceAccounts' : `${kind}s`,
    object =>
      listAt(object, 'subjects')
        .filter(one => textAt(one, 'kind') === kind)
        .map(one =>
          kind === 'ServiceAccount'
            ? `${textAt(one, 'namespace')}/${textAt(one, 'name')}`
            : textAt(one, 'name'),
        )
        .join(', '),
    { wide: true },
  )

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
