/** Deployments, ReplicaSets, DaemonSets and Jobs: defaults, validation, what is fixed at creation. */
import { type FieldError, invalid, required, unsupported } from '../field-errors.ts'
import {
  ensureMap,
  isObject,
  type JsonObject,
  mapAt,
  numberAt,
  setDefault,
  textAt,
} from '../json.ts'
import { immutable } from './metadata.ts'
import { defaultPodSpec } from './pod-defaults.ts'
import { validatePodSpec, validateSelector } from './pod-validate.ts'
import type { Strategy } from './types.ts'

const keepStatus = (object: JsonObject, old: JsonObject): void => {
  if (old['status'] === undefined) delete object['status']
  else object['status'] = old['status']
}

const emptyStatus = (object: JsonObject): void => {
  object['status'] = {}
}

/** Only the status of an update counts: everything else stays. */
export const onlyStatus = (object: JsonObject, old: JsonObject): void => {
  object['spec'] = old['spec']
}

const template = (object: JsonObject): JsonObject => {
  const spec = ensureMap(object, 'spec')
  const own = ensureMap(spec, 'template')
  ensureMap(own, 'metadata')
  defaultPodSpec(ensureMap(own, 'spec'))
  return spec
}

const atLeastZero = (object: JsonObject, ...keys: readonly string[]): FieldError[] =>
  keys.flatMap(key => {
    const value = numberAt(object, 'spec', key)
    return value !== null && value < 0
      ? [invalid(`spec.${key}`, value, 'must be greater than or equal to 0')]
      : []
  })

const alwaysRestarts = (object: JsonObject): FieldError[] => {
  const policy = textAt(object, 'spec', 'template', 'spec', 'restartPolicy')
  return policy === 'Always'
    ? []
    : [unsupported('spec.template.spec.restartPolicy', policy, ['Always'])]
}

const podTemplate = (object: JsonObject): FieldError[] =>
  validatePodSpec(mapAt(object, 'spec', 'template', 'spec'), 'spec.template.spec')

const workload = {
  prepareCreate: emptyStatus,
  prepareUpdate: keepStatus,
  prepareStatus: onlyStatus,
  validateUpdate: (object: JsonObject, old: JsonObject) => immutable(object, old, 'spec.selector'),
  generation: true,
  unconditionalUpdate: true,
} satisfies Strategy

export const deploymentStrategy: Strategy = {
  ...workload,
  defaults: object => {
    const spec = template(object)
    setDefault(spec, 'replicas', 1)
    setDefault(spec, 'revisionHistoryLimit', 10)
    setDefault(spec, 'progressDeadlineSeconds', 600)
    const strategy = ensureMap(spec, 'strategy')
    setDefault(strategy, 'type', 'RollingUpdate')
    if (strategy['type'] !== 'RollingUpdate') return
    const rolling = ensureMap(strategy, 'rollingUpdate')
    setDefault(rolling, 'maxUnavailable', '25%')
    setDefault(rolling, 'maxSurge', '25%')
  },
  validate: object => {
    const strategy = mapAt(object, 'spec', 'strategy')
    const type = textAt(strategy, 'type')
    const errors = [
      ...atLeastZero(object, 'replicas', 'minReadySeconds', 'revisionHistoryLimit'),
      ...validateSelector(object),
      ...podTemplate(object),
      ...alwaysRestarts(object),
    ]
    if (type !== 'RollingUpdate' && type !== 'Recreate')
      errors.push(unsupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate']))
    if (type === 'Recreate' && strategy['rollingUpdate'] !== undefined)
      errors.push({
        type: 'FieldValueForbidden',
        field: 'spec.strategy.rollingUpdate',
        message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
      })
    const rolling = mapAt(strategy, 'rollingUpdate')
    if (isZero(rolling['maxUnavailable']) && isZero(rolling['maxSurge']))
      errors.push(
        invalid(
          'spec.strategy.rollingUpdate.maxUnavailable',
          rolling['maxUnavailable'],
          'may not be 0 when `maxSurge` is 0',
        ),
      )
    return errors
  },
}

const isZero = (value: unknown): boolean => value === 0 || value === '0%'

export const replicaSetStrategy: Strategy = {
  ...workload,
  defaults: object => setDefault(template(object), 'replicas', 1),
  prepareCreate: object => {
    object['status'] = { replicas: 0 }
  },
  validate: object => [
    ...atLeastZero(object, 'replicas', 'minReadySeconds'),
    ...validateSelector(object),
    ...podTemplate(object),
    ...alwaysRestarts(object),
  ],
}

export const daemonSetStrategy: Strategy = {
  ...workload,
  defaults: object => {
    const spec = template(object)
    setDefault(spec, 'revisionHistoryLimit', 10)
    const strategy = ensureMap(spec, 'updateStrategy')
    setDefault(strategy, 'type', 'RollingUpdate')
    if (strategy['type'] !== 'RollingUpdate') return
    const rolling = ensureMap(strategy, 'rollingUpdate')
    setDefault(rolling, 'maxUnavailable', 1)
    setDefault(rolling, 'maxSurge', 0)
  },
  prepareCreate: object => {
    object['status'] = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }
    setDefault(ensureMap(object, 'metadata'), 'annotations', {})
    setDefault(
      mapAt(object, 'metadata', 'annotations'),
      'deprecated.daemonset.template.generation',
      '1',
    )
  },
  validate: object => [
    ...atLeastZero(object, 'minReadySeconds', 'revisionHistoryLimit'),
    ...validateSelector(object),
    ...podTemplate(object),
    ...alwaysRestarts(object),
  ],
}

export const jobStrategy: Strategy = {
  ...workload,
  defaults: object => {
    const spec = template(object)
    if (spec['completions'] === undefined && spec['parallelism'] === undefined)
      spec['completions'] = 1
    setDefault(spec, 'parallelism', 1)
    setDefault(spec, 'backoffLimit', 6)
    setDefault(spec, 'completionMode', 'NonIndexed')
    setDefault(spec, 'suspend', false)
    setDefault(spec, 'manualSelector', false)
    setDefault(spec, 'podReplacementPolicy', 'TerminatingOrFailed')
  },
  prepareCreate: object => {
    object['status'] = {}
    const spec = mapAt(object, 'spec')
    if (spec['manualSelector'] !== true) selectByUid(object, spec)
  },
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    setDefault(mapAt(object, 'spec'), 'selector', mapAt(old, 'spec')['selector'] ?? {})
  },
  validate: object => {
    const policy = textAt(object, 'spec', 'template', 'spec', 'restartPolicy')
    const selector = mapAt(object, 'spec')['selector']
    return [
      ...atLeastZero(object, 'completions', 'parallelism', 'backoffLimit'),
      ...(isObject(selector) ? [] : [required('spec.selector')]),
      ...podTemplate(object),
      ...(policy === 'OnFailure' || policy === 'Never'
        ? []
        : [unsupported('spec.template.spec.restartPolicy', policy, ['OnFailure', 'Never'])]),
    ]
  },
  validateUpdate: (object, old) =>
    immutable(
      object,
      old,
      'spec.completions',
      'spec.selector',
      'spec.template',
      'spec.completionMode',
    ),
}

const selectByUid = (job: JsonObject, spec: JsonObject): void => {
  const uid = textAt(job, 'metadata', 'uid')
  const name = textAt(job, 'metadata', 'name')
  const metadata = ensureMap(ensureMap(spec, 'template'), 'metadata')
  Object.assign(ensureMap(metadata, 'labels'), {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  })
  spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
}
