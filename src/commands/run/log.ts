/**
 * The agent's log: one line for each sync, on stderr, as key=value on a terminal and as JSON elsewhere. Trouble says
 * what it means for traffic.
 */
import type { SyncReport } from '../../agent/loop.ts'
import type { Entry } from '../../program/types.ts'
import { duration } from '../../terminal/amounts.ts'
import { painter, type Style, wantsColour } from '../../terminal/paint.ts'
import type { Io } from '../io.ts'

type Field = number | string | { readonly ms: number }

export interface Log {
  readonly info: (message: string, fields?: Readonly<Record<string, Field>>) => void
  readonly error: (message: string, fields?: Readonly<Record<string, Field>>) => void
}

export const openLog = ({ stderr, env, date }: Pick<Io, 'stderr' | 'env' | 'date'>): Log => {
  const paint = painter(wantsColour(env, stderr.isTerminal))
  const write =
    (level: 'info' | 'error', style: Style) =>
    (message: string, fields: Readonly<Record<string, Field>> = {}): void =>
      stderr.write(
        stderr.isTerminal
          ? `${[paint(style, message), ...Object.entries(fields).map(pair)].join('  ').trimEnd()}\n`
          : `${JSON.stringify({ time: date().toISOString(), level, message, ...plain(fields) })}\n`,
      )
  return { info: write('info', 'strong'), error: write('error', 'bad') }
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

/** `services` counts service ports, as kube-proxy's own metrics do. */
export const logSync = <E extends Entry>(
  log: Log,
  report: SyncReport<E>,
  servicePorts: number,
): void => {
  const { timing, ports } = report
  const size = { changed: ports.length, services: servicePorts }
  if (report.outcome === 'synced') {
    log.info('synced', {
      ...size,
      changes: report.changes.length,
      plan: { ms: timing.model + timing.plan },
      compile: { ms: timing.compile },
      apply: { ms: timing.apply },
    })
    return
  }
  const { error, withheld, failures, retryInMs } = report
  const meaning =
    withheld.length > 0
      ? `the kernel refused ${withheld.join(', ')}: there the rules stay as they are, all others are written next`
      : 'the rules could not be written and stay as they are'
  log.error(meaning, {
    ...size,
    failures,
    retryIn: { ms: retryInMs },
    error: error instanceof Error ? error.message : String(error),
  })
}
