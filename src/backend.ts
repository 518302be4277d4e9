/**
 * The whole of what a backend is, and of what a kernel is to kpc. Types only; every backend author reads this first.
 * A backend decides nothing about Kubernetes: it translates PortPlans into entries of its own.
 */
import type { Family, Protocol } from './objects/types.ts'
import type { KernelFacts, NodeFacts, PortPlan } from './plan/types.ts'
import type { Exec } from './ports/exec.ts'
import type { Change, Entry, EntryTable, Fragment } from './program/types.ts'

export interface Backend<E extends Entry> {
  readonly name: string
  /** What is there whatever the services are. */
  base(facts: NodeFacts): Fragment<E>
  /**
   * One service port's entries. Pure. `previous` is the fragment it replaces, for a backend that keeps slots stable;
   * any previous fragment, or none, gives a correct result.
   */
  compile(plan: PortPlan, facts: NodeFacts, previous?: Fragment<E>): Fragment<E>
  /** `compile` keeps slots: after a start it is shown what the kernel holds, so that things stay where they are. */
  readonly keepsSlots?: boolean
  /** Two entries of one key say the same to the kernel. */
  equal(a: E, b: E): boolean
  /** Text that the tool itself can load. The same entries in any order give the same bytes. */
  render(entries: Iterable<E>): string
  /** An entry in the tool's own words, a line each, as a person would read it in a difference. */
  lines(entry: E): readonly string[]
  /** How many rules of the tool stand in an entry; 0 where it is something else, such as an element of a set. */
  ruleCount(entry: E): number
  /** Prepares these entries for following packets through them. */
  tracer(entries: EntryTable<E>): Tracer<E>
  open(io: BackendIo): Promise<Kernel<E>>
  /** Kernel settings without which the rules of these facts do not work. */
  sysctls?(facts: NodeFacts): readonly Sysctl[]
}

export interface Sysctl {
  /** Below /proc/sys. */
  readonly path: string
  readonly value: string
}

/** The one effect. Real, fake and faulty bodies share it. */
export interface Kernel<E extends Entry> extends AsyncDisposable {
  /** Everything in the kernel that is ours (or kube-proxy's of the same mode), and nothing else. */
  read(): Promise<ReadonlyMap<string, E>>
  /** Throws what `apply` would throw, where that can be known without changing anything. */
  check(changes: readonly Change<E>[]): Promise<void>
  /** Afterwards the kernel is at the new state, or this throws and it is at the old one. */
  apply(changes: readonly Change<E>[]): Promise<void>
  /**
   * Puts a whole program in the place of whatever is there, without a gap, where that is faster than to read and
   * compare. False: it is not, and nothing was done.
   */
  renew?(program: EntryTable<E>): Promise<boolean>
  /**
   * Tells, from now on and until disposed of, when somebody else has changed what is ours: who, in a few words. Own
   * writes are never told. Without it nobody notices but by reading.
   */
  watch?(onDrift: (what: string) => void): Promise<void>
}

/**
 * What an error of `apply` carries when the kernel would not take certain entries. The loop then leaves out the
 * service ports that want them, says so, and tries again with the rest.
 */
export interface Refusal {
  /** Keys of the refused entries. */
  readonly refused: readonly string[]
}

/** The ports a kernel may use. Each has a real body and a fake one. */
export interface BackendIo {
  readonly exec: Exec
  readonly families: readonly Family[]
  /** iptables tools to call: `nft` and `legacy` name a flavour, undefined takes what PATH resolves to. */
  readonly flavour?: 'nft' | 'legacy' | undefined
  /** How often a kernel looks at what it is not told of, in milliseconds. */
  readonly syncPeriodMs?: number
}

/** What the kernel offers, asked once before facts are made. */
export type Probe = (io: BackendIo) => Promise<KernelFacts>

/** The first packet of a connection. */
export interface Packet {
  readonly family: Family
  readonly protocol: Protocol
  readonly source: string
  readonly destination: string
  readonly port: number
  /** The interface it came in by; null: the node itself sends it. */
  readonly inInterface: string | null
}

/** What the routing table knows and rules ask: whether an address is the node's own. */
export interface Surroundings {
  isNodeAddress(address: string): boolean
}

/** One of the things that may happen to a packet; several where the rules choose at random. */
export type Outcome<E extends Entry> = {
  /** 0 … 1; those of one trace add up to 1. */
  readonly probability: number
  /** What the packet met, first to last, in the backend's own words, with the entry it stands in. */
  readonly steps: readonly Step<E>[]
} & (
  | {
      readonly verdict: 'delivered'
      readonly endpoint: { readonly ip: string; readonly port: number }
      /** The source becomes an address of the node. */
      readonly masquerade: boolean
      /** A client that has been here before is sent to the endpoint it had. */
      readonly sticky: boolean
    }
  | { readonly verdict: 'rejected' }
  | { readonly verdict: 'dropped' }
  /** The rules leave it alone: it goes on to the address it names. */
  | { readonly verdict: 'untouched' }
)

export interface Step<E extends Entry> {
  readonly text: string
  readonly entry: E
}

export interface Trace<E extends Entry> {
  readonly outcomes: readonly Outcome<E>[]
}

export type Tracer<E extends Entry> = (packet: Packet, surroundings: Surroundings) => Trace<E>
