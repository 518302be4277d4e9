/** ConfigMaps, Secrets, ServiceAccounts, Events and the RBAC kinds: the strategies of what is mostly data. */
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooLong,
  unsupported,
} from '../field-errors.ts'
import {
  equal,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  mapAt,
  put,
  setDefault,
  textAt,
} from '../json.ts'
import { immutable } from './metadata.ts'
import { configKeyFault } from './names.ts'
import type { Strategy } from './types.ts'

const MAX_BYTES = 1024 * 1024
const SEALED = 'field is immutable when `immutable` is set'

const validateData = (object: JsonObject, keys: readonly string[], total: string): FieldError[] => {
  const errors: FieldError[] = []
  let size = 0
  for (const field of keys)
    for (const [key, value] of Object.entries(mapAt(object, field))) {
      const fault = configKeyFault(key)
      if (fault !== '') errors.push(invalid(`${field}[${key}]`, key, fault))
      size += Buffer.byteLength(String(value))
    }
  if (size > MAX_BYTES) errors.push(tooLong(total, MAX_BYTES))
  return errors
}

const validateSealed = (
  object: JsonObject,
  old: JsonObject,
  keys: readonly string[],
): FieldError[] => {
  if (old['immutable'] !== true) return []
  const errors = object['immutable'] === true ? [] : [forbidden('immutable', SEALED)]
  for (const key of keys)
    if (!equal(mapAt(object, key), mapAt(old, key))) errors.push(forbidden(key, SEALED))
  return errors
}

export const configMapStrategy: Strategy = {
  validate: object => {
    const binary = mapAt(object, 'binaryData')
    return [
      ...validateData(object, ['data', 'binaryData'], ''),
      ...Object.keys(mapAt(object, 'data'))
        .filter(key => binary[key] !== undefined)
        .map(key => invalid(`data[${key}]`, key, `duplicate of key present in binaryData`)),
    ]
  },
  validateUpdate: (object, old) => validateSealed(object, old, ['data', 'binaryData']),
  unconditionalUpdate: true,
}

/** The keys that a Secret of a known type must have. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export const secretStrategy: Strategy = {
  defaults: secret => {
    if (textAt(secret, 'type') === '') secret['type'] = 'Opaque'
    const plain = mapAt(secret, 'stringData')
    if (Object.keys(plain).length > 0) {
      const data = { ...mapAt(secret, 'data') }
      for (const [key, value] of Object.entries(plain))
        put(data, key, Buffer.from(String(value)).toString('base64'))
      secret['data'] = data
    }
    delete secret['stringData']
  },
  validate: secret => [
    ...validateData(secret, ['data'], 'data'),
    ...(SECRET_KEYS[textAt(secret, 'type')] ?? [])
      .filter(key => mapAt(secret, 'data')[key] === undefined)
      .map(key => required(`data[${key}]`)),
  ],
  validateUpdate: (secret, old) => [
    ...immutable(secret, old, 'type'),
    ...validateSealed(secret, old, ['data']),
  ],
  unconditionalUpdate: true,
}

export const plainStrategy: Strategy = { unconditionalUpdate: true }

export const eventStrategy: Strategy = {
  validate: event => {
    const space = textAt(event, 'metadata', 'namespace')
    const about = textAt(event, 'involvedObject', 'namespace')
    return about === ''
      ? space === 'default' || space === 'kube-system'
        ? []
        : [mismatch(about)]
      : about === space
        ? []
        : [mismatch(about)]
  },
  unconditionalUpdate: true,
  createOnUpdate: true,
}

const mismatch = (namespace: string): FieldError =>
  invalid('involvedObject.namespace', namespace, 'does not match event.namespace')

const validateRules = (object: JsonObject): FieldError[] =>
  listAt(object, 'rules').flatMap((rule, index) => {
    const field = `rules[${index}]`
    const paths = listAt(rule, 'nonResourceURLs')
    if (listAt(rule, 'verbs').length === 0)
      return [required(`${field}.verbs`, 'verbs must contain at least one value')]
    if (paths.length > 0) return []
    return [
      ...(listAt(rule, 'apiGroups').length === 0
        ? [required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]
        : []),
      ...(listAt(rule, 'resources').length === 0
        ? [required(`${field}.resources`, 'resource rules must supply at least one resource')]
        : []),
    ]
  })

export const roleStrategy: Strategy = {
  defaults: role => setDefault(role, 'rules', []),
  validate: validateRules,
  unconditionalUpdate: true,
  createOnUpdate: true,
}

const SUBJECTS = ['ServiceAccount', 'User', 'Group']
const RBAC = 'rbac.authorization.k8s.io'

export const bindingStrategy: Strategy = {
  defaults: binding => {
    setDefault(mapAt(binding, 'roleRef'), 'apiGroup', RBAC)
    for (const subject of listAt(binding, 'subjects').filter(isObject))
      if (subject['kind'] === 'User' || subject['kind'] === 'Group')
        setDefault(subject, 'apiGroup', RBAC)
  },
  validate: binding => {
    const kinds =
      binding['kind'] === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole']
    const kind = textAt(binding, 'roleRef', 'kind')
    return [
      ...(kinds.includes(kind) ? [] : [unsupported('roleRef.kind', kind, kinds)]),
      ...(textAt(binding, 'roleRef', 'name') === '' ? [required('roleRef.name')] : []),
      ...listAt(binding, 'subjects').flatMap(validateSubject),
    ]
  },
  validateUpdate: (binding, old) =>
    equal(binding['roleRef'], old['roleRef'])
      ? []
      : [invalid('roleRef', binding['roleRef'], 'cannot change roleRef')],
  unconditionalUpdate: true,
  createOnUpdate: true,
}

const validateSubject = (subject: Json, index: number): FieldError[] => {
  const kind = textAt(subject, 'kind')
  return [
    ...(SUBJECTS.includes(kind) ? [] : [unsupported(`subjects[${index}].kind`, kind, SUBJECTS)]),
    ...(textAt(subject, 'name') === '' ? [required(`subjects[${index}].name`)] : []),
    ...(kind === 'ServiceAccount' && textAt(subject, 'namespace') === ''
      ? [required(`subjects[${index}].namespace`)]
      : []),
  ]
}
