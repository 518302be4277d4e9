/** Answers for src/ports/garbage.ts: what is out of use goes, and not for little. */
import { getHeapStatistics } from 'node:v8'
import t from 'tap'
import { garbageCollector } from '../../../src/ports/garbage.ts'

const MANY = 1_000_000
const size = (): number => getHeapStatistics().total_heap_size

t.test('a heap that has grown shrinks; one that has not is left alone', async t => {
  const collect = garbageCollector()
  collect()
  const before = size()
  let ballast: object[] | null = Array.from({ length: MANY }, (_, at) => ({ at }))
  const grown = size()
  t.ok(grown > before + MANY * 8 && ballast.length === MANY)
  ballast = null
  collect()
  const after = size()
  t.ok(after < (before + grown) / 2, `${before} → ${grown} → ${after}`)
  const little = new WeakRef({})
  await new Promise(setImmediate)
  collect()
  t.ok(little.deref(), 'no collection for so little')
})
