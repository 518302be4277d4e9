/**
 * Sources: the text of one file in, what becomes of each of its objects out. An object knows its lines, and is handed
 * on as soon as it is read, so that not all need to be there at once. JSON takes the short way; YAML is cut at its
 * document marks, so that a broken document costs only itself.
 */
import type { PlaceOf } from '../objects/read.ts'
import type { Place, Problem } from '../objects/types.ts'
import { readJson, splitJsonList } from './json.ts'
import { inheritedFrom, itemOf, objectsOf, opened, type RawObject } from './raw-object.ts'
import { readYaml } from './yaml.ts'

/** What was made of the objects of a text's sound documents, and the problems of the other documents. */
export interface ReadText<T> {
  readonly results: readonly T[]
  readonly problems: readonly Problem[]
}

/** Must not depend on what it made before: it may see the objects of a text twice. */
type Use<T> = (raw: RawObject) => T

/** Reads a file's text, as YAML or JSON, whichever it is. Never throws. */
export const readText = <T>(file: string, text: string, use: Use<T>): ReadText<T> =>
  (text.trimStart().startsWith('{') ? readJsonText(file, text, use) : undefined) ??
  readYamlText(file, text, use)

const readJsonText = <T>(file: string, text: string, use: Use<T>): ReadText<T> | undefined => {
  const results = readListItems(file, text, use)
  if (results !== undefined) return { results, problems: [] }
  const json = readJson(text)
  if (json === undefined) return undefined
  const { value, lineOf } = json
  const place: Place = { file, document: 1, line: 1 }
  const placeOf: PlaceOf = field => ({ ...place, line: lineOf(field) })
  return { results: objectsOf({ value, place, placeOf }).map(raw => use(raw)), problems: [] }
}

/** undefined: no JSON, or not a list of objects. */
const readListItems = <T>(file: string, text: string, use: Use<T>): readonly T[] | undefined => {
  const found = splitJsonList(text)
  const inherited = inheritedFrom(found?.list)
  if (found === undefined || inherited === undefined) return undefined
  const { items, lineOf } = found
  const placeOf: PlaceOf = field => ({ file, document: 1, line: lineOf(field) })
  const results: T[] = []
  let index = 0
  try {
    for (const { value, line } of items) {
      const place: Place = { file, document: 1, line }
      const item = itemOf(value, { inherited, index: index++, place, placeOf })
      for (const raw of opened(item)) results.push(use(raw))
    }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  return results
}

const readYamlText = <T>(file: string, text: string, use: Use<T>): ReadText<T> => {
  const results: T[] = []
  const problems: Problem[] = []
  for (const { text: part, line, document } of documentsOf(text)) {
    const place: Place = { file, document, line }
    const result = readYaml(part)
    if ('fault' in result) {
      problems.push(notYaml(result.fault, { ...place, line: line + result.line - 1 }))
      continue
    }
    const { value, lineOf } = result
    const placeOf: PlaceOf = field => ({ ...place, line: line + lineOf(field) - 1 })
    for (const raw of objectsOf({ value, place, placeOf })) results.push(use(raw))
  }
  return { results, problems }
}

const notYaml = (fact: string, place: Place): Problem => ({
  code: 'BAD_YAML',
  severity: 'error',
  subject: place.file,
  field: '',
  value: '',
  fact,
  consequence: 'document skipped',
  place,
})

interface DocumentText {
  readonly text: string
  /** Of its first line in the file, counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly document: number
}

// A line that starts with --- is a mark wherever it is: not even a quoted or literal text may hold one.
const MARK = /^---(?=\s|$)/gm

function* documentsOf(text: string): Generator<DocumentText> {
  const starts = [...text.matchAll(MARK)].map(({ index }) => index)
  const head = text.slice(0, starts[0] ?? text.length)
  let document = 1
  let line = 1
  if (HAS_CONTENT.test(head)) yield { text: head, line, document: document++ }
  line += lineEndsIn(head)
  for (const [at, start] of starts.entries()) {
    const part = text.slice(start, starts[at + 1] ?? text.length)
    yield { text: part, line, document: document++ }
    line += lineEndsIn(part)
  }
}

const HAS_CONTENT = /^[ \t]*[^\s#]/m

const lineEndsIn = (text: string): number => {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
