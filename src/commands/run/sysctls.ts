/**
 * Kernel settings that a mode's rules need, set before the rules are: each only where it is not so already, since
 * another program may hold a setting that it cannot be told to give back.
 */
import type { Backend } from '../../backend.ts'
import type { NodeFacts } from '../../plan/types.ts'
import type { Entry } from '../../program/types.ts'
import { Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Log } from './log.ts'

interface Needs<E extends Entry> {
  readonly backend: Pick<Backend<E>, 'sysctls'>
  readonly facts: NodeFacts
  readonly io: Pick<Io, 'readFile' | 'writeFile'>
  readonly log: Pick<Log, 'info'>
}

/** Throws Failure where a setting cannot be read or made, as kube-proxy does. */
export const makeSysctls = async <E extends Entry>({
  backend,
  facts,
  io,
  log,
}: Needs<E>): Promise<void> => {
  for (const { path, value } of backend.sysctls?.(facts) ?? [])
    try {
      const was = (await io.readFile(path)).trim()
      if (was === value) continue
      await io.writeFile(path, `${value}\n`)
      log.info('set a kernel setting', { path, value, was })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Failure(
        `${path} must be ${value} for these rules: ${reason}; no rule was written`,
        {
          cause: error,
        },
      )
    }
}
