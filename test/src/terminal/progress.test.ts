import t from 'tap'
import { canErase, openProgress } from '../../../src/terminal/progress.ts'

const shown = (isTerminal: boolean): string => {
  const written: string[] = []
  {
    using progress = openProgress(text => written.push(text), isTerminal)
    progress.say('reading')
    progress.say('compiling')
  }
  return written.join('')
}

t.test('a terminal is left as it was found; a pipe sees nothing', async t => {
  t.equal(shown(true), '\r\u001b[Kreading …\r\u001b[Kcompiling …\r\u001b[K')
  t.equal(shown(false), '')
})

t.test('only where a line can be taken back', async t => {
  t.ok(canErase({}, true))
  t.ok(canErase({ TERM: 'xterm', FORCE_COLOR: '1', NO_COLOR: '1' }, true))
  t.notOk(canErase({ FORCE_COLOR: '1' }, false))
  t.notOk(canErase({ NO_COLOR: '1' }, true))
  t.notOk(canErase({ TERM: 'dumb' }, true))
  t.notOk(canErase({ TERM: 'dumb', FORCE_COLOR: '1' }, true))
})
