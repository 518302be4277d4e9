/**
 * One sync as a person reads it: when and about what, then for each service port what became of its endpoints, what
 * that means for traffic, and the lines of the program that differ.
 */
import type { SyncReport } from '../../agent/loop.ts'
import type { PortUpdate } from '../../agent/pipeline.ts'
import { keyOf } from '../../program/program.ts'
import type { Change, Entry } from '../../program/types.ts'
import { count, counted, duration } from '../../terminal/amounts.ts'
import type { Paint, Style } from '../../terminal/paint.ts'
import { flow, wrap } from '../../terminal/wrap.ts'
import { type ChangedLine, changedLines } from './changed-lines.ts'
import type { Scene } from './view.ts'
import { endpointWord, meaningOf, movesOf, portTitle } from './words.ts'

/** What is shown of long lists, unless all is asked for. */
const MOST = { ports: 10, moves: 3, linesInAll: 10, fewestLines: 3 } as const

const MARGIN = ' '.repeat('12:00:03  '.length)

const MARKS: Readonly<Record<ChangedLine['mark'], Style>> = {
  '+': 'good',
  '-': 'bad',
  '~': 'changed',
}

/** How to show it. */
export interface Look<E extends Entry> {
  readonly scene: Scene<E>
  readonly paint: Paint
  /** Columns of the terminal. */
  readonly width: number
}

export interface Heading {
  readonly caption: string | undefined
  readonly time: string
  /** The first sync compares with the kernel, so it is told entry by entry, not by service port. */
  readonly isFirst: boolean
}

/** Lines without line ends; none where there is nothing to tell. */
export const changeBlock = <E extends Entry>(
  report: Extract<SyncReport<E>, { readonly outcome: 'synced' }>,
  { caption, time, isFirst }: Heading,
  look: Look<E>,
): readonly string[] => {
  const { changes, timing, renewed } = report
  if (isFirst && changes.length === 0 && !renewed) return []
  const ports = isFirst || report.full ? [] : report.ports.filter(isWorthTelling)
  const told = new Set(ports.flatMap(port => port.changes.map(keyOf)))
  const others = changes.filter(change => !told.has(keyOf(change)))
  const { paint, scene, width } = look
  const all = scene.verbosity > 0
  const shown = all ? ports : ports.slice(0, MOST.ports)
  const share = Math.floor(MOST.linesInAll / Math.max(1, shown.length))
  const most = all ? Number.POSITIVE_INFINITY : Math.max(MOST.fewestLines, share)
  const spent = duration(timing.model + timing.plan + timing.compile + timing.apply)
  const words = caption ?? headWords(report, ports.length, isFirst)
  const size = renewed ? 'the whole program' : counted(changes.length, 'change')
  const tail = paint('faint', `${size}, ${spent}`)
  return [
    ...headLines(paint('faint', time), [paint('strong', words), tail], width),
    ...shown.flatMap(port => portLines(port, most, look)),
    ...leftOut(ports.length - shown.length, 'more service port', paint).map(line => MARGIN + line),
    ...entryLines(others, most, look),
    '',
  ]
}

const headWords = <E extends Entry>(
  { full, drift }: SyncReport<E>,
  ports: number,
  isFirst: boolean,
): string => {
  if (drift !== undefined) return `drift: ${drift}`
  if (isFirst) return 'to bring the kernel in step'
  return full ? 'read again and compared' : counted(ports, 'service port')
}

/** Further lines stand under the first, to the right of the time. */
const headLines = (time: string, pieces: readonly string[], width: number): readonly string[] =>
  flow(pieces, { gap: '   ', width: width - MARGIN.length }).map((line, at) =>
    at === 0 ? `${time}  ${line}` : MARGIN + line,
  )

const leftOut = (amount: number, noun: string, paint: Paint): readonly string[] =>
  amount === 0 ? [] : [paint('faint', `… ${counted(amount, noun)}`)]

const isWorthTelling = <E extends Entry>({ before, after, changes }: PortUpdate<E>): boolean =>
  changes.length > 0 || meaningOf(before, after).length > 0

const portLines = <E extends Entry>(
  { before, after, changes }: PortUpdate<E>,
  most: number,
  look: Look<E>,
): readonly string[] => {
  const plan = after ?? before
  if (plan === undefined) return []
  const { paint, width } = look
  const total = counted(plan === after ? plan.reachable.length : 0, 'endpoint')
  const pieces = [paint('name', portTitle(plan)), ...moveWords(before, after, look), total]
  const meaning = meaningOf(before, after).flatMap(sentence =>
    wrap(sentence, width - MARGIN.length - 2),
  )
  return [
    ...flow(pieces, { gap: '   ', width: width - MARGIN.length - 2 }).map(
      (line, at) => `${MARGIN}${at === 0 ? '' : '  '}${line}`,
    ),
    ...meaning.map(line => `${MARGIN}  ${line}`),
    ...entryLines(changes, most, look),
  ]
}

const moveWords = <E extends Entry>(
  before: PortUpdate<E>['before'],
  after: PortUpdate<E>['after'],
  { paint, scene }: Look<E>,
): readonly string[] => {
  const { came, went } = movesOf(before, after)
  const words = [
    ...came.map(each => paint('good', `+ ${endpointWord(each, scene.whereabouts.nodeOf)}`)),
    ...went.map(each => paint('bad', `− ${endpointWord(each, scene.whereabouts.nodeOf)}`)),
  ]
  const shown = scene.verbosity > 0 ? words : words.slice(0, MOST.moves)
  const left = words.length - shown.length
  return left === 0 ? shown : [...shown, `… ${count(left)} more`]
}

const entryLines = <E extends Entry>(
  changes: readonly Change<E>[],
  most: number,
  { scene, paint, width }: Look<E>,
): readonly string[] => {
  const all = changedLines(changes, scene.backend)
  // One line more is shorter than saying that one was left out.
  const shown = all.length <= most + 1 ? all : all.slice(0, most)
  const room = scene.verbosity > 0 ? Number.POSITIVE_INFINITY : width - MARGIN.length - 4
  const lines = shown.map(({ mark, text }) =>
    paint(MARKS[mark], `${mark} ${cut(text.replaceAll('\t', '  '), room)}`),
  )
  return [...lines, ...leftOut(all.length - shown.length, 'more line', paint)].map(
    line => `${MARGIN}  ${line}`,
  )
}

const COMMENT = / -m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+)/

/** Its comment is what a rule can spare first; then its middle, as both ends say what it does. */
const cut = (text: string, room: number): string => {
  if (text.length <= room) return text
  const bare = text.replace(COMMENT, ' …')
  if (bare.length <= room) return bare
  const head = Math.ceil((room - 3) / 2)
  return `${bare.slice(0, head)} … ${bare.slice(bare.length - (room - 3 - head))}`
}
