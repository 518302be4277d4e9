import t from 'tap'
import { Inbox } from '../../../src/agent/inbox.ts'

t.test('what arrives while the taker is busy comes together', async t => {
  const inbox = new Inbox(
    (async function* () {
      yield 1
      yield 2
      yield 3
    })(),
  )
  await new Promise(resolve => setTimeout(resolve, 5))
  t.strictSame(await inbox.take(), { kind: 'items', items: [1, 2, 3] })
  t.strictSame(await inbox.take(), { kind: 'ended' })
})

t.test('a waiting taker gets the first item at once', async t => {
  let tell = (_: number): void => undefined
  const told = new Promise<number>(resolve => {
    tell = resolve
  })
  const inbox = new Inbox(
    (async function* () {
      yield await told
    })(),
  )
  const taken = inbox.take()
  tell(7)
  t.strictSame(await taken, { kind: 'items', items: [7] })
})

t.test('quiet when nothing came in time', async t => {
  const inbox = new Inbox(
    (async function* () {
      await new Promise(() => undefined)
      yield 1
    })(),
  )
  t.strictSame(await inbox.take(Promise.resolve()), { kind: 'quiet' })
})

t.test('the error of a source comes after its items', async t => {
  const inbox = new Inbox(
    (async function* () {
      yield 1
      throw new Error('gone')
    })(),
  )
  await new Promise(resolve => setTimeout(resolve, 5))
  t.strictSame(await inbox.take(), { kind: 'items', items: [1] })
  await t.rejects(inbox.take(), { message: 'gone' })
})

t.test('a nudge lets the taker go, now or next time', async t => {
  const inbox = new Inbox(
    (async function* () {
      await new Promise(() => undefined)
      yield 1
    })(),
  )
  const taken = inbox.take()
  inbox.nudge()
  t.strictSame(await taken, { kind: 'quiet' })
  inbox.nudge()
  t.strictSame(await inbox.take(), { kind: 'quiet' })
})
