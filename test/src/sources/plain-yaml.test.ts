/** Answers for src/sources/plain-yaml.ts and plain-scalar.ts: where they read, they read what `yaml` reads. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { readPlainYaml } from '../../../src/sources/plain-yaml.ts'
import { readAnyYaml } from '../../../src/sources/yaml.ts'
import { service, slice } from '../../support/raw-objects.ts'

/** Whether the quick reader gave up or agrees with the library. */
const agrees = (text: string): boolean => {
  const plain = readPlainYaml(text)
  if (plain === undefined) return true
  const any = readAnyYaml(text)
  return 'value' in any && isDeepStrictEqual(plain, any.value)
}

const PLAIN: Readonly<Record<string, unknown>> = {
  '': null,
  '---': null,
  '---\n# only a comment': null,
  'a: 1': { a: 1 },
  'a: b\nc: d\n': { a: 'b', c: 'd' },
  '---\na:\n  b: true\n': { a: { b: true } },
  'a:\n- 1\n- x\nb:\n  - y': { a: [1, 'x'], b: ['y'] },
  'a:\n- b: 1\n  c: 2\n-\n  d: 3\n- - 4\n  - 5': { a: [{ b: 1, c: 2 }, { d: 3 }, [4, 5]] },
  'a:\nb: null\nc: {}\nd: []\ne: ""\n': { a: null, b: null, c: {}, d: [], e: '' },
  'a: \'it\'\'s\'\nb: "say \\"x\\"\\n"': { a: "it's", b: 'say "x"\n' },
  '# c\na: 1\n\n  # d\nb: 2\n': { a: 1, b: 2 },
  'a: |\n  one\n   two\n\n  three\n\nb: |-\n  x\n': { a: 'one\n two\n\nthree\n', b: 'x' },
  'a: 10.0.0.1\nb: 10.0.0.0/8\nc: fd00::1\nd: 1a\ne: 08x\nf: yes': {
    a: '10.0.0.1',
    b: '10.0.0.0/8',
    c: 'fd00::1',
    d: '1a',
    e: '08x',
    f: 'yes',
  },
  'a: two words, and: more#x\n': undefined,
  'a: two words, and:more#x\n': { a: 'two words, and:more#x' },
}

t.test('plain documents', async t => {
  for (const [text, value] of Object.entries(PLAIN)) {
    t.strictSame(readPlainYaml(text), value, JSON.stringify(text))
    t.ok(agrees(text))
  }
})

const ODD: readonly string[] = [
  'word',
  'a: 1\na: 2',
  'a: &x 1',
  'a: *x',
  'a: !!str 1',
  'a: [1]',
  'a: {b: 1}',
  'a: b # comment',
  'a: b\n  c',
  'a: "b\n  c"',
  'a: >\n  b',
  'a: |2\n   b',
  'a: 1.5',
  'a: 007',
  'a: 0x1F',
  'a: 0o17',
  'a: .inf',
  'a: -1',
  'a: ~',
  'a: 1e3',
  'a: "\\x41"',
  'a: ä',
  'a:\tb',
  'a: b\r\n',
  '"a": b',
  '? a\n: b',
  '__proto__: 1',
  '<<: {a: 1}',
  'a: b: c',
  'a: b:',
  ' a: 1\nb: 2',
  'a:\n  b: 1\n c: 2',
  'a:\n  - b\n - c',
  'a: @b',
  'a: 1\n...\n',
  '%YAML 1.2\n---\na: 1',
  '--- a: 1',
  'a: x\n- b',
  '- a\nb: c',
  'a: 1 ',
  '- '.repeat(5000),
  `a: '${'x'.repeat(10_000_000)}'`,
]

t.test('whatever else is left to the library', async t => {
  for (const text of ODD) t.equal(readPlainYaml(text), undefined, JSON.stringify(text.slice(0, 40)))
})

const scalar = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[a-z0-9.:/#'" -]*$/),
  fc.constantFrom(
    '10.96.0.10',
    'fd00::1',
    'true',
    'null',
    '1e3',
    '0x1',
    '.5',
    'a: b',
    'a #b',
    '- x',
  ),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.stringMatching(/^( *[a-z]+\n){1,3}$/),
)
const key = fc.oneof(fc.stringMatching(/^[A-Za-z_][\w./-]{0,8}$/), fc.string())
const { tree } = fc.letrec(tie => ({
  tree: fc.oneof({ depthSize: 'small' }, scalar, tie('list'), tie('mapping')),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  mapping: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
}))
const text = fc
  .tuple(tree, fc.boolean(), fc.constantFrom(0, 80))
  .map(([value, indentSeq, lineWidth]) => stringify(value, { indentSeq, lineWidth }))

t.test('law: any value that was printed', async t => {
  fc.assert(fc.property(text, agrees), { numRuns: 2000 })
  t.pass('holds')
})

const OBJECTS: readonly string[] = [service(), slice()].map(raw =>
  stringify({ ...raw, note: 'two\nlines\n', 'x/y.z': 'a b' }),
)
const edit = fc.record({
  at: fc.nat(800),
  cut: fc.nat(3),
  add: fc.oneof(
    fc.constantFrom(' ', '\n', '- ', ': ', '#', '|', "'", '"', '\n  ', '{}', '---\n', '\t'),
    fc.string({ maxLength: 3 }),
  ),
})

t.test('law: real objects, mangled', async t => {
  for (const object of OBJECTS) t.not(readPlainYaml(object), undefined, 'plain before')
  const mangled = fc
    .tuple(fc.constantFrom(...OBJECTS), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([object, edits]) =>
      edits.reduce((so, { at, cut, add }) => {
        const from = at % so.length
        return so.slice(0, from) + add + so.slice(from + cut)
      }, object),
    )
  fc.assert(fc.property(mangled, agrees), { numRuns: 3000 })
  t.pass('holds')
})
