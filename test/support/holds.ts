/** A law as an assertion: it fails with the counterexample, and counts when it holds. */
import fc from 'fast-check'
import type { Test } from 'tap'

export const holds = <Ts>(
  t: Test,
  law: fc.IProperty<Ts>,
  parameters: fc.Parameters<Ts> = {},
): void => {
  t.doesNotThrow(() => fc.assert(law, parameters))
}

/** The same for a law that takes time. */
export const holdsAsync = async <Ts>(
  t: Test,
  law: fc.IAsyncProperty<Ts>,
  parameters: fc.Parameters<Ts> = {},
): Promise<void> => {
  await t.resolves(fc.assert(law, parameters))
}
