/**
 * What JSON.parse does not say about a text: which fields an object names twice, and how deep it nests. One pass over
 * the text; it must be valid JSON, which is for JSON.parse to find out.
 */

/** Objects and arrays inside one another; more than any API object has, and less than a stack holds. */
const MAX_DEPTH = 512

export interface TextFacts {
  /** Such as `duplicate field "spec.ports[0].name"`. */
  readonly duplicates: readonly string[]
  readonly tooDeep: boolean
}

interface Level {
  /** null: an array. */
  readonly keys: Set<string> | null
  key: string
  index: number
}

export const factsOf = (text: string): TextFacts => {
  const stack: Level[] = []
  const duplicates: string[] = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      const level = stack.at(-1)
      if (expectsKey && level?.keys) {
        level.key = text.slice(at + 1, end)
        if (level.keys.has(level.key)) duplicates.push(`duplicate field "${pathOf(stack)}"`)
        level.keys.add(level.key)
        expectsKey = false
      }
      at = end
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      stack.push({ keys: code === OPEN_BRACE ? new Set() : null, key: '', index: 0 })
      expectsKey = code === OPEN_BRACE
      if (stack.length > MAX_DEPTH) return { duplicates, tooDeep: true }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      stack.pop()
      expectsKey = false
    } else if (code === COMMA) {
      const level = stack.at(-1)
      if (level !== undefined) level.index += 1
      expectsKey = Boolean(level?.keys)
    }
  }
  return { duplicates, tooDeep: false }
}

const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const endOfString = (text: string, from: number): number => {
  let end = text.indexOf('"', from + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

const isEscaped = (text: string, quote: number): boolean => {
  let slashes = 0
  while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}

const pathOf = (stack: readonly Level[]): string =>
  stack.reduce((path, { keys, key, index }) => {
    if (keys === null) return `${path}[${index}]`
    return path === '' ? key : `${path}.${key}`
  }, '')
