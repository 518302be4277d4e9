/**
 * Which endpoint has which number in a list. The order inside a list means nothing, so numbers are kept: a survivor
 * stays where it was, a newcomer fills a hole, and what is left of the holes is filled from the tail. One endpoint
 * more or less is then one or two elements, whatever the length.
 */
import type { EndpointElement, NftEntry, Target } from './entries.ts'

/** A list by index; undefined where an index is not taken. */
export type Slots = readonly (EndpointElement | undefined)[]

/** The lists that elements make up, by frontend and offset. */
export type SlotTable = ReadonlyMap<string, Slots>

const NONE: SlotTable = new Map()

/** Names the list of a frontend that starts at `offset`. */
export const listName = (frontend: string, offset: number): string => `${frontend} +${offset}`

/** Reads the lists off a fragment. `offsets`: where lists start, smallest first. */
export const slotsIn = (
  entries: readonly NftEntry[] | undefined,
  offsets: readonly number[],
): SlotTable => {
  if (!entries) return NONE
  const table = new Map<string, (EndpointElement | undefined)[]>()
  let text = ''
  let offset = -1
  let list: (EndpointElement | undefined)[] = []
  for (const entry of entries) {
    if (entry.kind !== 'endpoint') continue
    const from = offsets.findLast(start => entry.index >= start) ?? 0
    if (entry.frontend.text !== text || from !== offset) {
      text = entry.frontend.text
      offset = from
      const name = listName(text, offset)
      list = table.get(name) ?? []
      table.set(name, list)
    }
    list[entry.index - offset] = entry
  }
  return table
}

/** `wanted` in the order of `before`, as far as its endpoints are there; no gaps. */
export const assignSlots = <T extends Target>(
  before: Slots,
  wanted: readonly T[],
): readonly T[] => {
  if (before.length === 0) return wanted
  const left = new Map(wanted.map(target => [textOf(target), target]))
  const slots: (T | undefined)[] = []
  for (let index = 0; index < before.length; index++) {
    const element = before[index]
    const text = element && textOf(element.to)
    const kept = text === undefined ? undefined : left.get(text)
    if (text !== undefined) left.delete(text)
    slots.push(kept)
  }
  return compact(slots, [...left.values()], wanted.length)
}

/** Fills holes below `length` with newcomers, then with survivors from the tail. */
const compact = <T>(
  slots: readonly (T | undefined)[],
  newcomers: readonly T[],
  length: number,
): readonly T[] => {
  const tail = slots.slice(length).filter(target => target !== undefined)
  const fill = [...newcomers, ...tail.reverse()].values()
  return Array.from({ length }, (_, index) => slots[index] ?? fill.next().value).filter(
    target => target !== undefined,
  )
}

const textOf = ({ ip, port }: Target): string => `${ip} ${port}`
