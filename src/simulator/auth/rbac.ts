/**
 * Who may do what: roles and bindings as they are in the store, evaluated as Kubernetes' RBAC authorizer does. Rules
 * are read again only after an RBAC object has changed.
 */

import type { User } from '../api/types.ts'
import { type JsonObject, listAt, textAt } from '../json.ts'
import type { Item, Store } from '../store/types.ts'

export interface Attributes {
  readonly user: User
  readonly verb: string
  readonly group: string
  /** With its subresource: "pods/status". Empty for a path. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  /** The path, where the request is for no resource. */
  readonly path: string
}

export interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

export interface Authorizer {
  /** Whether a request is allowed. */
  allows(attributes: Attributes): boolean
  /** All rules that a user has in a namespace, for a review. */
  rulesFor(user: User, namespace: string): readonly Rule[]
}

const GROUP = 'rbac.authorization.k8s.io'

interface Grant {
  readonly subjects: readonly JsonObject[]
  readonly rules: readonly Rule[]
  /** Empty: everywhere. */
  readonly namespace: string
}

export const createAuthorizer = (store: Store): Authorizer => {
  let grants: readonly Grant[] = []
  let seen = -1
  const current = (): readonly Grant[] => {
    const revision = store.revision()
    if (seen !== revision && (seen < 0 || rbacChanged(store, seen, revision)))
      grants = readGrants(store)
    seen = revision
    return grants
  }
  const grantsOf = (user: User, namespace: string): readonly Grant[] =>
    current().filter(
      grant =>
        (grant.namespace === '' || grant.namespace === namespace) &&
        grant.subjects.some(subject => isSubject(subject, user, grant.namespace)),
    )
  return {
    allows: attributes => {
      const { user, namespace } = attributes
      if (user.groups.includes('system:masters')) return true
      return grantsOf(user, namespace).some(({ rules }) =>
        rules.some(rule => ruleAllows(rule, attributes)),
      )
    },
    rulesFor: (user, namespace) => {
      const all = grantsOf(user, namespace).flatMap(({ rules }) => rules)
      return user.groups.includes('system:masters') ? [...EVERYTHING, ...all] : all
    },
  }
}

const EVERYTHING: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
]

const rbacChanged = (store: Store, from: number, to: number): boolean => {
  if (from < store.compacted()) return true
  for (let revision = from + 1; revision <= to; revision++)
    if (store.event(revision)?.resource.startsWith(GROUP)) return true
  return false
}

const readGrants = (store: Store): readonly Grant[] => {
  const all = (plural: string): readonly Item[] =>
    store.list({
      resource: `${GROUP}/${plural}`,
      namespace: '',
      after: '',
      revision: Number.MAX_SAFE_INTEGER,
    })
  return [...all('clusterrolebindings'), ...all('rolebindings')].map(({ object, namespace }) => ({
    subjects: listAt(object, 'subjects') as JsonObject[],
    namespace,
    rules: rulesOf(store, object, namespace),
  }))
}

const rulesOf = (store: Store, binding: JsonObject, namespace: string): readonly Rule[] => {
  const name = textAt(binding, 'roleRef', 'name')
  const role =
    textAt(binding, 'roleRef', 'kind') === 'Role'
      ? store.get(`${GROUP}/roles`, `${namespace}/${name}`)
      : store.get(`${GROUP}/clusterroles`, `/${name}`)
  return listAt(role?.object, 'rules').map(rule => {
    const texts = (key: string): readonly string[] => listAt(rule, key).map(String)
    return {
      verbs: texts('verbs'),
      apiGroups: texts('apiGroups'),
      resources: texts('resources'),
      resourceNames: texts('resourceNames'),
      nonResourceURLs: texts('nonResourceURLs'),
    }
  })
}

const isSubject = (subject: JsonObject, user: User, namespace: string): boolean => {
  const name = textAt(subject, 'name')
  switch (textAt(subject, 'kind')) {
    case 'User':
      return name === user.name
    case 'Group':
      return user.groups.includes(name)
    case 'ServiceAccount':
      return (
        user.name === `system:serviceaccount:${textAt(subject, 'namespace') || namespace}:${name}`
      )
  }
  return false
}

const has = (list: readonly string[], value: string): boolean =>
  list.includes('*') || list.includes(value)

const ruleAllows = (rule: Rule, { verb, group, resource, name, path }: Attributes): boolean => {
  if (!has(rule.verbs, verb)) return false
  if (resource === '')
    return rule.nonResourceURLs.some(
      url =>
        url === path || url === '*' || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    )
  const sub = resource.includes('/') ? `*/${resource.slice(resource.indexOf('/') + 1)}` : null
  return (
    has(rule.apiGroups, group) &&
    (has(rule.resources, resource) || (sub !== null && rule.resources.includes(sub))) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  )
}
