/** metadata: what every object must have in it, and what an update may not change. Values in, field errors out. */
import { type FieldError, forbidden, invalid, required, tooLong } from '../field-errors.ts'
import { equal, isObject, type JsonObject, listAt, mapAt, textAt } from '../json.ts'
import { labelValueFault, qualifiedFault } from './names.ts'
import type { Resource } from './types.ts'

const ANNOTATION_BYTES = 256 * 1024

export const validateMetadata = (resource: Resource, object: JsonObject): FieldError[] => {
  const metadata = mapAt(object, 'metadata')
  const name = textAt(metadata, 'name')
  const fault = name === '' ? '' : resource.nameFault(name)
  return [
    ...(name === '' ? [required('metadata.name', 'name or generateName is required')] : []),
    ...(fault === '' ? [] : [invalid('metadata.name', name, fault)]),
    ...validateLabels(mapAt(metadata, 'labels'), 'metadata.labels'),
    ...validateAnnotations(mapAt(metadata, 'annotations')),
    ...validateOwners(metadata),
    ...listAt(metadata, 'finalizers').flatMap((finalizer, index) => {
      const wrong = qualifiedFault(String(finalizer))
      return wrong === '' ? [] : [invalid(`metadata.finalizers[${index}]`, finalizer, wrong)]
    }),
  ]
}

/** Labels, or a selector made of labels. */
export const validateLabels = (labels: JsonObject, field: string): FieldError[] =>
  Object.entries(labels).flatMap(([key, value]) => {
    const [inKey, inValue] = [qualifiedFault(key), labelValueFault(String(value))]
    return [
      ...(inKey === '' ? [] : [invalid(field, key, inKey)]),
      ...(inValue === '' ? [] : [invalid(field, value, inValue)]),
    ]
  })

const validateAnnotations = (annotations: JsonObject): FieldError[] => {
  let size = 0
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + String(value).length
    const fault = qualifiedFault(key.toLowerCase())
    if (fault !== '') errors.push(invalid('metadata.annotations', key, fault))
  }
  if (size > ANNOTATION_BYTES) errors.push(tooLong('metadata.annotations', ANNOTATION_BYTES))
  return errors
}

const validateOwners = (metadata: JsonObject): FieldError[] => {
  const owners = listAt(metadata, 'ownerReferences')
  const errors = owners.flatMap((owner, index) =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter(key => textAt(owner, key) === '')
      .map(key => invalid(`metadata.ownerReferences[${index}].${key}`, '', 'must not be empty')),
  )
  const controllers = owners.filter(owner => isObject(owner) && owner['controller'] === true)
  if (controllers.length > 1)
    errors.push(
      invalid(
        'metadata.ownerReferences',
        owners,
        'Only one reference can have Controller set to true',
      ),
    )
  return errors
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp'] as const

export const validateMetadataUpdate = (object: JsonObject, old: JsonObject): FieldError[] => {
  const [metadata, before] = [mapAt(object, 'metadata'), mapAt(old, 'metadata')]
  const errors = IMMUTABLE.filter(key => !equal(metadata[key], before[key])).map(key =>
    invalid(`metadata.${key}`, metadata[key], 'field is immutable'),
  )
  if (before['deletionTimestamp'] === undefined) return errors
  const had = new Set(listAt(before, 'finalizers'))
  const added = listAt(metadata, 'finalizers').filter(one => !had.has(one))
  return added.length === 0
    ? errors
    : [
        ...errors,
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(one => JSON.stringify(one)).join(', ')}}`,
        ),
      ]
}

/** Fields of an object, or of both, that differ: `Invalid value: …: field is immutable`. */
export const immutable = (
  object: JsonObject,
  old: JsonObject,
  ...paths: readonly string[]
): FieldError[] =>
  paths.flatMap(path => {
    const keys = path.split('.')
    const key = keys.pop() ?? ''
    const [now, before] = [mapAt(object, ...keys)[key], mapAt(old, ...keys)[key]]
    return equal(now, before) ? [] : [invalid(path, now, 'field is immutable')]
  })
