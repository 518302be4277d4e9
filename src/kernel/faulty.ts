/**
 * A kernel that fails with a chosen probability, from a seed, so that a failing run can be repeated. A refused batch
 * leaves the kernel as it was; a lost answer means that the batch went in and nobody was told.
 */
import type { Kernel } from '../backend.ts'
import type { Entry } from '../program/types.ts'

export interface Faults {
  readonly seed: number
  /** Probability that apply refuses the whole batch. */
  readonly refused?: number
  /** Probability that apply does its work and then throws. */
  readonly lostAnswer?: number
  /** Probability that read throws. */
  readonly read?: number
}

export class InjectedFault extends Error {
  readonly code = 'INJECTED'
  constructor(what: string) {
    super(`injected fault: ${what}`)
    this.name = 'InjectedFault'
  }
}

/** mulberry32: a small generator whose whole state is its seed. Gives 0 … 1. */
const dice = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const faulty = <E extends Entry>(kernel: Kernel<E>, faults: Faults): Kernel<E> => {
  const roll = dice(faults.seed)
  const strikes = (chance = 0): boolean => roll() < chance
  return {
    read: async () => {
      if (strikes(faults.read)) throw new InjectedFault('read failed')
      return kernel.read()
    },
    check: changes => kernel.check(changes),
    apply: async changes => {
      if (strikes(faults.refused)) throw new InjectedFault('batch refused')
      await kernel.apply(changes)
      if (strikes(faults.lostAnswer)) throw new InjectedFault('answer lost')
    },
    [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
  }
}
