/** The scale subresource: a workload's replicas as an autoscaling/v1 Scale, and back. */
import { clone, isObject, type JsonObject, mapAt, numberAt, textAt } from '../../json.ts'
import { badRequest } from '../status.ts'

export const scaleOf = (workload: JsonObject): JsonObject => {
  const {
    name = '',
    namespace = '',
    uid = '',
    resourceVersion = '',
    creationTimestamp = '',
  } = mapAt(workload, 'metadata')
  const labels = mapAt(workload, 'spec', 'selector', 'matchLabels')
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(workload, 'spec', 'replicas') ?? 0 },
    status: { replicas: numberAt(workload, 'status', 'replicas') ?? 0, selector },
  }
}

/** A workload with the replicas, and the resourceVersion if there is one, that a Scale asks for. */
export const scaled = (workload: JsonObject, scale: JsonObject): JsonObject => {
  const replicas = mapAt(scale, 'spec')['replicas'] ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || !isObject(scale))
    throw badRequest(
      'json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
    )
  const changed = clone(workload)
  mapAt(changed, 'spec')['replicas'] = replicas
  const version = textAt(scale, 'metadata', 'resourceVersion')
  if (version !== '') mapAt(changed, 'metadata')['resourceVersion'] = version
  return changed
}
