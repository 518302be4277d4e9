/**
 * The journal of a durable store: every version a row in SQLite, written by group commit. All versions of one turn of
 * the event loop share a transaction, and with it one flush to the disk; nobody is told of them before it is through.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { JsonObject } from '../json.ts'
import { createStore, type Journal, type Recovered } from './memory.ts'
import { type Item, nameOf, type Store, textOf } from './types.ts'

const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS versions (
    revision INTEGER PRIMARY KEY, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    deleted INTEGER NOT NULL, object TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS by_key ON versions (resource, namespace, name, revision);
  CREATE TABLE IF NOT EXISTS compaction (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO compaction VALUES (1, 0);`

const SUPERSEDED = `
  DELETE FROM versions WHERE revision <= :cut AND (deleted = 1 OR EXISTS (
    SELECT 1 FROM versions AS later WHERE later.resource = versions.resource
      AND later.namespace = versions.namespace AND later.name = versions.name
      AND later.revision > versions.revision AND later.revision <= :cut))`

/**
 * Opens, or makes, the store kept in a directory. Throws when the directory cannot be made or its database cannot be
 * read or is in use by another process.
 */
export const openStore = async (
  directory: string,
  { history }: { history?: number } = {},
): Promise<Store> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(directory, 'store.sqlite'), { timeout: 1000 })
  take(database, directory)
  const recovered = recover(database)
  const journal = openJournal(database, recovered.revision)
  return createStore({ journal, recovered, ...(history === undefined ? {} : { history }) })
}

const BUSY = 5

/** Makes this process the database's only user. */
const take = (database: DatabaseSync, directory: string): void => {
  try {
    database.exec(SCHEMA)
  } catch (cause) {
    database.close()
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY)) throw cause
    throw new Error(`${directory} is in use by another process`, { cause })
  }
}

const recover = (database: DatabaseSync): Recovered => {
  const compacted = Number(
    database.prepare('SELECT revision FROM compaction').get()?.['revision'] ?? 0,
  )
  const items: Item[] = []
  for (const row of database.prepare('SELECT * FROM versions ORDER BY revision').iterate())
    items.push(itemOf(row))
  return { items, compacted, revision: Math.max(compacted, items.at(-1)?.revision ?? 0) }
}

const itemOf = (row: Record<string, SQLOutputValue>): Item => {
  const text = String(row['object'])
  const namespace = String(row['namespace'])
  return {
    resource: String(row['resource']),
    namespace,
    key: `${namespace}/${String(row['name'])}`,
    revision: Number(row['revision']),
    deleted: row['deleted'] === 1,
    object: JSON.parse(text) as JsonObject,
    previous: null,
    text,
  }
}

const openJournal = (database: DatabaseSync, from: number): Journal => {
  const insert = database.prepare('INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)')
  const listeners = new Set<() => void>()
  let revision = from
  let waiting: Item[] = []
  let flushed: Promise<void> = Promise.resolve()
  const write = (items: readonly Item[]): void => {
    database.exec('BEGIN IMMEDIATE')
    try {
      for (const item of items) insertItem(insert, item)
      database.exec('COMMIT')
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw new Error(`revision ${items[0]?.revision} and later could not be written to disk`, {
        cause,
      })
    }
    revision = items.at(-1)?.revision ?? revision
    for (const listener of listeners) listener()
  }
  const flush = (resolve: () => void, reject: (reason: unknown) => void): void => {
    const items = waiting
    waiting = []
    try {
      write(items)
      resolve()
    } catch (error) {
      // What is in memory is now ahead of the disk for good: nothing more may be acknowledged.
      waiting = items
      reject(error)
    }
  }
  return {
    append: item => {
      waiting.push(item)
      if (waiting.length > 1) return
      flushed = flushed.then(
        () => new Promise((resolve, reject) => setImmediate(flush, resolve, reject)),
      )
      flushed.catch(() => {})
    },
    settled: () => flushed,
    revision: () => revision,
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    compact: cut => compactRows(database, Math.min(cut, revision)),
    close: async () => {
      await flushed.catch(() => {})
      database.close()
    },
  }
}

const insertItem = (insert: ReturnType<DatabaseSync['prepare']>, item: Item): void => {
  const { revision, resource, namespace, key, deleted } = item
  insert.run(revision, resource, namespace, nameOf(key), deleted ? 1 : 0, textOf(item))
}

const compactRows = (database: DatabaseSync, cut: number): void => {
  database.exec('BEGIN IMMEDIATE')
  database.prepare(SUPERSEDED).run({ cut })
  database.prepare('UPDATE compaction SET revision = max(revision, ?)').run(cut)
  database.exec('COMMIT')
}
