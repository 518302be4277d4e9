/**
 * Kubernetes' protobuf encoding of objects, as clients with typed Go structs send it: the magic bytes, an envelope that
 * names the kind (runtime.Unknown), and the object's message. Bytes in, the JSON that the same client might have sent out.
 */
import { type Json, type JsonObject, put } from '../json.ts'
import { NUMBERS_A } from './field-numbers-a.ts'
import { NUMBERS_B } from './field-numbers-b.ts'
import { type Scalar, type Shape, type StructShape, structOf } from './shapes.ts'

const MAGIC = Buffer.from('k8s\0')
const MAX_DEPTH = 100

/** The bytes are no message of the kind that they name. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtobufError'
  }
}

/** Decodes an object by the shape that `shapeOfKind` knows for its kind. Throws ProtobufError. */
export const decodeProtobuf = (
  bytes: Buffer,
  shapeOfKind: (apiVersion: string, kind: string) => StructShape | undefined,
): JsonObject => {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ProtobufError('the provided data does not appear to be a protobuf message')
  const envelope = fieldsOf(bytes.subarray(MAGIC.length))
  const typeMeta = fieldsOf(bytesOf(envelope.find(({ number }) => number === 1)))
  const apiVersion = textOf(typeMeta.find(({ number }) => number === 1))
  const kind = textOf(typeMeta.find(({ number }) => number === 2))
  const shape = shapeOfKind(apiVersion, kind)
  if (shape === undefined)
    throw new ProtobufError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    )
  const raw = bytesOf(envelope.find(({ number }) => number === 2))
  return { apiVersion, kind, ...decodeMessage(shape, raw, 0) }
}

interface Field {
  readonly number: number
  readonly value: bigint | Buffer
}

const bytesOf = (field: Field | undefined): Buffer =>
  Buffer.isBuffer(field?.value) ? field.value : Buffer.alloc(0)

const textOf = (field: Field | undefined): string => bytesOf(field).toString()

/** Splits a message into its fields; both fixed sizes come as bytes. */
const fieldsOf = (bytes: Buffer): readonly Field[] => {
  const fields: Field[] = []
  let at = 0
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new ProtobufError('unexpected EOF')
    at += length
    return bytes.subarray(at - length, at)
  }
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = take(1)[0] ?? 0
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw new ProtobufError('integer overflow')
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const number = key >>> 3
    const wire = key & 7
    if (wire === 0) fields.push({ number, value: varint() })
    else if (wire === 2) fields.push({ number, value: take(Number(varint())) })
    else if (wire === 1 || wire === 5) fields.push({ number, value: take(wire === 1 ? 8 : 4) })
    else throw new ProtobufError(`illegal wireType ${wire}`)
  }
  return fields
}

/** What a field number stands for: a field of the struct, or a message whose fields are inlined. */
interface Layout {
  readonly names: ReadonlyMap<number, string>
  readonly inlined: ReadonlyMap<number, Layout>
}

const layouts = new Map<string, Layout>()

const layoutOf = (model: string): Layout => {
  const known = layouts.get(model)
  if (known !== undefined) return known
  const layout = parseLayout(NUMBERS_A[model] ?? NUMBERS_B[model] ?? '')
  layouts.set(model, layout)
  return layout
}

const parseLayout = (text: string): Layout => {
  const names = new Map<number, string>()
  const inlined = new Map<number, Layout>()
  for (const [, name, number, outer, inner = ''] of text.matchAll(/(\w+):(\d+)|(\d+)\{([^}]*)\}/g))
    if (name !== undefined) names.set(Number(number), name)
    else inlined.set(Number(outer), parseLayout(inner))
  return { names, inlined }
}

const decodeMessage = (shape: StructShape, bytes: Buffer, depth: number): JsonObject => {
  if (depth > MAX_DEPTH) throw new ProtobufError('the message nests too deep')
  const out: JsonObject = {}
  fill(out, bytes, { shape, layout: layoutOf(shape.model), depth })
  return out
}

interface Context {
  readonly shape: StructShape
  readonly layout: Layout
  readonly depth: number
}

const fill = (out: JsonObject, bytes: Buffer, { shape, layout, depth }: Context): void => {
  for (const field of fieldsOf(bytes)) {
    const inner = layout.inlined.get(field.number)
    if (inner !== undefined) fill(out, bytesOf(field), { shape, layout: inner, depth })
    const name = layout.names.get(field.number)
    const type = name === undefined ? undefined : shape.fields.get(name)
    if (name === undefined || type === undefined) continue
    if (type.kind === 'list') append(out, name, decodeItem(type.of, field, depth))
    else if (type.kind === 'map') addEntry(out, name, { of: type.of, entry: bytesOf(field), depth })
    else keep(out, name, decodeItem(type, field, depth))
  }
}

/** Fields without a pointer in Go whose zero means that they are unset. */
const UNSET_WHEN_ZERO: ReadonlySet<string> = new Set([
  'availableReplicas',
  'count',
  'failed',
  'failureThreshold',
  'fullyLabeledReplicas',
  'generation',
  'healthCheckNodePort',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostPort',
  'initialDelaySeconds',
  'minReadySeconds',
  'nodePort',
  'observedGeneration',
  'periodSeconds',
  'publishNotReadyAddresses',
  'readOnly',
  'readyReplicas',
  'stdin',
  'stdinOnce',
  'succeeded',
  'successThreshold',
  'timeoutSeconds',
  'tty',
  'unavailableReplicas',
  'unschedulable',
  'updatedReplicas',
])

/** Go writes fields without a pointer even when they are unset; JSON leaves out what is empty. */
const keep = (out: JsonObject, name: string, value: Json | undefined): void => {
  if (value === undefined || value === '') return
  if ((value === 0 || value === false) && UNSET_WHEN_ZERO.has(name)) return
  put(out, name, value)
}

const append = (out: JsonObject, name: string, value: Json | undefined): void => {
  const list = out[name]
  if (Array.isArray(list)) list.push(value ?? null)
  else out[name] = [value ?? null]
}

const addEntry = (
  out: JsonObject,
  name: string,
  { of, entry, depth }: { of: Shape; entry: Buffer; depth: number },
): void => {
  const fields = fieldsOf(entry)
  const key = textOf(fields.find(({ number }) => number === 1))
  const value = fields.find(({ number }) => number === 2) ?? { number: 2, value: Buffer.alloc(0) }
  const found = out[name]
  const map: JsonObject =
    typeof found === 'object' && found !== null && !Array.isArray(found) ? found : {}
  // A list as a map's value (ExtraValue) is a message with the items in field 1.
  const items =
    of.kind === 'list'
      ? fieldsOf(bytesOf(value)).map(item => decodeItem(of.of, item, depth) ?? null)
      : null
  put(map, key, items ?? decodeItem(of, value, depth) ?? '')
  out[name] = map
}

const decodeItem = (shape: Shape, field: Field, depth: number): Json | undefined => {
  switch (shape.kind) {
    case 'struct':
      return decodeMessage(shape, bytesOf(field), depth + 1)
    case 'scalar':
      return decodeScalar(shape.type, field)
    case 'any':
      return decodeRaw(bytesOf(field))
    case 'list':
    case 'map':
      throw new ProtobufError('a list or map inside a list or map has no encoding')
  }
}

/** FieldsV1 and RawExtension hold JSON as bytes in field 1. */
const decodeRaw = (bytes: Buffer): Json | undefined => {
  const text = textOf(fieldsOf(bytes).find(({ number }) => number === 1))
  if (text === '') return undefined
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw Object.assign(new ProtobufError('raw JSON inside the message is malformed'), { cause })
  }
}

const decodeScalar = (type: Scalar, field: Field): Json | undefined => {
  const { value } = field
  switch (type) {
    case 'string':
      return textOf(field)
    case 'bytes':
      return bytesOf(field).toString('base64')
    case 'boolean':
      return value !== 0n
    case 'int32':
    case 'int64':
      return integerOf(value)
    case 'double':
      return Buffer.isBuffer(value) && value.length === 8 ? value.readDoubleLE() : 0
    case 'quantity':
      return textOf(fieldsOf(bytesOf(field)).find(({ number }) => number === 1))
    case 'intOrString':
      return decodeIntOrString(bytesOf(field))
    case 'time':
    case 'microtime':
      return decodeTime(type, bytesOf(field))
  }
}

const integerOf = (value: bigint | Buffer | undefined): number =>
  typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0

const decodeIntOrString = (bytes: Buffer): Json => {
  const fields = fieldsOf(bytes)
  const at = (wanted: number): Field | undefined => fields.find(({ number }) => number === wanted)
  return integerOf(at(1)?.value) === 1 ? textOf(at(3)) : integerOf(at(2)?.value)
}

const decodeTime = (type: 'time' | 'microtime', bytes: Buffer): string | undefined => {
  if (bytes.length === 0) return undefined
  const fields = fieldsOf(bytes)
  const seconds = integerOf(fields.find(({ number }) => number === 1)?.value)
  const nanos = integerOf(fields.find(({ number }) => number === 2)?.value)
  const date = new Date(seconds * 1000)
  // Go's zero time is how an unset timestamp looks here.
  if (Number.isNaN(date.getTime()) || seconds <= -62135596800) return undefined
  const text = date.toISOString().slice(0, 19)
  return type === 'time'
    ? `${text}Z`
    : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

/** Shapes of kinds that are sent but not stored. */
export const UNSTORED: Readonly<Record<string, () => StructShape>> = {
  Binding: () => structOf('V1Binding'),
  DeleteOptions: () => structOf('V1DeleteOptions'),
  Eviction: () => structOf('V1Eviction'),
  LocalSubjectAccessReview: () => structOf('V1LocalSubjectAccessReview'),
  Scale: () => structOf('V1Scale'),
  SelfSubjectAccessReview: () => structOf('V1SelfSubjectAccessReview'),
  SelfSubjectReview: () => structOf('V1SelfSubjectReview'),
  SelfSubjectRulesReview: () => structOf('V1SelfSubjectRulesReview'),
  SubjectAccessReview: () => structOf('V1SubjectAccessReview'),
  TokenReview: () => structOf('V1TokenReview'),
}
