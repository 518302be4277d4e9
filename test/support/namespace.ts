/**
 * A network namespace of a test's own: made when opened, deleted when disposed of, whatever happened in between.
 * Names start with `kpc-` and this process's number, so two runs never meet.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type Exec, type ExecOptions, type ExecResult, realExec } from '../../src/ports/exec.ts'

export interface Namespace extends AsyncDisposable {
  readonly name: string
  /** Runs a tool inside. */
  readonly exec: Exec
}

let opened = 0

/** `kpc-p<process>-<count>`: the first part of the names of everything one test builds. */
export const freshPrefix = (): string => `kpc-p${process.pid}-${opened++}`

const SETNS = ['nsenter', '--net='] as const

/** The command line that runs `command` inside a namespace. */
export const inNamespace = (
  name: string,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] => [
  SETNS[0],
  [`${SETNS[1]}/run/netns/${name}`, command, ...args],
]

/** An Exec whose tools see this namespace's network. */
export const execIn =
  (name: string): Exec =>
  (command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult> =>
    realExec(...inNamespace(name, command, args), options)

/** Runs a tool and throws with its words where it fails. Gives its output. */
export const must = async (
  exec: Exec,
  command: string,
  args: readonly string[],
  options?: ExecOptions,
): Promise<string> => {
  const { code, stdout, stderr } = await exec(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}: ${stderr}${stdout}`)
  return stdout
}

/** Namespaces to delete when the process ends, should nobody have done it before. */
const guarded = new Set<string>()

const deleteGuarded = (): void => {
  for (const name of guarded) spawnSync('ip', ['netns', 'del', name])
  guarded.clear()
}

const endBySignal = (): void => {
  deleteGuarded()
  process.exit(1)
}

/** Deletes what a process left behind that was killed. */
const sweep = (): void => {
  if (!existsSync('/run/netns')) return
  for (const name of readdirSync('/run/netns')) {
    const [, owner] = /^kpc-p(\d+)-/.exec(name) ?? []
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      spawnSync('ip', ['netns', 'del', name])
  }
}

/** Makes sure that a namespace does not outlive this process. Call it before the namespace is made. */
export const guard = (name: string): void => {
  if (process.listenerCount('exit', deleteGuarded) === 0) {
    sweep()
    process.on('exit', deleteGuarded)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, endBySignal)
  }
  guarded.add(name)
}

/** Deletes a guarded namespace. */
export const release = async (name: string): Promise<void> => {
  await realExec('ip', ['netns', 'del', name])
  guarded.delete(name)
}

/** A fresh namespace with nothing but `lo`, up. */
export const openNamespace = async (name: string = freshPrefix()): Promise<Namespace> => {
  guard(name)
  await must(realExec, 'ip', ['netns', 'add', name])
  await must(realExec, 'ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  return { name, exec: execIn(name), [Symbol.asyncDispose]: () => release(name) }
}

const isOnPath = (tool: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some(directory => existsSync(join(directory, tool)))

const refusal = (): string | undefined => {
  const name = `${freshPrefix()}-try`
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  spawnSync('ip', ['netns', 'del', name])
  return made.status === 0 ? undefined : made.stderr.trim()
}

/**
 * Why tests on this machine's kernel cannot run here, or false. With CI set always false, so that the test runs and
 * fails by itself: a kernel test that nobody ran shows nothing.
 */
export const cannotRun = (...tools: readonly string[]): string | false => {
  if (process.env['CI']) return false
  if (process.getuid?.() !== 0) return 'needs root: network namespaces are made by root only'
  const missing = ['ip', 'nsenter', ...tools].filter(tool => !isOnPath(tool))
  if (missing.length > 0) return `needs ${missing.join(', ')} on PATH`
  const reason = refusal()
  return reason === undefined ? false : `needs network namespaces: ${reason}`
}
