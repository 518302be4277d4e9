/** Acting as somebody else (kubectl --as): who may impersonate whom is a matter of RBAC like any other. */
import type { IncomingMessage } from 'node:http'
import type { Authorizer } from '../auth/rbac.ts'
import { forbiddenFor } from './status.ts'
import type { User } from './types.ts'

export const impersonated = (
  authorizer: Authorizer,
  user: User,
  { headers }: IncomingMessage,
): User => {
  const name = headers['impersonate-user']
  if (typeof name !== 'string' || name === '') return user
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
  const base = name.startsWith('system:serviceaccount:') ? ['system:serviceaccounts'] : []
  return { name, uid: '', groups: [...new Set([...groups, ...base, 'system:authenticated'])] }
}
