/**
 * A line of iptables-save in, its words out: quotes and their escapes undone, with the place of each word in the
 * line, so that what is not understood can be kept as it was written. Pure.
 */

export interface Token {
  /** Without quotes and escapes. */
  readonly word: string
  /** First character in the line, and the one behind the last. */
  readonly from: number
  readonly to: number
  readonly quoted: boolean
}

const BLANK = 32
const QUOTE = 34
const BACKSLASH = 92

/** The words of `line` from `at` on. */
export const tokenize = (line: string, at = 0): readonly Token[] => {
  const tokens: Token[] = []
  let from = at
  while (from < line.length) {
    if (line.charCodeAt(from) === BLANK) from++
    else {
      const token = line.charCodeAt(from) === QUOTE ? quotedToken(line, from) : plain(line, from)
      tokens.push(token)
      from = token.to
    }
  }
  return tokens
}

const plain = (line: string, from: number): Token => {
  const blank = line.indexOf(' ', from)
  const to = blank < 0 ? line.length : blank
  return { word: line.slice(from, to), from, to, quoted: false }
}

const quotedToken = (line: string, from: number): Token => {
  let end = from + 1
  let escaped = false
  while (end < line.length && line.charCodeAt(end) !== QUOTE) {
    if (line.charCodeAt(end) === BACKSLASH) {
      escaped = true
      end++
    }
    end++
  }
  const inside = line.slice(from + 1, end)
  const word = escaped ? inside.replace(/\\(.)/g, '$1') : inside
  return { word, from, to: Math.min(end + 1, line.length), quoted: true }
}
