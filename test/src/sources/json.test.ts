/**
 * Answers for src/sources/json.ts and lines.ts: a field's line is where the library finds it, too, and a list that is
 * read item by item is the one that JSON.parse reads.
 */
import fc from 'fast-check'
import t from 'tap'
import { readJson, splitJsonList } from '../../../src/sources/json.ts'

const TEXT = `
{
  "items": [
    {"a": 1},
    {
      "b\\u0020c": [ 1,
        "]}\\\\",
        {"x": "\\"", "y":
          true}
      ]
    }
  ],
  "kind": null
}
`

t.test('lines of fields', async t => {
  const lineOf = readJson(TEXT)?.lineOf ?? (() => -1)
  const lines = {
    '': 2,
    kind: 13,
    'items[0].a': 4,
    'items[1]': 5,
    'items[1]["b c"]': 6,
    'items[1]["b c"][1]': 7,
    'items[1]["b c"][2].y': 8,
    'items[1]["b c"][2].missing.deeper': 8,
    'items[1]["b c"][9]': 6,
    'items[9].a': 3,
    missing: 2,
  }
  for (const [field, line] of Object.entries(lines)) t.equal(lineOf(field), line, field)
  t.equal(readJson('{"a":'), undefined)
  t.equal(readJson(`{"a": "${'\\\\'.repeat(5_000_000)}",\n"b": 1}`)?.lineOf('b'), 2, 'long strings')
})

t.test('law: each value of a printed object is found on its own line', async t => {
  const value = fc.dictionary(
    fc.stringMatching(/^\w+$/).filter(key => key !== '__proto__'),
    fc.array(fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.json())), {
      maxLength: 4,
    }),
    { minKeys: 1, maxKeys: 4 },
  )
  fc.assert(
    fc.property(value, object => {
      const text = JSON.stringify(object, null, 1)
      const lines = text.split('\n')
      const lineOf = readJson(text)?.lineOf ?? (() => -1)
      for (const [key, list] of Object.entries(object)) {
        if (!lines[lineOf(key) - 1]?.startsWith(` ${JSON.stringify(key)}: `)) return false
        for (const [index, item] of list.entries()) {
          const start = JSON.stringify(item).slice(0, 1)
          if (!lines[lineOf(`${key}[${index}]`) - 1]?.startsWith(`  ${start}`)) return false
        }
      }
      return true
    }),
  )
  t.pass('holds')
})

/** The list put together again from its pieces; undefined where it cannot be read so. */
const readInPieces = (text: string): unknown => {
  const found = splitJsonList(text)
  try {
    return found && { ...Object(found.list), items: [...found.items].map(({ value }) => value) }
  } catch {
    return undefined
  }
}

t.test('a list, item by item', async t => {
  const { list, items } = splitJsonList(TEXT) ?? {}
  t.strictSame(list, { items: [], kind: null })
  t.strictSame(
    [...(items ?? [])].map(({ line }) => line),
    [4, 5],
  )
  t.strictSame(readInPieces('{"items":[],"kind":"List"}'), { items: [], kind: 'List' })
  t.strictSame(
    readInPieces('{"items": [1], "items": [2, 3]}'),
    { items: [2, 3] },
    'the last counts',
  )
  const others = ['[]', '{}', '{"items": 1}', '{"items": [1], "items": 2}', '{"\\u0069tems": [1]}']
  for (const text of others) t.equal(splitJsonList(text), undefined, text)
})

t.test('what is no JSON is none in pieces either', async t => {
  const broken = [
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1}',
    '[1',
    '[1,',
    '["a]',
    '[}]',
    '[{]}',
    '[1]]',
    '[',
    '[1],',
  ]
  for (const list of broken) t.equal(readInPieces(`{"items": ${list}}`), undefined, list)
  for (const text of ['{"items": [1]', '{"items": [1]} x', '{"a" "items": [1]}'])
    t.equal(readInPieces(text), undefined, text)
})

t.test('law: a printed list in pieces is the list; a cut one is none', async t => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue(), { maxKeys: 2 }),
      fc.nat(3),
      fc.nat(),
      (items, rest, indent, cut) => {
        const text = JSON.stringify({ ...rest, items }, null, indent)
        t.strictSame(readInPieces(text), JSON.parse(text))
        t.equal(readInPieces(text.slice(0, cut % text.length)), undefined)
      },
    ),
  )
})
