/**
 * What a long operation is doing, as one line on a terminal that vanishes when it is done. On anything but a
 * terminal, and where escape codes are not wanted: nothing.
 */
import { wantsColour } from './paint.ts'

export interface Progress extends Disposable {
  /** Shows this in place of what was shown before. */
  readonly say: (text: string) => void
}

const ERASE_LINE = '\r\u001b[K'

/** A line can be taken back: on a terminal that knows escape codes and whose user has not asked for plain text. */
export const canErase = (
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean => isTerminal && env['TERM'] !== 'dumb' && wantsColour(env, isTerminal)

/** Where a line cannot be taken back, `write` is never called. */
export const openProgress = (write: (text: string) => void, erases: boolean): Progress => {
  let shown = false
  return {
    say: text => {
      if (!erases) return
      write(`${ERASE_LINE}${text} …`)
      shown = true
    },
    [Symbol.dispose]: () => {
      if (shown) write(ERASE_LINE)
      shown = false
    },
  }
}
