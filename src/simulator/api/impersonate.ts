/** Acting as somebody else (kubectl --as): who may impersonate whom is a matter of RBAC like any other. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Authorizer } from '../auth/rbac.ts'
import { ApiError, forbiddenFor } from './status.ts'
import type { User } from './types.ts'

export const impersonated = (
  authorizer: Authorizer,
  user: User,
  { headers }: IncomingMessage,
): User => {
  const name = headers['impersonate-user']
  if (typeof name !== 'string' || name === '') {
    refuseRest(headers)
    return user
  }
  // Node joins repeated headers that it does not know with a comma; group names have none.
  const groups = String(headers['impersonate-group'] ?? '')
    .split(',')
    .map(group => group.trim())
    .filter(group => group !== '')
  for (const [resource, one] of [
    ['users', name],
    ...groups.map(group => ['groups', group]),
  ] as const) {
    const asked = {
      user,
      verb: 'impersonate',
      group: '',
      resource: resource ?? '',
      namespace: '',
      name: one ?? '',
      path: '',
    }
    if (!authorizer.allows(asked))
      throw forbiddenFor(
        { group: '', plural: resource ?? '', kind: '' },
        one ?? '',
        `User "${user.name}" cannot impersonate resource "${resource}" in API group "" at the cluster scope`,
      )
  }
  const base = accountGroups(name)
  return { name, uid: '', groups: [...new Set([...groups, ...base, 'system:authenticated'])] }
}

/** Whoever asks for less than they are must not get all that they are because they forgot to say who. */
const refuseRest = (headers: IncomingHttpHeaders): void => {
  const rest = Object.keys(headers).filter(key => /^impersonate-(group|uid|extra-)/.test(key))
  if (rest.length > 0)
    throw new ApiError(
      500,
      'InternalError',
      `Internal error occurred: requested ${rest.join(', ')} without impersonating a user`,
    )
}

/** A service account is one of all accounts and one of its namespace's. */
const accountGroups = (name: string): readonly string[] => {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? []
  return namespace === undefined
    ? []
    : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}
