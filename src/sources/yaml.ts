/**
 * Sources: one YAML document to a plain value, and the line of a field in it. What could keep the parser busy for
 * ever (nesting without end, bombs of aliases, sheer size) is refused beforehand.
 */
import {
  type DocumentOptions,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
} from 'yaml'
import { lineFinder } from './lines.ts'
import { type Offsets, readPlainYaml } from './plain-yaml.ts'
import { type ReadDocument, stepsOf } from './raw-object.ts'

export type YamlResult =
  | ReadDocument
  /** What is wrong with the document; `line` counts from 1 within the text. */
  | { readonly fault: string; readonly line: number }

/** Characters; the parser needs about a second for each 1.5 million. */
const LONGEST_DOCUMENT = 4_000_000
const DEEPEST_NESTING = 200
/** Looking up an alias takes time that grows with the number of anchors. */
const MOST_ALIASES = 1000

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions & { readonly logLevel: 'error' } = {
  // Comparing each key with all before it takes quadratic time; duplicates are looked for below.
  uniqueKeys: false,
  stringKeys: true,
  merge: true,
  prettyErrors: false,
  logLevel: 'error',
}

/** Reads one document: quickly where it is plain, else with the whole parser. Never throws. */
export const readYaml = (text: string): YamlResult => {
  const value = readPlainYaml(text)
  return value === undefined ? readAnyYaml(text) : { value, lineOf: lineFinderOfPlain(text) }
}

// Only a document with a problem is read again for its offsets, and then once.
const lineFinderOfPlain = (text: string): ((field: string) => number) => {
  const lineAt = lineFinder(text)
  const offsets: Offsets = new Map()
  let root: unknown
  return field => {
    root ??= readPlainYaml(text, offsets)
    let node = root
    let offset = firstOffset(node, offsets)
    for (const step of stepsOf(field)) {
      const next = isObject(node) ? offsets.get(node)?.get(step) : undefined
      if (next === undefined) break
      offset = next
      node = Reflect.get(Object(node), step)
    }
    return lineAt(offset)
  }
}

const isObject = (node: unknown): node is object => typeof node === 'object' && node !== null

const firstOffset = (node: unknown, offsets: Offsets): number => {
  const first = isObject(node) ? offsets.get(node)?.values().next().value : undefined
  return first ?? 0
}

/** Reads one document, whatever YAML has to offer. Never throws. */
export const readAnyYaml = (text: string): YamlResult => {
  try {
    const danger = dangerOf(text)
    if (danger !== null) return { fault: danger, line: 1 }
    const lines = new LineCounter()
    const document = parseDocument(text, { ...OPTIONS, lineCounter: lines })
    const [error] = document.errors
    if (error !== undefined)
      return { fault: `is not YAML: ${error.message}`, line: lines.linePos(error.pos[0]).line }
    const twice = repeatedKey(document.contents)
    if (twice !== null)
      return { fault: 'has the same key twice in a mapping', line: lines.linePos(twice).line }
    const value = document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown
    return { value, lineOf: lineFinderOfAny(text) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { fault: `is not YAML: ${reason}`, line: 1 }
  }
}

const lineFinderOfAny = (text: string): ((field: string) => number) => {
  const lines = new LineCounter()
  let root: unknown
  return field => {
    root ??= parseDocument(text, { ...OPTIONS, lineCounter: lines }).contents
    let node = root
    let offset = offsetOf(node)
    for (const step of stepsOf(field)) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
        if (pair === undefined) break
        offset = offsetOf(pair.key)
        node = pair.value
      } else if (isSeq(node) && typeof step === 'number') {
        if (!(step in node.items)) break
        node = node.items[step]
        offset = offsetOf(node)
      } else break
    }
    return lines.linePos(offset).line
  }
}

const offsetOf = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0

const dangerOf = (text: string): string | null => {
  if (text.length > LONGEST_DOCUMENT)
    return `is longer than ${LONGEST_DOCUMENT} characters and not in plain block style`
  let depth = 0
  let inLine = 0
  let aliases = 0
  for (const token of new Lexer().lex(text)) {
    const mark = token[0]
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    else if (token === '-') inLine++
    else if (mark === '\n' || mark === '\r') inLine = 0
    else if (mark === '*') aliases++
    if (depth + inLine > DEEPEST_NESTING) return `nests deeper than ${DEEPEST_NESTING} levels`
    if (aliases > MOST_ALIASES) return `has more than ${MOST_ALIASES} aliases`
  }
  return null
}

/** Where a mapping says the same key again; null: nowhere. */
const repeatedKey = (node: unknown): number | null => {
  if (isMap(node)) {
    const seen = new Set<unknown>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : key
      if (seen.has(name)) return offsetOf(key)
      seen.add(name)
      const inside = repeatedKey(value)
      if (inside !== null) return inside
    }
  } else if (isSeq(node)) {
    for (const item of node.items) {
      const inside = repeatedKey(item)
      if (inside !== null) return inside
    }
  }
  return null
}
