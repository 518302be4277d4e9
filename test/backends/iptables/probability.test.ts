import t from 'tap'
import { fedProbability, savedProbability } from '../../../backends/iptables/probability.ts'

// Spec iptables, sections 6.4 and 11. 2048 and 4096 are the ties: rounded half to even.
const FED: Readonly<Record<number, string>> = {
  1: '1.0000000000',
  2: '0.5000000000',
  3: '0.3333333333',
  6: '0.1666666667',
  7: '0.1428571429',
  10: '0.1000000000',
  100: '0.0100000000',
  1024: '0.0009765625',
  2048: '0.0004882812',
  4096: '0.0002441406',
  100001: '0.0000099999',
}

const SAVED: Readonly<Record<number, string>> = {
  2: '0.50000000000',
  3: '0.33333333349',
  4: '0.25000000000',
  6: '0.16666666651',
  7: '0.14285714272',
  10: '0.10000000009',
  1000: '0.00100000016',
  4096: '0.00024414062',
}

t.test('fed with ten decimals', async t => {
  for (const [n, text] of Object.entries(FED)) t.equal(fedProbability(1 / Number(n)), text, n)
})

t.test('read back as the kernel rounded it', async t => {
  for (const [n, text] of Object.entries(SAVED)) t.equal(savedProbability(1 / Number(n)), text, n)
})

t.test('what was read back and is fed again stays as it is', async t => {
  const unstable = Array.from({ length: 5000 }, (_, index) =>
    savedProbability(1 / (index + 1)),
  ).filter(saved => savedProbability(Number(saved)) !== saved)
  t.strictSame(unstable, [])
})
