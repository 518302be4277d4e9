/**
 * A command as a declared value: what it is called, what it takes, what its exit codes mean, and what it does. Help,
 * completion and dispatch are all read from this.
 */
import type { Io } from './io.ts'
import { rerunInNetns } from './netns.ts'
import type { OptionName, Values } from './options.ts'
import { parse } from './parse.ts'

export type Group = "See a node's program" | 'Keep a node in step' | 'Play a cluster' | 'About kpc'

/** A word behind the flags. */
export interface Positional {
  readonly value: string
  readonly choices: readonly string[]
}

interface Declared {
  readonly name: string
  readonly group: Group
  /** One line, without a full stop. */
  readonly summary: string
  /** Further lines of its help screen. */
  readonly details?: readonly string[]
  readonly positional?: Positional
  /** What each exit code means, in this order. */
  readonly exits: readonly (readonly [code: number, meaning: string])[]
  readonly examples: readonly string[]
}

export interface Command extends Declared {
  readonly options: readonly OptionName[]
  /** Reads its part of the command line and does its work. Resolves to the exit code. */
  readonly run: (argv: readonly string[], io: Io) => Promise<number>
}

interface Spec<N extends OptionName> extends Declared {
  readonly options: readonly N[]
  readonly run: (values: Values<N>, io: Io, words: readonly string[]) => Promise<number>
}

export const command = <N extends OptionName>(spec: Spec<N>): Command => ({
  ...spec,
  run: async (argv, io) => {
    const { values, words } = parse(spec, argv)
    const netns = 'netns' in values && typeof values.netns === 'string' ? values.netns : undefined
    if (netns !== undefined) return rerunInNetns(netns, [spec.name, ...argv], io)
    return spec.run(values, io, words)
  },
})
