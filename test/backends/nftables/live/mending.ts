/**
 * The whole agent against somebody who flushes its table or takes elements out: how long it takes until all is there
 * again. Run by test/live/nftables.test.ts inside a namespace.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { GOLDEN } from '../../../support/cases.ts'
import { nft } from '../support/program.ts'

const CASE = join(GOLDEN, 'mixed-shop')
const CLI = join(import.meta.dirname, '../../../../src/cli.ts')
const LONGEST_MS = 1000

const listing = (): Promise<string> => nft('list', 'table', 'ip', 'kpc').catch(() => '')

/** Milliseconds until the table is what it was; Infinity: not in ten seconds. */
const untilMended = async (wanted: string): Promise<number> => {
  const started = performance.now()
  while (performance.now() - started < 10_000) {
    if ((await listing()) === wanted) return performance.now() - started
    await sleep(10)
  }
  return Number.POSITIVE_INFINITY
}

t.test('what others break is mended within a second', async t => {
  const files = ['-f', join(CASE, 'cluster.yaml'), '--config', join(CASE, 'config.yaml')]
  const agent = spawn(process.execPath, [CLI, 'run', '--proxy-mode', 'nftables', ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.teardown(() => agent.kill('SIGKILL'))
  let log = ''
  agent.stderr.on('data', data => {
    log += String(data)
  })
  for (let at = 0; at < 1000 && !log.includes('synced'); at++) await sleep(10)
  // The agent begins to listen once its first load is in.
  await sleep(300)
  const wanted = await listing()
  t.match(wanted, 'chain services')

  await nft('flush', 'ruleset')
  const flushed = await untilMended(wanted)
  await sleep(100)
  await nft('flush', 'map', 'ip', 'kpc', 'services')
  const emptied = await untilMended(wanted)
  await sleep(100)
  await nft('flush', 'chain', 'ip', 'kpc', 'nat-postrouting')
  const rule = await untilMended(wanted)
  t.comment(
    `flushed ${flushed.toFixed(0)} ms, map ${emptied.toFixed(0)} ms, rules ${rule.toFixed(0)} ms`,
  )
  t.ok(flushed < LONGEST_MS, 'the whole ruleset')
  t.ok(emptied < LONGEST_MS, 'a map')
  t.ok(rule < LONGEST_MS, 'a chain')
  t.equal(log.split('"synced"').length - 1, 4, 'and nothing else woke it')
  agent.kill('SIGTERM')
  await once(agent, 'exit')
})
