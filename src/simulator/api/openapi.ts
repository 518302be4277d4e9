/**
 * /openapi/v2 and /openapi/v3: the second lists a document a group, each under a hash of its content, so that clients
 * may keep them. Documents are made when first asked for, and never change.
 */
import { createHash } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import { RESOURCES } from '../resources/table.ts'
import type { Media } from './media.ts'
import { pathsOf } from './openapi-paths.ts'
import { encodeOpenApiV2, OPENAPI_V2_REPLY } from './openapi-protobuf.ts'
import { type Flavour, schemasOf } from './openapi-schemas.ts'
import { VERSION } from './plain-paths.ts'
import { noSuchPath } from './status.ts'
import type { Reply } from './types.ts'

const V2: Flavour = { prefix: '#/definitions/', version: 2 }
const V3: Flavour = { prefix: '#/components/schemas/', version: 3 }
const INFO = { title: 'Kubernetes', version: VERSION.gitVersion }

/** "api/v1" or "apis/apps/v1" of each group that has resources. */
const ROOTS: ReadonlyMap<string, string> = new Map(
  [...new Set(RESOURCES.map(({ group }) => group))].map(group => [
    group === '' ? 'api/v1' : `apis/${group}/v1`,
    group,
  ]),
)

const documents = new Map<string, Promise<string>>()

const once = (name: string, make: () => Promise<JsonObject>): Promise<string> => {
  const known = documents.get(name) ?? make().then(document => JSON.stringify(document))
  documents.set(name, known)
  return known
}

/** Answers what is below /openapi. */
export const openApi = async (
  [version, ...rest]: readonly string[],
  media: Media,
): Promise<Reply> => {
  const json = (text: string): Reply => ({
    kind: 'text',
    code: 200,
    type: 'application/json',
    text,
  })
  if (version === 'v2' && rest.length === 0)
    return media.as === 'OpenAPIv2'
      ? { kind: 'text', code: 200, type: OPENAPI_V2_REPLY, text: await v2Protobuf() }
      : json(await once('v2', v2))
  if (version !== 'v3') throw noSuchPath()
  if (rest.length === 0) return { kind: 'object', code: 200, object: await index() }
  const root = rest.join('/')
  const group = ROOTS.get(root)
  if (group === undefined) throw noSuchPath()
  return json(await once(root, () => v3(group)))
}

const index = async (): Promise<JsonObject> => {
  const paths: JsonObject = {}
  for (const [root, group] of ROOTS) {
    const text = await once(root, () => v3(group))
    const hash = createHash('sha256').update(text).digest('hex').toUpperCase()
    paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }
  }
  return { paths }
}

const v3 = async (group: string): Promise<JsonObject> => {
  const resources = RESOURCES.filter(one => one.group === group)
  return {
    openapi: '3.0.0',
    info: INFO,
    paths: pathsOf(resources, V3),
    components: { schemas: await schemasOf(resources, V3) },
  }
}

const v2 = async (): Promise<JsonObject> => ({
  swagger: '2.0',
  info: INFO,
  paths: pathsOf(RESOURCES, V2),
  definitions: await schemasOf(RESOURCES, V2),
})

let encoded: Promise<Buffer> | undefined

const v2Protobuf = (): Promise<Buffer> => {
  encoded ??= v2().then(encodeOpenApiV2)
  return encoded
}
