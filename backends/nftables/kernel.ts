/**
 * The kernel's tables of ours over netlink: read, checked, changed, renewed. One table for each address family, under
 * one of two names: a program that is built anew stands under the other name until it takes the old one's place.
 * Changes go in the order of phases.ts, cut into transactions; what the kernel refuses is traced to its entries.
 */
import type { Kernel } from '../../src/backend.ts'
import { deleteTable, getTables } from '../../src/netlink/nf-tables/encode.ts'
import { readTable as readTableMessage } from '../../src/netlink/nf-tables/read.ts'
import type { Family } from '../../src/objects/types.ts'
import type { Change, EntryTable } from '../../src/program/types.ts'
import { copyAffinity, forgetGone } from './affinity.ts'
import type { Chain, NftEntry } from './entries.ts'
import { equal } from './equal.ts'
import { inPhases, staysInKernel } from './phases.ts'
import { dumpAll, type Found, hasHooks, readSets, readTable, refOf } from './read-table.ts'
import { isAmbiguous, toNftablesError } from './refusal.ts'
import { constructionUnits, hookUnit } from './renewal.ts'
import {
  type Encoding,
  type Parcel,
  PROTOCOL_FAMILY,
  singled,
  type Transaction,
  transactions,
} from './transactions.ts'
import { Lookout } from './watch.ts'
import { type CountedWire, counted, type Wire } from './wire.ts'

/** The names that a table of ours may have. The first is what a text has, and what a cold start makes. */
export const TABLES = ['kpc', 'kpc-b'] as const
export type TableName = (typeof TABLES)[number]

export interface KernelOptions {
  readonly socket: Wire
  readonly families: readonly Family[]
  /** Bytes of a transaction, about: more does not go faster, and holds up packets' rules longer. */
  readonly chunk?: number
  /** Entries from which on a new table is faster than reading the old one, whose time grows with the square. */
  readonly renewFrom?: number
}

const CHUNK = 120_000
const RENEW_FROM = 50_000
/** Changes from which on nobody listens for drift while they are written. */
const MUCH = 1000

/** Owns what is known about our tables; the state between calls is where they stand and which chains lie idle. */
export class NftablesKernel implements Kernel<NftEntry> {
  readonly #socket: CountedWire
  readonly #families: readonly Family[]
  readonly #chunk: number
  readonly #renewFrom: number
  /** Which name the table of a family has now. */
  #names: ReadonlyMap<Family, TableName> = new Map()
  /** Chains in the kernel that the program does not hold, by key. */
  #idle = new Map<string, Chain>()
  #sweep: Promise<void> = Promise.resolve()
  /** Nothing was written since the tables were read: changes that come now know what is there. */
  #isFresh = false
  readonly #lookout: Lookout

  constructor({ socket, families, chunk, renewFrom }: KernelOptions) {
    this.#socket = counted(socket)
    this.#lookout = new Lookout(this.#socket, {
      isOurs: ({ table, family }) =>
        [...this.#names].some(
          ([known, name]) => name === table && PROTOCOL_FAMILY[known] === family,
        ),
      areThere: async () => {
        for (const [family, name] of this.#names)
          if (!(await hasHooks(this.#socket, family, name))) return false
        return true
      },
    })
    this.#families = families
    this.#chunk = Math.min(chunk ?? CHUNK, socket.sendLimit / 2)
    this.#renewFrom = renewFrom ?? RENEW_FROM
  }

  /** Chains that no list needs are left out; they stay for the next one. */
  async read(): Promise<ReadonlyMap<string, NftEntry>> {
    const names = await this.#locate()
    const found: Found[] = []
    for (const [family, name] of names) found.push(await readTable(this.#socket, family, name))
    this.#names = names
    this.#idle = new Map(found.flatMap(({ idle }) => idle).map(chain => [chain.key, chain]))
    this.#isFresh = true
    return new Map(found.flatMap(({ entries }) => entries).map(entry => [entry.key, entry]))
  }

  /** Nothing is committed: the kernel looks at the transactions one by one, as long as none builds on another. */
  async check(changes: readonly Change<NftEntry>[]): Promise<void> {
    const encoding = this.#encoding()
    const all = [...transactions(inPhases(this.#needed(changes)), encoding)]
    const [only] = all
    if (only && all.length === 1) await this.#send(only, encoding, { dry: true })
  }

  async apply(changes: readonly Change<NftEntry>[]): Promise<void> {
    const encoding = this.#encoding()
    const isGuess = !this.#isFresh
    this.#isFresh = false
    const write = async (): Promise<void> => {
      for (const transaction of transactions(inPhases(this.#needed(changes)), encoding))
        await this.#send(transaction, encoding, { isGuess })
    }
    await (changes.length > MUCH ? this.#lookout.lookAway(write, { anew: false }) : write())
    this.#noteIdle(changes)
    this.#forgetGone(changes)
  }

  /**
   * Builds the program under the other name and lets it take the old table's place in one transaction. Clients that
   * were remembered stay so. Established connections notice nothing: their translation is not in the table.
   */
  async renew(program: EntryTable<NftEntry>): Promise<boolean> {
    const before = await this.#locate()
    if (!(await this.#isFaster(before, program.size))) return false
    await this.#lookout.lookAway(() => this.#rebuild(program, before), { anew: true })
    return true
  }

  async #rebuild(
    program: EntryTable<NftEntry>,
    before: ReadonlyMap<Family, TableName>,
  ): Promise<void> {
    const after = new Map(this.#families.map(family => [family, otherThan(before.get(family))]))
    await this.#discard(after)
    const encoding = this.#encoding(after)
    for (const transaction of transactions(constructionUnits(program), encoding))
      await this.#send(transaction, encoding)
    for (const [family, name] of before)
      await copyAffinity(this.#socket, {
        family,
        from: name,
        to: after.get(family) ?? name,
        isLive: key => program.has(key),
      })
    await this.#swap(program, before, encoding)
    this.#names = after
    this.#idle = new Map()
  }

  async watch(onDrift: (what: string) => void): Promise<void> {
    await this.#lookout.start(onDrift)
  }

  /** Waits for what is under way. What is in the kernel stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lookout[Symbol.asyncDispose]()
    await this.#sweep
    await this.#socket[Symbol.asyncDispose]()
  }

  async #swap(
    program: EntryTable<NftEntry>,
    before: ReadonlyMap<Family, TableName>,
    encoding: Encoding,
  ): Promise<void> {
    const [hooks] = [...transactions([hookUnit(program)], { ...encoding, chunk: Infinity })]
    const gone: Parcel[] = [...before].map(([family, name]) => ({
      message: deleteTable(refOf(family, name)),
      entries: [],
    }))
    const { operations = [], parcels = [] } = hooks ?? {}
    await this.#send({ operations, parcels: [...parcels, ...gone] }, encoding)
  }

  async #isFaster(before: ReadonlyMap<Family, TableName>, size: number): Promise<boolean> {
    if (before.size === 0 || size >= this.#renewFrom) return true
    for (const [family, name] of before) if (await this.#isStrange(family, name)) return true
    return false
  }

  /** A table of another version of ours, whose sets have other shapes, cannot be changed into this one's. */
  async #isStrange(family: Family, name: TableName): Promise<boolean> {
    const { strange } = await readSets(this.#socket, family, refOf(family, name))
    return strange.length > 0
  }

  /** Tables under these names that a crash left behind. */
  async #discard(names: ReadonlyMap<Family, TableName>): Promise<void> {
    const there = await this.#present()
    const left = [...names].filter(([family, name]) => there.get(family)?.includes(name))
    if (left.length === 0) return
    const parcels = left.map(([family, name]) => ({
      message: deleteTable(refOf(family, name)),
      entries: [],
    }))
    await this.#send({ operations: [], parcels }, this.#encoding(names))
  }

  /** Which of our names exist, by family. */
  async #present(): Promise<ReadonlyMap<Family, readonly TableName[]>> {
    const tables = (await dumpAll(this.#socket, getTables(0))).map(reply => readTableMessage(reply))
    return new Map(
      this.#families.map(family => {
        const ours = TABLES.filter(name =>
          tables.some(found => found.table === name && found.family === PROTOCOL_FAMILY[family]),
        )
        return [family, ours]
      }),
    )
  }

  /** The table in use, by family: of two, the one that has hooks. */
  async #locate(): Promise<ReadonlyMap<Family, TableName>> {
    const names = new Map<Family, TableName>()
    for (const [family, [first, second]] of await this.#present()) {
      if (first === undefined) continue
      const both = second !== undefined
      const firstIsUsed = !both || (await hasHooks(this.#socket, family, first))
      names.set(family, firstIsUsed ? first : second)
    }
    return names
  }

  #encoding(names: ReadonlyMap<Family, TableName> = this.#names): Encoding {
    return {
      tableOf: family => names.get(family) ?? TABLES[0],
      tableFlags: 0,
      chunk: this.#chunk,
    }
  }

  /** Chains that lie idle need not be made again; those that say something else now are filled anew. */
  #needed(changes: readonly Change<NftEntry>[]): readonly Change<NftEntry>[] {
    return changes.flatMap((change): readonly Change<NftEntry>[] => {
      if (change.op !== 'add' || change.entry.kind !== 'chain') return [change]
      const was = this.#idle.get(change.entry.key)
      if (!was) return [change]
      return equal(was, change.entry) ? [] : [{ op: 'replace', entry: change.entry, was }]
    })
  }

  #noteIdle(changes: readonly Change<NftEntry>[]): void {
    for (const change of changes) {
      if (change.op !== 'remove') this.#idle.delete(change.entry.key)
      else if (change.was.kind === 'chain' && staysInKernel(change.was))
        this.#idle.set(change.was.key, change.was)
    }
    for (const change of changes) {
      if (change.op !== 'remove' || change.was.kind !== 'table') continue
      for (const { key, family } of this.#idle.values())
        if (family === change.was.family) this.#idle.delete(key)
    }
  }

  /** Not waited for: until it is done, the rules themselves turn such clients away (README.md, affinity). */
  #forgetGone(changes: readonly Change<NftEntry>[]): void {
    const gone = new Set<string>()
    for (const change of changes)
      if (change.op === 'remove' && change.was.kind === 'live') gone.add(change.was.key)
    if (gone.size === 0) return
    const names = this.#names
    this.#sweep = this.#sweep
      .then(() => forgetGone(this.#socket, names, gone))
      .catch(() => undefined)
  }

  async #send(
    transaction: Transaction,
    encoding: Encoding,
    { dry = false, isGuess = false }: { readonly dry?: boolean; readonly isGuess?: boolean } = {},
  ): Promise<void> {
    if (transaction.parcels.length === 0) return
    const post = ({ parcels }: Transaction): Promise<void> =>
      this.#socket.sendBatch(
        parcels.map(({ message }) => message),
        { dry },
      )
    try {
      await post(transaction)
    } catch (error) {
      if (!isAmbiguous(error, transaction)) throw toNftablesError(error, transaction, isGuess)
      const each = singled(transaction, encoding)
      await post(each).catch(again => {
        throw toNftablesError(again, each, isGuess)
      })
    }
  }
}

const otherThan = (name: TableName | undefined): TableName =>
  name === TABLES[0] ? TABLES[1] : TABLES[0]
