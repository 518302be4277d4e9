/**
 * What the API server fills into a Service: defaults on every write, what an update may leave out because the server
 * had allocated it, and what goes when the type no longer wants it.
 */
import { equal, isObject, type JsonObject, listAt, mapAt, setDefault, textAt } from '../json.ts'

export const spec = (service: JsonObject): JsonObject => mapAt(service, 'spec')
export const ports = (service: JsonObject): JsonObject[] =>
  listAt(service, 'spec', 'ports').filter(isObject)

export const usesNodePorts = (service: JsonObject): boolean =>
  ['NodePort', 'LoadBalancer'].includes(textAt(service, 'spec', 'type'))

export const wantsNodePorts = (service: JsonObject): boolean =>
  textAt(service, 'spec', 'type') === 'NodePort' ||
  (textAt(service, 'spec', 'type') === 'LoadBalancer' &&
    spec(service)['allocateLoadBalancerNodePorts'] !== false)

export const wantsHealthCheckPort = (service: JsonObject): boolean =>
  textAt(service, 'spec', 'type') === 'LoadBalancer' &&
  textAt(service, 'spec', 'externalTrafficPolicy') === 'Local'

export const isExternallyAccessible = (service: JsonObject): boolean =>
  usesNodePorts(service) ||
  (textAt(service, 'spec', 'type') === 'ClusterIP' &&
    listAt(service, 'spec', 'externalIPs').length > 0)

export const isExternalName = (service: JsonObject): boolean =>
  textAt(service, 'spec', 'type') === 'ExternalName'

export const isHeadless = (service: JsonObject): boolean =>
  textAt(service, 'spec', 'clusterIP') === 'None'

export const defaultService = (service: JsonObject): void => {
  const own = spec(service)
  service['spec'] = own
  setDefault(own, 'sessionAffinity', 'None')
  defaultAffinity(own)
  if (textAt(own, 'type') === '') own['type'] = 'ClusterIP'
  for (const port of ports(service)) {
    if (textAt(port, 'protocol') === '') port['protocol'] = 'TCP'
    const target = port['targetPort']
    if (target === undefined || target === 0 || target === '')
      port['targetPort'] = port['port'] ?? 0
  }
  if (isExternallyAccessible(service) && textAt(own, 'externalTrafficPolicy') === '')
    own['externalTrafficPolicy'] = 'Cluster'
  if (!isExternalName(service)) setDefault(own, 'internalTrafficPolicy', 'Cluster')
  if (own['type'] === 'LoadBalancer') setDefault(own, 'allocateLoadBalancerNodePorts', true)
  for (const ingress of listAt(service, 'status', 'loadBalancer', 'ingress'))
    if (isObject(ingress) && textAt(ingress, 'ip') !== '') setDefault(ingress, 'ipMode', 'VIP')
  const status = mapAt(service, 'status')
  setDefault(status, 'loadBalancer', {})
  service['status'] = status
}

const defaultAffinity = (own: JsonObject): void => {
  if (own['sessionAffinity'] === 'None') delete own['sessionAffinityConfig']
  if (own['sessionAffinity'] !== 'ClientIP') return
  const config = mapAt(own, 'sessionAffinityConfig')
  const clientIP = mapAt(config, 'clientIP')
  setDefault(clientIP, 'timeoutSeconds', 10800)
  own['sessionAffinityConfig'] = { ...config, clientIP }
}

/** clusterIP and clusterIPs say the same, whichever of them the client wrote. */
export const normalizeClusterIPs = (service: JsonObject, old: JsonObject | null): void => {
  const own = spec(service)
  const [ip, list] = [textAt(own, 'clusterIP'), listAt(own, 'clusterIPs')]
  if (old === null) {
    if (ip !== '' && list.length === 0) own['clusterIPs'] = [ip]
    return
  }
  const before = spec(old)
  const listSame = equal(list, listAt(before, 'clusterIPs'))
  if (ip === textAt(before, 'clusterIP') || !listSame) return
  if (ip === '') delete own['clusterIPs']
  else own['clusterIPs'] = [ip]
}

/** An update that leaves out what the server had allocated keeps it. */
export const keepAllocated = (service: JsonObject, old: JsonObject): void => {
  const [own, before] = [spec(service), spec(old)]
  if (!isExternalName(service) && !isExternalName(old)) {
    if (textAt(own, 'clusterIP') === '' && before['clusterIP'] !== undefined)
      own['clusterIP'] = before['clusterIP']
    if (
      listAt(own, 'clusterIPs').length === 0 &&
      textAt(own, 'clusterIP') === textAt(before, 'clusterIP') &&
      before['clusterIPs'] !== undefined
    )
      own['clusterIPs'] = [...listAt(before, 'clusterIPs')]
    if (listAt(own, 'ipFamilies').length === 0 && before['ipFamilies'] !== undefined)
      own['ipFamilies'] = [...listAt(before, 'ipFamilies')]
    if (textAt(own, 'ipFamilyPolicy') === '' && before['ipFamilyPolicy'] !== undefined)
      own['ipFamilyPolicy'] = before['ipFamilyPolicy']
  }
  if (usesNodePorts(service) && usesNodePorts(old)) keepNodePorts(service, old)
  if (
    wantsHealthCheckPort(service) &&
    wantsHealthCheckPort(old) &&
    !own['healthCheckNodePort'] &&
    before['healthCheckNodePort'] !== undefined
  )
    own['healthCheckNodePort'] = before['healthCheckNodePort']
}

const keepNodePorts = (service: JsonObject, old: JsonObject): void => {
  const known = new Map(ports(old).map(port => [portKey(port), port['nodePort']]))
  const used = new Set(ports(service).map(port => `${port['protocol']}/${port['nodePort']}`))
  for (const port of ports(service)) {
    const before = known.get(portKey(port))
    if (!port['nodePort'] && before && !used.has(`${port['protocol']}/${before}`))
      port['nodePort'] = before
  }
}

const portKey = (port: JsonObject): string => `${port['protocol']}/${port['port']}`

/** What the old type had and the new one has no use for goes, unless the client changed it: then it is an error. */
export const dropTypeDependent = (service: JsonObject, old: JsonObject): void => {
  const [own, before] = [spec(service), spec(old)]
  const drop = (key: string): void => {
    if (equal(own[key], before[key])) delete own[key]
  }
  if (!isExternalName(old) && isExternalName(service)) {
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) drop(key)
    drop('internalTrafficPolicy')
  }
  if (usesNodePorts(old) && !usesNodePorts(service)) dropNodePorts(service, old)
  if (wantsHealthCheckPort(old) && !wantsHealthCheckPort(service)) drop('healthCheckNodePort')
  if (isExternallyAccessible(old) && !isExternallyAccessible(service)) drop('externalTrafficPolicy')
  if (textAt(old, 'spec', 'type') !== 'LoadBalancer' || textAt(own, 'type') === 'LoadBalancer')
    return
  drop('allocateLoadBalancerNodePorts')
  drop('loadBalancerClass')
}

const dropNodePorts = (service: JsonObject, old: JsonObject): void => {
  const had = new Set(ports(old).map(port => port['nodePort']))
  for (const port of ports(service)) if (had.has(port['nodePort'])) delete port['nodePort']
}
