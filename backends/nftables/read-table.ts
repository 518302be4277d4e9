/**
 * Everything that stands in one of our tables, read from the kernel and turned into entries. Sets and chains that are
 * not ours are not looked at; chains of ours that hold other rules are read as `foreign`, so that they are mended.
 */
import { NetlinkError } from '../../src/netlink/errors.ts'
import type { Message, Reply } from '../../src/netlink/message.ts'
import * as encode from '../../src/netlink/nf-tables/encode.ts'
import type { TableRef } from '../../src/netlink/nf-tables/objects.ts'
import * as read from '../../src/netlink/nf-tables/read.ts'
import { readElements } from '../../src/netlink/nf-tables/read-elements.ts'
import type { Family } from '../../src/objects/types.ts'
import { STATIC_CHAINS } from './base.ts'
import {
  type Chain,
  chainKey,
  type Element,
  type Hook,
  type NftEntry,
  type Rule,
  type SetName,
  tableKey,
} from './entries.ts'
import { isSameShape, kernelSet } from './kernel-set.ts'
import { readElement } from './read-element.ts'
import { readRule } from './read-rule.ts'
import { SETS, setEntry } from './sets.ts'
import { hookOf, PROTOCOL_FAMILY } from './transactions.ts'
import type { Wire } from './wire.ts'

/** What was found in a table. */
export interface Found {
  readonly entries: readonly NftEntry[]
  /** Chains that nothing leads to: kept for the next list of their length, and no part of the program. */
  readonly idle: readonly Chain[]
  /** Sets of our names in another shape: the table is from another version and has to be made anew. */
  readonly strange: readonly SetName[]
}

/** A dump is asked for again when the table changed while it was read. */
const ATTEMPTS = 5

/** The replies of a dump. Throws NetlinkError EINTR when the table does not come to rest. */
export const dumpAll = async (socket: Wire, message: Message): Promise<readonly Reply[]> => {
  for (let attempt = 1; ; attempt++)
    try {
      // Replies are views of a buffer that the next read may use again.
      const replies: Reply[] = []
      for await (const reply of socket.dump(message))
        replies.push({ ...reply, body: reply.body.slice() })
      return replies
    } catch (error) {
      const again = error instanceof NetlinkError && error.code === 'EINTR'
      if (!again || attempt === ATTEMPTS) throw error
    }
}

export const refOf = (family: Family, table: string): TableRef => ({
  family: PROTOCOL_FAMILY[family],
  table,
})

/** Reads a whole table. The time it takes grows with the square of its elements: see README.md. */
export const readTable = async (socket: Wire, family: Family, table: string): Promise<Found> => {
  const ref = refOf(family, table)
  const { sound, strange } = await readSets(socket, family, ref)
  const elements: Element[] = []
  for (const name of sound) elements.push(...(await readSetElements(socket, family, ref, name)))
  const chains = await readChains(socket, family, ref)
  const used = usedChains(chains, elements)
  const isIdle = ({ hook, name }: Chain): boolean =>
    hook === null && !used.has(name) && !STATIC_CHAINS.has(name)
  return {
    entries: [
      { kind: 'table', key: tableKey(family), family },
      ...sound.map(name => setEntry(family, name)),
      ...chains.filter(chain => !isIdle(chain)),
      ...elements,
    ],
    idle: chains.filter(isIdle),
    strange,
  }
}

/** Our sets in a table: those that are as we would make them, and those that are not. */
export const readSets = async (
  socket: Wire,
  family: Family,
  ref: TableRef,
): Promise<{ readonly sound: readonly SetName[]; readonly strange: readonly SetName[] }> => {
  const sound: SetName[] = []
  const strange: SetName[] = []
  for (const reply of await dumpAll(socket, encode.getSets(ref))) {
    const found = read.readSet(reply)
    if (!isSetName(found.set)) continue
    const same = isSameShape(found, kernelSet(ref, family, found.set))
    ;(same ? sound : strange).push(found.set)
  }
  return { sound, strange }
}

const isSetName = (name: string): name is SetName => name in SETS

const readSetElements = async (
  socket: Wire,
  family: Family,
  ref: TableRef,
  set: SetName,
): Promise<readonly Element[]> => {
  if (SETS[set].dynamic) return []
  const found: Element[] = []
  for (const reply of await dumpAll(socket, encode.getElements({ ...ref, set })))
    for (const element of readElements(reply).elements) {
      const entry = readElement(family, set, element)
      if (entry) found.push(entry)
    }
  return found
}

const readChains = async (
  socket: Wire,
  family: Family,
  ref: TableRef,
): Promise<readonly Chain[]> => {
  const rules = new Map<string, (Rule | undefined)[]>()
  for (const reply of await dumpAll(socket, encode.getRules(ref))) {
    const { chain, expressions } = read.readRule(reply)
    const list = rules.get(chain) ?? []
    list.push(readRule(family, expressions))
    rules.set(chain, list)
  }
  const replies = await dumpAll(socket, encode.getChains(ref.family))
  return replies
    .map(reply => read.readChain(reply))
    .filter(({ table }) => table === ref.table)
    .map(({ chain, hook }) => {
      const found = rules.get(chain) ?? []
      const known = found.filter(rule => rule !== undefined)
      const ours: Hook | null | undefined = hook && readHook(hook)
      const isForeign = known.length !== found.length || ours === undefined
      return {
        kind: 'chain',
        key: chainKey(family, chain),
        family,
        name: chain,
        hook: ours ?? null,
        rules: known,
        ...(isForeign && { foreign: true }),
      }
    })
}

/** undefined: not a hook of ours. */
const readHook = (hook: {
  readonly type: string
  readonly number: number
  readonly priority: number
}): Hook | undefined => {
  const name = hookOf(hook.number)
  return name && hook.type === 'nat' ? { hook: name, priority: hook.priority } : undefined
}

/** Names that a verdict of an element leads to, and those that their rules lead to in turn; and from the hooks. */
const usedChains = (
  chains: readonly Chain[],
  elements: readonly Element[],
): ReadonlySet<string> => {
  const byName = new Map(chains.map(chain => [chain.name, chain]))
  const used = new Set<string>()
  const reach = (name: string): void => {
    if (used.has(name)) return
    used.add(name)
    for (const { statements } of byName.get(name)?.rules ?? [])
      for (const statement of statements)
        if (statement.kind === 'verdict' && statement.verdict.kind !== 'drop')
          reach(statement.verdict.chain)
  }
  for (const { hook, name } of chains) if (hook !== null) reach(name)
  for (const element of elements)
    if (element.kind === 'verdict' && element.verdict.kind !== 'drop') reach(element.verdict.chain)
  return used
}

/** Whether packets run through a table. */
export const hasHooks = async (socket: Wire, family: Family, table: string): Promise<boolean> => {
  const chains = await dumpAll(socket, encode.getChains(PROTOCOL_FAMILY[family]))
  return chains
    .map(reply => read.readChain(reply))
    .some(chain => chain.table === table && chain.hook !== null)
}
