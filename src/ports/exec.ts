/**
 * Running a tool: a small interface, and its real body over `execa`. No shell is involved, so an argument is an
 * argument whatever is in it.
 */
import { execa } from 'execa'

export interface ExecResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. A non-zero exit is a result; a program that cannot be started throws. */
export type Exec = (
  command: string,
  args: readonly string[],
  options?: ExecOptions,
) => Promise<ExecResult>

export interface ExecOptions {
  readonly input?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export const realExec: Exec = async (command, args, { input, timeoutMs, signal } = {}) => {
  const result = await execa(command, args, {
    reject: false,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    env: { LC_ALL: 'C' },
  })
  if (result.exitCode === undefined) throw result
  return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr }
}
