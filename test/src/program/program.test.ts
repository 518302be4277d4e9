import fc from 'fast-check'
import t from 'tap'
import { diff, Program } from '../../../src/program/program.ts'
import { squash } from '../../../src/program/squash.ts'
import type { Change, Entry, Fragment } from '../../../src/program/types.ts'

interface Word extends Entry {
  readonly kind: 'word'
  readonly text: string
}
const equal = (a: Word, b: Word): boolean => a.text === b.text
const word = (key: string, text: string): Word => ({ kind: 'word', key, text })

const arbWord = fc.record({
  kind: fc.constant('word' as const),
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  text: fc.constantFrom('x', 'y', 'z'),
})
const arbFragment: fc.Arbitrary<Fragment<Word>> = fc
  .uniqueArray(arbWord, { selector: ({ key }) => key })
  .map(entries => ({ entries }))
const arbStep = fc.record({
  owner: fc.constantFrom('p', 'q', 'r', 's'),
  fragment: fc.option(arbFragment, { nil: undefined }),
})

const contents = (entries: Iterable<Word>): Record<string, string> =>
  Object.fromEntries([...entries].map(({ key, text }) => [key, text]))

const replay = (have: ReadonlyMap<string, Word>, changes: readonly Change<Word>[]) => {
  const table = new Map(have)
  for (const change of changes)
    if (change.op === 'remove') table.delete(change.was.key)
    else table.set(change.entry.key, change.entry)
  return table
}

t.test('an entry goes with the last of its owners', async t => {
  const program = new Program(equal)
  const shared = { entries: [word('chain', 'x')] }
  t.strictSame(program.replace('p', shared), [{ op: 'add', entry: word('chain', 'x') }])
  t.strictSame(program.replace('q', shared), [])
  t.strictSame(program.owners('chain'), ['p', 'q'])
  t.strictSame(program.replace('p', undefined), [])
  t.strictSame(program.replace('q', undefined), [{ op: 'remove', was: word('chain', 'x') }])
  t.equal(program.size, 0)
})

t.test('owners who disagree: the smaller name has its way, whoever came first', async t => {
  for (const order of [
    ['p', 'q'],
    ['q', 'p'],
  ]) {
    const program = new Program(equal)
    for (const owner of order) program.replace(owner, { entries: [word('vip', owner)] })
    t.strictSame(contents(program.values()), { vip: 'p' })
    t.strictSame(program.replace('p', undefined), [
      { op: 'replace', entry: word('vip', 'q'), was: word('vip', 'p') },
    ])
  }
})

t.test('law: the program depends on the last fragment of each owner only', async t => {
  fc.assert(
    fc.property(fc.array(arbStep, { maxLength: 30 }), steps => {
      const program = new Program(equal)
      const changes = steps.flatMap(({ owner, fragment }) => program.replace(owner, fragment))
      const last = new Map(steps.map(({ owner, fragment }) => [owner, fragment]))
      const fresh = new Program(equal)
      for (const [owner, fragment] of [...last].reverse()) fresh.replace(owner, fragment)
      const told = replay(new Map(), changes)
      return (
        t.strictSame(contents(program.values()), contents(fresh.values())) &&
        t.strictSame(contents(told.values()), contents(program.values())) &&
        t.strictSame(
          contents(replay(new Map(), squash(changes, equal)).values()),
          contents(program.values()),
        )
      )
    }),
  )
})

const arbTable = fc
  .uniqueArray(arbWord, { selector: ({ key }) => key })
  .map(entries => new Map(entries.map(entry => [entry.key, entry])))

t.test('law: diff(x, x) is empty, and apply(diff(a, b)) turns a into b', async t => {
  fc.assert(
    fc.property(arbTable, arbTable, (have, want) => {
      t.strictSame(diff(have, have, equal), [])
      const changes = diff(have, want, equal)
      t.strictSame(contents(replay(have, changes).values()), contents(want.values()))
      t.strictSame(squash(changes, equal), changes)
    }),
  )
})

t.test('squash: what came and went in one batch is no change', async t => {
  const [x, y] = [word('a', 'x'), word('a', 'y')]
  t.strictSame(
    squash<Word>(
      [
        { op: 'add', entry: x },
        { op: 'remove', was: x },
      ],
      equal,
    ),
    [],
  )
  t.strictSame(
    squash<Word>(
      [
        { op: 'remove', was: x },
        { op: 'add', entry: y },
      ],
      equal,
    ),
    [{ op: 'replace', entry: y, was: x }],
  )
})
