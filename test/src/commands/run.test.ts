/** `kpc run`: on the sample, on files, as text and as documents; exit codes with and without a kernel. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { STORY } from '../../../src/commands/sample/story.ts'
import { kpc } from '../../support/kpc.ts'
import { matchFile } from '../../support/match-file.ts'

const CLUSTER = join(import.meta.dirname, '../../../src/commands/sample/cluster.yaml')
const WHOLE_STORY = ['--for', `${STORY.reduce((sum, { after }) => sum + after, 0) / 1000 + 0.5}s`]

/** Without what depends on the mode or on this machine's speed. */
const toldIn = (out: string): string =>
  out
    .split('\n')
    .filter(line => !/^ {10,}(?:[-+~] |… )/.test(line) && !line.startsWith('  program:'))
    .map(line =>
      line.replace(/ {3}[\d,]+ changes?, [\d.]+ m?s$/, '').replace(/^\d\d:\d\d:\d\d/, '12:00:00'),
    )
    .map(line => line.replace(/^kpc [\d.]+/, 'kpc'))
    .join('\n')

t.test('the sample cluster, told as text', async t => {
  const { code, out, err } = await kpc(['run', '--demo', ...WHOLE_STORY])
  t.equal(code, 0)
  t.equal(err, `ended after ${STORY.length + 1} syncs; nothing was written\n`)
  await matchFile(t, join(import.meta.dirname, 'screens/story.txt'), toldIn(out))
})

t.test('both modes tell the same story', async t => {
  const [nftables, iptables] = await Promise.all(
    ['nftables', 'iptables'].map(mode =>
      kpc(['run', '--demo', '--proxy-mode', mode, ...WHOLE_STORY]),
    ),
  )
  t.equal(toldIn(iptables?.out ?? '').replace('iptables', 'nftables'), toldIn(nftables?.out ?? ''))
})

t.test('the size of the program is what the tool would hold', async t => {
  const sizeOf = async (mode: string): Promise<string | undefined> => {
    const { out } = await kpc(['run', '--demo', '--proxy-mode', mode, '--once'])
    return /^ {2}program: (.*?) {3}/m.exec(out)?.[1]
  }
  const linesOf = async (mode: string): Promise<readonly string[]> =>
    (await kpc(['render', '--demo', '--proxy-mode', mode])).out.split('\n')
  const those = (lines: readonly string[], is: RegExp): number =>
    lines.filter(line => is.test(line)).length
  const iptables = await linesOf('iptables')
  t.equal(
    await sizeOf('iptables'),
    `${those(iptables, /^:KUBE-/)} chains, ${those(iptables, /^-[AI] /)} rules`,
  )
  const { out } = await kpc(['run', '--demo', '--once', '-o', 'json'])
  const [program = ''] = out.split('\n')
  const entries: readonly { readonly kind: string; readonly lines: readonly string[] }[] =
    JSON.parse(program).entries
  const kind = (name: string): number => entries.filter(entry => entry.kind === name).length
  const chainText = entries.flatMap(entry => (entry.kind === 'chain' ? entry.lines : []))
  const [tables, sets, chains] = [kind('table'), kind('set'), kind('chain')]
  t.equal(
    await sizeOf('nftables'),
    `${tables} tables, ${sets} sets, ${chains} chains, ${those(chainText, /^\t(?!type nat)/)} rules, ` +
      `${entries.length - tables - sets - chains} elements`,
  )
})

t.test('--for ends it in the middle', async t => {
  const { code, err } = await kpc(['run', '--demo', '--for', '5500ms'])
  t.equal(code, 0)
  t.equal(err, 'ended after 4 syncs; nothing was written\n')
})

t.test('Ctrl-C ends it, with 0', async t => {
  const ending = new AbortController()
  let lines = 0
  const printed: string[] = []
  const stdout = {
    isTerminal: false,
    width: () => 80,
    write: (text: string) => {
      printed.push(text)
      if (++lines === 3) ending.abort()
    },
  }
  const { code } = await kpc(['run', '--demo'], { io: { signal: ending.signal, stdout } })
  t.equal(code, 0)
  t.equal(printed.length, 3)
})

t.test('colour on a terminal, none in a pipe, and the environment has the last word', async t => {
  const argv = ['run', '--demo', '--for', '5500ms']
  const ESCAPE = '\u001b['
  const terminal = await kpc(argv, { terminal: 120 })
  t.match(terminal.out, ESCAPE)
  t.notMatch((await kpc(argv)).out, ESCAPE)
  t.notMatch((await kpc(argv, { terminal: 120, env: { NO_COLOR: '1' } })).out, ESCAPE)
  t.match((await kpc(argv, { env: { FORCE_COLOR: '1' } })).out, ESCAPE)
})

t.test('terminals that want no escape codes get none, not even to take a line back', async t => {
  const escapes = (text: string): boolean => text.includes('\u001b') || text.includes('\r')
  for (const command of ['run', 'render'])
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const limit = command === 'run' ? ['--once'] : []
      const { out, err } = await kpc([command, '--demo', ...limit], { terminal: 80, env })
      t.notOk(escapes(out + err), `${command} ${Object.keys(env)}`)
    }
  t.ok(escapes((await kpc(['render', '--demo'], { terminal: 80 })).err))
})

t.test('lines fit the terminal', async t => {
  const { out } = await kpc(['run', '--demo', ...WHOLE_STORY], { terminal: 120 })
  const long = stripVTControlCharacters(out)
    .split('\n')
    .filter(line => line.length > 120)
  t.strictSame(long, [])
})

t.test('a long rule goes without its comment rather than without its sense', async t => {
  const argv = ['run', '--demo', '--proxy-mode', 'iptables', '--for', '5500ms']
  const { out } = await kpc(argv, { terminal: 130 })
  t.match(out, / … -m statistic --mode random --probability 0\.25\d+ -j KUBE-SEP-/)
  t.match((await kpc(argv, { terminal: 250 })).out, '--comment')
})

t.test('-v leaves nothing out', async t => {
  const short = await kpc(['run', '--demo', '--for', '5500ms'])
  const long = await kpc(['run', '--demo', '--for', '5500ms', '-v'])
  t.match(short.out, /… \d+ more lines/)
  t.notMatch(long.out, '…')
})

t.test('documents: a Program, then a Sync for each change, a line each', async t => {
  const { out } = await kpc(['run', '--demo', '-o', 'json', ...WHOLE_STORY])
  const [program, first, ...syncs] = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(program, { apiVersion: 'kpc.dev/v1alpha1', kind: 'Program', node: 'node-a' })
  t.equal(program.servicePorts.length, 6)
  t.match(first, { kind: 'Sync', outcome: 'synced', full: true, dryRun: true })
  t.equal(first.changes.length, program.entries.length)
  t.strictSame(
    syncs.map(({ about }) => about),
    STORY.map(({ says }) => says),
  )
  for (const sync of syncs) {
    t.equal(sync.full, false)
    t.ok(sync.changes.length > 0)
    t.ok(sync.servicePorts.length > 0)
    for (const change of sync.changes) {
      t.equal('entry' in change, change.op !== 'remove')
      t.equal('was' in change, change.op !== 'add')
    }
  }
  t.match(syncs[0].servicePorts[0], {
    key: 'IPv4 shop/cart:http TCP',
    before: { endpoints: [], internal: { route: 'reject' } },
    after: { endpoints: [{ address: '10.244.2.30:8080', node: 'node-c', local: false }] },
  })
})

t.test('without privileges: a dry run only, and it says what it could not see', async t => {
  const real = await kpc(['run', '-f', CLUSTER, '--once'])
  t.equal(real.code, 2)
  t.match(real.err, 'needs CAP_NET_ADMIN; nothing was done')
  const dry = await kpc(['run', '-f', CLUSTER, '--dry-run', '--once'])
  t.equal(dry.code, 1)
  t.match(dry.out, 'kernel: not looked at (that needs root), taken as empty')
})

t.test(
  'without the tools: a dry run goes on as without privileges, a real one does not',
  async t => {
    const io = {
      mayChangeRules: async () => true,
      exec: async (command: string) =>
        Promise.reject(Object.assign(new Error(`spawn ${command} ENOENT`), { code: 'ENOENT' })),
    }
    const argv = ['run', '-f', CLUSTER, '--hostname-override', 'node-a', '--proxy-mode', 'iptables']
    const dry = await kpc([...argv, '--dry-run', '--once'], { io })
    t.equal(dry.code, 1)
    const reason = 'ip6?tables is not installed'
    t.match(dry.out, new RegExp(`\\n {2}kernel: not looked at \\(${reason}\\), taken as empty\\n`))
    t.match(
      dry.err,
      new RegExp(
        `^warning: mode iptables: ${reason}; the kernel is not looked at and taken as empty\\n`,
      ),
    )
    const real = await kpc([...argv, '--once'], { io })
    t.equal(real.code, 2)
    t.match(
      real.err,
      /mode iptables cannot be used here: TOOL_MISSING: ip6?tables is not installed/,
    )
  },
)

t.test('--dry-run --once with bad input: 2, whatever would change', async t => {
  const stdin = 'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: "NOT a name" }\n'
  const { code, err } = await kpc(['run', '-f', CLUSTER, '-f', '-', '--dry-run', '--once'], {
    stdin,
  })
  t.equal(code, 2)
  t.match(err, /^error: Service/m)
})

t.test('nothing readable: 2', async t => {
  const { code, err, out } = await kpc(['run', '-f', '/nowhere.yaml', '--dry-run'])
  t.equal(code, 2)
  t.equal(out, '')
  t.match(err, 'no object could be read, so nothing was done')
})

const service = (name: string, address: string): string => `---
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: ${name} }
spec:
  clusterIP: ${address}
  clusterIPs: [${address}]
  ports: [{ name: http, port: 80, protocol: TCP }]
`

t.test('a folder is watched: what is written there is told', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-run-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'web.yaml'), service('web', '10.96.0.10'))
  const ending = new AbortController()
  const told: string[] = []
  const stdout = {
    isTerminal: false,
    width: () => Number.POSITIVE_INFINITY,
    write: (text: string) => {
      told.push(text)
      if (told.length === 1)
        void writeFile(join(folder, 'cart.yaml'), service('cart', '10.96.0.12'))
      if (told.length === 2) void rm(join(folder, 'web.yaml'))
      if (told.length === 3) ending.abort()
    },
  }
  const { code } = await kpc(['run', '-f', folder, '--dry-run'], {
    io: { signal: ending.signal, stdout },
  })
  t.equal(code, 0)
  t.match(told[0], '1 service')
  t.match(told[1], 'shop/cart:http/TCP   0 endpoints\n            new: no endpoint is ready')
  t.match(told[2], 'shop/web:http/TCP   0 endpoints\n            gone: its addresses')
})

t.test('the node’s own object goes and comes: it is missed each time it goes', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-run-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const node = (name: string): string =>
    `{ apiVersion: v1, kind: Node, metadata: { name: ${name} }, spec: { podCIDR: 10.244.0.0/24 } }\n`
  const own = join(folder, 'own.yaml')
  await writeFile(join(folder, 'web.yaml'), `${service('web', '10.96.0.10')}---\n${node('node-b')}`)
  await writeFile(own, node('node-a'))
  const ending = new AbortController()
  const told: string[] = []
  const stderr = {
    isTerminal: false,
    width: () => Number.POSITIVE_INFINITY,
    write: (text: string) => {
      if (!text.startsWith('warning: Node')) return
      told.push(text)
      if (told.length === 1) void writeFile(own, node('node-a')).then(again)
      if (told.length === 2) ending.abort()
    },
  }
  const again = async (): Promise<void> => {
    await setTimeout(500)
    await rm(own)
  }
  void setTimeout(500).then(() => rm(own))
  const argv = ['run', '-f', folder, '--dry-run', '--proxy-mode', 'iptables']
  const { code } = await kpc([...argv, '--hostname-override', 'node-a'], {
    io: { signal: ending.signal, stderr },
  })
  t.equal(code, 0)
  const line = /^warning: Node node-a: is not among the objects, which have node-b; /
  t.equal(told.length, 2)
  for (const warning of told) t.match(warning, line)
})

t.test('a large cluster: the first rows, and how many more', async t => {
  const many = Array.from({ length: 30 }, (_, at) => service(`s${at + 10}`, `10.96.1.${at + 1}`))
  const argv = ['run', '-f', '-', '--dry-run', '--once']
  const short = await kpc(argv, { stdin: many.join('') })
  t.match(short.out, '  … 10 more service ports (-v shows all)\n')
  t.equal(short.out.match(/^ {2}shop\/s/gm)?.length, 20)
  const long = await kpc([...argv, '-v'], { stdin: many.join('') })
  t.equal(long.out.match(/^ {2}shop\/s/gm)?.length, 30)
})
