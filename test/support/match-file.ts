/**
 * Comparing text with a golden file. With GOLDEN=update in the environment the file is rewritten instead; a file that
 * is missing or empty never passes.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import process from 'node:process'
import type { Test } from 'tap'

const isUpdate = (): boolean => process.env['GOLDEN'] === 'update'

const contentOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return undefined
  }
}

/** `text` is what the file must hold, to the byte. */
export const matchFile = async (t: Test, file: string, text: string): Promise<void> => {
  const name = relative('.', file)
  if (text === '') {
    t.fail(`${name}: there is nothing to compare with it`)
    return
  }
  if (isUpdate()) await writeFile(file, text)
  const golden = await contentOf(file)
  if (golden === undefined) t.fail(`${name} is missing; npm run golden writes it`)
  else sameText(t, text, golden, name)
}

/** As `matchFile`, but no text at all must mean no file. */
export const matchOptionalFile = async (t: Test, file: string, text: string): Promise<void> => {
  if (text !== '') return matchFile(t, file, text)
  if (isUpdate()) await rm(file, { force: true })
  const golden = await contentOf(file)
  t.equal(golden, undefined, `${relative('.', file)} is not there, since there is nothing to say`)
}

const FIRST_LINES = 20

/** Equal to the byte; where it is not, shows the first lines that differ instead of two long texts. */
export const sameText = (t: Test, found: string, wanted: string, name: string): void => {
  if (found === wanted) {
    t.pass(name)
    return
  }
  const [have, want] = [found.split('\n'), wanted.split('\n')]
  const only = (lines: readonly string[], others: readonly string[]): readonly string[] => {
    const seen = new Set(others)
    return lines.filter(line => !seen.has(line)).slice(0, FIRST_LINES)
  }
  const at = have.findIndex((line, index) => line !== want[index])
  t.fail(name, {
    firstDifferentLine: at + 1,
    found: have[at],
    wanted: want[at],
    onlyFound: only(have, want),
    onlyWanted: only(want, have),
  })
}
