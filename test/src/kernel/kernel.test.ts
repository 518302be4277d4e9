import fc from 'fast-check'
import t from 'tap'
import type { Kernel } from '../../../src/backend.ts'
import { fakeKernel } from '../../../src/kernel/fake.ts'
import { faulty } from '../../../src/kernel/faulty.ts'
import { rehearsal } from '../../../src/kernel/rehearsal.ts'
import { diff } from '../../../src/program/program.ts'
import type { Entry } from '../../../src/program/types.ts'

interface Word extends Entry {
  readonly text: string
}
const equal = (a: Word, b: Word): boolean => a.text === b.text
const word = (key: string, text = 'x'): Word => ({ kind: 'word', key, text })

t.test('a fake kernel refuses what does not fit, and then changes nothing', async t => {
  const kernel = fakeKernel([word('a')])
  await t.rejects(
    kernel.apply([
      { op: 'add', entry: word('b') },
      { op: 'add', entry: word('a') },
    ]),
    { code: 'MISFIT', key: 'a' },
  )
  await t.rejects(kernel.check([{ op: 'remove', was: word('z') }]), { code: 'MISFIT', key: 'z' })
  t.strictSame([...(await kernel.read()).keys()], ['a'])
})

t.test('a rehearsal shows every batch, and the real kernel never changes', async t => {
  const real = fakeKernel([word('a')])
  const rehearsed = rehearsal(real)
  await rehearsed.apply([{ op: 'add', entry: word('b') }])
  await rehearsed.apply([{ op: 'replace', entry: word('b', 'y'), was: word('b') }])
  t.strictSame([...(await rehearsed.read()).values()], [word('a'), word('b', 'y')])
  t.strictSame([...(await real.read()).keys()], ['a'])
})

t.test('a rehearsal lets the real kernel refuse', async t => {
  const refusing: Kernel<Word> = {
    ...fakeKernel<Word>(),
    check: async () => {
      throw new Error('no such chain')
    },
  }
  await t.rejects(rehearsal(refusing).apply([]), { message: 'no such chain' })
})

t.test('law: read, diff, apply converges on any faulty kernel', async t => {
  const tables = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')), {
    minLength: 1,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(fc.nat(), tables, async (seed, wanted) => {
      const kernel = faulty(fakeKernel<Word>(), { seed, refused: 0.3, lostAnswer: 0.3, read: 0.2 })
      for (const keys of wanted) {
        const want = new Map(keys.map(key => [key, word(key, `${keys.length}`)]))
        for (let tries = 0; ; tries++) {
          if (tries > 200) return false
          try {
            const changes = diff(await kernel.read(), want, equal)
            if (changes.length === 0) break
            await kernel.apply(changes)
          } catch {}
        }
      }
      return true
    }),
  )
  t.pass('converged for every seed')
})
