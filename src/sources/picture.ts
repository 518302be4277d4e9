/**
 * Sources: what all files together say. Contents of files in; one picture out, an object of each name once, with
 * the problems that only the whole shows; and the events that lead from one picture to the next. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import { objectKey } from '../objects/key.ts'
import type { ClusterEvent, ClusterObject, Place, Problem } from '../objects/types.ts'
import { type Claims, claimsOf, NO_CLAIMS } from './claims.ts'
import type { Spot } from './spot.ts'

/** A checked object and the way to its lines. */
export interface Placed {
  readonly object: ClusterObject
  readonly spot: Spot
}

export interface FileContent {
  readonly file: string
  readonly objects: readonly Placed[]
  /** Of the objects in it. */
  readonly problems: readonly Problem[]
  /** Of the text itself: some of it could not be read, so what is missing may only be unreadable. */
  readonly faults: readonly Problem[]
}

export type Objects = ReadonlyMap<string, ClusterObject>

export interface Picture {
  readonly objects: Objects
  readonly problems: readonly Problem[]
  readonly claims: Claims
}

/** Lays the files over one another in their order; of two objects with one name the later wins. `before`: of the last picture. */
export const pictureOf = (contents: Iterable<FileContent>, before: Claims = NO_CLAIMS): Picture => {
  const placed = new Map<string, Placed>()
  const problems: Problem[] = []
  for (const content of contents) {
    problems.push(...content.faults, ...content.problems)
    for (const item of content.objects) {
      const key = objectKey(item.object)
      const earlier = placed.get(key)
      if (earlier !== undefined) problems.push(duplicate(key, earlier, item))
      placed.set(key, item)
    }
  }
  const services: Placed[] = []
  for (const item of placed.values()) {
    const { object } = item
    if (object.kind === 'Service') services.push(item)
    if (object.kind === 'EndpointSlice' && !placed.has(serviceKey(object)))
      problems.push(dangling(object, item))
  }
  const claims = claimsOf(services, before)
  problems.push(...claims.problems)
  const objects = new Map([...placed].map(([key, { object }]) => [key, object]))
  return { objects, problems, claims }
}

/** What must be told to someone who knows `before`. Deletions come first. */
export const eventsBetween = (before: Objects, after: Objects): readonly ClusterEvent[] => {
  const events: ClusterEvent[] = []
  for (const [key, object] of before) {
    if (after.has(key)) continue
    const namespace = 'namespace' in object ? object.namespace : ''
    events.push({ type: 'delete', kind: object.kind, namespace, name: object.name })
  }
  for (const [key, object] of after) {
    const earlier = before.get(key)
    if (earlier !== object && !isDeepStrictEqual(earlier, object))
      events.push({ type: 'set', object })
  }
  return events
}

/** A broken file keeps the objects that can no longer be read in it: nobody said that they are gone. */
export const keepLost = (before: FileContent, after: FileContent): FileContent => {
  const found = new Set(after.objects.map(({ object }) => objectKey(object)))
  const lost = before.objects.filter(({ object }) => !found.has(objectKey(object)))
  if (after.faults.length === 0 || lost.length === 0) return after
  const what =
    lost.length === 1 ? '1 object read earlier stays' : `${lost.length} objects read earlier stay`
  const faults = after.faults.map(fault => ({ ...fault, consequence: `${what} as before` }))
  return { ...after, objects: [...lost, ...after.objects], faults }
}

const serviceKey = ({ namespace, service }: { namespace: string; service: string }): string =>
  objectKey({ kind: 'Service', namespace, name: service })

const duplicate = (subject: string, earlier: Placed, later: Placed): Problem => {
  const place = later.spot.placeOf('')
  return {
    code: 'DUPLICATE_OBJECT',
    severity: 'warning',
    subject,
    field: '',
    value: '',
    fact: `stands in ${shownPlace(earlier.spot.placeOf(''))} and again in ${shownPlace(place)}`,
    consequence: 'the later one counts',
    place,
  }
}

const shownPlace = ({ file, document, line }: Place): string =>
  `${file}, document ${document}, line ${line}`

const dangling = (
  slice: {
    readonly kind: string
    readonly namespace: string
    readonly name: string
    readonly service: string
  },
  { spot }: Placed,
): Problem => ({
  code: 'NO_SERVICE',
  severity: 'warning',
  subject: objectKey(slice),
  field: 'metadata.labels["kubernetes.io/service-name"]',
  value: JSON.stringify(slice.service),
  fact: 'names a Service that is in no file',
  consequence: 'the slice has no effect',
  place: spot.placeOf('metadata.labels["kubernetes.io/service-name"]'),
})
