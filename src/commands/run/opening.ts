/**
 * The first screen of a run: what is compiled for whom, the table of service ports, and the size of the program.
 */
import type { SyncReport } from '../../agent/loop.ts'
import type { PortPlan } from '../../plan/types.ts'
import type { Entry } from '../../program/types.ts'
import { count, counted, duration } from '../../terminal/amounts.ts'
import type { Paint, Style } from '../../terminal/paint.ts'
import { type Cell, tableLines } from '../../terminal/table.ts'
import { flow } from '../../terminal/wrap.ts'
import { sortedPlans } from '../documents.ts'
import { VERSION } from '../version.ts'
import type { Scene } from './view.ts'
import { clusterIP, type Health, healthOf, otherAddresses, policyWords } from './words.ts'

/** Rows of the table that are shown unless all are asked for. */
const ROWS = 20

const COLUMNS = [
  { title: 'SERVICE PORT' },
  { title: 'CLUSTER IP' },
  { title: 'ALSO AT', wraps: true },
  { title: 'ENDPOINTS' },
  { title: 'POLICY', wraps: true, spills: true },
]

const STYLES: Readonly<Record<Health, Style | undefined>> = {
  served: undefined,
  partly: 'changed',
  refused: 'bad',
}

export const openingLines = <E extends Entry>(
  scene: Scene<E>,
  report: SyncReport<E>,
  { paint, width }: { readonly paint: Paint; readonly width: number },
): readonly string[] => {
  const plans = sortedPlans(scene.pipeline.plans.values())
  const shown = scene.verbosity > 0 ? plans : plans.slice(0, ROWS)
  const left = plans.length - shown.length
  const table = tableLines({
    columns: COLUMNS,
    rows: shown.map(rowOf),
    width,
    indent: '  ',
    paint,
  })
  return [
    ...headLines(scene, paint, width),
    '',
    ...(plans.length === 0 ? ['  no service port is served on this node'] : table),
    ...(left === 0 ? [] : [`  … ${counted(left, 'more service port')} (-v shows all)`]),
    '',
    ...programLines(scene, report),
    ...(scene.goesOn
      ? [
          '',
          `  ${paint('faint', `following changes${scene.verbosity > 0 ? '' : '; -v shows them whole'}; Ctrl-C ends`)}`,
        ]
      : []),
    '',
  ]
}

const headLines = <E extends Entry>(
  { backend, nodeName, dryRun, from, totals }: Scene<E>,
  paint: Paint,
  width: number,
): readonly string[] => {
  const { nodes, services, endpoints } = totals
  const size = [
    counted(nodes, 'node'),
    counted(services, 'service'),
    counted(endpoints, 'endpoint'),
  ].join(', ')
  const pieces = [
    `${paint('strong', 'kpc')} ${VERSION}`,
    ...(dryRun ? [paint('changed', 'dry run')] : []),
    backend.name,
    nodeName,
    from,
    `(${size})`,
  ]
  return flow(pieces, { gap: '  ', width })
}

const rowOf = (plan: PortPlan): readonly Cell[] => {
  const style = STYLES[healthOf(plan)]
  const mark = style === undefined ? {} : { style }
  const total = plan.reachable.length
  const here = plan.reachable.filter(({ isLocal }) => isLocal).length
  return [
    { text: `${plan.label}/${plan.protocol}`, style: 'name' },
    { text: clusterIP(plan) },
    { text: otherAddresses(plan) },
    { text: total === 0 ? '0' : `${count(total)} (${count(here)} here)`, ...mark },
    { text: policyWords(plan), ...mark },
  ]
}

const programLines = <E extends Entry>(
  { pipeline, kernelView, obstacle, backend }: Scene<E>,
  report: SyncReport<E>,
): readonly string[] => {
  const { timing } = report
  const spent = duration(timing.model + timing.plan + timing.compile)
  const size = sizeWords(pipeline.program.values(), backend)
  const program = `  program: ${size}   compiled in ${spent}`
  if (report.outcome === 'failed' || kernelView === 'none') return [program]
  if (kernelView === 'unseen')
    return [program, `  kernel: not looked at (${obstacle}), taken as empty`]
  const { renewed, changes } = report
  const words = renewed ? 'written as a whole' : kernelWords(changes.map(({ op }) => op))
  return [program, `  kernel: ${words}`]
}

/** Kinds of entries that every tool calls by this name; besides there are rules, and elements of something. */
const OWN_WORD: ReadonlySet<string> = new Set(['table', 'set', 'chain'])

const sizeWords = <E extends Entry>(
  entries: Iterable<E>,
  { ruleCount }: Scene<E>['backend'],
): string => {
  const amounts = new Map(['table', 'set', 'chain', 'rule', 'element'].map(word => [word, 0]))
  const add = (word: string, amount: number): unknown =>
    amounts.set(word, (amounts.get(word) ?? 0) + amount)
  for (const entry of entries) {
    const rules = ruleCount(entry)
    add('rule', rules)
    if (OWN_WORD.has(entry.kind)) add(entry.kind, 1)
    else if (rules === 0) add('element', 1)
  }
  return [...amounts]
    .filter(([, amount]) => amount > 0)
    .map(([word, amount]) => counted(amount, word))
    .join(', ')
}

const kernelWords = (ops: readonly string[]): string => {
  if (ops.length === 0) return 'in step, nothing to change'
  const total = (op: string): number => ops.filter(each => each === op).length
  const parts = [
    [total('add'), 'to add'],
    [total('replace'), 'to replace'],
    [total('remove'), 'to remove'],
  ] as const
  const words = parts
    .filter(([amount]) => amount > 0)
    .map(([amount, word]) => `${count(amount)} ${word}`)
  return `differs: ${words.join(', ')}`
}
