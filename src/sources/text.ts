/**
 * Sources: the text of one file in, its objects out, each knowing its lines. JSON takes the short way; YAML is cut
 * at its document marks, so that a broken document costs only itself.
 */
import type { PlaceOf } from '../objects/read.ts'
import type { Problem } from '../objects/types.ts'
import { objectsOf, type ParsedText, type RawObject } from './raw-object.ts'
import { locateInYaml, parseYaml } from './yaml.ts'

/** Reads a file's text, as YAML or JSON, whichever it is. Never throws. */
export const parseText = (file: string, text: string): ParsedText => {
  const json = text.trimStart().startsWith('{') ? parseJson(text) : undefined
  if (json !== undefined) {
    const placeOf: PlaceOf = field => ({ file, document: 1, line: locateInYaml(text, field) })
    return { objects: objectsOf(json, placeOf), problems: [] }
  }
  const objects: RawObject[] = []
  const problems: Problem[] = []
  for (const { text: part, line, document } of documentsOf(text)) {
    const result = parseYaml(part)
    if ('fault' in result) {
      problems.push({
        code: 'BAD_YAML',
        severity: 'error',
        subject: file,
        field: '',
        value: '',
        fact: `is not YAML: ${result.fault}`,
        consequence: 'document skipped',
        place: { file, document, line: line + result.line - 1 },
      })
      continue
    }
    const placeOf: PlaceOf = field => ({
      file,
      document,
      line: line + locateInYaml(part, field) - 1,
    })
    objects.push(...objectsOf(result.value, placeOf))
  }
  return { objects, problems }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

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
