/** When two entries of one key say the same to the kernel. */
import type { NftEntry, Target, Verdict } from './entries.ts'
import { lines } from './render.ts'

export const equal = (a: NftEntry, b: NftEntry): boolean => {
  if (a === b) return true
  if (a.kind === 'endpoint' && b.kind === 'endpoint') return sameTarget(a.to, b.to)
  if (a.kind === 'verdict' && b.kind === 'verdict') return sameVerdict(a.verdict, b.verdict)
  if (a.kind !== b.kind) return false
  if (a.kind === 'chain' && b.kind === 'chain')
    return !a.foreign && !b.foreign && lines(a).join('\n') === lines(b).join('\n')
  // The key says everything that there is to say of the other kinds.
  return true
}

const sameTarget = (a: Target, b: Target): boolean => a.ip === b.ip && a.port === b.port

const sameVerdict = (a: Verdict, b: Verdict): boolean =>
  a.kind === b.kind && (a.kind === 'drop' || b.kind === 'drop' || a.chain === b.chain)
