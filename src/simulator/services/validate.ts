/** What the API server refuses in a Service, whatever was there before. Values in, field errors out. */
import { parseAddress, parseCidr } from '../../addresses.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  required,
  tooMany,
  unsupported,
} from '../field-errors.ts'
import { type JsonObject, listAt, mapAt, numberAt, textAt } from '../json.ts'
import { validateLabels } from '../resources/metadata.ts'
import { labelFault, portNameFault, qualifiedFault, subdomainFault } from '../resources/names.ts'
import {
  isExternallyAccessible,
  isExternalName,
  isHeadless,
  ports,
  spec,
  usesNodePorts,
  wantsHealthCheckPort,
} from './defaults.ts'
import { validateClusterIPs } from './validate-ips.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const POLICIES = ['Cluster', 'Local']
export const PORT_RANGE = 'must be between 1 and 65535, inclusive'

export const validateService = (service: JsonObject): FieldError[] => [
  ...validateType(service),
  ...validatePorts(service),
  ...validateLabels(mapAt(service, 'spec', 'selector'), 'spec.selector'),
  ...validateAffinity(service),
  ...validateClusterIPs(service),
  ...validateExternalIPs(service),
  ...validatePolicies(service),
  ...validateLoadBalancer(service),
]

const validateType = (service: JsonObject): FieldError[] => {
  const type = textAt(service, 'spec', 'type')
  if (!TYPES.includes(type)) return [unsupported('spec.type', type, TYPES)]
  if (type !== 'ExternalName') return validateHeadless(service, type)
  const name = textAt(service, 'spec', 'externalName').replace(/\.$/, '')
  const fault = name === '' ? '' : subdomainFault(name)
  return [
    ...(listAt(service, 'spec', 'clusterIPs').length > 0 ||
    textAt(service, 'spec', 'clusterIP') !== ''
      ? [forbidden('spec.clusterIPs', 'may not be set when `type` is `ExternalName`')]
      : []),
    ...(listAt(service, 'spec', 'ipFamilies').length > 0
      ? [forbidden('spec.ipFamilies', 'may not be set when `type` is `ExternalName`')]
      : []),
    ...(name === '' ? [required('spec.externalName')] : []),
    ...(fault === '' ? [] : [invalid('spec.externalName', name, fault)]),
  ]
}

/** What reaches a Service from outside needs an address inside to hold on to. */
const validateHeadless = (service: JsonObject, type: string): FieldError[] =>
  isHeadless(service) && type !== 'ClusterIP'
    ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
    : []

const validatePorts = (service: JsonObject): FieldError[] => {
  const all = ports(service)
  if (all.length === 0 && !isHeadless(service) && !isExternalName(service))
    return [required('spec.ports')]
  const errors = all.flatMap((port, index) => validatePort(port, `spec.ports[${index}]`, all))
  return [...errors, ...repeatedPorts(service)]
}

const validatePort = (
  port: JsonObject,
  field: string,
  all: readonly JsonObject[],
): FieldError[] => {
  const errors: FieldError[] = []
  const name = textAt(port, 'name')
  if (name === '' && all.length > 1) errors.push(required(`${field}.name`))
  const nameFault = name === '' ? '' : labelFault(name)
  if (nameFault !== '') errors.push(invalid(`${field}.name`, name, nameFault))
  if (name !== '' && all.find(other => other['name'] === name) !== port)
    errors.push(duplicate(`${field}.name`, name))
  const number = numberAt(port, 'port') ?? 0
  if (number < 1 || number > 65535) errors.push(invalid(`${field}.port`, number, PORT_RANGE))
  if (!PROTOCOLS.includes(textAt(port, 'protocol')))
    errors.push(unsupported(`${field}.protocol`, port['protocol'], PROTOCOLS))
  const target = port['targetPort']
  if (typeof target === 'number' && (target < 1 || target > 65535))
    errors.push(invalid(`${field}.targetPort`, target, PORT_RANGE))
  const targetFault = typeof target === 'string' ? portNameFault(target) : ''
  if (targetFault !== '') errors.push(invalid(`${field}.targetPort`, target, targetFault))
  const application = textAt(port, 'appProtocol')
  const protocolFault = application === '' ? '' : qualifiedFault(application)
  if (protocolFault !== '') errors.push(invalid(`${field}.appProtocol`, application, protocolFault))
  return errors
}

const repeatedPorts = (service: JsonObject): FieldError[] => {
  const errors: FieldError[] = []
  const [seen, nodes] = [new Set<string>(), new Set<string>()]
  for (const [index, port] of ports(service).entries()) {
    const key = `${port['protocol']}/${port['port']}`
    if (seen.has(key))
      errors.push(
        duplicate(`spec.ports[${index}]`, { port: port['port'], protocol: port['protocol'] }),
      )
    seen.add(key)
    if (!port['nodePort']) continue
    if (!usesNodePorts(service)) {
      errors.push(
        forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"),
      )
      continue
    }
    const node = `${port['protocol']}/${port['nodePort']}`
    if (nodes.has(node)) errors.push(duplicate(`spec.ports[${index}].nodePort`, port['nodePort']))
    nodes.add(node)
  }
  return errors
}

const validateAffinity = (service: JsonObject): FieldError[] => {
  const affinity = textAt(service, 'spec', 'sessionAffinity')
  if (affinity !== 'None' && affinity !== 'ClientIP')
    return [unsupported('spec.sessionAffinity', affinity, ['ClientIP', 'None'])]
  const seconds = numberAt(service, 'spec', 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds')
  if (affinity === 'None' || seconds === null || (seconds > 0 && seconds <= 86400)) return []
  return [
    invalid(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      seconds,
      'must be greater than 0 and less than 86400',
    ),
  ]
}

const validateExternalIPs = (service: JsonObject): FieldError[] =>
  listAt(service, 'spec', 'externalIPs').flatMap((ip, index) => {
    const field = `spec.externalIPs[${index}]`
    const address = parseAddress(String(ip))
    if (address === null)
      return [invalid(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
    const { text } = address
    if (text === '0.0.0.0' || text === '::')
      return [invalid(field, ip, `may not be unspecified (${text})`)]
    if (text.startsWith('127.') || text === '::1')
      return [invalid(field, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
    return text.startsWith('169.254.') || /^fe[89ab]/.test(text)
      ? [invalid(field, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
      : []
  })

const validatePolicies = (service: JsonObject): FieldError[] => {
  const own = spec(service)
  const errors: FieldError[] = []
  const external = textAt(own, 'externalTrafficPolicy')
  if (external !== '' && !isExternallyAccessible(service))
    errors.push(
      invalid(
        'spec.externalTrafficPolicy',
        external,
        'may only be set for externally-accessible services',
      ),
    )
  else if (external !== '' && !POLICIES.includes(external))
    errors.push(unsupported('spec.externalTrafficPolicy', external, POLICIES))
  const internal = textAt(own, 'internalTrafficPolicy')
  if (internal !== '' && !POLICIES.includes(internal))
    errors.push(unsupported('spec.internalTrafficPolicy', internal, POLICIES))
  const health = numberAt(own, 'healthCheckNodePort') ?? 0
  if (health !== 0 && !wantsHealthCheckPort(service))
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        health,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  const distribution = own['trafficDistribution']
  const known = ['PreferClose', 'PreferSameNode', 'PreferSameZone']
  if (distribution !== undefined && !known.includes(String(distribution)))
    errors.push(unsupported('spec.trafficDistribution', distribution, known))
  return errors
}

const validateLoadBalancer = (service: JsonObject): FieldError[] => {
  const own = spec(service)
  const errors: FieldError[] = []
  const balanced = textAt(own, 'type') === 'LoadBalancer'
  const ranges = listAt(own, 'loadBalancerSourceRanges')
  if (ranges.length > 0 && !balanced)
    errors.push(
      forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"),
    )
  ranges.forEach((range, index) => {
    if (parseCidr(String(range).trim()) === null)
      errors.push(
        invalid(
          `spec.loadBalancerSourceRanges[${index}]`,
          range,
          'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ),
      )
  })
  const className = own['loadBalancerClass']
  if (className !== undefined && !balanced)
    errors.push(
      forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"),
    )
  const fault = typeof className === 'string' ? qualifiedFault(className) : ''
  if (fault !== '') errors.push(invalid('spec.loadBalancerClass', className, fault))
  if (own['allocateLoadBalancerNodePorts'] !== undefined && !balanced)
    errors.push(
      forbidden(
        'spec.allocateLoadBalancerNodePorts',
        "may only be used when `type` is 'LoadBalancer'",
      ),
    )
  const families = listAt(own, 'ipFamilies')
  if (families.length > 2) errors.push(tooMany('spec.ipFamilies', families.length, 2))
  return errors
}
