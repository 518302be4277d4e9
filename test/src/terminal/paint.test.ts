import t from 'tap'
import { painter, wantsColour } from '../../../src/terminal/paint.ts'

t.test('colour is for terminals, unless the environment says otherwise', async t => {
  const cases = {
    terminal: { env: {}, isTerminal: true, colour: true },
    pipe: { env: {}, isTerminal: false, colour: false },
    'NO_COLOR on a terminal': { env: { NO_COLOR: '1' }, isTerminal: true, colour: false },
    'an empty NO_COLOR says nothing': { env: { NO_COLOR: '' }, isTerminal: true, colour: true },
    'FORCE_COLOR in a pipe': { env: { FORCE_COLOR: '1' }, isTerminal: false, colour: true },
    'FORCE_COLOR=0': { env: { FORCE_COLOR: '0' }, isTerminal: true, colour: false },
    'FORCE_COLOR goes before NO_COLOR': {
      env: { FORCE_COLOR: '1', NO_COLOR: '1' },
      isTerminal: true,
      colour: true,
    },
    'a terminal without capabilities': { env: { TERM: 'dumb' }, isTerminal: true, colour: false },
  }
  for (const [name, { env, isTerminal, colour }] of Object.entries(cases))
    t.equal(wantsColour(env, isTerminal), colour, name)
})

t.test('without colour a text stays as it is', async t => {
  t.equal(painter(false)('bad', 'text'), 'text')
  t.equal(painter(true)('bad', 'text'), '\u001b[31mtext\u001b[39m')
  t.equal(painter(true)('bad', ''), '')
})
