/**
 * What can go wrong with the iptables tools, as one error with a code, and how their complaints are understood: exit
 * status and message in, the refused lines and the entries they come from out.
 */
import type { Refusal } from '../../src/backend.ts'
import type { ExecResult } from '../../src/ports/exec.ts'
import type { ScriptLine } from './script.ts'

export type IptablesErrorCode =
  /** The program is not installed. */
  | 'TOOL_MISSING'
  /** Somebody else holds the lock of the tables; nothing was changed, trying again helps. */
  | 'LOCKED'
  /** The tool or the kernel would not take the input. */
  | 'REFUSED'
  /** The tool was stopped before its end, or could not be run; what it wrote until then is not known. */
  | 'INTERRUPTED'
  /** The tables could not be read. */
  | 'UNREADABLE'
  /** A counter that rules name could not be made. */
  | 'NO_COUNTER'

export class IptablesError extends Error implements Refusal {
  readonly code: IptablesErrorCode
  readonly refused: readonly string[]

  constructor(
    code: IptablesErrorCode,
    message: string,
    {
      refused = [],
      cause,
    }: { readonly refused?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(`${code}: ${message}`, cause === undefined ? {} : { cause })
    this.name = 'IptablesError'
    this.code = code
    this.refused = refused
  }
}

/** A failed load, understood. */
export interface Failure {
  readonly code: 'LOCKED' | 'REFUSED'
  /** Lines of the input that the tool names, from 1; none where it names none. */
  readonly lines: readonly number[]
  /** What the tool said. */
  readonly said: string
}

/** Legacy: `line 4 failed`, `Error occurred at line: 4`; nf_tables: `line 4: RULE_APPEND failed (…)`. */
const LINE = /\bline:? ([0-9]+)/g

/** Exit status 4 alone does not tell a lock from a refusal: iptables-nft uses it for every error of the kernel. */
const LOCK = /xtables lock/

export const failureOf = ({ stderr }: ExecResult): Failure => {
  const lines = new Set([...stderr.matchAll(LINE)].map(([, number]) => Number(number)))
  return {
    code: LOCK.test(stderr) ? 'LOCKED' : 'REFUSED',
    lines: [...lines],
    said: stderr.trim(),
  }
}

/** Lines shown above and below a refused one. */
const AROUND = 3

/** The refused lines with their surroundings, numbered, for a person. */
export const excerpt = (lines: readonly ScriptLine[], failure: Failure): string => {
  const [first = 0] = failure.lines
  const from = Math.max(0, first - 1 - AROUND)
  return lines
    .slice(from, first + AROUND)
    .map(({ text }, at) => {
      const number = from + at + 1
      return `${failure.lines.includes(number) ? '>' : ' '} ${number} ${text}`
    })
    .join('\n')
}

/** Keys of the entries that the refused lines come from. */
export const refusedKeys = (lines: readonly ScriptLine[], failure: Failure): readonly string[] => {
  const keys = failure.lines.flatMap(number => lines[number - 1]?.entry?.key ?? [])
  return [...new Set(keys)]
}
