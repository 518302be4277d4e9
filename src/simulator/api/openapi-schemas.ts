/** Shapes as OpenAPI schemas, with Kubernetes' extensions for lists, maps and patches. */
import type { JsonObject } from '../json.ts'
import { RESOURCES } from '../resources/table.ts'
import type { Resource } from '../resources/types.ts'
import { describe } from '../schema/describe.ts'
import { RETAIN_KEYS } from '../schema/facts.ts'
import type { ListShape, Scalar, Shape, StructShape } from '../schema/shapes.ts'
import { structOf } from '../schema/shapes.ts'

/** The flavour of a document: where its schemas live, and how a reference carries a description. */
export interface Flavour {
  readonly prefix: string
  readonly version: 2 | 3
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const META_TYPES = new Set([
  'Condition',
  'DeleteOptions',
  'LabelSelector',
  'LabelSelectorRequirement',
  'ListMeta',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'OwnerReference',
  'Preconditions',
  'Status',
  'StatusCause',
  'StatusDetails',
])

/** A type's name in the documents, by the group that uses it first. */
const names = new Map<string, string>()

export const schemaName = (struct: StructShape): string => {
  if (names.size === 0) for (const resource of RESOURCES) nameAll(resource.shape, resource.group)
  return names.get(struct.model) ?? `${META}.${struct.name}`
}

const nameAll = (shape: Shape, group: string): void => {
  if (shape.kind === 'list' || shape.kind === 'map') nameAll(shape.of, group)
  if (shape.kind !== 'struct' || names.has(shape.model)) return
  const home = `io.k8s.api.${group === '' ? 'core' : (group.split('.')[0] ?? '')}.v1`
  names.set(shape.model, `${META_TYPES.has(shape.name) ? META : home}.${shape.name}`)
  for (const field of shape.fields.values()) nameAll(field, group)
}

const SCALARS: Readonly<Record<Scalar, JsonObject>> = {
  string: { type: 'string' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  bytes: { type: 'string', format: 'byte' },
  time: {},
  microtime: {},
  quantity: {},
  intOrString: {},
}

/** Scalars that are types of their own in the documents. */
const NAMED: Readonly<Partial<Record<Scalar, readonly [string, JsonObject]>>> = {
  time: [
    `${META}.Time`,
    {
      type: 'string',
      format: 'date-time',
      description:
        'Time is a wrapper around time.Time which supports correct marshaling to YAML and JSON.',
    },
  ],
  microtime: [
    `${META}.MicroTime`,
    {
      type: 'string',
      format: 'date-time',
      description: 'MicroTime is version of Time with microsecond level precision.',
    },
  ],
  quantity: [
    'io.k8s.apimachinery.pkg.api.resource.Quantity',
    { type: 'string', description: 'Quantity is a fixed-point representation of a number.' },
  ],
  intOrString: [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    {
      type: 'string',
      format: 'int-or-string',
      description: 'IntOrString is a type that can hold an int32 or a string.',
    },
  ],
}

/** Types that are text or a number; only the third version of OpenAPI can say so. */
const MIXED: Readonly<Record<string, JsonObject[]>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': [{ type: 'string' }, { type: 'number' }],
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': [{ type: 'integer' }, { type: 'string' }],
}

/** The schemas of some kinds and of everything below them, by name. */
export const schemasOf = async (
  resources: readonly Resource[],
  flavour: Flavour,
): Promise<JsonObject> => {
  const schemas: JsonObject = {}
  for (const [name, { type, ...schema }] of Object.values(NAMED)) {
    const mixed = flavour.version === 3 ? MIXED[name] : undefined
    schemas[name] = mixed === undefined ? { ...schema, type } : { ...schema, oneOf: mixed }
  }
  const queue: StructShape[] = [
    structOf('V1DeleteOptions'),
    structOf('V1Status'),
    structOf('V1ListMeta'),
  ]
  queue.push(...resources.map(({ shape }) => shape))
  for (let struct = queue.pop(); struct !== undefined; struct = queue.pop()) {
    const name = schemaName(struct)
    if (schemas[name] !== undefined) continue
    schemas[name] = {}
    schemas[name] = await structSchema(struct, flavour)
    for (const field of struct.fields.values()) queue.push(...structsIn(field))
  }
  for (const resource of resources) addKind(schemas, resource, flavour)
  return schemas
}

const structsIn = (shape: Shape): readonly StructShape[] => {
  if (shape.kind === 'list' || shape.kind === 'map') return structsIn(shape.of)
  return shape.kind === 'struct' ? [shape] : []
}

const structSchema = async (struct: StructShape, flavour: Flavour): Promise<JsonObject> => {
  const { description, fields } = await describe(struct.model)
  const properties: JsonObject = {}
  const required: string[] = []
  for (const [key, shape] of struct.fields) {
    const about = fields.get(key)
    properties[key] = propertySchema(shape, flavour, {
      description: about?.description ?? '',
      path: `${struct.name}.${key}`,
    })
    if (about?.required) required.push(key)
  }
  return {
    description,
    type: 'object',
    ...(struct.fields.size === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
    ...(struct.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

interface About {
  readonly description: string
  readonly path: string
}

const propertySchema = (
  shape: Shape,
  flavour: Flavour,
  { description, path }: About,
): JsonObject => {
  const schema = shapeSchema(shape, flavour)
  const extra = RETAIN_KEYS.has(path) ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {}
  const text = description === '' ? {} : { description }
  if (schema['$ref'] === undefined) return { ...text, ...schema, ...extra }
  return flavour.version === 3
    ? { ...text, allOf: [schema], ...extra }
    : { ...text, ...schema, ...extra }
}

const shapeSchema = (shape: Shape, flavour: Flavour): JsonObject => {
  switch (shape.kind) {
    case 'any':
      return { type: 'object' }
    case 'scalar': {
      const named = NAMED[shape.type]
      return named === undefined ? SCALARS[shape.type] : { $ref: `${flavour.prefix}${named[0]}` }
    }
    case 'struct':
      return { $ref: `${flavour.prefix}${schemaName(shape)}` }
    case 'map':
      return {
        type: 'object',
        additionalProperties: shapeSchema(shape.of, flavour),
        ...(shape.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      }
    case 'list':
      return listSchema(shape, flavour)
  }
}

const listSchema = (shape: ListShape, flavour: Flavour): JsonObject => ({
  type: 'array',
  items: shapeSchema(shape.of, flavour),
  'x-kubernetes-list-type': shape.type,
  ...(shape.type === 'map' ? { 'x-kubernetes-list-map-keys': [...shape.keys] } : {}),
  ...(shape.mergeKey === null
    ? {}
    : { 'x-kubernetes-patch-strategy': shape.retainKeys ? 'merge,retainKeys' : 'merge' }),
  ...(shape.mergeKey === null || shape.mergeKey === ''
    ? {}
    : { 'x-kubernetes-patch-merge-key': shape.mergeKey }),
})

const addKind = (schemas: JsonObject, resource: Resource, { prefix }: Flavour): void => {
  const { group, version, kind, shape } = resource
  const name = schemaName(shape)
  const own = schemas[name] as JsonObject
  own['x-kubernetes-group-version-kind'] = [{ group, kind, version }]
  schemas[`${name}List`] = {
    description: `${kind}List is a list of ${kind} objects.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `${prefix}${META}.ListMeta` },
      items: { type: 'array', items: { $ref: `${prefix}${name}` } },
    },
    'x-kubernetes-group-version-kind': [{ group, kind: `${kind}List`, version }],
  }
}
