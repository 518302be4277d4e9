/** Laws of the store: what is listed at a revision is what was there then, on disk as in memory, compacted or not. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { openStore } from '../../../../src/simulator/store/journal.ts'
import { createStore } from '../../../../src/simulator/store/memory.ts'
import { CompactedError, type Store } from '../../../../src/simulator/store/types.ts'
import { holdsAsync } from '../../../support/holds.ts'

interface Step {
  readonly namespace: string
  readonly name: string
  readonly deleted: boolean
}

const steps = fc.array(
  fc.record({
    namespace: fc.constantFrom('', 'a', 'a-b', 'b'),
    name: fc.constantFrom('x', 'y', 'z', 'x-1'),
    deleted: fc.boolean(),
  }),
  { maxLength: 40 },
)

const apply = (store: Store, { namespace, name, deleted }: Step): void => {
  const key = `${namespace}/${name}`
  if (deleted && store.get('r', key) === undefined) return
  store.commit({
    resource: 'r',
    key,
    namespace,
    deleted,
    object: { metadata: { name, namespace } },
  })
}

/** The keys and revisions that a plain reading of the history gives, for each revision. */
const histories = (all: readonly Step[]): readonly ReadonlyMap<string, number>[] => {
  const history: ReadonlyMap<string, number>[] = [new Map()]
  for (const { namespace, name, deleted } of all) {
    const now = new Map(history.at(-1))
    const key = `${namespace}/${name}`
    if (deleted && !now.delete(key)) continue
    if (!deleted) now.set(key, history.length)
    history.push(now)
  }
  return history
}

const listed = (store: Store, revision: number, namespace = ''): readonly string[] =>
  store
    .list({ resource: 'r', namespace, after: '', revision })
    .map(item => `${item.key}@${item.revision}`)

const expected = (state: ReadonlyMap<string, number>, namespace = ''): readonly string[] =>
  [...state]
    .filter(([key]) => namespace === '' || key.startsWith(`${namespace}/`))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, revision]) => `${key}@${revision}`)

t.test('a list shows its revision, whenever it is asked for', async t => {
  await holdsAsync(
    t,
    fc.asyncProperty(steps, fc.nat(), fc.nat(), async (all, cutAt, probe) => {
      const store = createStore()
      const history = histories(all)
      // Lists in between must not disturb later ones.
      for (const [index, step] of all.entries()) {
        apply(store, step)
        if (index % 5 === probe % 5) listed(store, store.revision())
      }
      const check = (from: number): void => {
        for (let revision = from; revision < history.length; revision++) {
          const state = history[revision] ?? new Map()
          same(listed(store, revision), expected(state))
          same(listed(store, revision, 'a'), expected(state, 'a'))
        }
      }
      check(0)
      const cut = cutAt % (store.revision() + 1)
      store.compact(cut)
      check(cut)
      if (cut > 0) throwsCompacted(() => listed(store, cut - 1))
      for (let revision = 1; revision <= store.revision(); revision++) {
        const item = store.event(revision)
        same(item?.revision, revision > cut ? revision : undefined)
      }
      same(store.count('r'), (history.at(-1) ?? new Map()).size)
    }),
  )
})

const same = (got: unknown, want: unknown): void => {
  if (JSON.stringify(got) !== JSON.stringify(want))
    throw new Error(`${JSON.stringify(got)} is not ${JSON.stringify(want)}`)
}

const throwsCompacted = (work: () => unknown): void => {
  try {
    work()
  } catch (error) {
    if (error instanceof CompactedError) return
  }
  throw new Error('a compacted revision was readable')
}

t.test('a store that is opened again is the store that was closed', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let run = 0
  await holdsAsync(
    t,
    fc.asyncProperty(steps, fc.nat(), async (all, cutAt) => {
      const directory = join(folder, String(run++))
      const store = await openStore(directory)
      for (const step of all) apply(store, step)
      same(store.revision(), 0)
      await store.settled()
      const cut = cutAt % (store.revision() + 1)
      if (cutAt % 2 === 0) store.compact(cut)
      const [revision, compacted] = [store.revision(), store.compacted()]
      const before = Array.from({ length: revision - compacted + 1 }, (_, index) =>
        listed(store, compacted + index),
      )
      await store.close()
      const again = await openStore(directory)
      same([again.revision(), again.compacted()], [revision, compacted])
      same(
        Array.from(before, (_, index) => listed(again, compacted + index)),
        before,
      )
      apply(again, { namespace: 'a', name: 'new', deleted: false })
      await again.settled()
      same(again.revision(), revision + 1)
      await again.close()
    }),
    { numRuns: 25 },
  )
})

t.test('nobody is told of a revision before it is on disk', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-store-'))
  const store = await openStore(folder)
  t.teardown(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  let told = 0
  store.subscribe(() => {
    told = store.revision()
  })
  for (let index = 0; index < 100; index++)
    apply(store, { namespace: 'a', name: `n-${index}`, deleted: false })
  t.equal(store.revision(), 0)
  t.equal(store.event(1), undefined)
  await store.settled()
  t.equal(store.revision(), 100)
  t.equal(told, 100, 'one group for all of them')
  t.equal(store.event(100)?.key, 'a/n-99')
  await t.rejects(openStore(folder), /is in use by another process/, 'a folder has one owner')
})
