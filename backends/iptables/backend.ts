/**
 * The iptables backend: service ports as the chains and rules that kube-proxy's iptables mode writes. README.md
 * beside this file tells the packet path.
 */
import type { Backend, Probe } from '../../src/backend.ts'
import { base, sysctls } from './base.ts'
import { compile } from './compile.ts'
import { equal, type IptablesEntry, lines, rulesOf } from './entries.ts'
import { openKernel } from './kernel.ts'
import { probeKernel } from './probe.ts'
import { render } from './render.ts'
import { tracer } from './trace.ts'

export const iptables: Backend<IptablesEntry> = {
  name: 'iptables',
  base,
  compile,
  equal,
  render,
  lines,
  ruleCount: entry => rulesOf(entry).length,
  tracer,
  open: async io => openKernel(io),
  sysctls,
}

/** Asks the running kernel and the tools on PATH. */
export const probe: Probe = probeKernel
