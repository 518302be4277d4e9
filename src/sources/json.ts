/**
 * Sources: a JSON text to its value, whole or item by item, and the line of a field in it. Lines are looked for only
 * when something is wrong, by skipping over the text; the items of a list are found once, so that many faults stay
 * cheap.
 */
import { lineFinder } from './lines.ts'
import { type ReadDocument, stepsOf } from './raw-object.ts'

/** undefined: not JSON. */
export const readJson = (text: string): ReadDocument | undefined => {
  try {
    return { value: JSON.parse(text) as unknown, lineOf: lineFinderOf(text) }
  } catch {
    return undefined
  }
}

/** A mapping with a list under `items`, as kubectl prints many objects. */
export interface JsonList {
  /** The mapping, its items left out. */
  readonly list: unknown
  /** Each is parsed when it is asked for; asking throws a SyntaxError where the text is no JSON. */
  readonly items: Iterable<JsonItem>
  readonly lineOf: (field: string) => number
}

export interface JsonItem {
  readonly value: unknown
  /** Where it starts, counted from 1. */
  readonly line: number
}

/** undefined: not JSON, or JSON of another shape. */
export const splitJsonList = (text: string): JsonList | undefined => {
  const spans = spansOfItems(text)
  if (spans === undefined) return undefined
  try {
    const head = text.slice(0, spans.start)
    const list: unknown = JSON.parse(`${head}[]${text.slice(spans.end)}`)
    return { list, items: parsedItems(text, spans), lineOf: lineFinderOf(text) }
  } catch {
    return undefined
  }
}

function* parsedItems(text: string, { starts, ends }: Spans): Generator<JsonItem> {
  let line = 1
  let lineEnd = text.indexOf('\n')
  for (const [at, start] of starts.entries()) {
    for (; lineEnd >= 0 && lineEnd < start; lineEnd = text.indexOf('\n', lineEnd + 1)) line++
    yield { value: JSON.parse(text.slice(start, ends[at])) as unknown, line }
  }
}

/** A list in a text, and its items. */
interface Spans {
  readonly start: number
  readonly end: number
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Where the last list stands that is called `items`; undefined where the text cannot be cut there. */
const spansOfItems = (text: string): Spans | undefined => {
  const open = skipBlanks(text, 0)
  if (text[open] !== '{') return undefined
  let found: Spans | undefined
  let start = skipBlanks(text, open + 1)
  while (text[start] === '"') {
    const keyEnd = skipString(text, start)
    const key = text.slice(start, keyEnd)
    const value = skipBlanks(text, skipBlanks(text, keyEnd) + 1)
    // Another spelling of the same key could follow, and would count.
    if (key.includes('\\')) return undefined
    const isList = key === '"items"' && text[value] === '['
    if (isList) found = spansOf(text, value)
    if (isList ? found === undefined : key === '"items"') return undefined
    start = nextMember(text, isList ? (found?.end ?? value) : skipValue(text, value))
  }
  return found
}

/** undefined: what stands between the items is no JSON. */
const spansOf = (text: string, list: number): Spans | undefined => {
  const starts: number[] = []
  const ends: number[] = []
  let at = skipBlanks(text, list + 1)
  if (text[at] === ']') return { start: list, end: at + 1, starts, ends }
  for (;;) {
    const end = skipValue(text, at)
    const mark = skipBlanks(text, end)
    starts.push(at)
    ends.push(end)
    if (text[mark] === ']') return { start: list, end: mark + 1, starts, ends }
    if (text[mark] !== ',') return undefined
    at = skipBlanks(text, mark + 1)
  }
}

const lineFinderOf = (text: string): ((field: string) => number) => {
  const lineAt = lineFinder(text)
  let items: readonly number[] | null = null
  return field => {
    let at = skipBlanks(text, 0)
    let steps = stepsOf(field)
    if (steps[0] === 'items' && typeof steps[1] === 'number') {
      items ??= itemsAt(text, stepInto(text, at, 'items')?.value ?? text.length)
      const item = items[steps[1]]
      if (item !== undefined) {
        at = item
        steps = steps.slice(2)
      }
    }
    let offset = at
    for (const step of steps) {
      const found = stepInto(text, at, step)
      if (found === null) break
      offset = found.start
      at = found.value
    }
    return lineAt(offset)
  }
}

interface Step {
  /** Where the key or the item starts. */
  readonly start: number
  readonly value: number
}

const stepInto = (text: string, at: number, step: string | number): Step | null => {
  if (typeof step === 'number') {
    const start = text[at] === '[' ? itemsAt(text, at)[step] : undefined
    return start === undefined ? null : { start, value: start }
  }
  if (text[at] !== '{') return null
  let start = skipBlanks(text, at + 1)
  let found: Step | null = null
  while (text[start] === '"') {
    const keyEnd = skipValue(text, start)
    const value = skipBlanks(text, skipBlanks(text, keyEnd) + 1)
    // The last of several equal keys is the one that JSON.parse keeps.
    if (JSON.parse(text.slice(start, keyEnd)) === step) found = { start, value }
    start = nextMember(text, skipValue(text, value))
  }
  return found
}

/** The offsets of a list's items. */
const itemsAt = (text: string, at: number): readonly number[] => {
  const starts: number[] = []
  let start = skipBlanks(text, at + 1)
  while (start < text.length && text[start] !== ']') {
    starts.push(start)
    start = nextMember(text, skipValue(text, start))
  }
  return starts
}

/** From the end of a value to the next member of the same collection, or to the bracket that closes it. */
const nextMember = (text: string, valueEnd: number): number => {
  const end = skipBlanks(text, valueEnd)
  return text[end] === ',' ? skipBlanks(text, end + 1) : end
}

const skipBlanks = (text: string, from: number): number => {
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return at
}

const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92
const OPEN_LIST = 91
const CLOSE_LIST = 93
const OPEN_MAPPING = 123
const CLOSE_MAPPING = 125

/** The offset behind the value that starts at `from`. Behind what is no JSON: some offset from there on. */
const skipValue = (text: string, from: number): number => {
  let depth = 0
  let at = from
  while (at < text.length) {
    const mark = text.charCodeAt(at)
    if (mark === QUOTE) at = skipString(text, at)
    else if (mark === OPEN_MAPPING || mark === OPEN_LIST) {
      depth++
      at++
    } else if (mark === CLOSE_MAPPING || mark === CLOSE_LIST) {
      depth--
      at++
    } else at = depth === 0 ? skipWord(text, at) : at + 1
    if (depth === 0) return at
  }
  return at
}

const skipString = (text: string, from: number): number => {
  let at = from + 1
  while (at < text.length) {
    const mark = text.charCodeAt(at)
    if (mark === QUOTE) break
    at += mark === BACKSLASH ? 2 : 1
  }
  return at + 1
}

/** A number, true, false or null. */
const skipWord = (text: string, from: number): number => {
  let at = from
  while (at < text.length) {
    const mark = text.charCodeAt(at)
    if (mark === COMMA || mark === CLOSE_LIST || mark === CLOSE_MAPPING || isBlank(mark)) break
    at++
  }
  return at
}
