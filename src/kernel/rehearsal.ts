/**
 * A dry run: a kernel that reads the real one once, lets it check the first batch, and from then on keeps the result
 * in memory. Whoever writes to it sees what would happen, batch after batch, and the real kernel never changes.
 */
import type { Kernel } from '../backend.ts'
import type { Entry } from '../program/types.ts'
import { fakeKernel } from './fake.ts'

export const rehearsal = <E extends Entry>(real: Kernel<E>): Kernel<E> => {
  let copy: Kernel<E> | undefined
  const opened = async (): Promise<Kernel<E>> => {
    copy ??= fakeKernel((await real.read()).values())
    return copy
  }
  let checked = false
  return {
    read: async () => (await opened()).read(),
    check: async changes => (await opened()).check(changes),
    apply: async changes => {
      const rehearsed = await opened()
      if (!checked) await real.check(changes)
      checked = true
      await rehearsed.apply(changes)
    },
    [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
  }
}
