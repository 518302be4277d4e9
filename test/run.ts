/**
 * Runs the tests with tap and tells about them: a line for each file, failures with their reason, every skipped test
 * with what it lacks, and at the end `N passed, N failed, N skipped`. Arguments are files; none means all of them.
 * With CI set a skipped test is a failure, since a kernel test that nobody ran shows nothing.
 */
import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { Parser, type Result } from 'tap-parser'

interface Tally {
  passed: number
  failed: number
  readonly skipped: string[]
  readonly failures: string[]
}

const reasonOf = (directive: string | boolean): string =>
  typeof directive === 'string' ? directive : 'no reason given'

/** Counts the innermost tests: a test that holds other tests is the sum of these. */
const watch = (parser: Parser, path: readonly string[], tally: Tally): void => {
  const children = new Set<string>()
  const loose: Result[] = []
  parser.on('child', (child: Parser) => {
    const name = child.name.replace(/^Subtest: /, '')
    children.add(name)
    watch(child, [...path, name], tally)
  })
  parser.on('assert', (result: Result) => {
    if (result.skip)
      tally.skipped.push(`${[...path, result.name].join(' › ')}: ${reasonOf(result.skip)}`)
    else if (!children.has(result.name)) loose.push(result)
  })
  parser.on('complete', results => {
    if (results.plan.skipAll && results.plan.skipReason === 'no tests found') {
      tally.failed++
      tally.failures.push(`${path.join(' › ')}\n  no tests found`)
    } else if (results.plan.skipAll)
      tally.skipped.push(`${path.join(' › ')}: ${results.plan.skipReason || 'no reason given'}`)
    const failed = loose.filter(({ ok }) => !ok)
    if (failed.length > 0) {
      tally.failed++
      tally.failures.push(describe(path, failed))
    } else if (children.size === 0 && loose.length > 0 && results.ok) tally.passed++
  })
}

const describe = (path: readonly string[], failed: readonly Result[]): string =>
  [
    path.join(' › '),
    ...failed.map(({ name, diag }) => `  ${name}\n${indent(JSON.stringify(diag ?? {}, null, 2))}`),
  ].join('\n')

const indent = (text: string): string => text.replaceAll(/^/gm, '    ').replaceAll('\\n', '\n    ')

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const filesToRun = async (): Promise<readonly string[]> => {
  const named = process.argv.slice(2)
  if (named.length > 0) return named
  const found: string[] = []
  for await (const file of glob('test/**/*.test.ts')) found.push(file)
  return found.sort()
}

const main = async (): Promise<number> => {
  const files = await filesToRun()
  const tap = spawn(
    'tap',
    ['run', '--reporter=tap', '--disable-coverage', '--timeout=600', '--jobs=2', ...files],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const parser = new Parser()
  const total: Tally = { passed: 0, failed: 0, skipped: [], failures: [] }
  parser.on('child', (child: Parser) => {
    const file = child.name.replace(/^Subtest: /, '')
    const tally: Tally = { passed: 0, failed: 0, skipped: [], failures: [] }
    watch(child, [file], tally)
    child.on('complete', results => {
      if (!results.ok && tally.failed === 0) {
        tally.failed++
        tally.failures.push(describe([file], results.failures))
      }
      total.passed += tally.passed
      total.failed += tally.failed
      total.skipped.push(...tally.skipped)
      total.failures.push(...tally.failures)
      const seconds = ((results.time ?? 0) / 1000).toFixed(1)
      say(`${tally.failed > 0 ? 'FAIL' : 'ok  '} ${file}  ${tally.passed} tests, ${seconds} s`)
    })
  })
  const finished = new Promise(resolve => parser.on('complete', resolve))
  for await (const line of createInterface({ input: tap.stdout })) parser.write(`${line}\n`)
  parser.end()
  await finished
  for (const skipped of total.skipped) say(`skipped  ${skipped}`)
  for (const failure of total.failures) say(`FAILED  ${failure}`)
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`)
  if (total.passed === 0) return 1
  const skipCounts = process.env['CI'] ? total.skipped.length : 0
  return total.failed + skipCounts > 0 ? 1 : 0
}

process.exitCode = await main()
