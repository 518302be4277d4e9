/**
 * The OpenAPI v2 document in protobuf (openapi.v2.Document of gnostic): the only form in which client-go asks for it.
 * kubectl needs it to validate a List. Takes the document as JSON; only what our documents hold is written.
 */
import { isObject, type Json, type JsonObject, listAt, mapAt, textAt } from '../json.ts'

export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/** How the reply is labelled: the @ that clients ask with is no part of a media type. */
export const OPENAPI_V2_REPLY: string = OPENAPI_V2_PROTOBUF.replace('@', '.')

type Bytes = Buffer

const varint = (value: number): Bytes => {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** A field of wire type 2. */
const message = (number: number, ...parts: readonly Bytes[]): Bytes => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body])
}

const NOTHING: Bytes = Buffer.alloc(0)

const text = (number: number, value: Json | undefined): Bytes =>
  typeof value === 'string' && value !== '' ? message(number, Buffer.from(value)) : NOTHING

const texts = (number: number, values: readonly Json[]): readonly Bytes[] =>
  values.map(value => text(number, value))

const flag = (number: number, value: Json | undefined): Bytes =>
  value === true ? Buffer.concat([varint(number << 3), varint(1)]) : NOTHING

export const encodeOpenApiV2 = (document: JsonObject): Bytes =>
  Buffer.concat([
    text(1, document['swagger']),
    message(
      2,
      text(1, textAt(document, 'info', 'title')),
      text(2, textAt(document, 'info', 'version')),
    ),
    message(8, ...named(2, mapAt(document, 'paths'), pathItem)),
    message(9, ...named(1, mapAt(document, 'definitions'), schema)),
  ])

/** Members of a map, each a message of a name and a value. */
const named = (
  number: number,
  map: JsonObject,
  encode: (value: JsonObject) => readonly Bytes[],
): readonly Bytes[] =>
  Object.entries(map).map(([name, value]) =>
    message(number, text(1, name), message(2, ...encode(isObject(value) ? value : {}))),
  )

/** Members whose name starts with x-, their values as YAML, which JSON is. */
const extensions = (number: number, owner: JsonObject): readonly Bytes[] =>
  Object.entries(owner)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) =>
      message(number, text(1, name), message(2, text(2, JSON.stringify(value)))),
    )

const METHODS: readonly (readonly [string, number])[] = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['patch', 8],
]

const pathItem = (item: JsonObject): readonly Bytes[] => [
  ...METHODS.flatMap(([method, number]) => {
    const found = item[method]
    return isObject(found) ? [message(number, ...operation(found))] : []
  }),
  ...parameters(9, item),
]

const operation = (own: JsonObject): readonly Bytes[] => [
  ...texts(1, listAt(own, 'tags')),
  text(5, own['operationId']),
  ...texts(6, listAt(own, 'produces')),
  ...texts(7, listAt(own, 'consumes')),
  ...parameters(8, own),
  message(9, ...named(1, mapAt(own, 'responses'), response)),
  ...texts(10, listAt(own, 'schemes')),
  ...extensions(13, own),
]

const response = (own: JsonObject): readonly Bytes[] => [
  message(1, text(1, own['description']), message(2, message(1, ...schema(mapAt(own, 'schema'))))),
]

/** Each in three wrappings: of what kind it is, where it stands, and what it says. */
const parameters = (number: number, owner: JsonObject): readonly Bytes[] =>
  listAt(owner, 'parameters')
    .filter(isObject)
    .map(parameter => message(number, message(1, oneParameter(parameter))))

const oneParameter = (own: JsonObject): Bytes => {
  if (own['in'] === 'body')
    return message(
      1,
      text(2, own['name']),
      text(3, 'body'),
      flag(4, own['required']),
      message(5, ...schema(mapAt(own, 'schema'))),
    )
  const place = own['in'] === 'path' ? 4 : 3
  // A path parameter has no field for an empty value, so its type stands one field earlier.
  const typeField = place === 4 ? 5 : 6
  return message(
    2,
    message(
      place,
      flag(1, own['required']),
      text(2, own['in']),
      text(4, own['name']),
      text(typeField, own['type']),
    ),
  )
}

const schema = (own: JsonObject): readonly Bytes[] => {
  const { additionalProperties, items, properties } = own
  return [
    text(1, own['$ref']),
    text(2, own['format']),
    text(4, own['description']),
    ...texts(19, listAt(own, 'required')),
    isObject(additionalProperties)
      ? message(21, message(1, ...schema(additionalProperties)))
      : NOTHING,
    typeof own['type'] === 'string' ? message(22, text(1, own['type'])) : NOTHING,
    isObject(items) ? message(23, message(1, ...schema(items))) : NOTHING,
    isObject(properties) ? message(25, ...named(1, properties, schema)) : NOTHING,
    ...extensions(31, own),
  ]
}
