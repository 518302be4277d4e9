/**
 * What a command may know of the world: streams, environment, time and this machine, each as a value, so that a test
 * hands over its own. The real one is made in cli.ts.
 */
import type { Clock } from '../ports/clock.ts'
import type { Exec } from '../ports/exec.ts'

export interface Output {
  readonly write: (text: string) => void
  readonly isTerminal: boolean
  /** Of the terminal, at this moment; Infinity where lines may be as long as they like. */
  readonly width: () => number
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the user wants to end (Ctrl-C, SIGTERM) or nobody reads the output any more. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** The date and time of day. */
  readonly date: () => Date
  readonly exec: Exec
  readonly readStdin: () => Promise<string>
  /** The text of a file. Rejects as node:fs does. */
  readonly readFile: (path: string) => Promise<string>
  /** Rejects as node:fs does. */
  readonly writeFile: (path: string, text: string) => Promise<void>
  readonly hostname: () => string
  /** Addresses of all interfaces, canonical, loopback too. */
  readonly interfaceAddresses: () => Promise<readonly string[]>
  /** This process may change the rules of its network namespace (CAP_NET_ADMIN). */
  readonly mayChangeRules: () => Promise<boolean>
  /** Gives memory that is out of use back to the system, where it is much. Stops everything for as long as that takes. */
  readonly collectGarbage: () => void
  /** Runs kpc once more, under `command`, with this process's streams. Resolves to its exit code. */
  readonly rerun: (command: readonly string[], argv: readonly string[]) => Promise<number>
}
