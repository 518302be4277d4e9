/** Pods: defaulting, what may change after creation, graceful deletion. */
import { type FieldError, forbidden, invalid } from '../field-errors.ts'
import {
  clone,
  equal,
  isObject,
  type JsonObject,
  listAt,
  mapAt,
  numberAt,
  textAt,
} from '../json.ts'
import { defaultPod, qosOf } from './pod-defaults.ts'
import { validatePodSpec } from './pod-validate.ts'
import type { Strategy } from './types.ts'

export const podStrategy: Strategy = {
  defaults: defaultPod,
  prepareCreate: pod => {
    pod['status'] = { phase: 'Pending', qosClass: qosOf(mapAt(pod, 'spec')) }
  },
  prepareUpdate: (pod, old) => {
    pod['status'] = old['status']
  },
  prepareStatus: (pod, old) => {
    pod['spec'] = old['spec']
    const status = mapAt(pod, 'status')
    if (textAt(status, 'qosClass') === '')
      pod['status'] = { ...status, qosClass: qosOf(mapAt(pod, 'spec')) }
  },
  validate: pod => validatePodSpec(mapAt(pod, 'spec'), 'spec'),
  validateUpdate: (pod, old) => [...validateSpecKept(pod, old), ...validateNodeName(pod, old)],
  grace: podGrace,
  generation: true,
  unconditionalUpdate: true,
}

/** A pod that no node runs, or that has ended, goes at once; another lingers until its kubelet lets it go. */
function podGrace(pod: JsonObject, asked: number | null): number {
  const phase = textAt(pod, 'status', 'phase')
  if (textAt(pod, 'spec', 'nodeName') === '' || phase === 'Failed' || phase === 'Succeeded')
    return 0
  return asked ?? numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30
}

const KEPT =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

const validateSpecKept = (pod: JsonObject, old: JsonObject): FieldError[] => {
  const spec = clone(mapAt(pod, 'spec'))
  const before = mapAt(old, 'spec')
  for (const key of ['activeDeadlineSeconds', 'schedulingGates', 'nodeName'])
    copyField(spec, before, key)
  for (const key of ['containers', 'initContainers']) sameImages(spec, before, key)
  const tolerations = listAt(spec, 'tolerations')
  if (listAt(before, 'tolerations').every(one => tolerations.some(other => equal(one, other))))
    copyField(spec, before, 'tolerations')
  return equal(spec, before) ? [] : [forbidden('spec', KEPT)]
}

const validateNodeName = (pod: JsonObject, old: JsonObject): FieldError[] => {
  const [name, before] = [textAt(pod, 'spec', 'nodeName'), textAt(old, 'spec', 'nodeName')]
  return name === before ? [] : [invalid('spec.nodeName', name, 'field is immutable')]
}

const copyField = (to: JsonObject, from: JsonObject, key: string): void => {
  if (from[key] === undefined) delete to[key]
  else to[key] = from[key]
}

const sameImages = (spec: JsonObject, before: JsonObject, key: string): void => {
  const old = listAt(before, key)
  listAt(spec, key).forEach((container, index) => {
    const then = old[index]
    if (isObject(container) && isObject(then) && container['name'] === then['name'])
      copyField(container, then, 'image')
  })
}
