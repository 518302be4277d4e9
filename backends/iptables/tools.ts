/**
 * The commands: how they are called in each family and flavour, and what they say of themselves (spec iptables,
 * section 1).
 */
import type { BackendIo } from '../../src/backend.ts'
import type { Family } from '../../src/objects/types.ts'
import type { ExecOptions, ExecResult } from '../../src/ports/exec.ts'
import type { ChainPlace } from './entries.ts'
import { IptablesError } from './errors.ts'

const NAMES: Readonly<Record<Family, string>> = { IPv4: 'iptables', IPv6: 'ip6tables' }

/** Five minutes: a load of a large cluster takes one. */
const TIMEOUT_MS = 300_000

const toolName = (
  family: Family,
  flavour: BackendIo['flavour'],
  suffix: '' | 'save' | 'restore',
): string => [NAMES[family], flavour, suffix].filter(Boolean).join('-')

const RESTORE_ARGS: readonly string[] = ['-w', '5', '--noflush', '--counters']

/** Runs a tool; that it cannot be started is an error, that it fails is a result. */
const run = async (
  io: BackendIo,
  command: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> => {
  try {
    return await io.exec(command, args, { timeoutMs: TIMEOUT_MS, ...options })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
      throw new IptablesError('TOOL_MISSING', `${command} is not installed`, { cause })
    const message = `${command} did not run to its end; what it wrote is not known`
    throw new IptablesError('INTERRUPTED', message, { cause })
  }
}

/** Loads restore input. `test`: only sees whether it would be understood. */
export const restore = (
  io: BackendIo,
  family: Family,
  input: string,
  { test = false }: { readonly test?: boolean } = {},
): Promise<ExecResult> => {
  const args = test ? [...RESTORE_ARGS, '--test'] : RESTORE_ARGS
  return run(io, toolName(family, io.flavour, 'restore'), args, { input })
}

/** All tables of a family, as iptables-save prints them. */
export const save = async (io: BackendIo, family: Family): Promise<string> => {
  const command = toolName(family, io.flavour, 'save')
  const { code, stdout, stderr } = await run(io, command, [])
  if (code === 0) return stdout
  throw new IptablesError('UNREADABLE', `${command} ended with status ${code}: ${stderr.trim()}`)
}

/** The tool's version, such as [1, 8, 9]; null where it does not tell. */
export const version = async (io: BackendIo, family: Family): Promise<readonly number[] | null> => {
  const { code, stdout } = await run(io, toolName(family, io.flavour, ''), ['--version'])
  const [, text] = /v([0-9]+(?:\.[0-9]+)+)/.exec(stdout) ?? []
  return code === 0 && text ? text.split('.').map(Number) : null
}

/** Which kernel interface the tool of a family writes to. Before 1.8 there was but the one, and nothing was said. */
export const flavourOf = async (io: BackendIo, family: Family): Promise<'nft' | 'legacy'> => {
  if (io.flavour !== undefined) return io.flavour
  const { stdout } = await run(io, toolName(family, undefined, ''), ['--version'])
  return stdout.includes('(nf_tables)') ? 'nft' : 'legacy'
}

/** Whether a chain is there. Status 4, a held lock, says nothing about it; nor does anything but the tool's own words. */
export const chainState = async (
  io: BackendIo,
  { family, table, chain }: ChainPlace,
): Promise<'there' | 'gone' | 'unknown'> => {
  const command = toolName(family, io.flavour, '')
  try {
    const { code, stderr } = await run(io, command, ['-w', '1', '-t', table, '-S', chain])
    if (code === 0) return 'there'
    return code === 1 && stderr.includes('No chain') ? 'gone' : 'unknown'
  } catch {
    return 'unknown'
  }
}
