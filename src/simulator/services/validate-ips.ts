/** A Service's cluster IPs and families: their own grammar, how they fit together, and what may never change. */
import { parseAddress } from '../../addresses.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooMany,
  unsupported,
} from '../field-errors.ts'
import { type JsonObject, listAt, numberAt, textAt } from '../json.ts'
import { isExternalName, spec, wantsHealthCheckPort } from './defaults.ts'

const FAMILIES = ['IPv4', 'IPv6']
const FAMILY_POLICIES = ['SingleStack', 'PreferDualStack', 'RequireDualStack']
const UNCHANGED = 'may not change once set'
const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

export const validateClusterIPs = (service: JsonObject): FieldError[] => {
  if (isExternalName(service)) return []
  const own = spec(service)
  const [ip, list] = [textAt(own, 'clusterIP'), listAt(own, 'clusterIPs')]
  const errors = validateFamilies(own)
  if (ip !== '' && list.length === 0) errors.push(required('spec.clusterIPs'))
  if (list.length > 0 && list[0] !== ip)
    errors.push(
      ip === ''
        ? forbidden('spec.clusterIPs', 'must be empty when `clusterIP` is not specified')
        : invalid('spec.clusterIPs', list, 'first value must match `clusterIP`'),
    )
  if (list.length > 2) errors.push(tooMany('spec.clusterIPs', list.length, 2))
  list.forEach((one, index) => {
    const field = `spec.clusterIPs[${index}]`
    if (one === 'None') {
      if (list.length > 1)
        errors.push(invalid(field, one, "'None' must be the first and only value"))
      return
    }
    const address = parseAddress(String(one))
    if (address === null) errors.push(invalid(field, one, ADDRESS))
    const family = listAt(own, 'ipFamilies')[index]
    if (address !== null && family !== undefined && family !== address.family)
      errors.push(
        invalid(field, one, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``),
      )
  })
  return [...errors, ...sameFamilyTwice(list)]
}

const sameFamilyTwice = (list: readonly unknown[]): FieldError[] => {
  const [first, second] = list.map(ip => parseAddress(String(ip))?.family)
  return first !== undefined && first === second
    ? [
        invalid(
          'spec.clusterIPs',
          list.map(String),
          'may specify no more than one IP for each IP family, i.e. 1 IPv4 and 1 IPv6',
        ),
      ]
    : []
}

const validateFamilies = (own: JsonObject): FieldError[] => {
  const families = listAt(own, 'ipFamilies')
  const policy = textAt(own, 'ipFamilyPolicy')
  const errors = families.flatMap((family, index) =>
    FAMILIES.includes(String(family))
      ? []
      : [unsupported(`spec.ipFamilies[${index}]`, family, FAMILIES)],
  )
  if (families.length === 2 && families[0] === families[1])
    errors.push(invalid('spec.ipFamilies[1]', families[1], 'families may not repeat'))
  if (policy !== '' && !FAMILY_POLICIES.includes(policy))
    errors.push(unsupported('spec.ipFamilyPolicy', policy, FAMILY_POLICIES))
  return errors
}

/** What an update of a Service may not do. */
export const validateServiceUpdate = (service: JsonObject, old: JsonObject): FieldError[] => {
  const [own, before] = [spec(service), spec(old)]
  const errors: FieldError[] = []
  if (!isExternalName(service) && !isExternalName(old)) {
    errors.push(...validateKept('clusterIPs', own, before))
    errors.push(...validateKept('ipFamilies', own, before))
  }
  const health = numberAt(own, 'healthCheckNodePort') ?? 0
  const healthBefore = numberAt(before, 'healthCheckNodePort') ?? 0
  if (wantsHealthCheckPort(service) && wantsHealthCheckPort(old) && health !== healthBefore)
    errors.push(invalid('spec.healthCheckNodePort', health, 'field is immutable'))
  if (
    before['type'] === 'LoadBalancer' &&
    own['type'] === 'LoadBalancer' &&
    own['loadBalancerClass'] !== before['loadBalancerClass']
  )
    errors.push(invalid('spec.loadBalancerClass', own['loadBalancerClass'], UNCHANGED))
  return errors
}

/** The first entry never changes, the second only goes with a downgrade to a single stack. */
const validateKept = (
  key: 'clusterIPs' | 'ipFamilies',
  own: JsonObject,
  before: JsonObject,
): FieldError[] => {
  const [now, then] = [listAt(own, key), listAt(before, key)]
  const errors: FieldError[] = []
  if (then[0] !== undefined && now[0] !== then[0])
    errors.push(invalid(`spec.${key}[0]`, now.length === 0 ? null : now, UNCHANGED))
  if (then[1] === undefined || now[1] === then[1]) return errors
  const downgraded = textAt(own, 'ipFamilyPolicy') === 'SingleStack' && now.length < 2
  if (downgraded) return errors
  if (now[1] === undefined)
    errors.push(
      invalid(
        'spec.ipFamilyPolicy',
        own['ipFamilyPolicy'],
        "must be 'SingleStack' to release the secondary cluster IP",
      ),
    )
  else errors.push(invalid(`spec.${key}[1]`, now, UNCHANGED))
  return errors
}
