import t from 'tap'
import { whileReading } from '../../../src/commands/while-reading.ts'

const never = new Promise<string>(() => undefined)

t.test('what was read, or nothing once the signal aborts', async t => {
  const ending = new AbortController()
  t.equal(await whileReading(Promise.resolve('text'), ending.signal), 'text')
  await t.rejects(whileReading(Promise.reject(new Error('EIO')), ending.signal), { message: 'EIO' })
  const waiting = whileReading(never, ending.signal)
  ending.abort()
  t.equal(await waiting, undefined)
  t.equal(await whileReading(never, ending.signal), undefined)
})
