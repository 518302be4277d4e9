import fc from 'fast-check'
import t from 'tap'
import { OwnSpans } from '../../../backends/iptables/own-spans.ts'

t.test('law: spans know their generations, and cover what all of them have', async t => {
  const span = fc.tuple(fc.nat(20), fc.nat(5))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 8 }), fc.nat(20), fc.nat(6), (given, after, length) => {
      const own = new OwnSpans()
      const members = new Set<number>()
      for (const [from, size] of given) {
        own.add(from, from + size)
        for (let id = from + 1; id <= from + size; id++) members.add(id)
      }
      for (let id = 0; id < 30; id++) if (own.has(id) !== members.has(id)) return false
      const asked = Array.from({ length }, (_, at) => after + 1 + at)
      return own.cover(after, after + length) === asked.every(id => members.has(id))
    }),
  )
  t.pass()
})

t.test('what is behind us is forgotten', async t => {
  const own = new OwnSpans()
  own.add(1, 3)
  own.add(5, 7)
  own.forget(3)
  t.notOk(own.has(3))
  t.ok(own.has(6))
})
