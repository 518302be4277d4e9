/**
 * Kubernetes' way of saying no: metav1.Status with its code, reason, message and causes. Everything that can go wrong
 * with a request is one of these, thrown as an ApiError.
 */
import type { FieldError } from '../field-errors.ts'
import type { JsonObject } from '../json.ts'

/** A refusal that the client is to see. */
export class ApiError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: JsonObject | undefined
  /** Seconds for a Retry-After header; 0: none. */
  readonly retryAfter: number
  /** With a 410 for a paged list: where to go on, at another revision. */
  readonly continueToken: string
  constructor(
    code: number,
    reason: string,
    message: string,
    {
      details,
      retryAfter = 0,
      continueToken = '',
    }: { details?: JsonObject; retryAfter?: number; continueToken?: string } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.reason = reason
    this.details = details
    this.retryAfter = retryAfter
    this.continueToken = continueToken
  }
}

/** The names that a message needs of a resource. */
export interface Named {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

export const statusOf = (error: ApiError): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: error.continueToken === '' ? {} : { continue: error.continueToken },
  status: 'Failure',
  message: error.message,
  ...(error.reason === '' ? {} : { reason: error.reason }),
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.code,
})

/** services "web", deployments.apps "web". */
const quoted = ({ group, plural }: Named, name: string): string =>
  `${plural}${group === '' ? '' : `.${group}`} "${name}"`

const detailsOf = ({ group, plural }: Named, name: string): JsonObject => ({
  name,
  ...(group === '' ? {} : { group }),
  kind: plural,
})

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

export const notFound = (resource: Named, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${quoted(resource, name)} not found`, {
    details: detailsOf(resource, name),
  })

/** A path that names nothing the server has. */
export const noSuchPath = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {
    details: {},
  })

export const alreadyExists = (resource: Named, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${quoted(resource, name)} already exists`, {
    details: detailsOf(resource, name),
  })

export const conflict = (resource: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${quoted(resource, name)}: ${why}`,
    { details: detailsOf(resource, name) },
  )

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

export const forbiddenFor = (resource: Named, name: string, why: string): ApiError => {
  const what = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`
  const subject = name === '' ? `${what} is` : `${what} "${name}" is`
  return new ApiError(403, 'Forbidden', `${subject} forbidden: ${why}`, {
    details: detailsOf(resource, name),
  })
}

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized')

export const methodNotAllowed = (): ApiError =>
  new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    { details: {} },
  )

export const notAcceptable = (): ApiError =>
  new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml',
  )

export const unsupportedMediaType = (types: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  )

export const tooLarge = (limit: number): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)

export const expired = (message: string, continueToken = ''): ApiError =>
  new ApiError(410, 'Expired', message, { continueToken })

export const futureRevision = (revision: number, current: number): ApiError =>
  new ApiError(504, 'Timeout', `Too large resource version: ${revision}, current: ${current}`, {
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
    retryAfter: 1,
  })

/** 422: the object is well-formed and wrong. */
export const invalidObject = (
  resource: Named,
  name: string,
  errors: readonly FieldError[],
): ApiError => {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`)
  const kind = `${resource.kind}${resource.group === '' ? '' : `.${resource.group}`}`
  return new ApiError(
    422,
    'Invalid',
    `${kind} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`,
    {
      details: {
        name,
        ...(resource.group === '' ? {} : { group: resource.group }),
        kind: resource.kind,
        causes: errors.map(({ type, field, message }) => ({ reason: type, message, field })),
      },
    },
  )
}
