/**
 * What the cells of `kubectl get` say: from an object and the time in ms since 1970 to a text or number, as
 * pkg/printers/internalversion prints it.
 */
import { isObject, type JsonObject, listAt, mapAt, numberAt, textAt } from '../json.ts'
import type { Column } from './types.ts'

export type Cell = Column['cell']

interface Look {
  readonly type?: Column['type']
  /** Shown with -o wide only. */
  readonly wide?: boolean
  readonly format?: Column['format']
}

export const column = (
  name: string,
  cell: Cell,
  { type = 'string', wide = false, format = '' }: Look = {},
): Column => ({ name, type, description: name, priority: wide ? 1 : 0, format, cell })

export const NAME: Column = column('Name', object => textAt(object, 'metadata', 'name'), {
  format: 'name',
})
export const AGE: Column = column('Age', (object, now) =>
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

export const count =
  (...path: readonly string[]): Cell =>
  object =>
    numberAt(object, ...path) ?? 0
export const text =
  (...path: readonly string[]): Cell =>
  object =>
    textAt(object, ...path)
export const orNone = (value: string): string => (value === '' ? '<none>' : value)
export const size =
  (key: string): Cell =>
  object =>
    Object.keys(mapAt(object, key)).length

export const selector =
  (...path: readonly string[]): Cell =>
  object =>
    orNone(
      Object.entries(mapAt(object, ...path))
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    )

export const servicePorts: Cell = object =>
  orNone(
    listAt(object, 'spec', 'ports')
      .filter(isObject)
      .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
      .join(','),
  )

export const externalIP: Cell = object => {
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

export const TEMPLATE: readonly Column[] = [
  column('Containers', containers('name'), { wide: true }),
  column('Images', containers('image'), { wide: true }),
  column('Selector', selector('spec', 'selector', 'matchLabels'), { wide: true }),
]

export const some = (values: readonly string[], max: number): string =>
  values.length > max
    ? `${values.slice(0, max).join(',')} + ${values.length - max} more...`
    : orNone(values.join(','))

export const slicePorts: Cell = object =>
  some(
    listAt(object, 'ports').map(port => String(mapAt(port)['port'] ?? '*')),
    3,
  ).replace('<none>', '<unset>')

export const endpointsOf: Cell = object =>
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

export const nodeStatus: Cell = object => {
  const ready = condition(object, 'Ready')
  const status = ready === 'True' ? 'Ready' : ready === '' ? 'Unknown' : 'NotReady'
  return mapAt(object, 'spec')['unschedulable'] === true ? `${status},SchedulingDisabled` : status
}

export const nodeAddress =
  (type: string): Cell =>
  object => {
    const found = listAt(object, 'status', 'addresses').find(one => textAt(one, 'type') === type)
    return orNone(textAt(found, 'address'))
  }

export const nodeRoles: Cell = object =>
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

export const jobStatus: Cell = object => {
  if (condition(object, 'Complete') === 'True') return 'Complete'
  if (condition(object, 'Failed') === 'True') return 'Failed'
  if (textAt(object, 'metadata', 'deletionTimestamp') !== '') return 'Terminating'
  return mapAt(object, 'spec')['suspend'] === true ? 'Suspended' : 'Running'
}

export const jobDuration: Cell = (object, now) => {
  const start = textAt(object, 'status', 'startTime')
  const end = textAt(object, 'status', 'completionTime')
  return start === '' ? '' : ageOf(start, end === '' ? now : Date.parse(end))
}

export const eventSeen: Cell = (object, now) =>
  ageOf(
    textAt(object, 'series', 'lastObservedTime') ||
      textAt(object, 'lastTimestamp') ||
      textAt(object, 'eventTime') ||
      textAt(object, 'metadata', 'creationTimestamp'),
    now,
  )

export const roleRef: Cell = object =>
  `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`

export const subjects = (kind: string): Column =>
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
