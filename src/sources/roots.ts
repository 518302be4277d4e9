/**
 * Sources: what was given to read, as a whole. Paths and the files found for them in; out which paths vanished by
 * accident: the volume was unmounted, the folder moved away or is being fetched anew. Nobody said then that the
 * objects in it are gone.
 */
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Problem } from '../objects/types.ts'

/** A path that gave files, and the folder that they came with: itself, or that of a file. */
export interface Root {
  readonly path: string
  readonly folder: string
  /** Of the folder when it last gave files. */
  readonly identity: string
  readonly isLost: boolean
}

export type Roots = ReadonlyMap<string, Root>

/**
 * The roots as they are now. `paths` have no `-` among them; `gives` tells whether files were found at a path. A path
 * that gives nothing any more is lost if its folder is gone or another one, until it gives something again. In the
 * same folder, files were deleted.
 */
export const rootsNow = async (
  before: Roots,
  paths: readonly string[],
  gives: (path: string) => boolean,
): Promise<Roots> => {
  const roots = new Map<string, Root>()
  for (const path of paths) {
    const known = before.get(path)
    if (gives(path)) roots.set(path, await rootOf(path))
    else if (known !== undefined) {
      const isLost = known.isLost || (await identityOf(known.folder)) !== known.identity
      roots.set(path, { ...known, isLost })
    }
  }
  return roots
}

const rootOf = async (path: string): Promise<Root> => {
  const isFolder = await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
  const folder = isFolder ? path : dirname(path)
  return { path, folder, identity: await identityOf(folder), isLost: false }
}

const identityOf = (folder: string): Promise<string> =>
  stat(folder, { bigint: true }).then(identify, () => '')

// A number of a folder that was removed is soon given to another one, so the time of its birth is looked at too.
const identify = ({ dev, ino, birthtimeNs }: BigIntStats): string =>
  [dev, ino, birthtimeNs].join(' ')

/** Whether a file is what a path stands for, or lies below it. */
export const isIn = (file: string, path: string): boolean =>
  file === path || file.startsWith(path.endsWith('/') ? path : `${path}/`)

/** A lost root that is there again and has nothing in it yet. */
export const emptied = ({ path }: Root): Problem => ({
  code: 'EMPTY_FOLDER',
  severity: 'warning',
  subject: path,
  field: '',
  value: '',
  fact: 'is another folder now, without objects',
  consequence: 'nothing is read from it',
})

/** The problem of a path whose objects are kept, `count` of them. */
export const keeping = (problem: Problem, count: number): Problem => {
  const what = count === 1 ? '1 object read earlier stays' : `${count} objects read earlier stay`
  return { ...problem, consequence: `${what} as before until it is back` }
}
