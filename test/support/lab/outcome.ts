/**
 * What the tries of a probe come to: a list of answers in, an outcome as flows.json tells it out.
 */
import { type FlowOutcome, foldSources, type Probe, type SeenSource } from '../flows.ts'
import { originOf } from '../network.ts'
import type { Got } from './wire.ts'

/** Tries that do not agree: never expected, so it tells what they got. */
export interface MixedOutcome {
  readonly result: 'mixed'
  readonly tries: readonly string[]
}

const textOf = (got: Got): string =>
  got.got === 'answered' ? `${got.endpoint} saw ${got.peer}` : got.got

const mixed = (tries: readonly Got[]): MixedOutcome => ({
  result: 'mixed',
  tries: [...new Set(tries.map(textOf))].sort(),
})

/** `rounds` has one element, or for an affinity probe one for each round. */
export const outcomeOfTries = (
  { from, dst, affinity }: Pick<Probe, 'from' | 'dst' | 'affinity'>,
  rounds: readonly (readonly Got[])[],
): FlowOutcome | MixedOutcome => {
  const tries = rounds.flat()
  const [first] = tries
  const answers = tries.filter(got => got.got === 'answered')
  if (first?.got !== 'answered')
    return first && tries.every(({ got }) => got === first.got)
      ? { result: first.got }
      : mixed(tries)
  if (answers.length < tries.length) return mixed(tries)
  const own = originOf(from, dst).source
  const sources = new Map<string, SeenSource>()
  for (const { endpoint, peer } of answers) {
    const source = peer === own ? 'preserved' : `masqueraded:${peer}`
    if ((sources.get(endpoint) ?? source) !== source) return mixed(tries)
    sources.set(endpoint, source)
  }
  const served = {
    result: 'served' as const,
    endpoints: [...sources.keys()].sort(),
    source: foldSources(sources),
  }
  return affinity ? { ...served, sticky: rounds.every(isSticky) } : served
}

const isSticky = (round: readonly Got[]): boolean =>
  new Set(round.map(got => (got.got === 'answered' ? got.endpoint : ''))).size === 1
