/**
 * Tables: cells in, aligned lines out. Where the width does not suffice, columns that may be wrapped continue below;
 * the others are never cut, so a name always stands there whole.
 */
import type { Paint, Style } from './paint.ts'

export interface Column {
  readonly title: string
  /** May continue on further lines, broken at blanks. */
  readonly wraps?: boolean
}

export interface Cell {
  readonly text: string
  readonly style?: Style
}

export interface TableOptions {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** Columns of the terminal; Infinity where lines may be as long as they like. */
  readonly width: number
  /** Put before each line. */
  readonly indent: string
  readonly paint: Paint
}

const GAP = '  '
/** A column is not wrapped to fewer characters than this: it would be no easier to read. */
const NARROWEST = 14

/** Lines without line ends, the titles first. */
export const tableLines = ({
  columns,
  rows,
  width,
  indent,
  paint,
}: TableOptions): readonly string[] => {
  const titles = columns.map(({ title }): Cell => ({ text: title, style: 'faint' }))
  const all = [titles, ...rows]
  const widths = fit(columns, naturalWidths(columns, all), width - indent.length)
  return all.flatMap(cells => rowLines(cells, widths, paint).map(line => indent + line))
}

const naturalWidths = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): readonly number[] =>
  columns.map((_, at) => Math.max(...rows.map(cells => textAt(cells, at).length)))

const textAt = (cells: readonly Cell[], at: number): string => cells[at]?.text ?? ''

const fit = (
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): readonly number[] => {
  const widths = [...natural]
  const total = (): number =>
    widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1))
  for (;;) {
    const widest = columns
      .map((column, at) => ({ at, wraps: column.wraps === true, width: widths[at] ?? 0 }))
      .filter(column => column.wraps && column.width > NARROWEST)
      .sort((a, b) => b.width - a.width)[0]
    if (widest === undefined || total() <= width) return widths
    widths[widest.at] = widest.width - 1
  }
}

const rowLines = (
  cells: readonly Cell[],
  widths: readonly number[],
  paint: Paint,
): readonly string[] => {
  const wrapped = widths.map((width, at) => wrap(textAt(cells, at), width))
  const height = Math.max(...wrapped.map(lines => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const parts = wrapped.map((lines, at) => {
      const text = lines[line] ?? ''
      const style = cells[at]?.style
      const pad = ' '.repeat(Math.max(0, (widths[at] ?? 0) - text.length))
      return (style === undefined ? text : paint(style, text)) + (at < widths.length - 1 ? pad : '')
    })
    return parts.join(GAP).trimEnd()
  })
}

/** Breaks a text at blanks into lines of at most `width` characters; a longer word stays whole. */
export const wrap = (text: string, width: number): readonly string[] => {
  if (text.length <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > width && line !== '') {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
