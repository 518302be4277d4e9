/**
 * Wrong usage: what is wrong in one line, what to type instead in another. Thrown wherever the command line is read,
 * caught in main.ts. The nearest known word is found here.
 */

export class UsageError extends Error {
  readonly code = 'USAGE'
  /** What to type instead. */
  readonly advice: string
  constructor(fault: string, advice: string) {
    super(fault)
    this.name = 'UsageError'
    this.advice = advice
  }
}

/** The word that was probably meant; undefined where none is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: { readonly known: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = isStart(word, candidate) ? 1 : editDistance(word, candidate)
    if (distance <= limit && (best === undefined || distance < best.distance))
      best = { known: candidate, distance }
  }
  return best?.known
}

const isStart = (word: string, candidate: string): boolean =>
  word.length > 1 && candidate.startsWith(word)

/** Letters to insert, remove, replace or swap with their neighbour to come from one word to the other. */
const editDistance = (from: string, to: string): number => {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let at = 1; at <= to.length; at++) {
      const same = from[row - 1] === to[at - 1]
      const swapped = from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1]
      current.push(
        Math.min(
          (last[at] ?? 0) + 1,
          (current[at - 1] ?? 0) + 1,
          (last[at - 1] ?? 0) + (same ? 0 : 1),
          swapped && row > 1 && at > 1 ? (beforeLast[at - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}

/** The command line with one word put right, as it would be typed. */
export const corrected = (argv: readonly string[], wrong: string, right: string): string => {
  const words = argv.map(word => {
    if (word === wrong) return right
    const [flag, ...value] = word.split('=')
    if (value.length === 0) return word
    if (flag === wrong) return [right, ...value].join('=')
    return value.join('=') === wrong ? `${flag}=${right}` : word
  })
  return ['kpc', ...words.map(shellWord)].join(' ')
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
