/** Namespaces, nodes, ServiceCIDRs, IPAddresses, leases: the strategies of what makes up the cluster. */
import { parseAddress, parseCidr } from '../../addresses.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooMany,
  unsupported,
} from '../field-errors.ts'
import { equal, type JsonObject, listAt, mapAt, numberAt, textAt } from '../json.ts'
import { immutable } from './metadata.ts'
import type { Strategy } from './types.ts'
import { onlyStatus } from './workloads.ts'

const keep = (object: JsonObject, old: JsonObject, key: string): void => {
  if (old[key] === undefined) delete object[key]
  else object[key] = old[key]
}

export const namespaceStrategy: Strategy = {
  prepareCreate: namespace => {
    const metadata = mapAt(namespace, 'metadata')
    metadata['labels'] = {
      ...mapAt(metadata, 'labels'),
      'kubernetes.io/metadata.name': textAt(metadata, 'name'),
    }
    const finalizers = listAt(namespace, 'spec', 'finalizers')
    namespace['spec'] = {
      finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
    }
    namespace['status'] = { phase: 'Active' }
  },
  prepareUpdate: (namespace, old) => {
    keep(namespace, old, 'spec')
    keep(namespace, old, 'status')
    const metadata = mapAt(namespace, 'metadata')
    metadata['labels'] = {
      ...mapAt(metadata, 'labels'),
      'kubernetes.io/metadata.name': textAt(metadata, 'name'),
    }
  },
  prepareStatus: onlyStatus,
  unconditionalUpdate: true,
}

export const nodeStrategy: Strategy = {
  prepareCreate: node => {
    if (node['spec'] === undefined) node['spec'] = {}
  },
  prepareUpdate: (node, old) => {
    keep(node, old, 'status')
    if (node['spec'] === undefined) node['spec'] = {}
  },
  prepareStatus: onlyStatus,
  validate: node => [
    ...listAt(node, 'spec', 'podCIDRs').flatMap((cidr, index) =>
      parseCidr(String(cidr)) === null
        ? [
            invalid(
              `spec.podCIDRs[${index}]`,
              cidr,
              'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
            ),
          ]
        : [],
    ),
    ...listAt(node, 'spec', 'taints').flatMap((taint, index) => validateTaint(taint, index)),
  ],
  validateUpdate: (node, old) => {
    const [now, then] = [textAt(node, 'spec', 'providerID'), textAt(old, 'spec', 'providerID')]
    const [cidrs, before] = [listAt(node, 'spec', 'podCIDRs'), listAt(old, 'spec', 'podCIDRs')]
    return [
      ...(before.length > 0 && !equal(cidrs, before)
        ? [
            forbidden(
              'spec.podCIDRs',
              'node updates may not change podCIDR except from "" to valid',
            ),
          ]
        : []),
      ...(then !== '' && now !== then
        ? [
            forbidden(
              'spec.providerID',
              'node updates may not change providerID except from "" to valid',
            ),
          ]
        : []),
    ]
  },
  unconditionalUpdate: true,
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

const validateTaint = (taint: unknown, index: number): FieldError[] => {
  const { key = '', effect = '' } = taint as { key?: string; effect?: string }
  return [
    ...(key === '' ? [required(`spec.taints[${index}].key`)] : []),
    ...(EFFECTS.includes(effect)
      ? []
      : [unsupported(`spec.taints[${index}].effect`, effect, EFFECTS)]),
  ]
}

export const serviceCidrStrategy: Strategy = {
  prepareCreate: cidr => {
    delete cidr['status']
  },
  prepareUpdate: (cidr, old) => keep(cidr, old, 'status'),
  prepareStatus: onlyStatus,
  validate: object => {
    const cidrs = listAt(object, 'spec', 'cidrs')
    const errors: FieldError[] = []
    if (cidrs.length === 0) errors.push(required('spec.cidrs', 'at least one CIDR required'))
    if (cidrs.length > 2) errors.push(tooMany('spec.cidrs', cidrs.length, 2))
    const parsed = cidrs.map(cidr => parseCidr(String(cidr)))
    parsed.forEach((cidr, index) => {
      const field = `spec.cidrs[${index}]`
      const given = cidrs[index]
      if (cidr === null)
        errors.push(
          invalid(field, given, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
        )
      else if (cidr.text !== given)
        errors.push(invalid(field, given, `must be in canonical form ("${cidr.text}")`))
    })
    if (parsed.length === 2 && parsed[0]?.family === parsed[1]?.family)
      errors.push(
        invalid('spec.cidrs', cidrs, 'may specify no more than one IP for each IP family'),
      )
    return errors
  },
  validateUpdate: (object, old) => immutable(object, old, 'spec.cidrs'),
  unconditionalUpdate: true,
}

export const ipAddressStrategy: Strategy = {
  validate: object => {
    const name = textAt(object, 'metadata', 'name')
    const parent = mapAt(object, 'spec', 'parentRef')
    return [
      ...(parseAddress(name)?.text === name
        ? []
        : [invalid('metadata.name', name, 'must be a valid IP address in canonical form')]),
      ...(Object.keys(parent).length === 0 ? [required('spec.parentRef')] : []),
      ...['resource', 'name']
        .filter(key => Object.keys(parent).length > 0 && textAt(parent, key) === '')
        .map(key => required(`spec.parentRef.${key}`)),
    ]
  },
  validateUpdate: (object, old) => immutable(object, old, 'spec.parentRef'),
  unconditionalUpdate: true,
}

/** The name of an IPAddress: an address as it is printed. */
export const addressNameFault = (name: string): string =>
  parseAddress(name)?.text === name ? '' : 'must be a valid IP address in canonical form'

export const leaseStrategy: Strategy = {
  validate: lease => {
    const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds')
    const transitions = numberAt(lease, 'spec', 'leaseTransitions')
    return [
      ...(seconds !== null && seconds <= 0
        ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
        : []),
      ...(transitions !== null && transitions < 0
        ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
        : []),
    ]
  },
  createOnUpdate: true,
}
