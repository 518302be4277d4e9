/**
 * A run as a person reads it: the first screen, then a block for each sync that changes something. What the kernel
 * was found to lack at the start is a block too.
 */
import type { Entry } from '../../program/types.ts'
import { timeOfDay } from '../../terminal/amounts.ts'
import { painter, wantsColour } from '../../terminal/paint.ts'
import type { Io } from '../io.ts'
import { changeBlock } from './change-block.ts'
import { openingLines } from './opening.ts'
import type { Scene, View } from './view.ts'

export const textView = <E extends Entry>(scene: Scene<E>, io: Io): View<E> => {
  const paint = painter(wantsColour(io.env, io.stdout.isTerminal))
  let opened = false
  let caption: string | undefined
  const print = (lines: readonly string[]): void =>
    io.stdout.write(lines.map(line => `${line}\n`).join(''))
  return {
    sync: report => {
      const look = { scene, paint, width: io.stdout.width() }
      const isFirst = !opened
      opened = true
      if (isFirst) print(openingLines(scene, report, look))
      if (report.outcome === 'synced' && !(isFirst && scene.kernelView !== 'seen'))
        print(changeBlock(report, { caption, time: timeOfDay(io.date()), isFirst }, look))
      caption = undefined
    },
    problems: () => undefined,
    caption: text => {
      caption = text
    },
  }
}
