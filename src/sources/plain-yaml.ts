/**
 * Sources: a quick reader for the plain YAML that kubectl prints: block mappings and lists, scalars on one line,
 * literal text. Whatever else YAML knows makes it give up, and the `yaml` library reads the document instead. A
 * cluster of 5,000 Services takes the library half a minute and this reader a second; that they agree is a law in
 * the tests.
 */
import { plainScalar, quotedScalar } from './plain-scalar.ts'

/** For each mapping and list that was read, the offsets at which its keys and items start. */
export type Offsets = Map<object, Map<string | number, number>>

/** The value of a document, or undefined where it is not plain. Fills `offsets` where given. */
export const readPlainYaml = (text: string, offsets: Offsets | null = null): unknown => {
  if (/[\t\r]/.test(text)) return undefined
  const cursor: Cursor = { text, offsets, at: 0, end: -1, column: -1, depth: 0 }
  if (text.startsWith('---')) cursor.end = lineEnd(text, 0)
  if (cursor.end > '---'.length) return undefined
  try {
    toNextLine(cursor)
    if (cursor.column < 0) return null
    const value = readNode(cursor)
    return cursor.column < 0 ? value : undefined
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

/** Ends the attempt from any depth; never leaves this file. */
class NotPlain extends Error {
  constructor() {
    super('not plain YAML')
    this.name = 'NotPlain'
  }
}

/** Stands on the content of a line: its first character that is no blank, or what follows a dash there. */
interface Cursor {
  readonly text: string
  readonly offsets: Offsets | null
  at: number
  /** Of the line: where its line end is. */
  end: number
  /** Of `at`; -1 behind the last line. */
  column: number
  depth: number
}

const DEEPEST = 100
/** Longer ones could exhaust the stack of a regular expression. */
const LONGEST_SCALAR = 100_000

const SPACE = 32
const DASH = 45
const HASH = 35
const LINE_END = 10

/** Moves to the next line that is neither blank nor a comment. */
const toNextLine = (cursor: Cursor): void => {
  const { text } = cursor
  let start = cursor.end + 1
  while (start < text.length) {
    let at = start
    while (text.charCodeAt(at) === SPACE) at++
    const mark = text.charCodeAt(at)
    const end = lineEnd(text, at)
    if (at < text.length && mark !== LINE_END && mark !== HASH) {
      cursor.at = at
      cursor.end = end
      cursor.column = at - start
      return
    }
    start = end + 1
  }
  cursor.column = -1
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

const readNode = (cursor: Cursor): unknown => {
  if (++cursor.depth > DEEPEST) throw new NotPlain()
  const { column } = cursor
  const node = isItem(cursor, cursor.at) ? readList(cursor, column) : readMapping(cursor, column)
  cursor.depth--
  return node
}

const isItem = ({ text, end }: Cursor, at: number): boolean =>
  text.charCodeAt(at) === DASH && (at + 1 === end || text.charCodeAt(at + 1) === SPACE)

const KEY = /[A-Za-z_][\w./-]*(?=:(?: |$))/my

const keyAt = ({ text }: Cursor, at: number): string | null => {
  KEY.lastIndex = at
  return KEY.exec(text)?.[0] ?? null
}

const readMapping = (cursor: Cursor, column: number): unknown => {
  const mapping: Record<string, unknown> = {}
  const places = placesOf(cursor, mapping)
  while (cursor.column === column) {
    const key = keyAt(cursor, cursor.at)
    // Assigning to __proto__ would not set a key; a repeated key is a fault, which the library words.
    if (key === null || key === '__proto__' || Object.hasOwn(mapping, key)) throw new NotPlain()
    places?.set(key, cursor.at)
    const from = skipBlanks(cursor, cursor.at + key.length + 1)
    mapping[key] = from < cursor.end ? readScalar(cursor, from, column) : readNested(cursor, column)
  }
  if (cursor.column > column) throw new NotPlain()
  return mapping
}

/** What a key has below it: a node further in, a list at its own column, or nothing. */
const readNested = (cursor: Cursor, column: number): unknown => {
  toNextLine(cursor)
  if (cursor.column > column) return readNode(cursor)
  return cursor.column === column && isItem(cursor, cursor.at) ? readList(cursor, column) : null
}

const readList = (cursor: Cursor, column: number): unknown => {
  const list: unknown[] = []
  const places = placesOf(cursor, list)
  while (cursor.column === column && isItem(cursor, cursor.at)) {
    places?.set(list.length, cursor.at)
    list.push(readItem(cursor, column))
  }
  if (cursor.column > column) throw new NotPlain()
  return list
}

const readItem = (cursor: Cursor, column: number): unknown => {
  const from = skipBlanks(cursor, cursor.at + 1)
  if (from >= cursor.end) {
    toNextLine(cursor)
    return cursor.column > column ? readNode(cursor) : null
  }
  if (!isItem(cursor, from) && keyAt(cursor, from) === null) return readScalar(cursor, from, column)
  cursor.column += from - cursor.at
  cursor.at = from
  return readNode(cursor)
}

const placesOf = ({ offsets }: Cursor, node: object): Map<string | number, number> | null => {
  if (offsets === null) return null
  const places = new Map<string | number, number>()
  offsets.set(node, places)
  return places
}

const skipBlanks = ({ text }: Cursor, from: number): number => {
  let at = from
  while (text.charCodeAt(at) === SPACE) at++
  return at
}

/** A scalar that starts at `from`, and the move to the line behind it. */
const readScalar = (cursor: Cursor, from: number, column: number): unknown => {
  const written = cursor.text.slice(from, cursor.end)
  if (written === '|' || written === '|-') return readLiteral(cursor, column, written === '|')
  if (written.length > LONGEST_SCALAR) throw new NotPlain()
  const value =
    written[0] === '"' || written[0] === "'" ? quotedScalar(written) : plainScalar(written)
  if (value === undefined) throw new NotPlain()
  toNextLine(cursor)
  // A line further in would continue the scalar.
  if (cursor.column > column) throw new NotPlain()
  return typeof value === 'string' ? ownText(value) : value
}

/** From this length on V8 makes a part of a string by pointing into the whole. */
const SHORTEST_SLICE = 13
const scratch = Buffer.alloc(256)

/**
 * The same characters, ASCII as all scalars here, in memory of their own: a name that is kept for long would else keep
 * the text of its whole file. No name that is kept is longer than the scratch.
 */
const ownText = (text: string): string =>
  text.length < SHORTEST_SLICE || text.length > scratch.length
    ? text
    : scratch.toString('latin1', 0, scratch.write(text, 'latin1'))

/** The lines below that stand further in than `column`; with one line end at the end, or none. */
const readLiteral = (cursor: Cursor, column: number, isClipped: boolean): string => {
  const { text } = cursor
  const lines: string[] = []
  let indent = -1
  let start = cursor.end + 1
  while (start < text.length) {
    const end = lineEnd(text, start)
    let at = start
    while (text.charCodeAt(at) === SPACE) at++
    const isBlank = at >= end
    if (!isBlank && at - start <= (indent < 0 ? column : indent - 1)) {
      if (at - start > column) throw new NotPlain()
      break
    }
    // Blanks alone in front of the first line could set the indent.
    if (indent < 0 && isBlank && at > start) throw new NotPlain()
    if (indent < 0 && !isBlank) indent = at - start
    lines.push(indent < 0 ? '' : text.slice(Math.min(start + indent, end), end))
    start = end + 1
  }
  cursor.end = start - 1
  toNextLine(cursor)
  if (indent < 0) throw new NotPlain()
  while (lines.at(-1) === '') lines.pop()
  return lines.join('\n') + (isClipped ? '\n' : '')
}
