import t from 'tap'
import { parseDuration } from '../../../src/config/duration.ts'

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
