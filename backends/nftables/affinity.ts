/**
 * Remembered clients: the kernel writes them down, and we take away those whose endpoint has left and carry the others
 * over into a new table with the time that they have left.
 */
import { BatchError } from '../../src/netlink/errors.ts'
import { deleteElements, newElements } from '../../src/netlink/nf-tables/elements.ts'
import { getElements } from '../../src/netlink/nf-tables/encode.ts'
import type { Element as KernelElement, SetRef } from '../../src/netlink/nf-tables/objects.ts'
import { readElements } from '../../src/netlink/nf-tables/read-elements.ts'
import type { Family } from '../../src/objects/types.ts'
import { readLiveKey } from './read-element.ts'
import { dumpAll, readSets, refOf } from './read-table.ts'
import type { Wire } from './wire.ts'

type AffinityMap = 'affinity' | 'np-affinity'
const MAPS: readonly AffinityMap[] = ['affinity', 'np-affinity']

/** Clients that go into one message. */
const CLIENTS_PER_BATCH = 500

const clientsOf = async (
  socket: Wire,
  family: Family,
  ref: SetRef & { readonly set: string },
  isWanted: (liveKey: string) => boolean,
): Promise<readonly KernelElement[]> => {
  const set = ref.set === 'affinity' ? 'affinity' : 'np-affinity'
  const wanted: KernelElement[] = []
  for (const reply of await dumpAll(socket, getElements(ref)))
    for (const element of readElements(reply).elements)
      if (isWanted(readLiveKey(family, set, element) ?? '')) wanted.push(element)
  return wanted
}

const inBatches = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / CLIENTS_PER_BATCH) }, (_, at) =>
    items.slice(at * CLIENTS_PER_BATCH, (at + 1) * CLIENTS_PER_BATCH),
  )

export interface Copy {
  readonly family: Family
  readonly from: string
  readonly to: string
  /** Whether the program holds such an element of `live`: other clients have to choose anew. */
  readonly isLive: (liveKey: string) => boolean
}

/** Carries remembered clients from one table to the other. */
export const copyAffinity = async (
  socket: Wire,
  { family, from, to, isLive }: Copy,
): Promise<void> => {
  const { sound } = await readSets(socket, family, refOf(family, from))
  for (const set of MAPS.filter(map => sound.includes(map))) {
    const clients = await clientsOf(socket, family, { ...refOf(family, from), set }, isLive)
    for (const some of inBatches(clients))
      await socket.sendBatch(
        newElements(
          { ...refOf(family, to), set },
          some.map(({ key, data, timeoutMs, expirationMs }) => ({
            key,
            ...(data && { data }),
            ...(timeoutMs !== undefined && { timeoutMs }),
            ...(expirationMs !== undefined && { expirationMs }),
          })),
        ),
      )
  }
}

/** Forgets clients of endpoints that are gone. `gone`: keys of elements that `live` had. */
export const forgetGone = async (
  socket: Wire,
  names: ReadonlyMap<Family, string>,
  gone: ReadonlySet<string>,
): Promise<void> => {
  for (const [family, name] of names)
    for (const set of MAPS) {
      const ref = { ...refOf(family, name), set }
      const clients = await clientsOf(socket, family, ref, key => gone.has(key))
      for (const some of inBatches(clients)) await forget(socket, ref, some)
    }
}

/** A client whose time ran out meanwhile is refused, and the others with it: then one by one. */
const forget = async (
  socket: Wire,
  ref: SetRef,
  clients: readonly KernelElement[],
): Promise<void> => {
  const keys = clients.map(({ key }) => ({ key }))
  try {
    await socket.sendBatch(deleteElements(ref, keys))
  } catch (error) {
    if (!(error instanceof BatchError) || error.outcome === 'unknown' || keys.length === 1) return
    for (const key of clients) await forget(socket, ref, [key])
  }
}
