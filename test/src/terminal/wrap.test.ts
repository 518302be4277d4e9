import t from 'tap'
import { flow, wrap } from '../../../src/terminal/wrap.ts'

t.test('wrap breaks at blanks and leaves a long word whole', async t => {
  t.strictSame(wrap('one two three', 7), ['one two', 'three'])
  t.strictSame(wrap('unbreakable', 4), ['unbreakable'])
  t.strictSame(wrap('a unbreakable b', 4), ['a', 'unbreakable', 'b'])
  t.strictSame(wrap('', 4), [''])
})

t.test('flow never breaks a piece, and escape codes take no room', async t => {
  const red = '\u001b[31mred\u001b[39m'
  t.strictSame(flow([red, 'a b', 'c'], { gap: ' | ', width: 9 }), [`${red} | a b`, 'c'])
  t.strictSame(flow(['too long', 'x'], { gap: ' ', width: 3 }), ['too long', 'x'])
  t.strictSame(flow([], { gap: ' ', width: 3 }), [])
})
