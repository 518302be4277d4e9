import t from 'tap'
import { corrected, nearest } from '../../../src/commands/usage.ts'

t.test('nearest finds what was probably meant, or nothing', async t => {
  const known = ['render', 'run', 'version', 'completion']
  const cases: Readonly<Record<string, string | undefined>> = {
    rendr: 'render',
    rednre: 'render',
    ren: 'render',
    rnu: 'run',
    versoin: 'version',
    complet: 'completion',
    deploy: undefined,
    r: undefined,
    '': undefined,
  }
  for (const [word, wanted] of Object.entries(cases)) t.equal(nearest(word, known), wanted, word)
})

t.test('corrected gives the whole line as it would be typed', async t => {
  t.equal(corrected(['rendr', '-f', 'a b'], 'rendr', 'render'), "kpc render -f 'a b'")
  t.equal(corrected(['run', '--fr=1s'], '--fr', '--for'), 'kpc run --for=1s')
  t.equal(corrected(['run', '--for=1'], '1', '1s'), 'kpc run --for=1s')
  t.equal(corrected(['run', '-f', "it's"], 'x', 'y'), "kpc run -f 'it'\\''s'")
})
