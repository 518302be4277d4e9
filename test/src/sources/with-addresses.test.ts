import t from 'tap'
import type { Source, SourceUpdate } from '../../../src/sources/source.ts'
import { withAddresses } from '../../../src/sources/with-addresses.ts'

const told: SourceUpdate = { events: [], problems: [], synced: true }
const clock = { sleep: () => new Promise<void>(resolve => setImmediate(resolve)) }

const collect = async (source: Source, signal: AbortSignal): Promise<readonly SourceUpdate[]> => {
  const updates: SourceUpdate[] = []
  for await (const update of source(signal)) updates.push(update)
  return updates
}

t.test('a change of addresses is told, what is there at the start is not', async t => {
  const stop = new AbortController()
  const lists = [['10.0.0.1'], ['10.0.0.1'], ['10.0.0.1', '10.0.0.2']]
  let listed = 0
  const list = async (): Promise<readonly string[]> => {
    const addresses = lists[Math.min(listed++, lists.length - 1)] ?? []
    if (listed === 3) setTimeout(() => stop.abort(), 20)
    if (listed === 2) throw new Error('busy')
    return addresses
  }
  const source: Source = async function* (signal) {
    yield told
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  }
  const updates = await collect(withAddresses(source, { list, everyMs: 1, clock }), stop.signal)
  t.strictSame(updates, [
    told,
    { events: [], problems: [], synced: false, interfaceAddresses: ['10.0.0.1', '10.0.0.2'] },
  ])
})

t.test('it ends with its source, and throws what that throws', async t => {
  const list = async (): Promise<readonly string[]> => ['10.0.0.1']
  const ended = withAddresses(
    async function* () {
      yield told
    },
    { list, everyMs: 1, clock },
  )
  t.strictSame(await collect(ended, new AbortController().signal), [told])
  const failing = withAddresses(
    async function* () {
      yield told
      throw new Error('gone')
    },
    { list, everyMs: 1, clock },
  )
  await t.rejects(collect(failing, new AbortController().signal), { message: 'gone' })
})
