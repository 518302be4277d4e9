/**
 * Request bodies: bytes in, checked values out. Too large, too deep, of an unknown type or malformed is an ApiError
 * of the status that Kubernetes documents for it.
 */
import type { IncomingMessage } from 'node:http'
import { parse as parseYaml } from 'yaml'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { resourceOfKind } from '../resources/table.ts'
import { DecodeError, decode } from '../schema/decode.ts'
import { decodeProtobuf, ProtobufError, UNSTORED } from '../schema/protobuf.ts'
import type { StructShape } from '../schema/shapes.ts'
import { factsOf } from './json-text.ts'
import { ApiError, badRequest, tooLarge, unsupportedMediaType } from './status.ts'

/** As kube-apiserver limits a request. */
export const MAX_BODY: number = 3 * 1024 * 1024

/** Reads a body to its end. Throws a 413 as soon as it is known to be too large. */
export const readBody = async (message: IncomingMessage): Promise<Buffer> => {
  const announced = Number(message.headers['content-length'] ?? '0')
  if (announced > MAX_BODY) throw tooLarge(MAX_BODY)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > MAX_BODY) throw tooLarge(MAX_BODY)
    chunks.push(bytes)
  }
  const only = chunks.length === 1 ? chunks[0] : undefined
  return only ?? Buffer.concat(chunks)
}

export interface Parsed {
  readonly value: Json
  readonly duplicates: readonly string[]
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const BODY_TYPES = ['application/json', 'application/yaml', PROTOBUF]

/** Reads JSON, YAML or protobuf, as the content type says; without one, JSON. */
export const parseBody = (bytes: Buffer, contentType: string): Parsed => {
  const type = contentType.split(';')[0]?.trim() ?? ''
  if (type === PROTOBUF) return { value: parseProtobuf(bytes), duplicates: [] }
  if (type === 'application/yaml') return parseYamlText(bytes.toString())
  if (type !== '' && type !== 'application/json') throw unsupportedMediaType(BODY_TYPES)
  return parseJsonText(bytes.toString())
}

export const parseJsonText = (text: string): Parsed => {
  const { duplicates, tooDeep } = factsOf(text)
  if (tooDeep) throw badRequest('json: the document nests too deep')
  try {
    return { value: JSON.parse(text) as Json, duplicates }
  } catch (cause) {
    throw malformed('json', cause)
  }
}

export const parseYamlText = (text: string): Parsed => {
  try {
    const value = parseYaml(text, { uniqueKeys: true, maxAliasCount: 100 }) as Json
    // Aliases may share or nest what the text does not show: a pass through text makes it a plain tree.
    return parseJsonText(JSON.stringify(value ?? null))
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    throw malformed('yaml', cause)
  }
}

const parseProtobuf = (bytes: Buffer): JsonObject => {
  try {
    return decodeProtobuf(
      bytes,
      (apiVersion, kind) => resourceOfKind(apiVersion, kind)?.shape ?? UNSTORED[kind]?.(),
    )
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause
    throw Object.assign(badRequest(cause.message), { cause })
  }
}

const malformed = (format: string, cause: unknown): ApiError => {
  const fact = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
  return Object.assign(badRequest(`couldn't read the request body as ${format}: ${fact}`), {
    cause,
  })
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/** From ?fieldValidation=; Warn when it is absent, as in Kubernetes. */
export const fieldValidationOf = (query: URLSearchParams): FieldValidation => {
  const text = query.get('fieldValidation') ?? 'Warn'
  if (text === '' || text === 'Warn') return 'Warn'
  if (text === 'Strict' || text === 'Ignore') return text
  throw new ApiError(
    422,
    'Invalid',
    ` "" is invalid: fieldValidation: Unsupported value: ${JSON.stringify(text)}: supported values: "Ignore", "Strict", "Warn"`,
  )
}

export interface DecodeHow {
  readonly validation: FieldValidation
  readonly duplicates: readonly string[]
  readonly warn: (text: string) => void
}

/**
 * An object of known fields only. Unknown and repeated fields are an error, warnings or nothing, as the client asked.
 */
export const decodeObject = (
  shape: StructShape,
  value: Json,
  { validation, duplicates, warn }: DecodeHow,
): JsonObject => {
  if (!isObject(value))
    throw badRequest('the object provided is unrecognized (must be of type object)')
  try {
    const { object, strict } = decode(shape, value)
    const faults = [...duplicates, ...strict]
    if (faults.length > 0 && validation === 'Strict')
      throw badRequest(
        `${shape.name} in version "v1" cannot be handled as a ${shape.name}: strict decoding error: ${faults.join(', ')}`,
      )
    if (validation === 'Warn') for (const fault of faults.slice(0, 50)) warn(fault)
    return object
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw badRequest(
      `${shape.name} in version "v1" cannot be handled as a ${shape.name}: ${cause.message}`,
    )
  }
}
