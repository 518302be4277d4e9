/**
 * The whole agent against somebody who flushes its rules or takes some out, in both flavours of the tools: how long
 * it takes until all is there again, and that nothing else wakes it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { GOLDEN } from '../../support/cases.ts'
import { cannotRun, inNamespace, must, openNamespace } from '../../support/namespace.ts'
import { dumpRules, FLAVOURS, type Flavour, RULE_TOOLS, toolOf } from '../../support/rules.ts'

const CLUSTER = join(GOLDEN, 'mixed-shop/cluster.yaml')
const CLI = join(import.meta.dirname, '../../../src/cli.ts')
/** The half second of the configuration below, or a hundred times what looking at iptables-legacy takes. */
const LONGEST_MS: Readonly<Record<Flavour, number>> = { nft: 3000, legacy: 30_000 }
const QUIET_MS: Readonly<Record<Flavour, number>> = { nft: 1000, legacy: 6000 }
const CONFIG = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
iptables: { syncPeriod: 500ms, minSyncPeriod: 100ms }
`

interface Agent extends AsyncDisposable {
  /** Syncs that it has told of. */
  readonly syncs: () => number
  readonly log: () => string
}

const startAgent = async (namespace: string, flavour: Flavour): Promise<Agent> => {
  const directory = await mkdtemp(join(tmpdir(), 'kpc-watch-'))
  const config = join(directory, 'config.yaml')
  await writeFile(config, CONFIG)
  const words = [
    '--proxy-mode',
    'iptables',
    '--iptables-flavour',
    flavour,
    '--config',
    config,
    '--ip-family',
    'ipv4',
  ]
  const [command, args] = inNamespace(namespace, process.execPath, [
    ...[CLI, 'run', '-f', CLUSTER, '--hostname-override', 'node-a'],
    ...words,
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', data => {
    log += String(data)
  })
  for (let at = 0; at < 1000 && !log.includes('"synced"'); at++) await sleep(10)
  // It begins to listen once its first load is in.
  await sleep(300)
  return {
    syncs: () => log.split('"synced"').length - 1,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}

const skip = cannotRun(...RULE_TOOLS)
t.setTimeout(300_000)

for (const flavour of FLAVOURS)
  t.test(`${flavour}: what others break is mended`, { skip, timeout: 300_000 }, async t => {
    await using namespace = await openNamespace()
    await using agent = await startAgent(namespace.name, flavour)
    const { exec } = namespace
    const tool = `iptables-${flavour}`
    const rules = async () => (await dumpRules(exec, 'IPv4', flavour)).split('\n').toSorted()
    const wanted = await rules()
    t.ok(wanted.some(line => line.startsWith('-A KUBE-SVC-')))
    const untilMended = async (): Promise<number> => {
      const started = performance.now()
      while (performance.now() - started < LONGEST_MS[flavour]) {
        if (String(await rules()) === String(wanted)) return performance.now() - started
        await sleep(20)
      }
      return Number.POSITIVE_INFINITY
    }
    const one = wanted.find(line => line.startsWith('-A KUBE-SERVICES '))
    const removal = `*nat\n${one?.replace('-A', '-D')}\nCOMMIT\n`
    const restore = toolOf('IPv4', flavour, 'restore')
    const load = (input: string) => must(exec, restore, ['-w', '5', '--noflush'], { input })
    const all = ['mangle', 'nat', 'filter']
    const harms: Readonly<Record<string, () => Promise<unknown>>> = {
      'KUBE-SERVICES flushed': () => must(exec, tool, ['-w', '-t', 'nat', '-F', 'KUBE-SERVICES']),
      'everything deleted': () => load(all.map(table => `*${table}\n-F\n-X\nCOMMIT\n`).join('')),
      'one rule deleted': () => load(removal),
      'a jump deleted': () => must(exec, tool, ['-w', '-D', 'INPUT', '-j', 'KUBE-FIREWALL']),
      'a chain of an endpoint emptied': () => {
        const [, chain = ''] = /^-A (KUBE-SEP-\w+)/m.exec(wanted.join('\n')) ?? []
        return must(exec, tool, ['-w', '-t', 'nat', '-F', chain])
      },
    }
    for (const [what, harm] of Object.entries(harms)) {
      const before = agent.syncs()
      await harm()
      const took = await untilMended()
      t.comment(`${what}: ${took.toFixed(0)} ms`)
      t.ok(took < LONGEST_MS[flavour], what)
      for (let at = 0; at < 100 && agent.syncs() === before; at++) await sleep(10)
      await sleep(300)
    }
    const told = Object.keys(harms).length + 1
    t.equal(agent.syncs(), told, 'told once each, and its own writes did not wake it')
    for (const table of ['nat', 'filter']) {
      await must(exec, tool, ['-w', '-t', table, '-N', 'THEIRS'])
      await must(exec, tool, ['-w', '-t', table, '-I', 'OUTPUT', '-j', 'THEIRS'])
    }
    await sleep(QUIET_MS[flavour])
    t.equal(agent.syncs(), told, 'rules of others cause no write')
    t.notMatch(agent.log(), 'could not')
  })
