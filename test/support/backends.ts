/**
 * The backends that are held to the golden cases: what each is called, which recorded mode it must behave like, and
 * what a test needs to know of it besides. A new backend is a new row.
 */

import { iptables } from '../../backends/iptables/backend.ts'
import { sysctls } from '../../backends/iptables/base.ts'
import { openKernel } from '../../backends/iptables/kernel.ts'
import { INVALID_COUNTER, LOCALHOST_COUNTER } from '../../backends/iptables/names.ts'
import { nftables } from '../../backends/nftables/backend.ts'
import type { NodeFacts } from '../../src/plan/types.ts'
import type { Exec } from '../../src/ports/exec.ts'
import { remoteKernel } from '../backends/nftables/support/remote-kernel.ts'
import type { Mode } from './flows.ts'
import { must } from './namespace.ts'
import { type BackendRow, backendRow } from './proxy.ts'

export interface TestedBackend extends BackendRow {
  /** The outcomes in flows.json that it must reach. */
  readonly mode: Mode
  /** Its rendered program in a step's folder. */
  readonly rulesFile: string
  /** What its tests on a kernel call. */
  readonly tools: readonly string[]
  /** What its rules need of the kernel beside themselves, as the agent makes it. */
  readonly prepare: (node: Exec, facts: NodeFacts) => Promise<void>
  /** Empties all that session affinity remembers, and nothing else. */
  readonly forget: (node: Exec) => Promise<void>
}

/** A slash empties a list. */
const FORGET_RECENT =
  'for list in /proc/net/xt_recent/*; do test ! -f "$list" || echo / > "$list"; done'

export const BACKENDS: readonly TestedBackend[] = [
  {
    // This process's netlink sockets are not in the namespace under test: `prepare` makes the counters there.
    ...backendRow({ ...iptables, open: async io => openKernel(io, async () => true) }),
    mode: 'iptables',
    rulesFile: 'iptables.rules',
    tools: ['iptables', 'ip6tables', 'iptables-save', 'iptables-restore', 'nfacct'],
    prepare: async (node, facts) => {
      const counters = facts.kernel.nfacct ? [INVALID_COUNTER, LOCALHOST_COUNTER] : []
      const lines = [
        ...counters.map(counter => `nfacct add ${counter}`),
        ...sysctls(facts).map(({ path, value }) => `echo ${value} > ${path}`),
      ]
      await must(node, 'sh', ['-ec', lines.join('\n')])
    },
    forget: async node => void (await must(node, 'sh', ['-c', FORGET_RECENT])),
  },
  {
    ...backendRow({ ...nftables, open: remoteKernel }),
    mode: 'nftables',
    rulesFile: 'nftables.nft',
    tools: ['nft'],
    prepare: async () => undefined,
    forget: async node => {
      for (const family of ['ip', 'ip6'])
        for (const map of ['affinity', 'np-affinity'])
          await must(node, 'nft', ['flush', 'map', family, 'kpc', map])
    },
  },
]
