/** The agent's log: key=value on a terminal, JSON elsewhere, and trouble in terms of traffic. */
import t from 'tap'
import type { SyncReport } from '../../../../src/agent/loop.ts'
import { Pipeline } from '../../../../src/agent/pipeline.ts'
import { type Log, logSync, openLog } from '../../../../src/commands/run/log.ts'
import { defaultConfig } from '../../../../src/config/read.ts'
import { MODERN_KERNEL } from '../../../../src/plan/types.ts'
import { type Line, toy } from '../../../support/toy-backend.ts'

const logged = (isTerminal: boolean, write: (log: Log) => void): string => {
  const lines: string[] = []
  write(
    openLog({
      stderr: { write: text => void lines.push(text), isTerminal, width: () => 80 },
      env: { NO_COLOR: '1' },
      date: () => new Date('2026-01-31T12:00:00Z'),
    }),
  )
  return lines.join('')
}

const pipeline = new Pipeline({
  backend: toy,
  config: defaultConfig(),
  nodeName: 'node-a',
  interfaceAddresses: [],
  kernel: MODERN_KERNEL,
  families: ['IPv4'],
})

const timing = { model: 0.04, plan: 0.1, compile: 0.2, apply: 12 }
const work = { full: false, drift: undefined, ports: [], timing }

const synced: SyncReport<Line> = { ...work, outcome: 'synced', renewed: false, changes: [] }

t.test('a sync is one line', async t => {
  t.equal(
    logged(true, log => logSync(log, synced, pipeline)),
    'synced  changed=0  services=0  changes=0  plan=0.1ms  compile=0.2ms  apply=12ms\n',
  )
  t.strictSame(JSON.parse(logged(false, log => logSync(log, synced, pipeline))), {
    time: '2026-01-31T12:00:00.000Z',
    level: 'info',
    message: 'synced',
    changed: 0,
    services: 0,
    changes: 0,
    planMs: 0.14,
    compileMs: 0.2,
    applyMs: 12,
  })
})

t.test('a renewed program and drift are told', async t => {
  const report: SyncReport<Line> = { ...synced, renewed: true, drift: 'nft (pid 7) changed it' }
  t.match(
    logged(true, log => logSync(log, report, pipeline)),
    '  renewed=0  drift="nft (pid 7) changed it"  ',
  )
})

t.test('trouble says what becomes of the rules', async t => {
  const failed = {
    ...work,
    outcome: 'failed',
    error: new Error('no buffer space'),
    withheld: [],
    failures: 2,
    retryInMs: 2000,
    differences: null,
  } as const
  t.equal(
    logged(true, log => logSync(log, failed, pipeline)),
    'the changes could not be written; the kernel is read before the next attempt  changed=0  ' +
      'services=0  failures=2  retryIn=2.0s  error="no buffer space"\n',
  )
  const refused = { ...failed, withheld: ['IPv4 shop/web:http TCP'], retryInMs: 0 }
  t.match(JSON.parse(logged(false, log => logSync(log, refused, pipeline))), {
    level: 'error',
    message:
      'the kernel refused IPv4 shop/web:http TCP: there the rules stay as they are, all others are written next',
    retryInMs: 0,
  })
})

t.test('what a read has shown to be missing is not said to stay', async t => {
  const failed = {
    ...work,
    full: true,
    outcome: 'failed',
    error: new Error('LOCKED'),
    withheld: [],
    failures: 1,
    retryInMs: null,
    differences: 42,
  } as const
  t.equal(
    logged(true, log => logSync(log, failed, pipeline)),
    'the rules could not be written; the kernel lacks or differs in 42 entries  changed=0  ' +
      'services=0  failures=1  error=LOCKED\n',
    'nor is a retry told that nobody makes',
  )
  t.match(
    logged(true, log => logSync(log, { ...failed, differences: null }, pipeline)),
    'the rules could not be brought in step, and what the kernel holds is not known',
  )
})

t.test('problems of the input', async t => {
  const problem = {
    code: 'BAD_PORT',
    severity: 'error',
    subject: 'Service shop/web',
    field: 'spec.ports[0].port',
    value: '"x"',
    fact: 'is not a port number',
    consequence: 'port skipped',
    place: { file: 'a.yaml', document: 1, line: 7 },
  } as const
  t.equal(
    logged(true, log => log.problems([problem])),
    'error: Service shop/web: spec.ports[0].port "x" is not a port number; port skipped\n' +
      '  in a.yaml, document 1, line 7\n',
  )
  t.match(JSON.parse(logged(false, log => log.problems([problem]))), {
    level: 'error',
    message: 'Service shop/web: spec.ports[0].port "x" is not a port number; port skipped',
    code: 'BAD_PORT',
    subject: 'Service shop/web',
    file: 'a.yaml',
    line: 7,
  })
})
