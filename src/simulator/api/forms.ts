/**
 * The forms an object can be asked for in: whole, as a row of a Table, or as its metadata. Pure but for the time that
 * ages are counted from.
 */
import { type JsonObject, mapAt } from '../json.ts'
import { groupVersion, type Resource } from '../resources/types.ts'
import type { Media } from './media.ts'

/** What a client wants in the rows of a Table: ?includeObject=. */
export type Included = 'Metadata' | 'Object' | 'None'

export interface Form {
  readonly media: Media
  readonly resource: Resource
  readonly included: Included
  /** Ms since 1970, read anew for each cell that wants it. */
  readonly now: number
}

/** One object in the form asked for; `headers` gives a table its column definitions. */
export const shaped = (object: JsonObject, form: Form, headers = true): JsonObject => {
  switch (form.media.as) {
    case 'Table':
      return tableOf([object], form, { resourceVersion: '' }, headers)
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return partial(object, form.media.version)
    case '':
    case 'APIGroupDiscoveryList':
    case 'OpenAPIv2':
      return object
  }
}

export const partial = (object: JsonObject, version: string): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: mapAt(object, 'metadata'),
})

export const tableOf = (
  objects: readonly JsonObject[],
  { resource, media, included, now }: Form,
  metadata: JsonObject,
  headers = true,
): JsonObject => ({
  kind: 'Table',
  apiVersion: `meta.k8s.io/${media.version}`,
  metadata,
  columnDefinitions: headers
    ? resource.columns.map(({ name, type, format, description, priority }) => ({
        name,
        type,
        format,
        description,
        priority,
      }))
    : [],
  rows: objects.map(object => ({
    cells: resource.columns.map(({ cell }) => cell(object, now)),
    ...(included === 'None'
      ? {}
      : { object: included === 'Object' ? object : partial(object, media.version) }),
  })),
})

export const includedOf = (query: URLSearchParams): Included => {
  const text = query.get('includeObject')
  return text === 'Object' || text === 'None' ? text : 'Metadata'
}

/** The kind and apiVersion of a list in the form asked for. */
export const listType = ({ media, resource }: Form): JsonObject =>
  media.as === 'PartialObjectMetadataList' || media.as === 'PartialObjectMetadata'
    ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${media.version}` }
    : { kind: `${resource.kind}List`, apiVersion: groupVersion(resource) }
