/**
 * Single or dual stack: which IP families a Service has, in which order, and whether what it asks for can be had.
 * Fills spec.ipFamilies and spec.ipFamilyPolicy as the API server does (KEP-563).
 */
import { parseAddress } from '../../addresses.ts'
import { type FieldError, invalid } from '../field-errors.ts'
import { type JsonObject, listAt, textAt } from '../json.ts'
import type { World } from '../resources/types.ts'
import { type Family, poolsOf } from './cluster-ips.ts'
import { isExternalName, isHeadless, spec } from './defaults.ts'

/** The cluster's families, the default one first. */
export const clusterFamilies = (world: World): readonly Family[] =>
  (['IPv4', 'IPv6'] as const).filter(family => poolsOf(family, world).length > 0)

export const fillFamilies = (
  service: JsonObject,
  old: JsonObject | null,
  world: World,
): FieldError[] => {
  if (isExternalName(service)) return []
  const own = spec(service)
  const available = clusterFamilies(world)
  if (old !== null) shrink(service, old)
  const families = familiesOf(service)
  const asked = textAt(own, 'ipFamilyPolicy')
  const several = Math.max(families.length, listAt(own, 'clusterIPs').length) > 1
  if (old === null && several && asked === '')
    return [
      invalid(
        'spec.ipFamilyPolicy',
        null,
        'must be RequireDualStack or PreferDualStack when multiple cluster IPs or IP families are specified',
      ),
    ]
  const selectorless =
    isHeadless(service) && Object.keys(spec(service)['selector'] ?? {}).length === 0
  if (asked === '')
    own['ipFamilyPolicy'] =
      selectorless && families.length === 0 ? 'RequireDualStack' : 'SingleStack'
  const wanted = complete(families, textAt(own, 'ipFamilyPolicy'), { available, selectorless })
  own['ipFamilies'] = [...wanted]
  return familyErrors(wanted, textAt(own, 'ipFamilyPolicy'), { available, selectorless })
}

/** From dual to single stack the second address and family go, if the client left them as they were. */
const shrink = (service: JsonObject, old: JsonObject): void => {
  const [own, before] = [spec(service), spec(old)]
  const wasDual = listAt(before, 'ipFamilies').length === 2
  if (!wasDual || textAt(own, 'ipFamilyPolicy') !== 'SingleStack') return
  if (listAt(own, 'ipFamilies').length === 2)
    own['ipFamilies'] = listAt(own, 'ipFamilies').slice(0, 1)
  if (listAt(own, 'clusterIPs').length === 2 && listAt(before, 'clusterIPs').length === 2)
    own['clusterIPs'] = listAt(own, 'clusterIPs').slice(0, 1)
}

const familiesOf = (service: JsonObject): readonly Family[] => {
  const given = listAt(service, 'spec', 'ipFamilies') as Family[]
  const fromIPs = listAt(service, 'spec', 'clusterIPs')
    .map(ip => parseAddress(String(ip))?.family)
    .filter(family => family !== undefined)
  return given.length >= fromIPs.length ? given : [...given, ...fromIPs.slice(given.length)]
}

interface Room {
  readonly available: readonly Family[]
  readonly selectorless: boolean
}

const complete = (
  families: readonly Family[],
  policy: string,
  { available, selectorless }: Room,
): readonly Family[] => {
  const first = families.length > 0 ? families : available.slice(0, 1)
  if (policy === 'SingleStack' || first.length === 2) return first
  const other: Family = first[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  return available.includes(other) || selectorless ? [...first, other] : first
}

const familyErrors = (
  families: readonly Family[],
  policy: string,
  { available, selectorless }: Room,
): FieldError[] => {
  const errors: FieldError[] = []
  if (policy === 'SingleStack' && families.length > 1)
    errors.push(
      invalid(
        'spec.ipFamilyPolicy',
        policy,
        'must be RequireDualStack or PreferDualStack when multiple cluster IPs or IP families are specified',
      ),
    )
  if (selectorless) return errors
  if (policy === 'RequireDualStack' && available.length < 2)
    errors.push(
      invalid(
        'spec.ipFamilyPolicy',
        policy,
        'this cluster is not configured for dual-stack services',
      ),
    )
  families.forEach((family, index) => {
    if (!available.includes(family))
      errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  })
  return errors
}
