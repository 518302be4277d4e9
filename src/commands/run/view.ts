/** What shows the syncs of a run to whoever watches: as text, as documents for programs, or not at all. */
import type { SyncReport } from '../../agent/loop.ts'
import type { Pipeline } from '../../agent/pipeline.ts'
import type { Backend } from '../../backend.ts'
import type { Problem } from '../../objects/types.ts'
import type { Entry } from '../../program/types.ts'
import type { Whereabouts } from '../whereabouts.ts'

export interface View<E extends Entry> {
  readonly sync: (report: SyncReport<E>) => void
  /** They are reported on stderr too, by whoever calls this. */
  readonly problems: (problems: readonly Problem[]) => void
  /** What the next change is about, in the words of whoever makes it. */
  readonly caption: (text: string) => void
}

/** What is shown, and of what. */
export interface Scene<E extends Entry> {
  readonly backend: Pick<Backend<E>, 'name' | 'lines' | 'ruleCount'>
  readonly pipeline: Pipeline<E>
  readonly whereabouts: Whereabouts
  readonly nodeName: string
  readonly dryRun: boolean
  /** "sample cluster", or the files. */
  readonly from: string
  readonly totals: Totals
  /** seen: compared with. unseen: a dry run that cannot read it takes it for empty. none: the cluster is a sample. */
  readonly kernelView: 'seen' | 'unseen' | 'none'
  /** Why the kernel is unseen. */
  readonly obstacle: string
  /** It follows changes until it is stopped by hand. */
  readonly goesOn: boolean
  /** 0: what is long is cut short. */
  readonly verbosity: number
}

export interface Totals {
  readonly nodes: number
  readonly services: number
  readonly endpoints: number
}
