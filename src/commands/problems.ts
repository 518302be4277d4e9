/** Problems of the input as a person meets them: on stderr, coloured on a terminal, and as an exit code. */
import { formatProblem } from '../objects/problem.ts'
import type { Problem } from '../objects/types.ts'
import { painter, wantsColour } from '../terminal/paint.ts'
import type { Io } from './io.ts'

export const reportProblems = (
  problems: readonly Problem[],
  io: Pick<Io, 'stderr' | 'env'>,
): void => {
  const paint = painter(wantsColour(io.env, io.stderr.isTerminal))
  for (const problem of problems) {
    const { severity } = problem
    const text = formatProblem(problem)
    const coloured = text.startsWith(severity)
      ? paint(severity === 'error' ? 'bad' : 'changed', severity) + text.slice(severity.length)
      : text
    io.stderr.write(`${coloured}\n`)
  }
}

export const isError = ({ severity }: Problem): boolean => severity === 'error'

/** The node under test has no object of its own: its addresses, zone and pod ranges are unknown then. */
export const missingNode = (nodeName: string, known: readonly string[]): Problem => ({
  code: 'NO_NODE',
  severity: 'warning',
  subject: `Node ${nodeName}`,
  field: '',
  value: '',
  fact:
    known.length === 0
      ? 'is not among the objects'
      : `is not among the objects, which have ${shortList(known)}`,
  consequence: 'its addresses, zone and pod ranges are unknown; --hostname-override names another',
})

const shortList = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, … (${names.length})`
