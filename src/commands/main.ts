/**
 * The command line in, an exit code out. Finds the command, hands it its part of the line, and turns what it throws
 * into words: wrong usage into two lines and 64, a failure into its message and 2.
 */
import type { Command } from './command.ts'
import { completionOf } from './completion.ts'
import { Failure } from './failure.ts'
import { commandHelp, overview } from './help.ts'
import type { Io } from './io.ts'
import { render } from './render.ts'
import { run } from './run.ts'
import { simulate } from './simulate.ts'
import { corrected, nearest, UsageError } from './usage.ts'
import { VERSION, version } from './version.ts'
import { ENDED_READING, whileReading } from './while-reading.ts'

const WORKING: readonly Command[] = [render, run, simulate, version]
const COMMANDS: readonly Command[] = [...WORKING, completionOf(WORKING)]

/** Runs one command. Rejects only for a fault of our own. */
export const main = async (argv: readonly string[], io: Io): Promise<number> => {
  try {
    return await dispatch(argv, { ...io, readStdin: () => stdinOrEnd(io) })
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`error: ${error.message}\n  type: ${error.advice}\n`)
      return 64
    }
    if (error instanceof Failure) {
      io.stderr.write(`error: ${error.message}\n`)
      return 2
    }
    throw error
  }
}

const stdinOrEnd = async ({ readStdin, signal }: Io): Promise<string> => {
  const text = await whileReading(readStdin(), signal)
  if (text === undefined) throw new Failure(ENDED_READING)
  return text
}

const dispatch = async (argv: readonly string[], io: Io): Promise<number> => {
  const [word, ...rest] = argv
  if (word === undefined) throw new UsageError('kpc needs a command', 'kpc --help')
  if (word === '--version') return version.run([], io)
  if (word === '--help' || word === '-h' || word === 'help') return help(rest, io)
  const command = COMMANDS.find(({ name }) => name === word)
  if (command === undefined) throw unknownCommand(argv)
  if (asksForHelp(rest)) return help([command.name], io)
  return command.run(rest, io)
}

const asksForHelp = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? argv.length : end).some(word => word === '--help' || word === '-h')
}

const help = async ([word]: readonly string[], { stdout }: Io): Promise<number> => {
  if (word === undefined) {
    stdout.write(overview(VERSION, COMMANDS))
    return 0
  }
  const command = COMMANDS.find(({ name }) => name === word)
  if (command === undefined) throw unknownCommand([word])
  stdout.write(commandHelp(command))
  return 0
}

const unknownCommand = ([word = '', ...rest]: readonly string[]): UsageError => {
  const meant = nearest(
    word,
    COMMANDS.map(({ name }) => name),
  )
  return new UsageError(
    `there is no command ${JSON.stringify(word)}`,
    meant === undefined ? 'kpc --help' : corrected([word, ...rest], word, meant),
  )
}
