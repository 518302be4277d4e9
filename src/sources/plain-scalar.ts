/**
 * Sources: the value of a YAML scalar that stands on one line (YAML 1.2, core schema). undefined for whatever is not
 * beyond doubt; the `yaml` library decides then.
 */

/** A scalar in quotes. */
export const quotedScalar = (written: string): string | undefined => {
  if (SINGLE_QUOTED.test(written)) return written.slice(1, -1).replaceAll("''", "'")
  if (DOUBLE_QUOTED.test(written)) return written.slice(1, -1)
  return ESCAPED.test(written) ? (JSON.parse(written) as string) : undefined
}

// ASCII without control characters throughout: what is beyond it the library shall judge.
const SINGLE_QUOTED = /^'(?:[ -&(-~]|'')*'$/
const DOUBLE_QUOTED = /^"[ !#-[\]-~]*"$/
const ESCAPED = /^"(?:[ !#-[\]-~]|\\["\\/bfnrt])*"$/

/** A scalar without quotes, or an empty collection. */
export const plainScalar = (written: string): unknown => {
  if (!WORD.test(written)) return PHRASE.test(written) ? written : EMPTY.get(written)?.()
  const first = written.charCodeAt(0)
  if (first > NINE) return KEYWORDS.has(written) ? KEYWORDS.get(written) : written
  if (SMALL_INTEGER.test(written)) return Number(written)
  return NUMBER_LIKE.test(written) ? undefined : written
}

const NINE = 57

/** No blank in it, so it can only be a key or a value; a colon at the end would make it a key. */
const WORD = /^[A-Za-z0-9_./](?:[\w./@+=,;-]|:(?!$))*$/
/** Several words, each parted by one blank: no `: ` and no ` #`, and nothing that could be a number or keyword. */
const PHRASE = /^[A-Za-z_/](?:[!-9;-~]|:(?! |$)| (?=[!-"$-~]))*$/

const KEYWORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
])

const EMPTY: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ['{}', () => ({})],
  ['[]', () => []],
])

const SMALL_INTEGER = /^(?:0|[1-9]\d{0,14})$/
const NUMBER_LIKE =
  /^(?:\d+|0o[0-7]+|0x[\da-fA-F]+|\.(?:inf|Inf|INF|nan|NaN|NAN)|(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?)$/
