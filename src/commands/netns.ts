/**
 * `--netns NAME`: a process cannot move into another network namespace from within JavaScript, so kpc runs once more
 * under `ip netns exec`, with the rest of its command line.
 */
import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { UsageError } from './usage.ts'

/** Runs `kpc ARGV` in the namespace. Resolves to the exit code of the run inside. */
export const rerunInNetns = async (
  name: string,
  argv: readonly string[],
  io: Io,
): Promise<number> => {
  if (name.includes('/') || name === '.' || name === '..')
    throw new UsageError(
      `--netns is a name of ip netns list, not ${JSON.stringify(name)}`,
      `kpc ${argv[0] ?? ''} --netns ${name.split('/').at(-1) || 'NAME'}`,
    )
  if (await isMissing(`/run/netns/${name}`, io))
    throw new Failure(
      `there is no network namespace "${name}"; ip netns list shows those there are`,
    )
  if (!(await io.mayChangeRules()))
    throw new Failure('--netns needs root, as entering a network namespace does')
  try {
    return await io.rerun(['ip', 'netns', 'exec', name], withoutNetns(argv))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure(`--netns needs the tool ip: ${reason}; nothing was done`, { cause: error })
  }
}

// The file stands for the namespace and has no text: reading it fails in another way than a missing one.
const isMissing = async (path: string, { readFile }: Io): Promise<boolean> =>
  readFile(path).then(
    () => false,
    error => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  )

const withoutNetns = (argv: readonly string[]): readonly string[] =>
  argv.filter((word, at) => !word.startsWith('--netns') && argv[at - 1] !== '--netns')
