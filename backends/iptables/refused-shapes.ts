/**
 * Which rules the kernel would not take, where the tool cannot tell: iptables-legacy hands over a whole table and
 * hears of a failure at its COMMIT. A refusal goes by what kind of matches and target a rule has, so one rule of
 * each kind is tried in a chain of its own that no packet reaches, and everything alike is refused with it.
 */
import type { BackendIo } from '../../src/backend.ts'
import type { Family } from '../../src/objects/types.ts'
import { by } from '../../src/order.ts'
import { type IptablesEntry, rulesOf, type Table } from './entries.ts'
import type { Rule } from './rule.ts'
import { feedText } from './rule-text.ts'
import type { Block } from './script.ts'
import { restore } from './tools.ts'

const TRIAL = 'KPC-TRIAL'

interface Shape {
  readonly table: Table
  readonly sample: Rule
  /** Keys of the entries with such a rule. */
  readonly keys: Set<string>
}

/** Keys of the entries that were to be written and that hold a rule of a kind which the kernel does not take. */
export const refusedShapes = async (
  io: BackendIo,
  family: Family,
  blocks: readonly Block[],
): Promise<readonly string[]> => {
  const refused = new Set<string>()
  for (const shape of shapesOf(blocks))
    if (!(await isTaken(io, family, shape))) for (const key of shape.keys) refused.add(key)
  return [...refused].sort()
}

const shapesOf = (blocks: readonly Block[]): readonly Shape[] => {
  const shapes = new Map<string, Shape>()
  for (const { table, changes } of blocks)
    for (const change of changes)
      if (change.op !== 'remove')
        for (const rule of rulesOf(change.entry)) note(shapes, table, change.entry, rule)
  return [...shapes].sort(by(([name]) => name)).map(([, shape]) => shape)
}

const note = (
  shapes: Map<string, Shape>,
  table: Table,
  { key }: IptablesEntry,
  rule: Rule,
): void => {
  const name = `${table} ${shapeName(rule)}`
  const shape = shapes.get(name)
  if (shape) shape.keys.add(key)
  else shapes.set(name, { table, sample: rule, keys: new Set([key]) })
}

const shapeName = ({ parts, target }: Rule): string => {
  const matches = parts.map(part => {
    if (part.kind === 'protocol') return part.protocol
    if (part.kind === 'opaque' || part.kind === 'accounting') return JSON.stringify(part)
    return part.kind
  })
  return [...matches, target?.kind ?? 'count'].join(' ')
}

/** A jump is left out: its chain is not there, and that a jump is possible is no question. */
const isTaken = async (
  io: BackendIo,
  family: Family,
  { table, sample }: Shape,
): Promise<boolean> => {
  const target = sample.target?.kind === 'jump' ? null : sample.target
  const rule = feedText({ parts: sample.parts, target })
  const declared = [`*${table}`, `:${TRIAL} - [0:0]`]
  const trial = [...declared, `-A ${TRIAL} ${rule}`, 'COMMIT', ...declared, `-X ${TRIAL}`, 'COMMIT']
  return (await restore(io, family, `${trial.join('\n')}\n`)).code === 0
}
