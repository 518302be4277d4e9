/**
 * Sources: tells when something may have changed in a set of folders. Says only "look again": editors replace files,
 * ConfigMap mounts swap links, and what a single notice means differs by file system.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'

export interface Watch {
  /** Sets the folders to watch; gives those that cannot be watched, with the reason. */
  readonly follow: (folders: Iterable<string>) => readonly Unwatched[]
  /**
   * Resolves when a change was noticed and then all was quiet for a moment, or after `longestMs`; false: the watch has
   * ended.
   */
  readonly changed: (longestMs?: number) => Promise<boolean>
}

export interface Unwatched {
  readonly folder: string
  readonly error: unknown
}

/** A save comes as several notices; while they keep coming, nothing is read for this long at most. */
const QUIET_MS = 50
const LONGEST_WAIT_MS = 1000

/** Watches until `signal` aborts. */
export const openWatch = (signal: AbortSignal): Watch => {
  const watchers = new Map<string, Watched>()
  let firstNotice: number | null = null
  let timer: NodeJS.Timeout | undefined
  let pending = Promise.withResolvers<boolean>()

  const wake = (): void => {
    firstNotice = null
    pending.resolve(!signal.aborted)
  }
  const notice = (): void => {
    if (signal.aborted) return
    const now = performance.now()
    firstNotice ??= now
    clearTimeout(timer)
    timer = setTimeout(wake, Math.max(0, Math.min(QUIET_MS, firstNotice + LONGEST_WAIT_MS - now)))
  }
  const drop = (folder: string): void => {
    watchers.get(folder)?.watcher.close()
    watchers.delete(folder)
  }
  const end = (): void => {
    clearTimeout(timer)
    for (const folder of [...watchers.keys()]) drop(folder)
    pending.resolve(false)
  }
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })

  const add = (folder: string): readonly Unwatched[] => {
    const identity = identityOf(folder)
    try {
      const watcher = watch(folder, notice)
      // A folder that is removed or renamed: the next look decides what to watch instead.
      watcher.on('error', () => {
        drop(folder)
        notice()
      })
      watchers.set(folder, { watcher, identity })
      // What changed before the watch stood was not noticed.
      notice()
      return []
    } catch (error) {
      return [{ folder, error }]
    }
  }
  return {
    follow: folders => {
      const wanted = new Set(folders)
      // A watch follows its folder, not the path: what was put in its place is not seen through it.
      for (const [folder, { identity }] of [...watchers])
        if (!wanted.has(folder) || identityOf(folder) !== identity) drop(folder)
      return signal.aborted
        ? []
        : [...wanted].flatMap(folder => (watchers.has(folder) ? [] : add(folder)))
    },
    changed: async longestMs => {
      const waited = setTimeoutIf(longestMs, wake)
      const result = await pending.promise
      clearTimeout(waited)
      if (result) pending = Promise.withResolvers<boolean>()
      return result
    },
  }
}

interface Watched {
  readonly watcher: FSWatcher
  readonly identity: string
}

const setTimeoutIf = (delayMs: number | undefined, then: () => void): NodeJS.Timeout | undefined =>
  delayMs === undefined ? undefined : setTimeout(then, delayMs)

const identityOf = (folder: string): string => {
  const found = statSync(folder, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? '' : [found.dev, found.ino, found.birthtimeNs].join(' ')
}
