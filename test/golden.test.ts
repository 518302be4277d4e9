/**
 * The files that kpc itself writes below golden/ are what it makes today, and no file lies there that nobody reads.
 */
import { glob, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { formatProblem } from '../src/objects/problem.ts'
import { BACKENDS } from './support/backends.ts'
import {
  type Case,
  type Cluster,
  GOLDEN,
  listCases,
  readCaseConfig,
  readCluster,
  readNodeSetting,
} from './support/cases.ts'
import { normaliseDump } from './support/dump.ts'
import { matchFile, matchOptionalFile } from './support/match-file.ts'

const cases = await listCases()
const node = await readNodeSetting()

/** The place without the folder, which is the reader's own. */
const problemsText = ({ problems }: Cluster): string =>
  problems
    .map(problem => {
      const { place } = problem
      const shown = place
        ? { ...problem, place: { ...place, file: basename(place.file) } }
        : problem
      return `${formatProblem(shown)}\n`
    })
    .join('')

const compareCase = async (t: Test, tested: Case): Promise<void> => {
  const config = await readCaseConfig(tested)
  const proxies = BACKENDS.map(row => ({ row, proxy: row.start({ config, node }) }))
  for (const step of tested.steps) {
    const cluster = await readCluster(step)
    await matchOptionalFile(t, join(step.directory, 'problems.txt'), problemsText(cluster))
    for (const { row, proxy } of proxies) {
      proxy.see(cluster)
      await matchFile(t, join(step.directory, row.rulesFile), proxy.render())
    }
  }
}

for (const tested of cases) t.test(tested.name, t => compareCase(t, tested))

/** Which test answers for a file of this name in a step's folder. */
const READ_IN_STEP: Readonly<Record<string, string>> = {
  'iptables/ip4.save': 'readback',
  'iptables/ip6.save': 'readback',
  'flows.json': 'flows',
  'conntrack.json': 'live',
  'problems.txt': 'golden',
  ...Object.fromEntries(BACKENDS.map(({ rulesFile }) => [rulesFile, 'golden'])),
}

/** Recorded in mode ipvs, and compared by that backend's tests. */
const IPVS = [
  'addresses.json',
  'ip4.save',
  'ip6.save',
  'ipset.save',
  'ipvsadm.save',
  'link.json',
  'sysctls.txt',
].map(name => `ipvs/${name}`)

t.test('every file is one that a test reads', async t => {
  const read = new Set(
    ['README.md', 'node.json', 'service-cidr.yaml'].map(name => join(GOLDEN, name)),
  )
  for (const { directory, configFile, steps } of cases) {
    read.add(configFile)
    if (steps.length > 1) read.add(join(directory, 'steps.json'))
    for (const step of steps) {
      read.add(step.clusterFile)
      for (const name of [...Object.keys(READ_IN_STEP), ...IPVS])
        read.add(join(step.directory, name))
    }
  }
  let seen = 0
  for await (const entry of glob(`${GOLDEN}/**`, { withFileTypes: true })) {
    if (!entry.isFile()) continue
    seen++
    const file = join(entry.parentPath, entry.name)
    if (!read.has(file)) t.fail(`${relative('.', file)}: no test reads it`)
  }
  t.ok(seen > 1000, 'the walk saw the files')
})

t.test('every recorded dump is in the normal form', async t => {
  for (const { steps } of cases)
    for (const { directory, name } of steps)
      for (const file of ['ip4.save', 'ip6.save']) {
        const text = await readFile(join(directory, 'iptables', file), 'utf8')
        t.ok(text.endsWith('COMMIT\n'), `${name} ${file} is whole`)
        t.equal(normaliseDump(text), text, `${name} ${file}`)
      }
})
