/**
 * Operations to netlink messages, and messages to transactions. Elements that follow one another in one set share a
 * message. Each message knows which entries it is about, so that what the kernel refuses has a name. Pure.
 */
import type { Message } from '../../src/netlink/message.ts'
import * as nf from '../../src/netlink/nf-tables/constants.ts'
import { deleteElements, newElements } from '../../src/netlink/nf-tables/elements.ts'
import {
  deleteChain,
  deleteTable,
  flushChain,
  newChain,
  newRule,
  newSet,
  newTable,
} from '../../src/netlink/nf-tables/encode.ts'
import type { Element as KernelElement, TableRef } from '../../src/netlink/nf-tables/objects.ts'
import type { Family } from '../../src/objects/types.ts'
import { kernelElement } from './element-bytes.ts'
import { type Chain, type Element, familyOf, type Hook, type NftEntry, setOf } from './entries.ts'
import { kernelSet } from './kernel-set.ts'
import type { Operation, Unit } from './phases.ts'
import { expressionsOf } from './rule-expressions.ts'

/** A message, and what it is about. */
export interface Parcel {
  readonly message: Message
  readonly entries: readonly NftEntry[]
}

/** What goes to the kernel in one piece. */
export interface Transaction {
  readonly operations: readonly Operation[]
  readonly parcels: readonly Parcel[]
}

/** A unit whose values cannot be encoded: ours or the cluster's fault, never the kernel's. */
export class EncodeError extends Error {
  readonly code = 'BAD_ENTRY'
  readonly refused: readonly string[]
  constructor(entry: NftEntry, cause: unknown) {
    const fact = cause instanceof Error ? cause.message : String(cause)
    super(`cannot write ${entry.key}: ${fact}`, { cause })
    this.name = 'EncodeError'
    this.refused = [entry.key]
  }
}

/** Where a family's entries go. */
export type TableName = (family: Family) => string

export const PROTOCOL_FAMILY: Readonly<Record<Family, number>> = {
  IPv4: nf.NFPROTO_IPV4,
  IPv6: nf.NFPROTO_IPV6,
}

export interface Encoding {
  readonly tableOf: TableName
  /** NFT_TABLE_F_* for tables that are made. */
  readonly tableFlags: number
  /** Bytes that the messages of a transaction may have; a unit that is larger has one to itself. */
  readonly chunk: number
}

/** Encodes units as they are asked for, so that only one transaction is in memory at a time. Throws EncodeError. */
export function* transactions(units: Iterable<Unit>, encoding: Encoding): Generator<Transaction> {
  let pending: Operation[] = []
  let size = 0
  for (const unit of units) {
    const cost = unit.reduce((sum, operation) => sum + costOf(operation), 0)
    if (pending.length > 0 && size + cost > encoding.chunk) {
      yield encode(pending, encoding)
      pending = []
      size = 0
    }
    pending.push(...unit)
    size += cost
  }
  if (pending.length > 0) yield encode(pending, encoding)
}

/** Bytes that an operation takes, roughly: what transactions are cut by. Elements share their message. */
const costOf = ({ op, entry }: Operation): number => {
  switch (op) {
    case 'add':
    case 'remove':
      return familyOf(entry) === 'IPv4' ? 56 : 80
    case 'fill-chain':
      return 450 * entry.rules.length
    default:
      return 100
  }
}

const encode = (operations: readonly Operation[], encoding: Encoding): Transaction => ({
  operations,
  parcels: encodeOperations(operations, encoding, ELEMENTS_PER_MESSAGE),
})

/** The same transaction with a message for each element, to learn which of them the kernel refuses. */
export const singled = ({ operations }: Transaction, encoding: Encoding): Transaction => ({
  operations,
  parcels: encodeOperations(operations, encoding, 1),
})

const encodeOperations = (
  operations: readonly Operation[],
  encoding: Encoding,
  perMessage: number,
): readonly Parcel[] => {
  const parcels: Parcel[] = []
  for (let at = 0; at < operations.length; ) {
    const end = runEnd(operations, at, perMessage)
    parcels.push(...encodeRun(operations.slice(at, end), encoding))
    at = end
  }
  return parcels
}

/** Elements of one list stay below the 65,535 bytes of an attribute, at the longest IPv6 key with ranges. */
const ELEMENTS_PER_MESSAGE = 400

/** Index behind the last operation that shares a message with the one at `from`. */
const runEnd = (operations: readonly Operation[], from: number, perMessage: number): number => {
  const first = operations[from]
  let end = from + 1
  if (!first || !isElementOperation(first)) return end
  for (; end < operations.length && end - from < perMessage; end++) {
    const next = operations[end]
    if (!next || !isElementOperation(next) || !sharesMessage(first, next)) break
  }
  return end
}

type ElementOperation = Extract<Operation, { readonly entry: Element }>

const isElementOperation = (operation: Operation): operation is ElementOperation =>
  operation.op === 'add' || operation.op === 'remove'

const sharesMessage = (a: ElementOperation, b: ElementOperation): boolean =>
  a.op === b.op && setOf(a.entry) === setOf(b.entry) && familyOf(a.entry) === familyOf(b.entry)

const encodeRun = (run: readonly Operation[], encoding: Encoding): readonly Parcel[] => {
  const [first] = run
  if (!first) return []
  if (isElementOperation(first)) return elementParcel(run.filter(isElementOperation), encoding)
  return objectMessages(first, encoding).map(message => ({ message, entries: [first.entry] }))
}

const refOf = (family: Family, { tableOf }: Encoding): TableRef => ({
  family: PROTOCOL_FAMILY[family],
  table: tableOf(family),
})

const elementParcel = (run: readonly ElementOperation[], encoding: Encoding): readonly Parcel[] => {
  const [first] = run
  if (!first) return []
  const ref = { ...refOf(familyOf(first.entry), encoding), set: setOf(first.entry) }
  const entries = run.map(({ entry }) => entry)
  const elements = entries.map(encodeElement)
  const messages =
    first.op === 'add'
      ? newElements(ref, elements, { exclusive: true })
      : deleteElements(ref, elements)
  return messages.map(message => ({ message, entries }))
}

const encodeElement = (entry: Element): KernelElement => {
  try {
    return kernelElement(entry)
  } catch (error) {
    throw new EncodeError(entry, error)
  }
}

const objectMessages = (operation: Operation, encoding: Encoding): readonly Message[] => {
  const { family } = operation.entry as Chain
  const table = refOf(family, encoding)
  switch (operation.op) {
    case 'make-table':
      return [newTable({ ...table, flags: encoding.tableFlags })]
    case 'drop-table':
      return [deleteTable(table)]
    case 'make-set':
      return [newSet(kernelSet(table, family, operation.entry.name))]
    case 'make-chain': {
      const { name, hook } = operation.entry
      return [newChain({ ...table, chain: name, hook: hook && kernelHook(hook) })]
    }
    case 'fill-chain': {
      const { name, rules } = operation.entry
      return rules.map(rule =>
        newRule({ ...table, chain: name, expressions: expressionsOf(family, rule) }),
      )
    }
    case 'empty-chain':
      return [flushChain({ ...table, chain: operation.entry.name })]
    case 'drop-chain':
      return [deleteChain({ ...table, chain: operation.entry.name })]
    case 'add':
    case 'remove':
      return []
  }
}

const HOOK_NUMBER: Readonly<Record<Hook['hook'], number>> = {
  prerouting: nf.NF_INET_PRE_ROUTING,
  input: nf.NF_INET_LOCAL_IN,
  output: nf.NF_INET_LOCAL_OUT,
  postrouting: nf.NF_INET_POST_ROUTING,
}

const kernelHook = ({ hook, priority }: Hook): Parameters<typeof newChain>[0]['hook'] => ({
  type: 'nat',
  number: HOOK_NUMBER[hook],
  priority,
  policy: nf.NF_ACCEPT,
})

/** The hook that a number stands for; undefined: none that we use. */
export const hookOf = (number: number): Hook['hook'] | undefined =>
  (['prerouting', 'input', 'output', 'postrouting'] as const).find(
    hook => HOOK_NUMBER[hook] === number,
  )
