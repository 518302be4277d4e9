/** `kpc run` on a kernel: writes, sees that it is in step, sees drift, in a network namespace of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import t from 'tap'
import { cannotRun, inNamespace, openNamespace } from '../../support/namespace.ts'

// Each of a dozen processes takes a second or more on a busy machine.
t.setTimeout(180_000)

const ROOT = join(import.meta.dirname, '../../..')
const SAMPLE = join(ROOT, 'src/commands/sample')

const OBJECTS = ['-f', join(SAMPLE, 'cluster.yaml'), '--hostname-override', 'node-a']

const DRIFT = {
  nftables: ['nft', 'delete', 'table', 'ip', 'kpc'],
  iptables: ['iptables', '-t', 'nat', '-F', 'KUBE-SERVICES'],
} as const

for (const mode of ['nftables', 'iptables'] as const)
  t.test(mode, { skip: cannotRun('nft', 'iptables'), timeout: 90_000 }, async t => {
    await using namespace = await openNamespace()
    const kpc = (...more: readonly string[]): { code: number | null; out: string; err: string } => {
      const argv = ['run', ...OBJECTS, '--proxy-mode', mode, '--netns', namespace.name, ...more]
      const cli = [join(ROOT, 'src/cli.ts'), ...argv]
      const { status, stdout, stderr } = spawnSync(process.execPath, cli, { encoding: 'utf8' })
      return { code: status, out: stdout, err: stderr }
    }
    const before = kpc('--dry-run', '--once')
    t.equal(before.code, 1, before.err)
    t.match(before.out, /kernel: differs: \d+ to add\n/)

    const written = kpc('--once')
    t.equal(written.code, 0, written.err)
    t.equal(written.out, '')
    const log = written.err
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    t.match(log.at(-1), { level: 'info', message: 'synced', services: 6 })

    const after = kpc('--dry-run', '--once')
    t.equal(after.code, 0, after.err)
    t.match(after.out, 'kernel: in step, nothing to change\n')

    const [tool, ...args] = DRIFT[mode]
    const [command, words] = inNamespace(namespace.name, tool, args)
    t.equal(spawnSync(command, words).status, 0)
    t.equal(kpc('--dry-run', '--once').code, 1)
    t.equal(kpc('--for', '1s').code, 0)
    t.equal(kpc('--dry-run', '--once').code, 0)
  })
