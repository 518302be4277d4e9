import t from 'tap'
import { normaliseDump } from './dump.ts'

const dump = (...lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')

t.test('comments, empty lines, trailing blanks and counters go', t => {
  const raw = dump(
    '# Generated',
    '',
    '*filter',
    ':INPUT ACCEPT [12:3456]',
    '-A INPUT -j X ',
    'COMMIT',
    '# Completed',
  )
  t.equal(normaliseDump(raw), dump('*filter', ':INPUT ACCEPT [0:0]', '-A INPUT -j X', 'COMMIT'))
  t.end()
})

t.test('rules of a chain without an order are sorted, the jump to the node ports stays last', t => {
  const raw = dump(
    '*nat',
    '-A KUBE-SERVICES -d 10.0.0.2/32 -j B',
    '-A KUBE-SERVICES -d 10.0.0.1/32 -j A',
    '-A KUBE-SERVICES -d 1.0.0.9/32 -j KUBE-NODEPORTS',
    '-A KUBE-SERVICES -d 1.0.0.8/32 -j KUBE-NODEPORTS',
    'COMMIT',
  )
  const settled = dump(
    '*nat',
    '-A KUBE-SERVICES -d 10.0.0.1/32 -j A',
    '-A KUBE-SERVICES -d 10.0.0.2/32 -j B',
    '-A KUBE-SERVICES -d 1.0.0.8/32 -j KUBE-NODEPORTS',
    '-A KUBE-SERVICES -d 1.0.0.9/32 -j KUBE-NODEPORTS',
    'COMMIT',
  )
  t.equal(normaliseDump(raw), settled)
  t.equal(normaliseDump(settled), settled)
  t.end()
})

t.test('every other order is kept', t => {
  const ordered = [
    dump('*nat', '-A KUBE-SVC-X -j B', '-A KUBE-SVC-X -j A', 'COMMIT'),
    dump('*mangle', '-A KUBE-SERVICES -j B', '-A KUBE-SERVICES -j A', 'COMMIT'),
    dump('*nat', '-A KUBE-PROXY-FIREWALL -j B', '-A KUBE-PROXY-FIREWALL -j A', 'COMMIT'),
  ]
  for (const text of ordered) t.equal(normaliseDump(text), text)
  t.end()
})

t.test('a table does not lend its name to the next', t => {
  const raw = dump(
    '*filter',
    'COMMIT',
    '*nat',
    '-A KUBE-PROXY-FIREWALL -j B',
    '-A KUBE-PROXY-FIREWALL -j A',
    'COMMIT',
  )
  t.equal(normaliseDump(raw), raw)
  t.end()
})
