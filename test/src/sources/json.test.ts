/** Answers for src/sources/json.ts and lines.ts: a field's line is where the library finds it, too. */
import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/sources/json.ts'

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
