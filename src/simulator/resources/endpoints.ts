/** EndpointSlices and Endpoints: defaults and validation. */
import { parseAddress } from '../../addresses.ts'
import { type FieldError, invalid, required, tooMany, unsupported } from '../field-errors.ts'
import {
  isObject,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  setDefault,
  textAt,
} from '../json.ts'
import { immutable } from './metadata.ts'
import { labelFault, subdomainFault } from './names.ts'
import type { Strategy } from './types.ts'

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PORT_RANGE = 'must be between 1 and 65535, inclusive'

export const sliceStrategy: Strategy = {
  defaults: slice => {
    setDefault(slice, 'endpoints', [])
    for (const port of listAt(slice, 'ports').filter(isObject)) {
      setDefault(port, 'name', '')
      setDefault(port, 'protocol', 'TCP')
    }
    for (const endpoint of listAt(slice, 'endpoints').filter(isObject))
      setDefault(endpoint, 'conditions', {})
  },
  validate: slice => {
    const type = textAt(slice, 'addressType')
    const endpoints = listAt(slice, 'endpoints')
    const errors: FieldError[] = []
    if (type === '') errors.push(required('addressType'))
    else if (!ADDRESS_TYPES.includes(type))
      errors.push(unsupported('addressType', type, ADDRESS_TYPES))
    if (endpoints.length > 1000) errors.push(tooMany('endpoints', endpoints.length, 1000))
    endpoints.forEach((endpoint, index) => {
      errors.push(...validateEndpoint(endpoint, `endpoints[${index}]`, type))
    })
    return [...errors, ...validatePorts(listAt(slice, 'ports'), 'ports', labelFault)]
  },
  validateUpdate: (slice, old) => immutable(slice, old, 'addressType'),
  unconditionalUpdate: true,
}

const validateEndpoint = (endpoint: Json, field: string, type: string): FieldError[] => {
  const addresses = listAt(endpoint, 'addresses')
  const errors: FieldError[] = []
  if (addresses.length === 0)
    errors.push(required(`${field}.addresses`, 'must contain at least 1 address'))
  if (addresses.length > 100) errors.push(tooMany(`${field}.addresses`, addresses.length, 100))
  addresses.forEach((address, index) => {
    errors.push(...validateAddress(String(address), `${field}.addresses[${index}]`, type))
  })
  const node = textAt(endpoint, 'nodeName')
  const fault = node === '' ? '' : subdomainFault(node)
  if (fault !== '') errors.push(invalid(`${field}.nodeName`, node, fault))
  return errors
}

const validateAddress = (address: string, field: string, type: string): FieldError[] => {
  if (type === 'FQDN') {
    const fault = subdomainFault(address)
    return fault === '' ? [] : [invalid(field, address, fault)]
  }
  const parsed = parseAddress(address)
  if (parsed === null)
    return [
      invalid(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
    ]
  if (type !== '' && parsed.family !== type)
    return [invalid(field, address, `must be an ${type} address`)]
  return forbiddenAddress(parsed.text, field)
}

const forbiddenAddress = (text: string, field: string): FieldError[] => {
  if (text === '0.0.0.0' || text === '::')
    return [invalid(field, text, `may not be unspecified (${text})`)]
  if (text.startsWith('127.') || text === '::1')
    return [invalid(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
  return text.startsWith('169.254.') || /^fe[89ab]/.test(text)
    ? [invalid(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
    : []
}

const validatePorts = (
  ports: readonly Json[],
  field: string,
  fault: (name: string) => string,
): FieldError[] => {
  const errors: FieldError[] = []
  const names = new Set<string>()
  if (ports.length > 20_000) errors.push(tooMany(field, ports.length, 20_000))
  ports.forEach((port, index) => {
    const own = `${field}[${index}]`
    const name = textAt(port, 'name')
    const wrong = name === '' ? '' : fault(name)
    if (wrong !== '') errors.push(invalid(`${own}.name`, name, wrong))
    if (names.has(name))
      errors.push({
        type: 'FieldValueDuplicate',
        field: own,
        message: `Duplicate value: ${JSON.stringify(name)}`,
      })
    names.add(name)
    const number = numberAt(port, 'port')
    if (number !== null && (number < 1 || number > 65535))
      errors.push(invalid(`${own}.port`, number, PORT_RANGE))
    const protocol = textAt(port, 'protocol')
    if (!PROTOCOLS.includes(protocol))
      errors.push(unsupported(`${own}.protocol`, protocol, PROTOCOLS))
  })
  return errors
}

export const endpointsStrategy: Strategy = {
  defaults: endpoints => {
    for (const subset of listAt(endpoints, 'subsets'))
      for (const port of listAt(subset, 'ports').filter(isObject))
        setDefault(port, 'protocol', 'TCP')
  },
  validate: endpoints =>
    listAt(endpoints, 'subsets').flatMap((subset, index) => {
      const field = `subsets[${index}]`
      const [ready, other] = [listAt(subset, 'addresses'), listAt(subset, 'notReadyAddresses')]
      return [
        ...(ready.length + other.length === 0
          ? [required(field, 'must specify `addresses` or `notReadyAddresses`')]
          : []),
        ...subsetAddresses(ready, `${field}.addresses`),
        ...subsetAddresses(other, `${field}.notReadyAddresses`),
        ...validatePorts(listAt(subset, 'ports'), `${field}.ports`, labelFault),
      ]
    }),
  unconditionalUpdate: true,
  createOnUpdate: true,
}

const subsetAddresses = (addresses: readonly Json[], field: string): FieldError[] =>
  addresses.flatMap((address, index) =>
    validateAddress(textAt(address, 'ip'), `${field}[${index}].ip`, ''),
  )

/** Only these fields of an EndpointSlice's kind matter to a service's list of addresses. */
export const readyAddresses = (slice: JsonObject): readonly string[] =>
  listAt(slice, 'endpoints').flatMap(endpoint => listAt(endpoint, 'addresses').map(String))
