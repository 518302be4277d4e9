/** Programs and kernels for the tests on a kernel, which run inside a namespace of their own. */
import { base } from '../../../../backends/nftables/base.ts'
import { compile } from '../../../../backends/nftables/compile.ts'
import type { NftEntry } from '../../../../backends/nftables/entries.ts'
import { equal } from '../../../../backends/nftables/equal.ts'
import type { NftablesKernel } from '../../../../backends/nftables/kernel.ts'
import { openKernel } from '../../../../backends/nftables/open.ts'
import { lines } from '../../../../backends/nftables/render.ts'
import type { Family } from '../../../../src/objects/types.ts'
import type { NodeFacts, PortPlan } from '../../../../src/plan/types.ts'
import { realExec } from '../../../../src/ports/exec.ts'
import { diff, Program } from '../../../../src/program/program.ts'
import type { Change } from '../../../../src/program/types.ts'
import { must } from '../../../support/namespace.ts'
import { endpoints, facts, plan } from './plans.ts'

export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6']

export const nft = (...args: readonly string[]): Promise<string> => must(realExec, 'nft', args)

export const open = (families: readonly Family[] = FAMILIES): Promise<NftablesKernel> =>
  openKernel({ exec: realExec, families })

/** A program that plans are put into, one after the other. */
export interface Desk {
  readonly program: Program<NftEntry>
  put(plan: PortPlan): readonly Change<NftEntry>[]
  drop(key: string): readonly Change<NftEntry>[]
}

export const desk = (node: NodeFacts = facts()): Desk => {
  const program = new Program<NftEntry>(equal)
  program.replace('base', base(node))
  return {
    program,
    put: plan => program.replace(plan.key, compile(plan, node, program.fragment(plan.key))),
    drop: key => program.replace(key, undefined),
  }
}

/** `count` service ports of one cluster IP each, with 1 … 4 endpoints. */
export const crowd = (count: number): readonly PortPlan[] =>
  Array.from({ length: count }, (_, at) =>
    plan({
      key: `IPv4 shop/s${at} TCP`,
      frontends: [{ kind: 'cluster-ip', address: `10.96.${at >> 8}.${at & 255}`, port: 80 }],
      cluster: endpoints(1 + (at % 4)),
    }),
  )

/** What a kernel lacks of a program, and what it has too much. */
export const differences = async (
  kernel: NftablesKernel,
  program: Program<NftEntry>,
): Promise<readonly string[]> =>
  diff(new Map(await kernel.read()), program, equal).map(change =>
    change.op === 'remove'
      ? `- ${lines(change.was).join(' ')}`
      : `${change.op === 'add' ? '+' : '~'} ${lines(change.entry).join(' ')}`,
  )
