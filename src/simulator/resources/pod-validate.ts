/** What the API server refuses in a pod's spec. Paths start with the field that holds the spec. */
import { duplicate, type FieldError, invalid, required, unsupported } from '../field-errors.ts'
import { isObject, type Json, type JsonObject, listAt, numberAt, textAt } from '../json.ts'
import { labelFault, portNameFault } from './names.ts'

const RESTART = ['Always', 'OnFailure', 'Never']
const DNS = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const PULL = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export const validatePodSpec = (spec: JsonObject, field: string): FieldError[] => {
  const errors: FieldError[] = []
  const containers = listAt(spec, 'containers')
  if (containers.length === 0) errors.push(required(`${field}.containers`))
  const names = new Set<string>()
  const volumes = new Set(listAt(spec, 'volumes').map(volume => textAt(volume, 'name')))
  for (const key of ['containers', 'initContainers'])
    listAt(spec, key).forEach((container, index) => {
      const own = `${field}.${key}[${index}]`
      const name = textAt(container, 'name')
      if (names.has(name)) errors.push(duplicate(`${own}.name`, name))
      names.add(name)
      errors.push(...validateContainer(container, own, volumes))
    })
  const restart = textAt(spec, 'restartPolicy')
  if (!RESTART.includes(restart))
    errors.push(unsupported(`${field}.restartPolicy`, restart, RESTART))
  const dns = textAt(spec, 'dnsPolicy')
  if (!DNS.includes(dns)) errors.push(unsupported(`${field}.dnsPolicy`, dns, DNS))
  const grace = numberAt(spec, 'terminationGracePeriodSeconds')
  if (grace !== null && grace < 0)
    errors.push(
      invalid(
        `${field}.terminationGracePeriodSeconds`,
        grace,
        'must be greater than or equal to 0',
      ),
    )
  return [...errors, ...validateVolumes(spec, field)]
}

const validateVolumes = (spec: JsonObject, field: string): FieldError[] => {
  const seen = new Set<string>()
  return listAt(spec, 'volumes').flatMap((volume, index) => {
    const own = `${field}.volumes[${index}].name`
    const name = textAt(volume, 'name')
    const fault = name === '' ? '' : labelFault(name)
    const again = seen.has(name)
    seen.add(name)
    if (name === '') return [required(own)]
    if (fault !== '') return [invalid(own, name, fault)]
    return again ? [duplicate(own, name)] : []
  })
}

const validateContainer = (
  container: Json,
  field: string,
  volumes: ReadonlySet<string>,
): FieldError[] => {
  const errors: FieldError[] = []
  const name = textAt(container, 'name')
  const fault = name === '' ? '' : labelFault(name)
  if (name === '') errors.push(required(`${field}.name`))
  if (fault !== '') errors.push(invalid(`${field}.name`, name, fault))
  if (textAt(container, 'image') === '') errors.push(required(`${field}.image`))
  const pull = textAt(container, 'imagePullPolicy')
  if (!PULL.includes(pull)) errors.push(unsupported(`${field}.imagePullPolicy`, pull, PULL))
  listAt(container, 'ports').forEach((port, index) => {
    errors.push(...validatePort(port, `${field}.ports[${index}]`))
  })
  listAt(container, 'env').forEach((entry, index) => {
    if (textAt(entry, 'name') === '') errors.push(required(`${field}.env[${index}].name`))
  })
  listAt(container, 'volumeMounts').forEach((mount, index) => {
    const volume = textAt(mount, 'name')
    if (!volumes.has(volume))
      errors.push({
        type: 'FieldValueNotFound',
        field: `${field}.volumeMounts[${index}].name`,
        message: `Not found: ${JSON.stringify(volume)}`,
      })
    if (textAt(mount, 'mountPath') === '')
      errors.push(required(`${field}.volumeMounts[${index}].mountPath`))
  })
  return errors
}

const validatePort = (port: Json, field: string): FieldError[] => {
  const errors: FieldError[] = []
  const name = textAt(port, 'name')
  const fault = name === '' ? '' : portNameFault(name)
  if (fault !== '') errors.push(invalid(`${field}.name`, name, fault))
  const number = numberAt(port, 'containerPort')
  if (number === null || number === 0) errors.push(required(`${field}.containerPort`))
  else if (number < 1 || number > 65535)
    errors.push(invalid(`${field}.containerPort`, number, 'must be between 1 and 65535, inclusive'))
  const protocol = textAt(port, 'protocol')
  if (!PROTOCOLS.includes(protocol))
    errors.push(unsupported(`${field}.protocol`, protocol, PROTOCOLS))
  return errors
}

/** A label selector of a workload: required, and matching its own template. */
export const validateSelector = (object: JsonObject): FieldError[] => {
  const selector = isObject(object['spec']) ? object['spec']['selector'] : undefined
  const labels = textLabels(object)
  const empty =
    !isObject(selector) ||
    (Object.keys((selector['matchLabels'] ?? {}) as JsonObject).length === 0 &&
      listAt(selector, 'matchExpressions').length === 0)
  if (!isObject(selector)) return [required('spec.selector')]
  if (empty) return [invalid('spec.selector', selector, 'empty selector is invalid for deployment')]
  const wanted = Object.entries((selector['matchLabels'] ?? {}) as JsonObject)
  return wanted.every(([key, value]) => labels[key] === value)
    ? []
    : [
        invalid(
          'spec.template.metadata.labels',
          labels,
          '`selector` does not match template `labels`',
        ),
      ]
}

const textLabels = (object: JsonObject): JsonObject => {
  const template = isObject(object['spec']) ? object['spec']['template'] : undefined
  const metadata = isObject(template) ? template['metadata'] : undefined
  const labels = isObject(metadata) ? metadata['labels'] : undefined
  return isObject(labels) ? labels : {}
}
