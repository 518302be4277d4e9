/**
 * Who may import whom: an allow list. A folder without a row may import nothing, a row that no file uses is a
 * fault too, and a run that saw no import at all fails.
 */
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

interface Row {
  readonly may: readonly string[]
  readonly why: string
}

const PURE = 'it is a pure stage'

/** Longest matching prefix wins. `node` and `npm` stand for effects: node: modules and libraries. */
const ALLOWED: Readonly<Record<string, Row>> = {
  'src/order.ts': { may: [], why: 'it is a leaf' },
  'src/addresses.ts': { may: ['src/objects', 'npm:ipaddr.js'], why: 'it is a leaf' },
  'src/objects': { may: ['src/addresses.ts', 'src/order.ts'], why: PURE },
  'src/sources': {
    may: [
      'src/objects',
      'src/order.ts',
      'src/ports',
      'src/addresses.ts',
      'node',
      'npm:yaml',
      'npm:@kubernetes/client-node',
    ],
    why: 'a source knows objects, and nothing of what is made of them',
  },
  'src/config': {
    may: ['src/objects', 'src/addresses.ts', 'src/order.ts', 'npm:yaml'],
    why: PURE,
  },
  'src/model': { may: ['src/objects', 'src/addresses.ts', 'src/order.ts'], why: PURE },
  'src/plan': {
    may: ['src/model', 'src/objects', 'src/config', 'src/addresses.ts', 'src/order.ts'],
    why: PURE,
  },
  'src/program': { may: ['src/order.ts'], why: 'it knows entries, not what they mean' },
  'src/backend.ts': {
    may: ['src/objects', 'src/plan', 'src/program', 'src/ports'],
    why: 'it is a contract of types',
  },
  'src/ports': { may: ['node', 'npm:execa'], why: 'a port wraps one effect' },
  'src/kernel': { may: ['src/backend.ts', 'src/program'], why: 'it is kernels in memory' },
  'src/netlink': { may: ['node:buffer', 'src/objects'], why: 'messages are pure' },
  'backends/iptables': {
    may: [
      'node:crypto',
      'src/addresses.ts',
      'src/backend.ts',
      'src/netlink',
      'src/objects',
      'src/order.ts',
      'src/plan/types.ts',
      'src/ports',
      'src/program',
    ],
    why: 'a backend translates plans, and only its kernel has effects',
  },
  'backends/iptables/probe.ts': {
    may: ['backends/iptables', 'src/backend.ts', 'src/netlink', 'node:fs/promises'],
    why: 'it asks the kernel, once',
  },
  'backends/nftables': {
    may: [
      'src/addresses.ts',
      'src/backend.ts',
      'src/kernel',
      'src/netlink',
      'src/objects',
      'src/order.ts',
      'src/plan/types.ts',
      'src/ports',
      'src/program',
    ],
    why: 'a backend translates plans, and only its kernel has effects',
  },
  'src/netlink/raw-socket.ts': {
    may: ['src/netlink', 'npm:netlink', 'node:fs'],
    why: 'it wraps the one library that sends messages',
  },
  'src/simulator': {
    may: [
      'src/addresses.ts',
      'src/order.ts',
      'node',
      'npm:@kubernetes/client-node',
      'npm:@peculiar/x509',
      'npm:ipaddr.js',
      'npm:reflect-metadata',
      'npm:yaml',
    ],
    why: 'it stands for a cluster, which knows nothing of the proxies in it',
  },
  'src/agent': {
    may: [
      'src/addresses.ts',
      'src/backend.ts',
      'src/config',
      'src/model',
      'src/objects',
      'src/plan',
      'src/program',
      'src/ports',
      'src/sources',
      'src/order.ts',
    ],
    why: 'it is given a backend and a kernel, and imports none',
  },
  'backends/registry.ts': {
    may: ['backends', 'src/backend.ts', 'src/plan/types.ts', 'src/program'],
    why: 'it is a table of backends',
  },
  'src/terminal': { may: ['node:util'], why: 'it knows text, not what it is about' },
  'src/commands': {
    may: [
      'backends/registry.ts',
      'src/addresses.ts',
      'src/agent',
      'src/backend.ts',
      'src/config',
      'src/kernel',
      'src/model',
      'src/netlink',
      'src/objects',
      'src/order.ts',
      'src/plan',
      'src/ports',
      'src/program',
      'src/simulator',
      'src/sources',
      'src/terminal',
      'package.json',
      'node:os',
      'node:path',
      'node:url',
      'node:util',
      'npm:yaml',
    ],
    why: 'a command wires parts and holds no rules',
  },
  'src/bench': {
    may: [
      'backends',
      'src/agent',
      'src/backend.ts',
      'src/config',
      'src/kernel',
      'src/netlink',
      'src/objects',
      'src/plan',
      'src/ports',
      'src/program',
      'src/sources',
      'node',
      'npm:yaml',
    ],
    why: 'it measures what is there',
  },
  'src/cli.ts': {
    may: ['src/commands', 'src/netlink/addresses.ts', 'src/ports', 'node'],
    why: 'it hands the process to the commands',
  },
}

const IMPORT = /^(?:import|export)\b[^'"]*?from\s*'([^']+)'|^import\s*'([^']+)'/gm

interface Import {
  readonly file: string
  readonly target: string
}

const importsOf = async (roots: readonly string[]): Promise<readonly Import[]> => {
  const found: Import[] = []
  for await (const file of glob(roots.map(root => `${root}/**/*.ts`))) {
    const text = await readFile(file, 'utf8')
    for (const [, from, bare] of text.matchAll(IMPORT)) {
      const target = from ?? bare ?? ''
      if (target.startsWith('.'))
        found.push({ file, target: relative('.', join(dirname(file), target)) })
      else found.push({ file, target: target.startsWith('node:') ? target : `npm:${target}` })
    }
  }
  return found
}

const rowOf = (file: string): string | undefined =>
  Object.keys(ALLOWED)
    .filter(prefix => file === prefix || file.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length)[0]

const isAllowed = (row: Row, target: string): boolean =>
  row.may.some(
    prefix =>
      target === prefix ||
      target.startsWith(`${prefix}/`) ||
      (prefix === 'node' && target.startsWith('node:')),
  )

t.test('every import is on the allow list', async t => {
  const imports = await importsOf(['src', 'backends'])
  t.ok(imports.length > 100, 'the scan saw imports')
  for (const { file, target } of imports) {
    const prefix = rowOf(file)
    const row = prefix === undefined ? undefined : ALLOWED[prefix]
    const inside = prefix !== undefined && target.startsWith(prefix)
    if (inside || (row && isAllowed(row, target))) continue
    t.fail(`${file} imports ${target}: ${row?.why ?? 'its folder has no row yet'}`)
  }
})
