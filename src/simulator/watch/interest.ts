/**
 * What a watcher can be interested in, as one word, so that an event is shown only to watchers that it may concern. A
 * cluster has a kubelet a node, each watching the pods of its own: without this, every event would be tried on them all.
 */
import { textAt } from '../json.ts'
import { type Item, nameOf } from '../store/types.ts'

/** Fields besides metadata.name that watchers select by in great numbers. */
const INDEXED: Readonly<Record<string, readonly string[]>> = {
  '/pods': ['spec', 'nodeName'],
}

const word = (resource: string, field: string, value: string): string =>
  `${resource} ${field}=${value}`

/** The interest of a watch: its resource, narrowed by a name or a field that the selector fixes. */
export const interestOf = (
  resource: string,
  name: string,
  fieldSelector: string | null,
): string => {
  if (name !== '') return word(resource, 'metadata.name', name)
  const indexed = INDEXED[resource]?.join('.')
  for (const part of (fieldSelector ?? '').split(',')) {
    const [, field, value] = /^([\w.]+)==?([\w.-]+)$/.exec(part) ?? []
    if (
      field !== undefined &&
      value !== undefined &&
      (field === 'metadata.name' || field === indexed)
    )
      return word(resource, field, value)
  }
  return resource
}

/** The interests that a version concerns: as it is, and as it was before. */
export const concerns = ({ resource, key, object, previous }: Item): readonly string[] => {
  const words = [resource, word(resource, 'metadata.name', nameOf(key))]
  const path = INDEXED[resource]
  if (path === undefined) return words
  const [now, before] = [textAt(object, ...path), textAt(previous?.object, ...path)]
  words.push(word(resource, path.join('.'), now))
  if (previous !== null && before !== now) words.push(word(resource, path.join('.'), before))
  return words
}
