import fc from 'fast-check'
import t from 'tap'
import { formatDuration, parseDuration } from '../../../src/config/duration.ts'

t.test('durations', async t => {
  for (const [text, want] of [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['0s', 0],
    ['0', 0],
    ['1h0m0.5s', 3_600_500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['1us', 0.001],
    ['-2m', -120_000],
    ['+2m', 120_000],
    ['', null],
    ['30', null],
    ['s', null],
    ['30 s', null],
    ['1d', null],
    ['1s1', null],
    ['-', null],
  ] as const)
    t.equal(parseDuration(text), want, JSON.stringify(text))
})

t.test('durations in words', async t => {
  for (const [ms, text] of [
    [0, '0s'],
    [0.001, '0.001ms'],
    [250, '250ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [30_000, '30s'],
    [90_000, '1m30s'],
    [900_000, '15m'],
    [86_400_000, '24h'],
  ] as const)
    t.equal(formatDuration(ms), text)
})

t.test('what was put into words reads as it was', async t => {
  const anyDuration = fc.integer({ min: 0, max: 10 * 86_400_000 })
  fc.assert(
    fc.property(anyDuration, ms => Math.abs((parseDuration(formatDuration(ms)) ?? -1) - ms) < 1e-6),
  )
  t.pass('law holds')
})
