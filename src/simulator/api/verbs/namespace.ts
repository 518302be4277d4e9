/** Admission by namespace: nothing is created where there is none, or in one that is going. */
import { textAt } from '../../json.ts'
import type { Resource } from '../../resources/types.ts'
import { ApiError, forbiddenFor, notFound } from '../status.ts'
import type { Api } from '../types.ts'

const NAMESPACES = { group: '', plural: 'namespaces', kind: 'Namespace' }

export const admitNamespace = ({ store }: Api, resource: Resource, namespace: string): void => {
  const item = store.get('/namespaces', `/${namespace}`)
  if (item === undefined) throw notFound(NAMESPACES, namespace)
  if (textAt(item.object, 'metadata', 'deletionTimestamp') === '') return
  const refusal = forbiddenFor(
    resource,
    '',
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
  throw new ApiError(403, 'Forbidden', refusal.message, {
    details: {
      ...refusal.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  })
}

const PERMANENT = new Set(['default', 'kube-system', 'kube-public'])

/** Some namespaces are never deleted. */
export const admitNamespaceDeletion = (resource: Resource, name: string): void => {
  if (resource.id === '/namespaces' && PERMANENT.has(name))
    throw forbiddenFor(resource, name, 'this namespace may not be deleted')
}
