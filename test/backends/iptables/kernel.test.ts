/**
 * The kernel body on a kernel: a network namespace for each case, in both flavours of the tools.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { equal, type IptablesEntry, ruleEntry } from '../../../backends/iptables/entries.ts'
import { IptablesError } from '../../../backends/iptables/errors.ts'
import { openKernel } from '../../../backends/iptables/kernel.ts'
import { INVALID_COUNTER, LOCALHOST_COUNTER } from '../../../backends/iptables/names.ts'
import type { BackendIo, Kernel } from '../../../src/backend.ts'
import type { Family } from '../../../src/objects/types.ts'
import type { NodeFacts } from '../../../src/plan/types.ts'
import { type Exec, realExec } from '../../../src/ports/exec.ts'
import { diff, type Program } from '../../../src/program/program.ts'
import type { Change, EntryTable } from '../../../src/program/types.ts'
import { cannotRun, must, openNamespace } from '../../support/namespace.ts'
import { FLAVOURS, type Flavour, RULE_TOOLS, toolOf } from '../../support/rules.ts'
import { EXAMPLE, endpoint, FACTS, planOf, programOf, worked } from './support/example.ts'

interface Run {
  readonly command: string
  readonly input: string
}

interface Bench extends AsyncDisposable {
  readonly kernel: Kernel<IptablesEntry>
  readonly exec: Exec
  /** What the kernel body has called. */
  readonly runs: Run[]
  readonly save: (family?: Family) => Promise<readonly string[]>
  readonly load: (rules: string) => Promise<void>
  /** Changes from what is in the kernel to a program. */
  readonly missing: (want: EntryTable<IptablesEntry>) => Promise<Change<IptablesEntry>[]>
}

const openBench = async (
  flavour: Flavour,
  families: readonly Family[] = ['IPv4'],
  counters: readonly string[] = [INVALID_COUNTER, LOCALHOST_COUNTER],
): Promise<Bench> => {
  const namespace = await openNamespace()
  const { exec } = namespace
  for (const counter of counters) await must(exec, 'nfacct', ['add', counter])
  const runs: Run[] = []
  const noting: Exec = (command, args, options) => {
    runs.push({ command, input: options?.input ?? '' })
    return exec(command, args, options)
  }
  const io: BackendIo = { exec: noting, families, flavour }
  const kernel = openKernel(io, async () => true)
  return {
    kernel,
    exec,
    runs,
    save: async (family = 'IPv4') => {
      const dump = await must(exec, toolOf(family, flavour, 'save'), [])
      return dump.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    },
    load: async rules => {
      const restore = toolOf('IPv4', flavour, 'restore')
      await must(exec, restore, ['--noflush'], { input: rules })
    },
    missing: async want => diff(new Map(await kernel.read()), want, equal),
    [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose](),
  }
}

/** The rules of a chain, in order. The flavours differ in the order of tables. */
const chainOf = (lines: readonly string[], table: string, chain: string): readonly string[] => {
  const from = lines.indexOf(`*${table}`)
  const block = lines.slice(from, lines.indexOf('COMMIT', from))
  return block.filter(line => line.startsWith(`-A ${chain} `))
}

const skip = cannotRun(...RULE_TOOLS, 'nfacct')
const NOTHING: EntryTable<IptablesEntry> = new Map()
const ONE = planOf({ label: 'default/one' }, { cluster: [endpoint('10.0.1.5', 8080)] })

const withCounterless = (program: Program<IptablesEntry>, family: Family): IptablesEntry => {
  const part = { kind: 'accounting', name: 'nobody_made_this' } as const
  const bad = ruleEntry(family, 'nat', 'KUBE-NODEPORTS', { parts: [part], target: null })
  program.replace('bad', { entries: [bad] })
  return bad
}

const failureOf = async (act: Promise<unknown>): Promise<IptablesError> => {
  try {
    await act
  } catch (error) {
    if (error instanceof IptablesError) return error
    throw error
  }
  throw new Error('it should have failed')
}

for (const flavour of FLAVOURS) {
  t.test(`${flavour}: the worked example on an empty host`, { skip }, async t => {
    await using bench = await openBench(flavour)
    t.equal((await bench.kernel.read()).size, 0)
    const changes = await bench.missing(programOf(EXAMPLE))
    await bench.kernel.check(changes)
    t.equal((await bench.kernel.read()).size, 0, 'a check changes nothing')
    await bench.kernel.apply(changes)
    t.strictSame(await bench.missing(programOf(EXAMPLE)), [])
    const saved = await bench.save()
    const isOurs = (line: string) => line.includes('KUBE-')
    const wanted = worked('save').split('\n').filter(isOurs).sort()
    t.strictSame(saved.filter(isOurs).toSorted(), wanted)
    for (const place of ['filter INPUT', 'filter FORWARD', 'filter OUTPUT', 'nat OUTPUT']) {
      const [table = '', chain = ''] = place.split(' ')
      const want = chainOf(worked('save').split('\n'), table, chain)
      t.strictSame(chainOf(saved, table, chain), want, place)
    }
    t.match(chainOf(saved, 'nat', 'KUBE-SERVICES').at(-1), /-j KUBE-NODEPORTS$/)
  })

  t.test(`${flavour}: a change is one small load`, { skip }, async t => {
    await using bench = await openBench(flavour)
    const [have, want] = [programOf(EXAMPLE), programOf([...EXAMPLE, ONE])]
    await bench.kernel.apply(await bench.missing(have))
    bench.runs.length = 0
    await bench.kernel.apply(diff(have, want, equal))
    t.equal(bench.runs.length, 1)
    t.equal(bench.runs[0]?.command, `iptables-${flavour}-restore`)
    t.equal(bench.runs[0]?.input.split('\n').length, 10)
    t.strictSame(await bench.missing(want), [])
    t.match(chainOf(await bench.save(), 'nat', 'KUBE-SERVICES').at(-1), /-j KUBE-NODEPORTS$/)
    await bench.kernel.apply(diff(want, have, equal))
    t.strictSame(await bench.missing(have), [], 'and back')
  })

  t.test(`${flavour}: what an earlier proxy left`, { skip }, async t => {
    await using bench = await openBench(flavour)
    await bench.load(worked('save').replace(/^:([A-Z]+) ACCEPT .*\n/gm, ''))
    t.strictSame(await bench.missing(programOf(EXAMPLE)), [], 'nothing to do')
    const saved = await bench.save()
    await bench.kernel.apply(await bench.missing(programOf([ONE])))
    t.strictSame(await bench.missing(programOf([ONE])), [])
    const gone = (await bench.save()).filter(line => /KUBE-(FW|EXT|SVL)-/.test(line))
    t.strictSame(gone, [])
    t.ok(saved.length > 80)
  })

  t.test(`${flavour}: whatever was done to the rules by hand`, { skip }, async t => {
    await using bench = await openBench(flavour)
    const program = programOf(EXAMPLE)
    await bench.kernel.apply(await bench.missing(program))
    const dns = chainOf(await bench.save(), 'nat', 'KUBE-SERVICES').find(line =>
      line.includes('-p udp'),
    )
    const repaired: Record<string, string> = {
      'a rule behind the last': `*nat\n${dns?.replace('-A', '-D')}\n${dns}\nCOMMIT\n`,
      'a rule twice, once behind the last': `*nat\n${dns}\nCOMMIT\n`,
      'a jump twice': '*filter\n-I INPUT -j KUBE-FIREWALL\nCOMMIT\n',
      'a jump gone': '*filter\n-D INPUT -j KUBE-FIREWALL\nCOMMIT\n',
      'a strange rule': '*nat\n-I KUBE-SERVICES -p icmp -m limit --limit 5/min -j LOG\nCOMMIT\n',
      'a chain emptied': '*nat\n-F KUBE-MARK-MASQ\nCOMMIT\n',
      'everything flushed': '*nat\n-F\nCOMMIT\n*filter\n-F\nCOMMIT\n',
      'a canary gone': '*mangle\n-X KUBE-PROXY-CANARY\nCOMMIT\n',
    }
    for (const [what, harm] of Object.entries(repaired)) {
      await bench.load(harm)
      const changes = await bench.missing(program)
      t.ok(changes.length > 0, `${what}: seen`)
      await bench.kernel.apply(changes)
      t.strictSame(await bench.missing(program), [], `${what}: repaired`)
    }
  })

  t.test(`${flavour}: rules of others stay, on the way in and out`, { skip }, async t => {
    await using bench = await openBench(flavour)
    await bench.load(
      [
        '*filter',
        ':KUBE-KUBELET-CANARY - [0:0]',
        ':KUBE-FIREWALL - [0:0]',
        ':MINE - [0:0]',
        '-A INPUT -j MINE',
        '-A INPUT -j KUBE-FIREWALL',
        '-A OUTPUT -j KUBE-FIREWALL',
        '-A MINE -p tcp -m tcp --dport 22 -j ACCEPT',
        'COMMIT',
        '',
      ].join('\n'),
    )
    const before = await bench.save()
    const program = programOf(EXAMPLE, { ...FACTS, localhostNodePorts: false })
    await bench.kernel.apply(await bench.missing(program))
    t.strictSame(await bench.missing(program), [])
    const during = await bench.save()
    t.strictSame(
      chainOf(during, 'filter', 'INPUT').filter(
        line => !/NODEPORTS|SERVICES|PROXY-FIREWALL/.test(line),
      ),
      chainOf(before, 'filter', 'INPUT'),
    )
    await bench.kernel.apply(await bench.missing(NOTHING))
    const after = (await bench.save()).filter(line => !/^(\*|COMMIT|:[A-Z]+ ACCEPT)/.test(line))
    t.strictSame(
      after,
      before.filter(line => !/^(\*|COMMIT|:[A-Z]+ ACCEPT)/.test(line)),
    )
  })

  t.test(`${flavour}: a refused rule is named, and nothing is changed`, { skip }, async t => {
    await using bench = await openBench(flavour)
    const empty = await bench.save()
    const first = programOf(EXAMPLE)
    const bad = withCounterless(first, 'IPv4')
    const initial = await failureOf(bench.kernel.apply(await bench.missing(first)))
    t.equal(initial.code, 'REFUSED')
    t.strictSame(initial.refused, [bad.key])
    t.match(initial.message, /the rules are as they were/)
    const isRule = (line: string) => !/^(\*|COMMIT|:[A-Z]+ ACCEPT)/.test(line)
    t.strictSame((await bench.save()).filter(isRule), empty.filter(isRule))

    const have = programOf(EXAMPLE)
    await bench.kernel.apply(await bench.missing(have))
    const before = await bench.save()
    const want = programOf([...EXAMPLE, ONE])
    withCounterless(want, 'IPv4')
    const failure = await failureOf(bench.kernel.apply(diff(have, want, equal)))
    t.strictSame(failure.refused, [bad.key])
    t.strictSame(await bench.save(), before)
  })

  t.test(`${flavour}: text that is no rule is refused by a check too`, { skip }, async t => {
    await using bench = await openBench(flavour)
    const program = programOf([])
    await bench.kernel.apply(await bench.missing(program))
    const parts = [{ kind: 'opaque', text: '-m nosuchmatch' } as const]
    const bad = ruleEntry('IPv4', 'nat', 'KUBE-NODEPORTS', { parts, target: null })
    const changes: Change<IptablesEntry>[] = [{ op: 'add', entry: bad }]
    for (const act of ['check', 'apply'] as const) {
      const failure = await failureOf(bench.kernel[act](changes))
      t.equal(failure.code, 'REFUSED')
      t.strictSame(failure.refused, [bad.key])
    }
  })

  t.test(`${flavour}: one family's failure takes back the other's change`, { skip }, async t => {
    await using bench = await openBench(flavour, ['IPv4', 'IPv6'])
    const facts: NodeFacts = { ...FACTS, families: ['IPv4', 'IPv6'] }
    const have = programOf(EXAMPLE, facts)
    await bench.kernel.apply(await bench.missing(have))
    t.strictSame(await bench.missing(have), [])
    const before = [await bench.save('IPv4'), await bench.save('IPv6')]
    const want = programOf(EXAMPLE.slice(1), facts)
    const bad = withCounterless(want, 'IPv6')
    const failure = await failureOf(bench.kernel.apply(diff(have, want, equal)))
    t.strictSame(failure.refused, [bad.key])
    t.strictSame(await bench.missing(have), [])
    const sorted = (dump: readonly string[] | undefined) => dump?.toSorted()
    t.strictSame(sorted(await bench.save('IPv4')), sorted(before[0]))
    t.strictSame(await bench.save('IPv6'), before[1])
  })
}

t.test('a lock that others hold is told from a refusal', { skip }, async t => {
  const directory = await mkdtemp(join(tmpdir(), 'kpc-lock-'))
  const lock = join(directory, 'lock')
  const namespace = await openNamespace()
  await using _ = namespace
  const exec: Exec = (command, args, options) => {
    const held = ['flock', lock, 'env', `XTABLES_LOCKFILE=${lock}`, command, ...args]
    return namespace.exec('timeout', ['20', ...held], options)
  }
  const kernel = openKernel({ exec, families: ['IPv4'], flavour: 'legacy' }, async () => true)
  const changes = diff(NOTHING, programOf([]), equal)
  const failure = await failureOf(kernel.apply(changes))
  t.equal(failure.code, 'LOCKED')
  t.strictSame(failure.refused, [])
  t.equal(
    (await openKernel({ ...namespace, families: ['IPv4'], flavour: 'legacy' }).read()).size,
    0,
  )
  await rm(directory, { recursive: true })
})

t.test('tools that are missing, counters that cannot be made', async t => {
  const exec: Exec = (command, args, options) => realExec(`/nowhere/${command}`, args, options)
  const io: BackendIo = { exec, families: ['IPv4'] }
  const read = await failureOf(openKernel(io).read())
  t.equal(read.code, 'TOOL_MISSING')
  t.match(read.message, /iptables-save is not installed/)
  const changes = diff(NOTHING, programOf(EXAMPLE), equal)
  const apply = await failureOf(openKernel(io, async () => false).apply(changes))
  t.equal(apply.code, 'NO_COUNTER')
  t.match(apply.message, /ct_state_invalid_dropped_pkts, localhost_nps_accepted_pkts/)
})
