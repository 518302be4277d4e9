/**
 * A configuration file's text to plain data, with the line of each field (YAML, of which JSON is a part). Pure.
 */
import { isNode, LineCounter, parseDocument } from 'yaml'
import type { Place } from '../objects/types.ts'

export type Path = readonly (string | number)[]

export interface ConfigDocument {
  readonly content: unknown
  /** Where a field stands; the document's first line for what is not there. */
  placeOf(path: Path): Place
  readonly faults: readonly SyntaxFault[]
}

interface SyntaxFault {
  /** A key that stands twice: the later value holds. Anything else makes the file unreadable. */
  readonly repeatedKey: boolean
  readonly fact: string
  readonly place: Place
}

const FACTS: ReadonlyMap<string, string> = new Map([
  ['DUPLICATE_KEY', 'has the same field twice'],
  ['MULTIPLE_DOCS', 'holds more than one document, and a configuration is one'],
])

/** Reads one document. Never throws: what is wrong is in `faults`. */
export const readDocument = (text: string, file: string): ConfigDocument => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const placeAt = (offset: number): Place => ({
    file,
    document: 1,
    line: Math.max(1, lines.linePos(offset).line),
  })
  const faults = document.errors.map(({ code, message, pos: [offset] }) => ({
    repeatedKey: code === 'DUPLICATE_KEY',
    fact: FACTS.get(code) ?? `is not YAML: ${message}`,
    place: placeAt(offset),
  }))
  const readable = faults.every(({ repeatedKey }) => repeatedKey)
  return {
    content: readable ? document.toJS() : undefined,
    faults,
    placeOf: path => {
      const node = document.hasIn(path) ? document.getIn(path, true) : undefined
      return placeAt(isNode(node) ? (node.range?.[0] ?? 0) : 0)
    },
  }
}
