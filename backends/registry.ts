/**
 * The backends by the name of their proxy mode: one literal table. Nothing registers itself.
 */
import type { Backend, Probe } from '../src/backend.ts'
import { MODERN_KERNEL } from '../src/plan/types.ts'
import type { Entry } from '../src/program/types.ts'
import { iptables, probe as probeIptables } from './iptables/backend.ts'
import type { IptablesEntry } from './iptables/entries.ts'
import { nftables } from './nftables/backend.ts'
import type { NftEntry } from './nftables/entries.ts'

interface Backends {
  readonly nftables: Backend<NftEntry>
  readonly iptables: Backend<IptablesEntry>
}

export type BackendName = keyof Backends

export const backends: Backends = { nftables, iptables }

const PROBES: Readonly<Record<BackendName, Probe>> = {
  // Its table is the same on every kernel that takes it.
  nftables: async () => MODERN_KERNEL,
  iptables: probeIptables,
}

/** How to ask what the kernel and the tools of this mode offer. */
export const probeOf = (name: BackendName): Probe => PROBES[name]

/** Hands the backend of this name to `use`, with its own type of entry. */
export const withBackend = <R>(
  name: BackendName,
  use: <E extends Entry>(backend: Backend<E>) => R,
): R => {
  switch (name) {
    case 'nftables':
      return use(backends.nftables)
    case 'iptables':
      return use(backends.iptables)
  }
}
