/**
 * The reviews of authorization.k8s.io and authentication.k8s.io: a client asks what it, or somebody else, may do, or
 * who it is. Nothing of them is stored.
 */

import { badRequest, noSuchPath } from '../api/status.ts'
import type { User } from '../api/types.ts'
import { isObject, type Json, type JsonObject, listAt, mapAt, textAt } from '../json.ts'
import type { Attributes, Authorizer } from './rbac.ts'

export interface Review {
  readonly plural: string
  readonly namespace: string
  readonly user: User
  readonly body: Json
}

/** Gives the review with its status filled in. */
export const reviewed = (authorizer: Authorizer, review: Review): JsonObject => {
  const { plural, user, namespace, body } = review
  if (!isObject(body)) throw badRequest('the review must be an object')
  const spec = mapAt(body, 'spec')
  switch (plural) {
    case 'selfsubjectaccessreviews':
      return answer(body, access(authorizer, user, spec))
    case 'subjectaccessreviews':
    case 'localsubjectaccessreviews': {
      const other: User = {
        name: textAt(spec, 'user'),
        uid: textAt(spec, 'uid'),
        groups: listAt(spec, 'groups').map(String),
      }
      return answer(body, access(authorizer, other, spec, namespace))
    }
    case 'selfsubjectrulesreviews':
      return answer(body, rules(authorizer, user, textAt(spec, 'namespace')))
    case 'selfsubjectreviews': {
      const { name: username, uid, groups } = user
      const userInfo = { username, ...(uid === '' ? {} : { uid }), groups: [...groups] }
      return answer(body, { userInfo })
    }
    case 'tokenreviews':
      return answer(body, { authenticated: false, user: {}, error: 'token reviews are not served' })
  }
  throw noSuchPath()
}

const answer = (body: JsonObject, status: JsonObject): JsonObject => ({
  ...body,
  metadata: { creationTimestamp: null },
  status,
})

const access = (
  authorizer: Authorizer,
  user: User,
  spec: JsonObject,
  namespace = '',
): JsonObject => {
  const resource = spec['resourceAttributes']
  const path = spec['nonResourceAttributes']
  if (isObject(resource) === isObject(path))
    throw badRequest(
      'spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
  const attributes: Attributes = isObject(resource)
    ? {
        user,
        verb: textAt(resource, 'verb'),
        group: textAt(resource, 'group'),
        resource: [textAt(resource, 'resource'), textAt(resource, 'subresource')]
          .filter(part => part !== '')
          .join('/'),
        namespace: textAt(resource, 'namespace') || namespace,
        name: textAt(resource, 'name'),
        path: '',
      }
    : {
        user,
        verb: textAt(path, 'verb'),
        group: '',
        resource: '',
        namespace: '',
        name: '',
        path: textAt(path, 'path'),
      }
  return { allowed: authorizer.allows(attributes) }
}

const rules = (authorizer: Authorizer, user: User, namespace: string): JsonObject => {
  const all = authorizer.rulesFor(user, namespace)
  return {
    incomplete: false,
    resourceRules: all
      .filter(({ resources }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs: [...verbs],
        apiGroups: [...apiGroups],
        resources: [...resources],
        ...(resourceNames.length === 0 ? {} : { resourceNames: [...resourceNames] }),
      })),
    nonResourceRules: all
      .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({
        verbs: [...verbs],
        nonResourceURLs: [...nonResourceURLs],
      })),
  }
}
