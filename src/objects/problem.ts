/**
 * Objects: how a problem is shown to a person. Values are shown as JSON, cut short, and nothing in them can move a
 * terminal's cursor, end a line or turn the direction of writing.
 */
import type { Problem } from './types.ts'

const LONGEST_VALUE = 80

/** One line, or two where the place is known. Plain text without a final line end. */
export const formatProblem = (problem: Problem): string => {
  const { severity, subject, field, value, fact, consequence, place } = problem
  const sentence = [field, value, fact].filter(part => part !== '').join(' ')
  const first = visible(`${severity}: ${subject}: ${sentence}; ${consequence}`)
  if (place === undefined) return first
  return `${first}\n  in ${visible(place.file)}, document ${place.document}, line ${place.line}`
}

/** A value as JSON, cut to 80 characters; empty for undefined. Stops early in values that are huge, deep or cyclic. */
export const shownValue = (value: unknown): string => {
  if (value === undefined) return ''
  let text = ''
  for (const piece of jsonPieces(value)) {
    text += piece
    if (text.length > LONGEST_VALUE) return `${text.slice(0, LONGEST_VALUE - 1)}…`
  }
  return text
}

/** A name as it stands if it is harmless, else as JSON. */
export const shownName = (name: unknown): string =>
  typeof name === 'string' && HARMLESS.test(name) ? name : shownValue(name)

const HARMLESS = /^[A-Za-z0-9._/-]{1,253}$/

// Each piece is not empty and a container opens with one, so a reader that stops at a length also stops at a depth.
function* jsonPieces(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    yield '['
    for (const [at, item] of value.entries()) {
      if (at > 0) yield ','
      yield* jsonPieces(item)
    }
    yield ']'
  } else if (typeof value === 'object' && value !== null) {
    yield '{'
    let separator = ''
    for (const key in value) {
      yield `${separator}${quoted(key)}:`
      yield* jsonPieces(Reflect.get(value, key))
      separator = ','
    }
    yield '}'
  } else {
    yield typeof value === 'string' ? quoted(value) : String(value)
  }
}

// JSON leaves some controls, line separators and direction marks as they are; a terminal obeys them.
const quoted = (text: string): string => visible(JSON.stringify(text.slice(0, LONGEST_VALUE)))

const visible = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    mark => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
