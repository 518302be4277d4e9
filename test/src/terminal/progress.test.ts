import t from 'tap'
import { openProgress } from '../../../src/terminal/progress.ts'

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
