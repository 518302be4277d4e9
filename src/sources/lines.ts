/**
 * Sources: from a position in a text to its line.
 */

/** Gives the line of an offset, both within `text`; lines count from 1. Looks for line ends when first asked. */
export const lineFinder = (text: string): ((offset: number) => number) => {
  let ends: readonly number[] | null = null
  return offset => {
    ends ??= lineEndsOf(text)
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ends[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }
}

const lineEndsOf = (text: string): readonly number[] => {
  const ends: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at)
  return ends
}
