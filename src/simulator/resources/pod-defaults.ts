/** What the API server fills into a pod's spec, on its own or in the template of a workload. */
import { isObject, type JsonObject, listAt, mapAt, setDefault, textAt } from '../json.ts'

export const defaultPodSpec = (spec: JsonObject): void => {
  setDefault(spec, 'restartPolicy', 'Always')
  setDefault(spec, 'terminationGracePeriodSeconds', 30)
  setDefault(spec, 'dnsPolicy', 'ClusterFirst')
  setDefault(spec, 'securityContext', {})
  setDefault(spec, 'schedulerName', 'default-scheduler')
  if (textAt(spec, 'serviceAccountName') !== '')
    setDefault(spec, 'serviceAccount', textAt(spec, 'serviceAccountName'))
  for (const container of containersOf(spec)) defaultContainer(container)
  for (const volume of listAt(spec, 'volumes')) if (isObject(volume)) defaultVolume(volume)
}

export const containersOf = (spec: JsonObject): JsonObject[] =>
  [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')].filter(isObject)

const defaultContainer = (container: JsonObject): void => {
  setDefault(container, 'terminationMessagePath', '/dev/termination-log')
  setDefault(container, 'terminationMessagePolicy', 'File')
  setDefault(container, 'resources', {})
  const image = textAt(container, 'image')
  const tag = /[:@]([^:/]*)$/.exec(image)?.[1] ?? 'latest'
  if (textAt(container, 'imagePullPolicy') === '')
    container['imagePullPolicy'] = tag === 'latest' ? 'Always' : 'IfNotPresent'
  for (const port of listAt(container, 'ports'))
    if (isObject(port)) setDefault(port, 'protocol', 'TCP')
  for (const entry of listAt(container, 'env')) {
    const reference = isObject(entry) ? mapAt(entry, 'valueFrom', 'fieldRef') : {}
    if (textAt(reference, 'fieldPath') !== '') setDefault(reference, 'apiVersion', 'v1')
  }
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[key]
    if (isObject(probe)) defaultProbe(probe)
  }
}

const defaultProbe = (probe: JsonObject): void => {
  setDefault(probe, 'timeoutSeconds', 1)
  setDefault(probe, 'periodSeconds', 10)
  setDefault(probe, 'successThreshold', 1)
  setDefault(probe, 'failureThreshold', 3)
  const http = probe['httpGet']
  if (isObject(http)) {
    setDefault(http, 'path', '/')
    setDefault(http, 'scheme', 'HTTP')
  }
  const grpc = probe['grpc']
  if (isObject(grpc)) setDefault(grpc, 'service', '')
}

const defaultVolume = (volume: JsonObject): void => {
  if (Object.keys(volume).length === 1 && volume['name'] !== undefined) volume['emptyDir'] = {}
  for (const key of ['secret', 'configMap', 'projected', 'downwardAPI']) {
    const source = volume[key]
    if (isObject(source)) setDefault(source, 'defaultMode', 420)
  }
  const host = volume['hostPath']
  if (isObject(host)) setDefault(host, 'type', '')
}

/** What only a pod itself gets, by admission and by the rules of running. */
export const defaultPod = (pod: JsonObject): void => {
  const spec = mapAt(pod, 'spec')
  pod['spec'] = spec
  defaultPodSpec(spec)
  setDefault(spec, 'enableServiceLinks', true)
  setDefault(spec, 'priority', 0)
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority')
  if (textAt(spec, 'serviceAccountName') === '') {
    spec['serviceAccountName'] = 'default'
    spec['serviceAccount'] = 'default'
  }
  for (const container of containersOf(spec)) defaultRequests(container)
  const tolerations = listAt(spec, 'tolerations')
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])
    if (!tolerations.some(one => tolerates(one, key)))
      tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })
  spec['tolerations'] = tolerations
}

const tolerates = (toleration: unknown, key: string): boolean => {
  const { key: own = '', effect = '' } = toleration as { key?: string; effect?: string }
  return (own === '' || own === key) && (effect === '' || effect === 'NoExecute')
}

const defaultRequests = (container: JsonObject): void => {
  const resources = mapAt(container, 'resources')
  const limits = mapAt(resources, 'limits')
  if (Object.keys(limits).length === 0) return
  resources['requests'] = { ...limits, ...mapAt(resources, 'requests') }
}

/** Guaranteed, Burstable or BestEffort, from the requests and limits of all containers. */
export const qosOf = (spec: JsonObject): string => {
  const all = containersOf(spec)
  const some = all.some(
    one =>
      Object.keys(mapAt(one, 'resources', 'requests')).length > 0 ||
      Object.keys(mapAt(one, 'resources', 'limits')).length > 0,
  )
  if (!some) return 'BestEffort'
  const guaranteed = all.every(one =>
    ['cpu', 'memory'].every(key => {
      const limit = textAt(one, 'resources', 'limits', key)
      return limit !== '' && textAt(one, 'resources', 'requests', key) === limit
    }),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
