/**
 * Objects: the name by which an object is known in maps and messages, `Service shop/web` or `Node node-a`.
 */

/** `Kind namespace/name`, or `Kind name` for what has no namespace. Unique among the objects of a cluster. */
export const objectKey = (object: {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}): string =>
  object.namespace === undefined || object.namespace === ''
    ? `${object.kind} ${object.name}`
    : `${object.kind} ${object.namespace}/${object.name}`
