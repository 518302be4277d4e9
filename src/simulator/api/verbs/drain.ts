/** Waiting for a stream that is full: until it wants more, or will never want anything again. */
import type { Writable } from 'node:stream'

export const drained = (out: Writable): Promise<void> =>
  new Promise(resolve => {
    if (out.destroyed || !out.writableNeedDrain) {
      resolve()
      return
    }
    const done = (): void => {
      out.off('drain', done)
      out.off('close', done)
      resolve()
    }
    out.on('drain', done)
    out.on('close', done)
  })
