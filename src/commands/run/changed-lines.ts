/** Changes of entries as lines to read: `+` is added, `-` goes, `~` is a line that takes another's place. */
import type { Backend } from '../../backend.ts'
import type { Change, Entry } from '../../program/types.ts'

export interface ChangedLine {
  readonly mark: '+' | '-' | '~'
  readonly text: string
}

export const changedLines = <E extends Entry>(
  changes: readonly Change<E>[],
  { lines }: Pick<Backend<E>, 'lines'>,
): readonly ChangedLine[] => changes.flatMap(change => linesOf(change, lines))

const linesOf = <E extends Entry>(
  change: Change<E>,
  lines: Backend<E>['lines'],
): readonly ChangedLine[] => {
  switch (change.op) {
    case 'add':
      return lines(change.entry).map(text => ({ mark: '+', text }))
    case 'remove':
      return lines(change.was).map(text => ({ mark: '-', text }))
    case 'replace':
      return replacedLines(lines(change.was), lines(change.entry))
  }
}

/** Lines that both versions have are left out. */
const replacedLines = (
  before: readonly string[],
  after: readonly string[],
): readonly ChangedLine[] => {
  const gone = before.filter(line => !after.includes(line))
  const come = after.filter(line => !before.includes(line))
  if (gone.length === come.length) return come.map(text => ({ mark: '~', text }))
  return [
    ...gone.map((text): ChangedLine => ({ mark: '-', text })),
    ...come.map((text): ChangedLine => ({ mark: '+', text })),
  ]
}
