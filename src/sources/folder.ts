/**
 * Sources: the files that paths stand for. A folder stands for its YAML and JSON files and those of its folders,
 * sorted; hidden ones are left out, so the links behind a mounted ConfigMap are followed once.
 */
import type { BigIntStats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../objects/types.ts'
import { byCodeUnit } from '../order.ts'

export interface FoundFile {
  readonly file: string
  /** Changes whenever the content may have: a replaced file has another inode, an edited one another time. */
  readonly signature: string
}

export interface Found {
  readonly files: readonly FoundFile[]
  readonly folders: readonly string[]
  readonly problems: readonly Problem[]
  /** Paths that may hold files but could not be looked at; what is merely gone is not among them. */
  readonly unseen: readonly string[]
}

/** The name that stands for standard input. */
export const STDIN = '-'

/** Looks for files; what cannot be found or entered is a problem. */
export const findFiles = async (paths: readonly string[]): Promise<Found> => {
  const search: Search = {
    files: new Map(),
    folders: [],
    problems: [],
    unseen: [],
    entered: new Set(),
  }
  for (const path of paths) {
    if (path === STDIN) search.files.set(STDIN, { file: STDIN, signature: '' })
    else await visit(path, search, true)
  }
  return { ...search, files: [...search.files.values()] }
}

export const unreadable = (file: string, error: unknown, consequence: string): Problem => {
  const code = codeOf(error)
  return {
    code: 'UNREADABLE_FILE',
    severity: 'error',
    subject: file,
    field: '',
    value: '',
    fact: REASONS.get(code) ?? `cannot be read (${code})`,
    consequence,
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['EACCES', 'may not be read by this user'],
  ['ELOOP', 'is a link that leads to itself'],
])

interface Search {
  readonly files: Map<string, FoundFile>
  readonly folders: string[]
  readonly problems: Problem[]
  readonly unseen: string[]
  /** Real paths of folders: a link back up must not be followed for ever. */
  readonly entered: Set<string>
}

const visit = async (path: string, search: Search, isNamed: boolean): Promise<void> => {
  try {
    const found = await stat(path, { bigint: true })
    if (found.isDirectory()) return await enter(path, search)
    const isMeant = isNamed || HOLDS_OBJECTS.test(path)
    if (!isMeant) return
    if (!found.isFile()) {
      search.unseen.push(path)
      search.problems.push(noFile(path, found))
    } else if (!search.files.has(path))
      search.files.set(path, { file: path, signature: sign(found) })
  } catch (error) {
    const isGone = codeOf(error) === 'ENOENT'
    if (!isGone) search.unseen.push(path)
    // In a folder, what vanished between two looks is no fault; a link to nowhere is.
    if (isNamed || !isGone || HOLDS_OBJECTS.test(path))
      search.problems.push(unreadable(path, error, 'nothing is read from it'))
  }
}

// Opening a pipe waits for a writer, and a device may never end.
const noFile = (subject: string, found: BigIntStats): Problem => ({
  code: 'UNREADABLE_FILE',
  severity: 'error',
  subject,
  field: '',
  value: '',
  fact: `is a ${kindOf(found)}, and only files, folders and - (standard input) are read`,
  consequence: 'nothing is read from it',
})

const kindOf = (found: BigIntStats): string => {
  if (found.isFIFO()) return 'pipe'
  return found.isSocket() ? 'socket' : 'device'
}

const sign = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ')

/** Whether a file is still as it was found. */
export const isUnchanged = async ({ file, signature }: FoundFile): Promise<boolean> =>
  stat(file, { bigint: true }).then(
    now => sign(now) === signature,
    () => false,
  )

const HOLDS_OBJECTS = /\.(?:ya?ml|json)$/

const enter = async (folder: string, search: Search): Promise<void> => {
  const real = await realpath(folder)
  if (search.entered.has(real)) return
  search.entered.add(real)
  search.folders.push(folder)
  const names = (await readdir(folder)).filter(name => !name.startsWith('.')).sort(byCodeUnit)
  for (const name of names) await visit(join(folder, name), search, false)
}
