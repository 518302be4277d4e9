/**
 * The one effect: what iptables-save says read as entries, and changes written by one iptables-restore for each
 * family, with nothing in it but the differences. The tables of a family are committed one after the other; when a
 * later one fails, what the earlier ones took is taken back.
 */
import type { BackendIo, Kernel } from '../../src/backend.ts'
import { ensureNfacctCounters } from '../../src/netlink/nfacct.ts'
import type { Family } from '../../src/objects/types.ts'
import { readDump } from './dump.ts'
import { type IptablesEntry, rulesOf } from './entries.ts'
import { excerpt, type Failure, failureOf, IptablesError, refusedKeys } from './errors.ts'
import { refusedShapes } from './refused-shapes.ts'
import { type Block, buildScript, type IptablesChange, scriptText, undoScript } from './script.ts'
import { restore, save } from './tools.ts'
import { Watch, type WatchPorts } from './watch.ts'

/** Makes the counters of these names if they are missing; false: cannot be done. */
export type EnsureCounters = (names: readonly string[]) => Promise<boolean>

export const openKernel = (
  io: BackendIo,
  ensureCounters: EnsureCounters = ensureNfacctCounters,
  ports?: WatchPorts,
): Kernel<IptablesEntry> => {
  const watch = new Watch(io, ports)
  return {
    read: () => watch.reading(() => readAll(io)),
    check: changes => check(io, changes),
    apply: async changes => {
      await makeCounters(changes, ensureCounters)
      await watch.writing(() => apply(io, changes))
    },
    watch: onDrift => watch.start(onDrift),
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  }
}

const readAll = async (io: BackendIo): Promise<ReadonlyMap<string, IptablesEntry>> => {
  const dumps = await Promise.all(
    io.families.map(async family => readDump(await save(io, family), family)),
  )
  return new Map(dumps.flat().map(entry => [entry.key, entry]))
}

const ofFamily = (changes: readonly IptablesChange[], family: Family): readonly IptablesChange[] =>
  changes.filter(change => (change.op === 'remove' ? change.was : change.entry).family === family)

const check = async (io: BackendIo, changes: readonly IptablesChange[]): Promise<void> => {
  for (const family of io.families) {
    const blocks = buildScript(ofFamily(changes, family))
    if (blocks.length === 0) continue
    const result = await restore(io, family, scriptText(blocks), { test: true })
    if (result.code !== 0) throw refusal(family, blocks, failureOf(result), 'nothing was changed')
  }
}

/** Gives the number of tables that were committed. */
const apply = async (io: BackendIo, changes: readonly IptablesChange[]): Promise<number> => {
  let commits = 0
  const done: { readonly family: Family; readonly changes: readonly IptablesChange[] }[] = []
  for (const family of io.families) {
    const own = ofFamily(changes, family)
    const blocks = buildScript(own)
    if (blocks.length === 0) continue
    const result = await restore(io, family, scriptText(blocks))
    if (result.code === 0) {
      commits += blocks.length
      done.push({ family, changes: own })
      continue
    }
    const failure = failureOf(result)
    done.push({ family, changes: committed(blocks, failure).flatMap(block => block.changes) })
    const state = await takeBack(io, done)
    const known = refusal(family, blocks, failure, state)
    if (failure.code === 'LOCKED' || known.refused.length > 0) throw known
    const refused = await refusedShapes(io, family, blocks)
    throw new IptablesError(known.code, reason(family, blocks, failure, state), { refused })
  }
  return commits
}

/** The blocks before the one that failed. Which that is, the tool says by a line, be it the COMMIT. */
const committed = (blocks: readonly Block[], failure: Failure): readonly Block[] => {
  const [failed] = failure.lines
  if (failed === undefined) return []
  let end = 0
  return blocks.filter(({ lines }) => {
    end += lines.length
    return end < failed
  })
}

const UNCHANGED = 'the rules are as they were'

/** Undoes what was committed. Says in which state the tables are then. */
const takeBack = async (
  io: BackendIo,
  done: readonly { readonly family: Family; readonly changes: readonly IptablesChange[] }[],
): Promise<string> => {
  let state = UNCHANGED
  for (const { family, changes } of done) {
    const blocks = undoScript(changes)
    if (blocks.length === 0) continue
    const { code, stderr } = await restore(io, family, scriptText(blocks))
    if (code !== 0)
      state = `a part was written and could not be taken back (${family}: ${stderr.trim()}); read before the next write`
  }
  return state
}

const refusal = (
  family: Family,
  blocks: readonly Block[],
  failure: Failure,
  state: string,
): IptablesError => {
  const lines = blocks.flatMap(block => block.lines)
  return new IptablesError(failure.code, reason(family, blocks, failure, state), {
    refused: failure.code === 'LOCKED' ? [] : refusedKeys(lines, failure),
  })
}

const reason = (
  family: Family,
  blocks: readonly Block[],
  failure: Failure,
  state: string,
): string => {
  const lines = blocks.flatMap(block => block.lines)
  const where = failure.lines.length > 0 ? `\n${excerpt(lines, failure)}` : ''
  return `${family}: ${failure.said}; ${state}${where}`
}

const makeCounters = async (
  changes: readonly IptablesChange[],
  ensureCounters: EnsureCounters,
): Promise<void> => {
  const names = new Set<string>()
  for (const change of changes)
    if (change.op !== 'remove') for (const name of countersIn(change.entry)) names.add(name)
  if (names.size === 0 || (await ensureCounters([...names].sort()))) return
  throw new IptablesError(
    'NO_COUNTER',
    `the kernel has no counters ${[...names].join(', ')} and would not make them; ${UNCHANGED}`,
  )
}

const countersIn = (entry: IptablesEntry): readonly string[] => {
  // Chains of endpoints are many, and count nothing.
  if (entry.kind === 'chain' && entry.content?.kind !== 'rules') return []
  return rulesOf(entry).flatMap(({ parts }) =>
    parts.flatMap(part => (part.kind === 'accounting' ? [part.name] : [])),
  )
}
