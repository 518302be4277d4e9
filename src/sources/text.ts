/**
 * Sources: the text of one file in, its objects out, each knowing its lines. JSON takes the short way; YAML is cut
 * at its document marks, so that a broken document costs only itself.
 */
import type { PlaceOf } from '../objects/read.ts'
import type { Place, Problem } from '../objects/types.ts'
import { readJson } from './json.ts'
import { objectsOf, type ParsedText, type RawObject } from './raw-object.ts'
import { readYaml } from './yaml.ts'

/** Reads a file's text, as YAML or JSON, whichever it is. Never throws. */
export const parseText = (file: string, text: string): ParsedText => {
  const json = text.trimStart().startsWith('{') ? readJson(text) : undefined
  if (json !== undefined) {
    const placeOf: PlaceOf = field => ({ file, document: 1, line: json.lineOf(field) })
    return { objects: objectsOf(json.value, placeOf), problems: [] }
  }
  const objects: RawObject[] = []
  const problems: Problem[] = []
  for (const { text: part, line, document } of documentsOf(text)) {
    const result = readYaml(part)
    if ('fault' in result) {
      problems.push(notYaml(result.fault, { file, document, line: line + result.line - 1 }))
      continue
    }
    const { value, lineOf } = result
    const placeOf: PlaceOf = field => ({ file, document, line: line + lineOf(field) - 1 })
    objects.push(...objectsOf(value, placeOf))
  }
  return { objects, problems }
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
