/** Text and pieces of text onto lines of a terminal. Escape codes take no room. */
import { stripVTControlCharacters } from 'node:util'

/** Breaks a text at blanks into lines of at most `width` characters; a longer word stays whole. */
export const wrap = (text: string, width: number): readonly string[] =>
  text.length <= width ? [text] : flow(text.split(' '), { gap: ' ', width })

/** Puts pieces on as few lines as possible; a piece is never broken, even if it is longer than a line. */
export const flow = (
  pieces: readonly string[],
  { gap, width }: { readonly gap: string; readonly width: number },
): readonly string[] => {
  const lines: string[] = []
  let line: string | undefined
  for (const piece of pieces) {
    const longer: string = line === undefined ? piece : line + gap + piece
    if (line !== undefined && stripVTControlCharacters(longer).length > width) {
      lines.push(line)
      line = piece
    } else line = longer
  }
  return line === undefined ? lines : [...lines, line]
}
