/**
 * What is wrong with which field of an object, in the words of Kubernetes' field errors, and in the order in which
 * they were found.
 */
import type { Json } from './json.ts'

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueForbidden'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueTooLong'
  | 'FieldValueNotFound'
  | 'FieldValueTooMany'

export interface FieldError {
  readonly type: FieldErrorType
  readonly field: string
  /** What Kubernetes prints behind the field: 'Invalid value: "x": must be …'. */
  readonly message: string
}

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
})

export const invalid = (field: string, value: Json | undefined, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${shown(value)}: ${detail}`,
})

export const forbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})

export const unsupported = (
  field: string,
  value: Json | undefined,
  supported: readonly string[],
): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${shown(value)}: supported values: ${supported
    .map(one => JSON.stringify(one))
    .join(', ')}`,
})

export const duplicate = (field: string, value: Json | undefined): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${shown(value)}`,
})

export const tooLong = (field: string, bytes: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${bytes} bytes`,
})

export const tooMany = (field: string, count: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  message: `Too many: ${count}: must have at most ${max} items`,
})

const shown = (value: Json | undefined): string => {
  if (value === undefined || value === null) return 'null'
  return JSON.stringify(value)
}
