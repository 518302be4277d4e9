/**
 * The backends by the name of their proxy mode: one literal table. Nothing registers itself.
 */
import type { Backend, Probe } from '../src/backend.ts'
import type { Entry } from '../src/program/types.ts'
import { iptables, probe as probeIptables } from './iptables/backend.ts'
import type { IptablesEntry } from './iptables/entries.ts'

interface Backends {
  readonly iptables: Backend<IptablesEntry>
}

export type BackendName = keyof Backends

export const backends: Backends = { iptables }

const PROBES: Readonly<Record<BackendName, Probe>> = { iptables: probeIptables }

/** How to ask what the kernel and the tools of this mode offer. */
export const probeOf = (name: BackendName): Probe => PROBES[name]

/** Hands the backend of this name to `use`, with its own type of entry. */
export const withBackend = <R>(
  name: BackendName,
  use: <E extends Entry>(backend: Backend<E>) => R,
): R => {
  switch (name) {
    case 'iptables':
      return use(backends.iptables)
  }
}
