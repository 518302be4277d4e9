/** Continue tokens: where a paged list goes on, and at which revision. Opaque to clients; checked when they return. */
import { isObject, type Json, numberAt, textAt } from '../../json.ts'
import { badRequest } from '../status.ts'

export interface Page {
  /** 0: no limit. */
  readonly limit: number
  readonly after: string
  readonly revision: number
}

/** `revision` null: at whatever is newest when the client comes back. */
export const continueToken = (revision: number | null, after: string): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision ?? -1, start: after })).toString(
    'base64url',
  )

export const readToken = (
  token: string,
): { readonly revision: number | null; readonly after: string } => {
  const value = parsed(token)
  const revision = numberAt(value, 'rv')
  const after = textAt(value, 'start')
  if (!isObject(value) || revision === null || after === '')
    throw badRequest('continue key is not valid: encoded version is not supported')
  return { revision: revision < 0 ? null : revision, after }
}

const parsed = (token: string): Json => {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Json
  } catch {
    return null
  }
}
