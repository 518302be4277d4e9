/** Problems of the input as a person meets them: on stderr, coloured on a terminal, and as an exit code. */
import { formatProblem } from '../objects/problem.ts'
import type { Problem } from '../objects/types.ts'
import { painter, wantsColour } from '../terminal/paint.ts'
import type { Io } from './io.ts'

/** Says what is wrong to whoever watches. */
export type ReportProblems = (problems: readonly Problem[]) => void

/** Reports as text, coloured on a terminal. */
export const problemsTo = ({ stderr, env }: Pick<Io, 'stderr' | 'env'>): ReportProblems => {
  const paint = painter(wantsColour(env, stderr.isTerminal))
  return problems => {
    for (const problem of problems) {
      const { severity } = problem
      const rest = formatProblem(problem).slice(severity.length)
      stderr.write(`${paint(severity === 'error' ? 'bad' : 'changed', severity)}${rest}\n`)
    }
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
