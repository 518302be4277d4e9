/** `kpc run --netns`: the run inside the namespace ends with the process that was asked for it, however that ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { cannotRun, openNamespace } from '../support/namespace.ts'

t.setTimeout(90_000)

const ROOT = join(import.meta.dirname, '../..')
const OBJECTS = ['-f', join(ROOT, 'src/commands/sample/cluster.yaml'), '--hostname-override']

const childrenOf = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const isGone = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 100 && isAlive(pid); tries++) await sleep(50)
  return !isAlive(pid)
}

/** Resolves when the first sync is logged. */
const synced = async ({ stderr }: ChildProcess): Promise<void> => {
  let log = ''
  for await (const text of stderr ?? []) {
    log += text
    if (log.includes('"synced"')) return
  }
  throw new Error(`it ended before it was in step: ${log}`)
}

t.test('--netns', { skip: cannotRun() }, async t => {
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    await using namespace = await openNamespace()
    const argv = ['run', '--netns', namespace.name, ...OBJECTS, 'node-a']
    const parent = spawn(process.execPath, [join(ROOT, 'src/cli.ts'), ...argv], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(parent, 'exit')
    await synced(parent)
    const [agent = 0] = await childrenOf(parent.pid ?? 0)
    t.ok(isAlive(agent), `${signal}: the agent runs`)
    parent.kill(signal)
    t.ok(await isGone(agent), `${signal}: the agent is gone`)
    const [code] = await ended
    t.equal(code, signal === 'SIGKILL' ? null : 0, signal)
  }
})
