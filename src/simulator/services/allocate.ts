/**
 * Gives a Service its cluster IPs, node ports and health-check port, and takes back what it no longer uses. The
 * service is filled in; what else the store must hold comes back as changes, what memory must hold as `committed`.
 */
import { parseAddress } from '../../addresses.ts'
import { type FieldError, invalid } from '../field-errors.ts'
import { type JsonObject, listAt, numberAt, textAt } from '../json.ts'
import type { Allocation, World } from '../resources/types.ts'
import type { Change } from '../store/types.ts'
import { addressFault, claimOf, type Family, freeAddress, releaseOf } from './cluster-ips.ts'
import {
  isExternalName,
  isHeadless,
  ports,
  spec,
  wantsHealthCheckPort,
  wantsNodePorts,
} from './defaults.ts'
import { fillFamilies } from './families.ts'

export const allocateService = (
  service: JsonObject,
  old: JsonObject | null,
  world: World,
): Allocation => {
  const errors: FieldError[] = [...fillFamilies(service, old, world)]
  if (errors.length > 0) return { errors, changes: [], committed: () => {} }
  const before = old === null ? [] : addressesOf(old)
  errors.push(...fillAddresses(service, before, world))
  const held = old === null ? [] : portsOf(old)
  errors.push(...fillNodePorts(service, held, world))
  const after = addressesOf(service)
  const changes = [
    ...after.filter(ip => !before.includes(ip)).map(ip => claimOf(ip, service, world)),
    ...before.filter(ip => !after.includes(ip)).map(ip => releaseOf(ip, world)),
  ].filter(change => change !== null)
  return { errors, changes, committed: () => remember(service, held, world) }
}

export const releaseService = (service: JsonObject, world: World): Allocation => ({
  errors: [],
  changes: addressesOf(service)
    .map(ip => releaseOf(ip, world))
    .filter((change): change is Change => change !== null),
  committed: () => {
    for (const port of portsOf(service)) world.nodePorts.delete(port)
  },
})

/** The node ports that Services in the store hold: for a server that starts with a filled store. */
export const rememberNodePorts = (service: JsonObject, world: World): void =>
  remember(service, [], world)

const remember = (service: JsonObject, held: readonly number[], world: World): void => {
  const owner = `${textAt(service, 'metadata', 'namespace')}/${textAt(service, 'metadata', 'name')}`
  for (const port of held) world.nodePorts.delete(port)
  for (const port of portsOf(service)) world.nodePorts.set(port, owner)
}

const addressesOf = (service: JsonObject): readonly string[] =>
  isExternalName(service) || isHeadless(service)
    ? []
    : listAt(service, 'spec', 'clusterIPs').map(ip => parseAddress(String(ip))?.text ?? String(ip))

const portsOf = (service: JsonObject): readonly number[] => {
  const numbers = ports(service).map(port => numberAt(port, 'nodePort') ?? 0)
  return [...numbers, numberAt(spec(service), 'healthCheckNodePort') ?? 0].filter(port => port > 0)
}

const fillAddresses = (
  service: JsonObject,
  held: readonly string[],
  world: World,
): FieldError[] => {
  if (isExternalName(service) || isHeadless(service)) return []
  const own = spec(service)
  const given = listAt(own, 'clusterIPs').map(String)
  const chosen: string[] = []
  const errors: FieldError[] = []
  for (const [index, family] of (listAt(own, 'ipFamilies') as Family[]).entries()) {
    const asked = given[index] ?? ''
    const ip = asked === '' ? freeAddress(family, world) : asked
    const canonical = parseAddress(ip ?? '')?.text ?? ip
    const fault =
      ip === null
        ? `failed to allocate a serviceIP: range is full`
        : canonical !== null && held.includes(canonical)
          ? ''
          : addressFault(canonical ?? ip, family, world)
    if (fault !== '') errors.push(invalid('spec.clusterIPs', given, fault))
    if (ip !== null) chosen.push(ip)
  }
  own['clusterIPs'] = chosen
  own['clusterIP'] = chosen[0] ?? ''
  return errors
}

const fillNodePorts = (
  service: JsonObject,
  held: readonly number[],
  world: World,
): FieldError[] => {
  const errors: FieldError[] = []
  const taken = new Map<number, ReadonlySet<string>>()
  const allocate = wantsNodePorts(service)
  for (const [index, port] of ports(service).entries()) {
    const asked = numberAt(port, 'nodePort') ?? 0
    const protocol = textAt(port, 'protocol')
    if (asked === 0 && !allocate) continue
    const shared = asked === 0 ? sharedPort(service, port, taken) : asked
    const number = shared === 0 ? freePort(taken, world) : shared
    const others = taken.get(number) ?? new Set<string>()
    const fault = others.size > 0 && !others.has(protocol) ? '' : portFault(number, held, world)
    if (number === 0 || fault !== '')
      errors.push(invalid(`spec.ports[${index}].nodePort`, asked, fault || 'range is full'))
    port['nodePort'] = number
    taken.set(number, new Set([...others, protocol]))
  }
  return [...errors, ...fillHealthCheckPort(service, { held, taken, world })]
}

const fillHealthCheckPort = (
  service: JsonObject,
  {
    held,
    taken,
    world,
  }: { held: readonly number[]; taken: ReadonlyMap<number, unknown>; world: World },
): FieldError[] => {
  if (!wantsHealthCheckPort(service)) return []
  const own = spec(service)
  const asked = numberAt(own, 'healthCheckNodePort') ?? 0
  const number = asked === 0 ? freePort(taken, world) : asked
  const fault = taken.has(number) ? TAKEN : portFault(number, held, world)
  own['healthCheckNodePort'] = number
  return fault === '' ? [] : [invalid('spec.healthCheckNodePort', asked, fault)]
}

const TAKEN = 'provided port is already allocated'

const portFault = (port: number, held: readonly number[], world: World): string => {
  const { from, to } = world.ranges.nodePorts
  if (held.includes(port)) return ''
  if (port < from || port > to)
    return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`
  return world.nodePorts.has(port) ? TAKEN : ''
}

/** TCP and UDP ports of one number, as DNS has them, share a node port. */
const sharedPort = (
  service: JsonObject,
  port: JsonObject,
  taken: ReadonlyMap<number, ReadonlySet<string>>,
): number => {
  const twin = ports(service).find(
    other =>
      other !== port &&
      other['port'] === port['port'] &&
      other['protocol'] !== port['protocol'] &&
      taken.has(numberAt(other, 'nodePort') ?? 0),
  )
  const number = numberAt(twin, 'nodePort') ?? 0
  return taken.get(number)?.has(textAt(port, 'protocol')) ? 0 : number
}

const freePort = (taken: ReadonlyMap<number, unknown>, world: World): number => {
  const { from, to } = world.ranges.nodePorts
  const size = to - from + 1
  const start = Math.floor(world.random() * size)
  for (let step = 0; step < size; step++) {
    const port = from + ((start + step) % size)
    if (!world.nodePorts.has(port) && !taken.has(port)) return port
  }
  return 0
}
