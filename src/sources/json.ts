/**
 * Sources: a JSON text to its value, and the line of a field in it. Lines are looked for only when something is
 * wrong, by skipping over the text; the items of a list are found once, so that many faults stay cheap.
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
    start = nextMember(text, value)
  }
  return found
}

/** The offsets of a list's items. */
const itemsAt = (text: string, at: number): readonly number[] => {
  const starts: number[] = []
  let start = skipBlanks(text, at + 1)
  while (start < text.length && text[start] !== ']') {
    starts.push(start)
    start = nextMember(text, start)
  }
  return starts
}

/** Behind a value: the next member of the same collection, or the bracket that closes it. */
const nextMember = (text: string, value: number): number => {
  const end = skipBlanks(text, skipValue(text, value))
  return text[end] === ',' ? skipBlanks(text, end + 1) : end
}

const skipBlanks = (text: string, from: number): number => {
  let at = from
  while (' \n\r\t'.includes(text[at] ?? '.')) at++
  return at
}

/** The offset behind the value that starts at `from`. The text is known to be JSON. */
const skipValue = (text: string, from: number): number => {
  let depth = 0
  let at = from
  while (at < text.length) {
    const mark = text[at] ?? ''
    if (mark === '"') at = skipString(text, at)
    else if (OPENING.has(mark) || CLOSING.has(mark)) {
      depth += OPENING.has(mark) ? 1 : -1
      at++
    } else at = depth === 0 ? skipWord(text, at) : at + 1
    if (depth === 0) return at
  }
  return at
}

const OPENING: ReadonlySet<string> = new Set('[{')
const CLOSING: ReadonlySet<string> = new Set(']}')

const skipString = (text: string, from: number): number => {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** A number, true, false or null. */
const skipWord = (text: string, from: number): number => {
  let at = from
  while (at < text.length && !',]} \n\r\t'.includes(text[at] ?? '')) at++
  return at
}
