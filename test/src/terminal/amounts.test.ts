import t from 'tap'
import { count, counted, duration, seconds, timeOfDay } from '../../../src/terminal/amounts.ts'

t.test('counts have separators and agree with their noun', async t => {
  t.equal(count(999), '999')
  t.equal(count(1_234_567), '1,234,567')
  t.equal(counted(1, 'change'), '1 change')
  t.equal(counted(0, 'change'), '0 changes')
  t.equal(counted(2, 'entry'), '2 entries')
  t.equal(counted(2, 'key'), '2 keys')
  t.equal(counted(5000, 'address'), '5,000 addresses')
})

t.test('times have the unit that fits', async t => {
  t.equal(duration(0.04), '0.0 ms')
  t.equal(duration(0.24), '0.2 ms')
  t.equal(duration(9.96), '10 ms')
  t.equal(duration(999.6), '1.0 s')
  t.equal(duration(59_960), '1 min 0 s')
  t.equal(duration(125_000), '2 min 5 s')
  t.equal(duration(0.24, ''), '0.2ms')
})

t.test('whole seconds are shown in their largest units', async t => {
  t.equal(seconds(10_800), '3h')
  t.equal(seconds(5400), '1h30m')
  t.equal(seconds(45), '45s')
  t.equal(seconds(0), '0s')
})

t.test('the time of day has two digits everywhere', async t => {
  t.equal(timeOfDay(new Date(2026, 0, 31, 9, 5, 3)), '09:05:03')
})
