/**
 * Tables: cells in, aligned lines out. Where the width does not suffice, columns that may be wrapped continue below
 * and the last one may move below its row; the others are never cut, so a name always stands there whole.
 */
import type { Paint, Style } from './paint.ts'
import { wrap } from './wrap.ts'

export interface Column {
  readonly title: string
  /** May continue on further lines, broken at blanks. */
  readonly wraps?: boolean
  /** Of the last column: where wrapping does not suffice, its cells stand below their rows. */
  readonly spills?: boolean
}

export interface Cell {
  readonly text: string
  readonly style?: Style
}

type Row = readonly Cell[]

export interface TableOptions {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** Columns of the terminal; Infinity where lines may be as long as they like. */
  readonly width: number
  /** Put before each line. */
  readonly indent: string
  readonly paint: Paint
}

const GAP = '  '
const SPILLED = '    '
/** A column is not wrapped to fewer characters than this: it would be no easier to read. */
const NARROWEST = 14

/** Lines without line ends, the titles first. */
export const tableLines = (options: TableOptions): readonly string[] => {
  const { columns, rows, width, indent, paint } = options
  const room = width - indent.length
  const all: readonly Row[] = [
    columns.map(({ title }) => ({ text: title, style: 'faint' })),
    ...rows,
  ]
  const widths = fit(columns, all, room)
  const mustSpill = columns.at(-1)?.spills === true && lineWidth(widths) > room
  const lines = mustSpill
    ? spilledLines(columns, all, room, paint)
    : all.flatMap(cells => rowLines(cells, widths, paint))
  return lines.map(line => indent + line)
}

const spilledLines = (
  columns: readonly Column[],
  rows: readonly Row[],
  room: number,
  paint: Paint,
): readonly string[] => {
  const kept = rows.map(cells => cells.slice(0, -1))
  const widths = fit(columns.slice(0, -1), kept, room)
  return rows.flatMap((cells, at) => {
    const last = at === 0 ? undefined : cells.at(-1)
    const below =
      last === undefined || last.text === '' ? [] : wrap(last.text, room - SPILLED.length)
    return [
      ...rowLines(cells.slice(0, -1), widths, paint),
      ...below.map(text => SPILLED + painted(text, last?.style, paint)),
    ]
  })
}

const textAt = (cells: Row, at: number): string => cells[at]?.text ?? ''

const lineWidth = (widths: readonly number[]): number =>
  widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1))

/** Takes from the widest of the columns that wrap until the line fits or nothing more can be taken. */
const fit = (columns: readonly Column[], rows: readonly Row[], room: number): readonly number[] => {
  const widths = columns.map((_, at) => Math.max(...rows.map(cells => textAt(cells, at).length)))
  while (lineWidth(widths) > room) {
    const [widest] = columns
      .map(({ wraps }, at) => ({ at, width: wraps === true ? (widths[at] ?? 0) : 0 }))
      .filter(({ width }) => width > NARROWEST)
      .sort((a, b) => b.width - a.width)
    if (widest === undefined) break
    widths[widest.at] = widest.width - 1
  }
  return widths
}

const rowLines = (cells: Row, widths: readonly number[], paint: Paint): readonly string[] => {
  const wrapped = widths.map((width, at) => wrap(textAt(cells, at), width))
  const height = Math.max(...wrapped.map(lines => lines.length))
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, at) => {
        const text = lines[line] ?? ''
        const pad = ' '.repeat(Math.max(0, (widths[at] ?? 0) - text.length))
        return painted(text, cells[at]?.style, paint) + (at < widths.length - 1 ? pad : '')
      })
      .join(GAP)
      .trimEnd(),
  )
}

const painted = (text: string, style: Style | undefined, paint: Paint): string =>
  style === undefined ? text : paint(style, text)
