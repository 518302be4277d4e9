import t from 'tap'
import { equal, type IptablesEntry } from '../../../backends/iptables/entries.ts'
import { excerpt, failureOf, refusedKeys } from '../../../backends/iptables/errors.ts'
import { buildScript } from '../../../backends/iptables/script.ts'
import { diff } from '../../../src/program/program.ts'
import { EXAMPLE, programOf } from './support/example.ts'

const said = (stderr: string, code = 1) => failureOf({ code, stdout: '', stderr })

// As iptables 1.8.9 says it.
const SAID = {
  'legacy, the kernel': ['iptables-restore: line 4 failed\n', 'REFUSED', [4]],
  'legacy, the text': [
    "iptables-restore v1.8.9 (legacy): Bad argument `x'\nError occurred at line: 3\nTry more.\n",
    'REFUSED',
    [3],
  ],
  'nf_tables, the kernel': [
    'iptables-restore v1.8.9 (nf_tables): \nline 3: RULE_APPEND failed (No such file or directory): rule in chain A\nline 5: RULE_APPEND failed (Invalid argument): rule in chain B\n',
    'REFUSED',
    [3, 5],
  ],
  'nf_tables, the text': [
    "iptables-restore v1.8.9 (nf_tables): Couldn't load match `nope':No such file or directory\n\nError occurred at line: 3\n",
    'REFUSED',
    [3],
  ],
  'the lock': [
    'Another app is currently holding the xtables lock; still 4s 0us time ahead to have a chance to grab the lock...\nAnother app is currently holding the xtables lock. Perhaps you want to use the -w option?\n',
    'LOCKED',
    [],
  ],
} as const

t.test('what the tools say is understood', async t => {
  for (const [name, [text, code, lines]] of Object.entries(SAID)) {
    const failure = said(text)
    t.equal(failure.code, code, name)
    t.strictSame(failure.lines, lines, name)
  }
})

t.test('a refused line leads to its entry, and is shown among its neighbours', async t => {
  const changes = diff(new Map<string, IptablesEntry>(), programOf(EXAMPLE), equal)
  const lines = buildScript(changes).flatMap(block => block.lines)
  const at = lines.findIndex(({ text }) => text.startsWith('-A KUBE-SERVICES')) + 1
  const failure = said(`line ${at} failed`)
  t.strictSame(refusedKeys(lines, failure), [lines[at - 1]?.entry?.key])
  const shown = excerpt(lines, failure).split('\n')
  t.equal(shown.length, 7)
  t.equal(shown[3], `> ${at} ${lines[at - 1]?.text}`)
  const commit = lines.findIndex(({ text }) => text === 'COMMIT') + 1
  t.strictSame(refusedKeys(lines, said(`line ${commit} failed`)), [])
})
