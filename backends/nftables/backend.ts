/** The nftables backend: an O(1) number of chains, everything else in maps. The packet path is drawn in README.md. */
import type { Backend } from '../../src/backend.ts'
import { base } from './base.ts'
import { compile } from './compile.ts'
import type { NftEntry } from './entries.ts'
import { equal } from './equal.ts'
import { openKernel } from './open.ts'
import { lines, render } from './render.ts'
import { tracer } from './trace.ts'

export const nftables: Backend<NftEntry> = {
  name: 'nftables',
  base,
  compile,
  keepsSlots: true,
  equal,
  render,
  lines,
  ruleCount: entry => (entry.kind === 'chain' ? entry.rules.length : 0),
  tracer,
  open: openKernel,
}
