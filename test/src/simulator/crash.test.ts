/**
 * A simulator with --data is killed in the middle of writes, again and again. Each time it comes back with every write
 * that it acknowledged, with everything that a watcher was told, and no revision ever means two things. KPC_CRASHES
 * sets how often.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type SimulatorProcess, startProcess } from '../../support/simulator-process.ts'

const CRASHES = Number(env['KPC_CRASHES'] ?? 4)
const WRITERS = 6
const PATH = '/api/v1/namespaces/default/configmaps'

t.setTimeout(CRASHES * 20_000 + 30_000)

interface Seen {
  readonly name: string
  /** null: deleted. */
  readonly value: string | null
}

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly data: { readonly v: string }
}

interface List {
  readonly items: readonly ConfigMap[]
  readonly metadata: { readonly resourceVersion: string }
}

/** Everything that the outside was ever told. */
class Witness {
  readonly byRevision = new Map<number, Seen>()
  readonly contradictions: string[] = []
  acknowledged = 0
  /** What each name was acknowledged to be, and what it may be besides: the writes that were never answered. */
  readonly settled = new Map<string, string | null>()
  readonly pending = new Map<string, string | null>()

  /** Before a write, and once it was answered. A name has one writer, which has one write under way. */
  begin(name: string, value: string | null): void {
    this.pending.set(name, value)
  }

  end(name: string, value: string | null): void {
    this.acknowledged += 1
    this.pending.delete(name)
    this.settled.set(name, value)
  }

  /** What a name was found to be after a crash becomes what it is. False: neither acknowledged nor under way. */
  accepts(name: string, value: string | null): boolean {
    const fits =
      value === (this.settled.get(name) ?? null) ||
      (this.pending.has(name) && this.pending.get(name) === value)
    this.pending.delete(name)
    this.settled.set(name, value)
    return fits
  }

  see(revision: number, seen: Seen): void {
    const before = this.byRevision.get(revision)
    if (before === undefined) this.byRevision.set(revision, seen)
    else if (before.name !== seen.name || before.value !== seen.value)
      this.contradictions.push(
        `revision ${revision}: ${JSON.stringify(before)} and ${JSON.stringify(seen)}`,
      )
  }

  /** The newest that was told of each name. */
  newest(): Map<string, Seen & { readonly revision: number }> {
    const newest = new Map<string, Seen & { readonly revision: number }>()
    for (const [revision, seen] of this.byRevision)
      if ((newest.get(seen.name)?.revision ?? 0) < revision)
        newest.set(seen.name, { ...seen, revision })
    return newest
  }
}

const write = async (
  server: SimulatorProcess,
  writer: number,
  round: number,
  witness: Witness,
): Promise<void> => {
  for (let count = 0; ; count++) {
    const name = `c-${writer}-${count % 7}`
    const v = `${round}.${count}`
    const object = { metadata: { name }, data: { v } }
    const isDelete = count % 5 === 4
    witness.begin(name, isDelete ? null : v)
    const path = `${PATH}/${name}`
    let answer = await (isDelete ? server.send('DELETE', path) : server.send('PUT', path, object))
    if (answer.code === 404 && !isDelete) answer = await server.send('POST', PATH, object)
    if (answer.code !== 200 && answer.code !== 201 && answer.code !== 404)
      throw new Error(`a write was answered ${answer.code}`)
    witness.end(name, isDelete ? null : v)
    if (!isDelete) seeItem(answer.body as unknown as ConfigMap, witness)
  }
}

const seeItem = ({ metadata, data }: ConfigMap, witness: Witness): void =>
  witness.see(Number(metadata.resourceVersion), { name: metadata.name, value: data.v })

const follow = (server: SimulatorProcess, from: string, witness: Witness): Promise<void> =>
  server.watch(`${PATH}?watch=true&resourceVersion=${from}`, text => {
    const { type, object } = JSON.parse(text) as { type: string; object: ConfigMap }
    const { name, resourceVersion } = object.metadata
    const value = type === 'DELETED' ? null : object.data.v
    witness.see(Number(resourceVersion), { name, value })
  })

const untilGone = (work: Promise<void>): Promise<void> =>
  work.catch(error => {
    if (!(error instanceof Error && 'code' in error)) throw error
  })

t.test(`killed ${CRASHES} times`, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-crash-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const witness = new Witness()
  let from = 0
  for (let round = 0; round <= CRASHES; round++) {
    const server = await startProcess(join(folder, 'data'))
    // What the last round did without anybody being told may be there too: the log tells.
    if (round > 0) await follow(server, `${from}&timeoutSeconds=1`, witness)
    const { body } = await server.send('GET', PATH)
    const { items, metadata } = body as unknown as List
    for (const item of items) seeItem(item, witness)
    const there = new Map(items.map(item => [item.metadata.name, item.data.v]))
    const lost = [...witness.newest()].filter(
      ([name, { value }]) => (there.get(name) ?? null) !== value,
    )
    t.strictSame(lost, [], `round ${round}: nothing that was told is lost`)
    const unfit = [...new Set([...witness.settled.keys(), ...there.keys()])].filter(
      name => !witness.accepts(name, there.get(name) ?? null),
    )
    t.strictSame(unfit, [], `round ${round}: each object is as acknowledged`)
    t.strictSame(witness.contradictions, [], `round ${round}: no revision means two things`)
    if (round === CRASHES) {
      await server.kill()
      break
    }
    from = Number(metadata.resourceVersion)
    const working = [
      untilGone(follow(server, `${from}`, witness)),
      ...Array.from({ length: WRITERS }, (_, writer) =>
        untilGone(write(server, writer, round, witness)),
      ),
    ]
    await sleep(100 + Math.random() * 300)
    await server.kill()
    await Promise.all(working)
  }
  t.comment(
    `${witness.acknowledged} acknowledged writes, ${witness.byRevision.size} revisions seen`,
  )
  t.ok(witness.acknowledged > CRASHES * 10, 'there was something to lose')
})
