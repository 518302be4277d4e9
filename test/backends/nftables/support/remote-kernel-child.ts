/** The inside of remote-kernel.ts: one kernel, and calls to it from the parent until the channel closes. */

import process from 'node:process'
import { openKernel } from '../../../../backends/nftables/open.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import type { Answer, Call, RemoteKernel } from './remote-kernel.ts'

let kernel: RemoteKernel | undefined

const perform = async (call: Call): Promise<unknown> => {
  if (call.kind === 'open') {
    kernel = await openKernel({ exec: realExec, families: call.families })
    return undefined
  }
  if (!kernel) throw new Error('no kernel is open')
  switch (call.kind) {
    case 'read':
      return kernel.read()
    case 'check':
      return kernel.check(call.changes)
    case 'apply':
      return kernel.apply(call.changes)
    case 'renew':
      return kernel.renew(new Map(call.entries.map(entry => [entry.key, entry])))
  }
}

const answer = (value: Answer): void => void process.send?.(value)

process.on('message', (call: Call) => {
  perform(call).then(
    value => answer({ ok: true, value }),
    (error: Error & { readonly refused?: readonly string[] }) =>
      answer({ ok: false, message: error.message, refused: error.refused ?? [] }),
  )
})
process.on('disconnect', () => {
  void kernel?.[Symbol.asyncDispose]().then(() => process.exit(0))
})
