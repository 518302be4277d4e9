import t from 'tap'
import { equal, type IptablesEntry } from '../../../backends/iptables/entries.ts'
import { buildScript, scriptText, undoScript } from '../../../backends/iptables/script.ts'
import { diff } from '../../../src/program/program.ts'
import type { EntryTable } from '../../../src/program/types.ts'
import { EXAMPLE, endpoint, planOf, programOf } from './support/example.ts'

const NOTHING: EntryTable<IptablesEntry> = new Map()

const linesBetween = (
  have: EntryTable<IptablesEntry>,
  want: EntryTable<IptablesEntry>,
): readonly string[] => {
  const blocks = buildScript(diff(have, want, equal))
  return blocks.length === 0 ? [] : scriptText(blocks).slice(0, -1).split('\n')
}

const indexOf = (lines: readonly string[], pattern: RegExp): number =>
  lines.findIndex(line => pattern.test(line))

/** A chain that a line names must have been declared before, and not removed yet. */
const dangling = (lines: readonly string[], known: readonly string[]): readonly string[] => {
  const chains = new Set(known)
  return lines.filter(line => {
    const [operation = '', chain = ''] = line.split(' ')
    if (operation.startsWith(':')) chains.add(operation.slice(1))
    if (operation === '-X') chains.delete(chain)
    const target = / -j (KUBE-[A-Z0-9-]+)$/.exec(line)?.[1]
    return /^-[AI]$/.test(operation) && target !== undefined && !chains.has(target)
  })
}

const ONE = planOf({}, { cluster: [endpoint('10.0.1.5', 8080)] })

t.test('nothing to write is no script', async t => {
  const program = programOf(EXAMPLE)
  t.strictSame(linesBetween(program, program), [])
})

t.test('a first write: tables in order, chains before what names them, jumps last', async t => {
  const lines = linesBetween(NOTHING, programOf(EXAMPLE))
  t.strictSame(
    lines.filter(line => /^(\*|COMMIT)/.test(line)),
    ['*mangle', 'COMMIT', '*filter', 'COMMIT', '*nat', 'COMMIT'],
  )
  t.strictSame(dangling(lines, []), [])
  t.strictSame(
    lines.filter(line => line.startsWith('-I INPUT')).map(line => line.split(' ').at(-1)),
    ['KUBE-EXTERNAL-SERVICES', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL', 'KUBE-FIREWALL'],
  )
  const services = lines.filter(line => line.startsWith('-A KUBE-SERVICES'))
  t.match(services.at(-1), /this must be the last rule/)
})

t.test('one service more touches nothing of the others', async t => {
  const lines = linesBetween(programOf([]), programOf([ONE]))
  t.strictSame(
    lines.map(line =>
      line
        .replace(/[A-Z2-7]{16}/, 'HASH')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    ),
    [
      '*nat',
      ':KUBE-SEP-HASH -',
      ':KUBE-SVC-HASH -',
      '-A KUBE-SEP-HASH',
      '-A KUBE-SEP-HASH',
      '-A KUBE-SVC-HASH',
      '-A KUBE-SVC-HASH',
      '-I KUBE-SERVICES',
      'COMMIT',
    ],
  )
})

t.test('a service that goes: its rule by text, then its chains, emptied first', async t => {
  const lines = linesBetween(programOf([ONE]), programOf([]))
  const removals = lines.map(line => line.split(' ')[0])
  t.strictSame(
    removals.map(word => (word?.startsWith(':') ? ':' : word)),
    ['*nat', ':', ':', '-D', '-X', '-X', 'COMMIT'],
  )
  t.match(lines[3], /^-D KUBE-SERVICES -d 10\.96\.10\.20\/32 -p tcp .* -j KUBE-SVC-/)
})

t.test('endpoints that come and go leave no dangling jump', async t => {
  const other = planOf({}, { cluster: [endpoint('10.0.9.9', 8080)] })
  const have = programOf([ONE])
  const known = [...have.values()].map(({ chain }) => chain)
  const lines = linesBetween(have, programOf([other]))
  t.strictSame(dangling(lines, known), [])
  const choice = indexOf(lines, /^-A KUBE-SVC-\S+ -m comment/)
  t.ok(choice > 0 && choice < indexOf(lines, /^-X KUBE-SEP-/), 'emptied before it is removed')
})

t.test('the way out leaves what kubelet uses', async t => {
  const lines = linesBetween(programOf(EXAMPLE), NOTHING)
  t.notOk(lines.some(line => line.includes('KUBE-FIREWALL')))
  t.equal(lines.filter(line => line.startsWith('-D')).length, 12, 'jumps 1 to 12')
  t.ok(lines.includes('-X KUBE-MARK-MASQ'))
  t.ok(lines.includes('-X KUBE-PROXY-CANARY'))
})

t.test('inserted rules keep their order', async t => {
  const nodePort = planOf(
    {},
    {
      cluster: [endpoint('10.0.1.5', 8080)],
      frontends: [{ kind: 'node-port', port: 30080 }],
      external: { policy: 'Cluster', route: 'cluster' },
    },
  )
  const lines = linesBetween(programOf([]), programOf([nodePort]))
  t.strictSame(
    lines.filter(line => line.includes('KUBE-NODEPORTS')).map(line => line.slice(0, 2)),
    ['-I', '-A'],
    'the rule for loopback goes above those for every address',
  )
})

t.test('what takes changes back is the difference the other way round', async t => {
  const [have, want] = [programOf(EXAMPLE), programOf([ONE])]
  t.equal(
    scriptText(undoScript(diff(have, want, equal))),
    scriptText(buildScript(diff(want, have, equal))),
  )
  const first = scriptText(undoScript(diff(NOTHING, want, equal)))
  t.match(first, /-X KUBE-FIREWALL\n/, 'a chain that was made a moment ago is nobody else’s')
  t.strictSame(undoScript(diff(programOf([]), NOTHING, equal)).length, 3)
})

t.test('every line knows its entry', async t => {
  for (const { lines } of buildScript(diff(NOTHING, programOf(EXAMPLE), equal)))
    for (const { text, entry } of lines) t.equal(entry === null, /^(\*|COMMIT)/.test(text), text)
})
