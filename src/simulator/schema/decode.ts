/**
 * From JSON as a client sent it to an object that holds only fields the API knows, each of its declared type. Unknown
 * fields are left out and named; a value of the wrong type is an error in the words of Kubernetes' JSON decoder.
 */
import { isObject, type Json, type JsonObject, put } from '../json.ts'
import type { ListShape, Scalar, Shape, StructShape } from './shapes.ts'

/** A value does not fit its field's type. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodeError'
  }
}

export interface Decoded {
  readonly object: JsonObject
  /** Such as `unknown field "spec.ports[0].prot"`. */
  readonly strict: readonly string[]
}

/** Decodes a whole object. Throws DecodeError. */
export const decode = (shape: StructShape, value: JsonObject): Decoded => {
  const strict: string[] = []
  return { object: decodeStruct(shape, value, { strict, path: '', owner: shape.name }), strict }
}

interface At {
  readonly strict: string[]
  readonly path: string
  /** The struct that holds the value: Go's decoder names it. */
  readonly owner: string
}

const decodeValue = (shape: Shape, value: Json, at: At): Json | undefined => {
  switch (shape.kind) {
    case 'any':
      return value
    case 'scalar':
      return decodeScalar(shape.type, value, at)
    case 'struct':
      if (!isObject(value)) throw mismatch(value, at, `v1.${shape.name}`)
      return decodeStruct(shape, value, { ...at, owner: shape.name })
    case 'map':
      return decodeMap(shape.of, value, at)
    case 'list':
      return decodeList(shape, value, at)
  }
}

const decodeStruct = (shape: StructShape, value: JsonObject, at: At): JsonObject => {
  const out: JsonObject = {}
  for (const key of Object.keys(value)) {
    const field = shape.fields.get(key)
    const path = at.path === '' ? key : `${at.path}.${key}`
    if (field === undefined) {
      at.strict.push(`unknown field "${path}"`)
      continue
    }
    const given = value[key]
    if (given === null || given === undefined) continue
    const decoded = decodeValue(field, given, { strict: at.strict, path, owner: at.owner })
    if (decoded !== undefined) out[key] = decoded
  }
  return out
}

const decodeMap = (of: Shape, value: Json, at: At): JsonObject => {
  if (!isObject(value)) throw mismatch(value, at, 'map[string]string')
  const out: JsonObject = {}
  for (const [key, given] of Object.entries(value)) {
    const empty: Json = of.kind === 'scalar' ? '' : {}
    const absent = given === null || given === undefined
    const path = `${at.path}.${key}`
    put(out, key, absent ? empty : (decodeValue(of, given, { ...at, path }) ?? empty))
  }
  return out
}

const decodeList = (shape: ListShape, value: Json, at: At): Json[] => {
  if (!Array.isArray(value)) throw mismatch(value, at, '[]slice')
  return value.map((item, index) => {
    if (item === null) return shape.of.kind === 'scalar' ? '' : {}
    return decodeValue(shape.of, item, { ...at, path: `${at.path}[${index}]` }) ?? null
  })
}

const GO_TYPES: Readonly<Record<Scalar, string>> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  boolean: 'bool',
  time: 'v1.Time',
  microtime: 'v1.MicroTime',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  bytes: '[]uint8',
}

const decodeScalar = (type: Scalar, value: Json, at: At): Json => {
  const fail = (): DecodeError => mismatch(value, at, GO_TYPES[type])
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw fail()
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw fail()
      return value
    case 'double':
      if (typeof value !== 'number') throw fail()
      return value
    case 'int32':
    case 'int64':
      if (typeof value !== 'number' || !fits(value, type)) throw fail()
      return value
    case 'intOrString':
      if (typeof value === 'number' ? !fits(value, 'int32') : typeof value !== 'string')
        throw fail()
      return value
    case 'quantity':
      return decodeQuantity(value, at)
    case 'bytes':
      if (typeof value !== 'string') throw fail()
      if (!BASE64.test(value)) throw new DecodeError('illegal base64 data at input byte 0')
      return value
    case 'time':
    case 'microtime':
      return decodeTime(type, value, at)
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const QUANTITY = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

const fits = (value: number, type: 'int32' | 'int64'): boolean =>
  Number.isInteger(value) && (type === 'int64' || (value >= -2147483648 && value <= 2147483647))

const decodeQuantity = (value: Json, at: At): string => {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') throw mismatch(value, at, GO_TYPES.quantity)
  if (QUANTITY.test(text)) return text
  throw new DecodeError(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  )
}

const decodeTime = (type: 'time' | 'microtime', value: Json, at: At): string => {
  if (typeof value !== 'string') throw mismatch(value, at, GO_TYPES[type])
  const millis = TIME.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(millis))
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    )
  const utc = new Date(millis).toISOString()
  if (type === 'time') return `${utc.slice(0, 19)}Z`
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  return `${utc.slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`
}

const mismatch = (value: Json, at: At, type: string): DecodeError => {
  const path = at.path.replaceAll(/\[\d+\]/g, '')
  return new DecodeError(
    `json: cannot unmarshal ${jsonKind(value)} into Go struct field ${at.owner}.${path} of type ${type}`,
  )
}

const jsonKind = (value: Json): string => {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`
  return typeof value
}
