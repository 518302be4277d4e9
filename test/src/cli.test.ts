/** kpc as a process: what signals, a full disk and a caller that is gone do to it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'

t.setTimeout(60_000)

const CLI = join(import.meta.dirname, '../../src/cli.ts')

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly err: string
}

type Stdio = 'pipe' | 'ignore' | 'ipc'

const start = (
  argv: readonly string[],
  stdio: readonly Stdio[] = ['pipe', 'pipe', 'pipe'],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
  const child = spawn(process.execPath, [CLI, ...argv], { stdio: [...stdio] })
  // Not 'close': a child whose channel was closed from here never says it.
  const ended = Promise.all([once(child, 'exit'), text(child.stderr ?? Readable.from([]))]).then(
    ([[code, signal], err]) => ({ code, signal, err }),
  )
  t.teardown(() => child.kill('SIGKILL'))
  return { child, ended }
}

/** Resolves when it has installed its handlers: the kernel tells that SIGHUP, which Node itself leaves alone, is caught. */
const catchesSignals = async ({ pid }: ChildProcess): Promise<void> => {
  for (;;) {
    const status = execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' })
    const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? []
    if (BigInt(`0x${caught}`) & 1n) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

t.test('a full disk: one line, and 2', async t => {
  const full = await open('/dev/full', 'w')
  t.teardown(() => full.close())
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'render', '--demo'], {
    stdio: ['ignore', full.fd, 'pipe'],
    encoding: 'utf8',
  })
  t.equal(status, 2)
  t.match(stderr, /^error: standard output: ENOSPC: [^\n]*\n$/)
})

t.test('a full disk for the words on stderr: 2, and the result is printed', async t => {
  const full = await open('/dev/full', 'w')
  t.teardown(() => full.close())
  const cluster = join(import.meta.dirname, '../../src/commands/sample/cluster.yaml')
  const argv = [CLI, 'render', '-f', cluster, '--hostname-override', 'unknown']
  const { status, stdout } = spawnSync(process.execPath, argv, {
    stdio: ['ignore', 'pipe', full.fd],
    encoding: 'utf8',
  })
  t.equal(status, 2)
  t.match(stdout, '10.96.0.10')
})

for (const argv of [
  ['render', '-f', '-'],
  ['run', '-f', '-', '--dry-run', '--once'],
  ['simulate', '-f', '-', '--port', '0'],
])
  t.test(`SIGTERM while kpc ${argv.join(' ')} waits for its input`, async t => {
    const { child, ended } = start(argv)
    await catchesSignals(child)
    child.kill('SIGTERM')
    const { code, err } = await ended
    t.equal(code, 2)
    t.match(err, 'error: ended before all input was read; nothing was done\n')
  })

t.test('time is up while it waits for its input', async t => {
  const { ended } = start(['run', '-f', '-', '--dry-run', '--for', '300ms'])
  const { code, err } = await ended
  t.equal(code, 0)
  t.equal(err, 'ended before all input was read; nothing was done\n')
})

t.test('a read that no program can call off', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-cli-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const pipe = join(folder, 'kubeproxy.yaml')
  execFileSync('mkfifo', [pipe])
  const { child, ended } = start(['render', '--demo', '--config', pipe])
  await catchesSignals(child)
  await new Promise(resolve => setTimeout(resolve, 300))
  child.kill('SIGINT')
  const { signal, err } = await ended
  t.equal(signal, 'SIGINT')
  t.match(err, 'error: ended before all input was read; nothing was done\n')
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  t.test(`${signal} ends a run cleanly`, async t => {
    const { child, ended } = start(['run', '--demo'])
    await once(child.stdout ?? child, 'data')
    child.kill(signal)
    const { code, err } = await ended
    t.equal(code, 0)
    t.match(err, /^ended after \d+ syncs?; nothing was written\n$/)
  })

t.test('whoever started it over a channel is gone: it ends cleanly', async t => {
  const { child, ended } = start(['run', '--demo'], ['ignore', 'pipe', 'pipe', 'ipc'])
  await once(child.stdout ?? child, 'data')
  child.disconnect()
  const { code, err } = await ended
  t.equal(code, 0)
  t.match(err, /^ended after/)
})

t.test('… or was gone before it began', async t => {
  const { child, ended } = start(['run', '--demo'], ['ignore', 'pipe', 'pipe', 'ipc'])
  child.disconnect()
  const { signal, err } = await ended
  t.equal(signal, null)
  t.match(err, 'ended before all input was read; nothing was done\n')
})

t.test('a channel alone does not keep it', async t => {
  const { ended } = start(['version'], ['ignore', 'pipe', 'pipe', 'ipc'])
  t.equal((await ended).code, 0)
})
