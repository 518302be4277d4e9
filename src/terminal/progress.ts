/**
 * What a long operation is doing, as one line on a terminal that vanishes when it is done. On anything but a
 * terminal: nothing.
 */

export interface Progress extends Disposable {
  /** Shows this in place of what was shown before. */
  readonly say: (text: string) => void
}

const ERASE_LINE = '\r\u001b[K'

/** `write` goes to the terminal, if `isTerminal`. */
export const openProgress = (write: (text: string) => void, isTerminal: boolean): Progress => {
  let shown = false
  return {
    say: text => {
      if (!isTerminal) return
      write(`${ERASE_LINE}${text} …`)
      shown = true
    },
    [Symbol.dispose]: () => {
      if (shown) write(ERASE_LINE)
      shown = false
    },
  }
}
