/**
 * A kernel in another network namespace: a process of its own inside, since a netlink socket belongs to the namespace
 * of the process that opens it. Calls and results go over the channel between parent and child.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import type { NftEntry } from '../../../../backends/nftables/entries.ts'
import type { BackendIo, Kernel } from '../../../../src/backend.ts'
import type { Family } from '../../../../src/objects/types.ts'
import type { Change, EntryTable } from '../../../../src/program/types.ts'
import { must } from '../../../support/namespace.ts'

export type Call =
  | { readonly kind: 'open'; readonly families: readonly Family[] }
  | { readonly kind: 'read' }
  | { readonly kind: 'check' | 'apply'; readonly changes: readonly Change<NftEntry>[] }
  | { readonly kind: 'renew'; readonly entries: readonly NftEntry[] }

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly refused: readonly string[] }

export type RemoteKernel = Kernel<NftEntry> & {
  renew(program: EntryTable<NftEntry>): Promise<boolean>
}

/** `io.exec` must run inside the namespace; it is asked for the name. */
export const remoteKernel = async ({ exec, families }: BackendIo): Promise<RemoteKernel> => {
  const name = (await must(exec, 'ip', ['netns', 'identify'])).trim()
  const child = fork(join(import.meta.dirname, 'remote-kernel-child.ts'), {
    execPath: 'nsenter',
    execArgv: [`--net=/run/netns/${name}`, process.execPath],
    serialization: 'advanced',
  })
  let turn: Promise<unknown> = Promise.resolve()
  const ask = async (call: Call): Promise<unknown> => {
    child.send(call)
    const [answer] = (await once(child, 'message')) as [Answer]
    if (answer.ok) return answer.value
    throw Object.assign(new Error(answer.message), { refused: answer.refused })
  }
  const inTurn = (call: Call): Promise<unknown> => {
    const next = turn.then(() => ask(call))
    turn = next.catch(() => undefined)
    return next
  }
  await inTurn({ kind: 'open', families })
  return {
    read: async () => (await inTurn({ kind: 'read' })) as ReadonlyMap<string, NftEntry>,
    check: async changes => void (await inTurn({ kind: 'check', changes })),
    apply: async changes => void (await inTurn({ kind: 'apply', changes })),
    renew: async program =>
      (await inTurn({ kind: 'renew', entries: [...program.values()] })) as boolean,
    [Symbol.asyncDispose]: async () => {
      child.disconnect()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
