/**
 * Sources: YAML and JSON files, once or watched. Paths in; the objects of their documents out, as events, with a
 * problem for whatever could not be used. A watched file that is half saved takes nothing away.
 */
import { constants } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatProblem } from '../objects/problem.ts'
import { readObject } from '../objects/read.ts'
import type { Problem } from '../objects/types.ts'
import { type Claims, NO_CLAIMS } from './claims.ts'
import { type Found, type FoundFile, findFiles, isUnchanged, STDIN, unreadable } from './folder.ts'
import { eventsBetween, type FileContent, keepLost, type Objects, pictureOf } from './picture.ts'
import { emptied, isIn, keeping, type Roots, rootsNow } from './roots.ts'
import type { Source, SourceUpdate } from './source.ts'
import { Spot } from './spot.ts'
import { readText } from './text.ts'
import { openWatch, type Unwatched } from './watch.ts'

export interface FileSourceOptions {
  /** Files, folders, or `-` for standard input. */
  readonly paths: readonly string[]
  /** Go on telling what changes until the signal aborts. */
  readonly watch: boolean
  readonly readStdin: () => Promise<string>
}

/** Reads everything once. Never rejects for what is in the files. */
export const readFiles = async (
  paths: readonly string[],
  io: { readonly readStdin: () => Promise<string> },
): Promise<SourceUpdate> => {
  const { update } = await look(NOTHING_YET, { paths, found: await findFiles(paths), ...io })
  return update
}

/** The files as a source: their objects first, then, where watched, each difference. */
export const fileSource = ({ paths, watch, readStdin }: FileSourceOptions): Source =>
  async function* (signal) {
    if (!watch) {
      yield await readFiles(paths, { readStdin })
      return
    }
    // A reader that simply stops reading ends the watch too.
    const ended = new AbortController()
    try {
      yield* differences(paths, readStdin, AbortSignal.any([signal, ended.signal]))
    } finally {
      ended.abort()
    }
  }

async function* differences(
  paths: readonly string[],
  readStdin: () => Promise<string>,
  signal: AbortSignal,
): AsyncGenerator<SourceUpdate> {
  const watcher = openWatch(signal)
  let state = NOTHING_YET
  let isFirst = true
  do {
    const found = await findFiles(paths)
    const unwatched = watcher.follow(await foldersToWatch(paths, found)).map(notWatched)
    const seen = { ...found, problems: [...found.problems, ...unwatched] }
    const next = await look(state, { paths, found: seen, readStdin })
    state = next.state
    const { events, problems } = next.update
    if (signal.aborted) return
    if (isFirst || events.length > 0 || problems.length > 0) yield next.update
    isFirst = false
  } while (await watcher.changed(hasLost(state) ? LOOK_AGAIN_MS : undefined))
}

// The return of a volume that was unmounted is noticed by nobody.
const LOOK_AGAIN_MS = 2000

const hasLost = ({ roots }: State): boolean => [...roots.values()].some(({ isLost }) => isLost)

/** What is known from earlier looks. */
interface State {
  readonly files: ReadonlyMap<string, KnownFile>
  readonly roots: Roots
  readonly objects: Objects
  readonly claims: Claims
  /** Problems that were told already, as text. */
  readonly told: ReadonlySet<string>
}

interface KnownFile {
  readonly signature: string
  readonly content: FileContent
}

const NOTHING_YET: State = {
  files: new Map(),
  roots: new Map(),
  objects: new Map(),
  claims: NO_CLAIMS,
  told: new Set(),
}

interface Look {
  readonly paths: readonly string[]
  readonly found: Found
  readonly readStdin: () => Promise<string>
}

const look = async (
  before: State,
  { paths, found, readStdin }: Look,
): Promise<{ readonly state: State; readonly update: SourceUpdate }> => {
  const named = paths.filter(path => path !== STDIN)
  const roots = await rootsNow(before.roots, named, path =>
    found.files.some(({ file }) => isIn(file, path)),
  )
  const read = new Map<string, KnownFile>()
  for (const file of found.files) {
    const known = before.files.get(file.file)
    const isSame = known?.signature === file.signature
    read.set(file.file, isSame ? known : await readAgain(file, known, readStdin))
  }
  const kept = keptFiles(before, read, found, roots)
  const files = kept.size === 0 ? read : inOrder(before, read, kept)
  const picture = pictureOf(
    [...files.values()].map(({ content }) => content),
    before.claims,
  )
  const problems = [...pathProblems(found, roots, kept), ...picture.problems]
  const update: SourceUpdate = {
    events: eventsBetween(before.objects, picture.objects),
    problems: problems.filter(problem => !before.told.has(formatProblem(problem))),
    synced: true,
  }
  for (const { content } of files.values()) for (const { spot } of content.objects) spot.settle()
  const told = new Set(problems.map(formatProblem))
  return { state: { files, roots, objects: picture.objects, claims: picture.claims, told }, update }
}

type Files = ReadonlyMap<string, KnownFile>

// Whoever cannot look into a folder cannot say that its files are gone.
const keptFiles = (before: State, read: Files, { unseen }: Found, roots: Roots): Files => {
  const hidden = [...unseen]
  for (const { path, isLost } of roots.values()) if (isLost) hidden.push(path)
  if (hidden.length === 0) return NOTHING_YET.files
  return new Map(
    [...before.files].filter(([file]) => !read.has(file) && hidden.some(path => isIn(file, path))),
  )
}

// Of two objects with one name the later wins, so files that are kept stay where they were.
const inOrder = (before: State, read: Files, kept: Files): Files => {
  const files = new Map<string, KnownFile>()
  for (const name of [...before.files.keys(), ...read.keys()]) {
    const file = read.get(name) ?? kept.get(name)
    if (file !== undefined) files.set(name, file)
  }
  return files
}

const pathProblems = (found: Found, roots: Roots, kept: Files): readonly Problem[] => {
  const silent = [...roots.values()].filter(
    ({ path, isLost }) => isLost && !found.problems.some(({ subject }) => subject === path),
  )
  return [...found.problems, ...silent.map(emptied)].map(problem => {
    const held = [...kept].filter(([file]) => isIn(file, problem.subject))
    const count = held.reduce((sum, [, { content }]) => sum + content.objects.length, 0)
    return count === 0 ? problem : keeping(problem, count)
  })
}

const readAgain = async (
  found: FoundFile,
  known: KnownFile | undefined,
  readStdin: () => Promise<string>,
): Promise<KnownFile> => {
  const content = await contentOf(found.file, readStdin)
  const { signature } = found
  if (known === undefined) return { signature, content }
  // Someone is writing right now, so what was read may be a part; the next notice brings the rest.
  if (!(await isUnchanged(found))) return known
  return { signature, content: keepLost(known.content, content) }
}

const contentOf = async (file: string, readStdin: () => Promise<string>): Promise<FileContent> => {
  const name = file === STDIN ? 'standard input' : file
  const broken = (fault: Problem): FileContent => ({
    file,
    objects: [],
    problems: [],
    faults: [fault],
  })
  try {
    const text = file === STDIN ? await readStdin() : decoded(await readFile(file, AT_ONCE))
    if (text === null || text.includes('\0')) return broken(notText(name))
    return text.trim() === '' ? broken(empty(name)) : checked(name, text)
  } catch (error) {
    return broken(unreadable(name, error, 'file skipped'))
  }
}

// A pipe that took a file's place since it was found must not be waited for.
const AT_ONCE = { flag: constants.O_RDONLY | constants.O_NONBLOCK }

const decoded = (bytes: Uint8Array): string | null => {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

const checked = (file: string, text: string): FileContent => {
  const { results, problems } = readText(file, text, ({ value, place, placeOf }) => {
    const { object, problems } = readObject(value, placeOf)
    return { problems, placed: object && { object, spot: new Spot(place, placeOf) } }
  })
  return {
    file,
    objects: results.flatMap(({ placed }) => placed ?? []),
    problems: results.flatMap(({ problems }) => problems),
    faults: problems,
  }
}

const notText = (subject: string): Problem => ({
  code: 'NOT_TEXT',
  severity: 'error',
  subject,
  field: '',
  value: '',
  fact: 'is not UTF-8 text',
  consequence: 'file skipped',
})

// A redirected command empties its file long before it writes: that says nothing about the cluster.
const empty = (subject: string): Problem => ({
  code: 'EMPTY_FILE',
  severity: 'warning',
  subject,
  field: '',
  value: '',
  fact: 'is empty',
  consequence: 'nothing is read from it',
})

// A file is watched through its folder, and through that of the file it links to: the file itself may be replaced.
const foldersToWatch = async (
  paths: readonly string[],
  { files, folders }: Found,
): Promise<ReadonlySet<string>> => {
  const wanted = new Set(folders)
  const named = paths.filter(path => path !== STDIN)
  for (const path of [...named, ...files.map(({ file }) => file).filter(file => file !== STDIN)]) {
    wanted.add(await existing(dirname(path)))
    const real = await realpath(path).catch(() => path)
    if (real !== path) wanted.add(await existing(dirname(real)))
  }
  return wanted
}

/** The folder, or the nearest one above it that is there. */
const existing = async (folder: string): Promise<string> => {
  const parent = dirname(folder)
  if (parent === folder) return folder
  return realpath(folder).then(
    () => folder,
    () => existing(parent),
  )
}

const notWatched = ({ folder, error }: Unwatched): Problem => ({
  ...unreadable(folder, error, 'changes in it are not seen'),
  code: 'NOT_WATCHED',
  severity: 'warning',
})
