/**
 * The shape of every API type that the server handles, built on first use from the type maps that the client library
 * generates out of Kubernetes' own OpenAPI, and from the facts beside this file. The decoder, the patches, server-side
 * apply and the OpenAPI documents all read these.
 */
import * as models from '@kubernetes/client-node'
import { ATOMIC_MAPS, ATOMIC_STRUCTS, BYTES, LISTS, PATCH_MERGE_KEYS, QUANTITIES } from './facts.ts'

export type Scalar =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'boolean'
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intOrString'
  | 'bytes'

export type Shape =
  | { readonly kind: 'scalar'; readonly type: Scalar }
  | StructShape
  | { readonly kind: 'map'; readonly of: Shape; readonly atomic: boolean }
  | ListShape
  | { readonly kind: 'any' }

export interface StructShape {
  readonly kind: 'struct'
  /** The class of the client library, such as V1ServicePort. */
  readonly model: string
  /** The type's name in Kubernetes, such as ServicePort. */
  readonly name: string
  readonly fields: ReadonlyMap<string, Shape>
  readonly atomic: boolean
}

export interface ListShape {
  readonly kind: 'list'
  readonly of: Shape
  readonly type: 'atomic' | 'set' | 'map'
  readonly keys: readonly string[]
  /** For strategic merge; "" for plain values, null to replace. */
  readonly mergeKey: string | null
  readonly retainKeys: boolean
}

interface Attribute {
  readonly baseName: string
  readonly type: string
  readonly format: string
}

const structs = new Map<string, StructShape>()

/** The shape of a class of the client library. Throws for one that does not exist. */
export const structOf = (model: string): StructShape => {
  const known = structs.get(model)
  if (known !== undefined) return known
  const name = kubernetesName(model)
  const fields = new Map<string, Shape>()
  const struct: StructShape = {
    kind: 'struct',
    model,
    name,
    fields,
    atomic: ATOMIC_STRUCTS.has(name),
  }
  structs.set(model, struct)
  for (const { baseName, type, format } of attributesOf(model))
    fields.set(baseName, shapeOf(type, format, `${name}.${baseName}`))
  return struct
}

/** V1ServicePort → ServicePort, DiscoveryV1EndpointPort → EndpointPort. */
const kubernetesName = (model: string): string =>
  model.replace(/^(?:Core|Discovery|Events|Rbac)?V\d+(?:(?:alpha|beta)\d+)?/, '')

const attributesOf = (model: string): readonly Attribute[] => {
  const found: unknown = Reflect.get(models, model)
  const read: unknown =
    typeof found === 'function' ? Reflect.get(found, 'getAttributeTypeMap') : undefined
  if (typeof read !== 'function') throw new Error(`the client library has no type ${model}`)
  return read.call(found) as readonly Attribute[]
}

const scalar = (type: Scalar): Shape => ({ kind: 'scalar', type })

const shapeOf = (type: string, format: string, path: string): Shape => {
  const list = /^Array<(.*)>$/.exec(type)?.[1]
  if (list !== undefined) return listOf(shapeOf(list, format, ''), path)
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
  if (map !== undefined)
    return { kind: 'map', of: mapValue(map, format, path), atomic: ATOMIC_MAPS.has(path) }
  if (QUANTITIES.has(path)) return scalar('quantity')
  switch (type) {
    case 'string':
      return scalar(format === 'byte' ? 'bytes' : 'string')
    case 'number':
      return scalar(format === 'int64' ? 'int64' : format === 'double' ? 'double' : 'int32')
    case 'boolean':
      return scalar('boolean')
    case 'Date':
      return scalar('time')
    case 'V1MicroTime':
      return scalar('microtime')
    case 'IntOrString':
      return scalar('intOrString')
    case 'any':
      return { kind: 'any' }
  }
  return structOf(type)
}

const mapValue = (type: string, format: string, path: string): Shape => {
  if (QUANTITIES.has(path)) return scalar('quantity')
  return BYTES.has(path) ? scalar('bytes') : shapeOf(type, format, '')
}

const listOf = (of: Shape, path: string): ListShape => {
  const fact = LISTS[path]
  return {
    kind: 'list',
    of,
    type: fact?.type ?? 'atomic',
    keys: fact?.keys ?? [],
    mergeKey: fact?.mergeKey ?? PATCH_MERGE_KEYS[path] ?? null,
    retainKeys: fact?.retainKeys ?? false,
  }
}
