/**
 * The agent's log: one line for each sync, on stderr, as key=value on a terminal and as JSON elsewhere. Trouble says
 * what it means for traffic.
 */
import type { SyncReport } from '../../agent/loop.ts'
import type { Pipeline } from '../../agent/pipeline.ts'
import { formatProblem } from '../../objects/problem.ts'
import type { Problem } from '../../objects/types.ts'
import type { Entry } from '../../program/types.ts'
import { counted, duration } from '../../terminal/amounts.ts'
import { painter, type Style, wantsColour } from '../../terminal/paint.ts'
import type { Io } from '../io.ts'
import { problemsTo, type ReportProblems } from '../problems.ts'

type Field = number | string | { readonly ms: number }
type Fields = Readonly<Record<string, Field>>
type Level = 'info' | 'warning' | 'error'

export interface Log {
  readonly info: (message: string, fields?: Fields) => void
  readonly error: (message: string, fields?: Fields) => void
  readonly problems: ReportProblems
}

export const openLog = (io: Pick<Io, 'stderr' | 'env' | 'date'>): Log => {
  const { stderr, env, date } = io
  const paint = painter(wantsColour(env, stderr.isTerminal))
  const asPairs = (style: Style, message: string, fields: Fields): string =>
    [paint(style, message), ...Object.entries(fields).map(pair)].join('  ')
  const asJson = (level: Level, message: string, fields: Fields): string =>
    JSON.stringify({ time: date().toISOString(), level, message, ...plain(fields) })
  const write =
    (level: Level, style: Style) =>
    (message: string, fields: Fields = {}): void =>
      stderr.write(
        `${stderr.isTerminal ? asPairs(style, message, fields) : asJson(level, message, fields)}\n`,
      )
  const logProblem = (problem: Problem): void => {
    const { severity, code, subject, field, value, place } = problem
    const at = place === undefined ? {} : { file: place.file, line: place.line }
    const [first = ''] = formatProblem(problem).split('\n')
    const message = first.slice(`${severity}: `.length)
    write(severity, 'bad')(message, { code, subject, field, value, ...at })
  }
  return {
    info: write('info', 'strong'),
    error: write('error', 'bad'),
    problems: stderr.isTerminal ? problemsTo(io) : problems => problems.forEach(logProblem),
  }
}

const pair = ([name, value]: readonly [string, Field]): string => {
  if (typeof value === 'object') return `${name}=${duration(value.ms, '')}`
  return `${name}=${typeof value === 'string' && /\s/.test(value) ? JSON.stringify(value) : value}`
}

const plain = (
  fields: Readonly<Record<string, Field>>,
): Readonly<Record<string, number | string>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) =>
      typeof value === 'object' ? [`${name}Ms`, Number(value.ms.toFixed(3))] : [name, value],
    ),
  )

/**
 * `services` counts service ports, as kube-proxy's own metrics do; `renewed` counts the entries of a program that was
 * put in place whole.
 */
export const logSync = <E extends Entry>(
  log: Log,
  report: SyncReport<E>,
  pipeline: Pipeline<E>,
): void => {
  const { timing, ports } = report
  const size = { changed: ports.length, services: pipeline.plans.size }
  const entries = pipeline.program.size
  if (report.outcome === 'synced') {
    log.info('synced', {
      ...size,
      ...(report.renewed ? { renewed: entries } : { changes: report.changes.length }),
      ...(report.drift === undefined ? {} : { drift: report.drift }),
      plan: { ms: timing.model + timing.plan },
      compile: { ms: timing.compile },
      apply: { ms: timing.apply },
    })
    return
  }
  const { error, failures, retryInMs } = report
  log.error(consequence(report), {
    ...size,
    failures,
    ...(retryInMs === null ? {} : { retryIn: { ms: retryInMs } }),
    error: error instanceof Error ? error.message : String(error),
  })
}

/** What a failure means for the rules, as far as that is known. */
const consequence = <E extends Entry>({
  withheld,
  differences,
  full,
}: Extract<SyncReport<E>, { readonly outcome: 'failed' }>): string => {
  if (withheld.length > 0)
    return `the kernel refused ${withheld.join(', ')}: there the rules stay as they are, all others are written next`
  if (differences !== null && differences > 0)
    return `the rules could not be written; the kernel lacks or differs in ${counted(differences, 'entry')}`
  return full
    ? 'the rules could not be brought in step, and what the kernel holds is not known'
    : 'the changes could not be written; the kernel is read before the next attempt'
}
