/** Answers for src/sources/files.ts read once: text, documents, lists, folders, places and faults. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { objectKey } from '../../../src/objects/key.ts'
import { formatProblem } from '../../../src/objects/problem.ts'
import { readFiles } from '../../../src/sources/files.ts'
import type { SourceUpdate } from '../../../src/sources/source.ts'
import { service, slice } from '../../support/raw-objects.ts'

const readStdin = async () => ''

const keysOf = ({ events }: SourceUpdate): readonly string[] =>
  events.map(
    event => `${event.type} ${event.type === 'set' ? objectKey(event.object) : event.name}`,
  )

const WEB = `apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec:
  clusterIP: 10.96.0.10
  ports:
  - port: 80
`

const API = WEB.replace('web', 'api').replace('10.96.0.10', '10.96.0.11')

const oneFile = async (t: Test, text: string | Uint8Array, name = 'cluster.yaml') => {
  const folder = t.testdir({})
  const file = join(folder, name)
  writeFileSync(file, text)
  const update = await readFiles([file], { readStdin })
  const problems = update.problems.map(problem =>
    formatProblem(problem).replaceAll(`${folder}/`, ''),
  )
  return { update, keys: keysOf(update), problems }
}

t.test('documents, comments, empty documents, other kinds', async t => {
  const text = `# A comment first.\n---\n---\n${WEB}---\napiVersion: apps/v1\nkind: Deployment\n--- # more\n${API}...\n`
  const { keys, problems, update } = await oneFile(t, text)
  t.strictSame(keys, ['set Service shop/web', 'set Service shop/api'])
  t.strictSame(problems, [])
  t.equal(update.synced, true)
})

t.test('places name the line of the field', async t => {
  const { problems } = await oneFile(
    t,
    `# comment\n${WEB}---\n${WEB.replace('name: web', 'name: api').replace('port: 80', 'port: eighty')}  - name: B_ad\n    port: 81\n`,
  )
  t.strictSame(problems, [
    'error: Service shop/api: spec.ports[0].port "eighty" is not a port number from 1 to 65535; port skipped\n  in cluster.yaml, document 2, line 16',
    'error: Service shop/api: spec.ports[1].name "B_ad" is not a DNS label (a-z, 0-9 and -, 63 characters at most); port skipped\n  in cluster.yaml, document 2, line 17',
  ])
})

t.test('a missing field is placed at what should hold it', async t => {
  const { problems } = await oneFile(t, `${WEB}  - name: x\n`)
  t.match(problems, [
    /spec\.ports\[1\]\.port is missing; port skipped\n {2}in cluster\.yaml, document 1, line 8$/,
  ])
})

t.test('JSON, and lists in either form', async t => {
  const bad = service({ ports: [{ port: 'eighty' }] }, { metadata: { name: 'bad' } })
  const list = { apiVersion: 'v1', kind: 'List', items: [service(), slice(), bad] }
  const text = JSON.stringify(list, null, 1)
  const json = await oneFile(t, text, 'cluster.json')
  t.strictSame(json.keys, [
    'set Service shop/web',
    'set EndpointSlice shop/web-x7k2p',
    'set Service default/bad',
  ])
  const line = text.split('\n').findIndex(row => row.includes('eighty')) + 1
  t.strictSame(json.problems, [
    `error: Service default/bad: spec.ports[0].port "eighty" is not a port number from 1 to 65535; port skipped\n  in cluster.json, document 1, line ${line}`,
  ])

  const { apiVersion: _, kind: __, ...item } = service()
  const typed = { apiVersion: 'v1', kind: 'ServiceList', items: [item] }
  t.strictSame((await oneFile(t, JSON.stringify(typed))).keys, ['set Service shop/web'])

  const yaml = `apiVersion: v1\nkind: List\nitems:\n- ${WEB.replaceAll('\n', '\n  ')}\n- 7\n`
  const mixed = await oneFile(t, yaml)
  t.strictSame(mixed.keys, ['set Service shop/web'])
  t.match(mixed.problems, [
    /7 is not an object; document skipped\n {2}in cluster\.yaml, document 1, line 12$/,
  ])
})

t.test('an empty item of a list is told, an empty document is not', async t => {
  const yaml = `apiVersion: v1\nkind: List\nitems:\n- ${WEB.replaceAll('\n', '\n  ')}\n- null\n`
  const { keys, problems } = await oneFile(t, yaml)
  t.strictSame(keys, ['set Service shop/web'])
  t.match(problems, [
    /null is not an object; document skipped\n {2}in cluster\.yaml, document 1, line 12$/,
  ])
  const json = JSON.stringify({ apiVersion: 'v1', kind: 'ServiceList', items: [null] })
  t.match((await oneFile(t, json, 'cluster.json')).problems, [/null is not an object/])
  t.strictSame((await oneFile(t, 'null')).problems, [])
})

t.test('a broken document costs only itself', async t => {
  const { keys, problems } = await oneFile(t, `${WEB}---\nkind: [Service\nmetadata: }\n---\n${API}`)
  t.strictSame(keys, ['set Service shop/web', 'set Service shop/api'])
  t.equal(problems.length, 1)
  t.match(problems, [
    /^error: cluster\.yaml: is not YAML: .*; document skipped\n {2}in cluster\.yaml, document 2, line \d+$/,
  ])
})

t.test('what no parser should chew on', async t => {
  const faults = async (text: string | Uint8Array) => {
    const start = performance.now()
    const { keys, problems } = await oneFile(t, text)
    t.strictSame(keys, [])
    t.ok(performance.now() - start < 4000, 'in time')
    return problems.join()
  }
  const lower = 'abcdefghi'
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [at, letter] of [...lower].entries())
    bomb.push(
      `${letter}${letter}: &${letter}${letter} [${Array(9).fill(`*${at === 0 ? 'a' : lower[at - 1]?.repeat(2)}`)}]`,
    )
  t.match(await faults(bomb.join('\n')), /is not YAML: Excessive alias count/)
  t.match(await faults('- &a x\n- *a\n'.repeat(2000)), /more than 1000 aliases/)
  t.match(await faults('['.repeat(3_000_000)), /nests deeper than 200 levels/)
  t.match(await faults('- '.repeat(1_000_000)), /nests deeper than 200 levels/)
  t.match(await faults(': '.repeat(100_000)), /is not YAML/)
  t.match(await faults('{"a":'.repeat(100_000)), /nests deeper/)
  t.match(await faults('&a [*a]'), /is not an object/)
  t.match(await faults('word '.repeat(2_000_000)), /longer than 4000000 characters/)
  t.match(await faults('a: 1\nb: 2\na: 3\n'), /has the same key twice in a mapping.*\n.*line 3/)
  t.match(
    await faults(Uint8Array.of(0x80, 0xff, 0xfe)),
    /^error: cluster\.yaml: is not UTF-8 text; file skipped$/,
  )
  t.match(await faults('a: "\0"'), /is not UTF-8 text/)
  t.match(await faults('just words'), /"just words" is not an object; document skipped/)
  t.match(await faults(' \n'), /^warning: cluster\.yaml: is empty; nothing is read from it$/)
})

t.test(
  'folders: sorted, deep, hidden and other files left out, links back up not followed',
  async t => {
    const named = (name: string) =>
      WEB.replace('web', name).replace('.0.10', `.0.${name.charCodeAt(0)}`)
    const folder = t.testdir({
      'b.yml': named('b'),
      'a.yaml': named('a'),
      'c.json': JSON.stringify(service({}, { metadata: { name: 'c' } })),
      'notes.txt': 'not: [yaml',
      '.hidden.yaml': named('hidden'),
      '..data': { 'x.yaml': named('x') },
      deep: { 'd.yaml': named('d') },
    })
    symlinkSync(folder, join(folder, 'deep', 'up'))
    symlinkSync(join(folder, '..data', 'x.yaml'), join(folder, 'x.yaml'))
    symlinkSync(join(folder, 'notes.txt'), join(folder, 'link'))
    const { events, problems } = await readFiles([folder], { readStdin })
    t.strictSame(
      events.map(event => event.type === 'set' && event.object.name),
      ['a', 'b', 'c', 'd', 'x'],
    )
    t.strictSame(problems, [])
  },
)

t.test('standard input, missing files, links to nowhere', async t => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'sub'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'sub', 'dangling.yaml'))
  const paths = ['-', join(folder, 'missing.yaml'), join(folder, 'sub')]
  const update = await readFiles(paths, { readStdin: async () => `${WEB}---\nkind: [` })
  t.strictSame(keysOf(update), ['set Service shop/web'])
  t.match(
    update.problems.map(problem => formatProblem(problem).replaceAll(folder, '')),
    [
      'error: /missing.yaml: does not exist; nothing is read from it',
      'error: /sub/dangling.yaml: does not exist; nothing is read from it',
      /^error: standard input: is not YAML/,
    ],
  )
})

t.test('what is neither file nor folder is not read', async t => {
  const folder = t.testdir({ 'b.yaml': WEB })
  const pipe = join(folder, 'a.yaml')
  execFileSync('mkfifo', [pipe, join(folder, 'other')])
  symlinkSync('/dev/zero', join(folder, 'zero.yaml'))
  const update = await readFiles([folder, pipe, '/dev/zero'], { readStdin })
  t.strictSame(keysOf(update), ['set Service shop/web'])
  t.match(
    update.problems.map(problem => formatProblem(problem).replaceAll(folder, '')),
    [
      /^error: \/a\.yaml: is a pipe, and only .* are read; nothing is read from it$/,
      /^error: \/zero\.yaml: is a device/,
      /^error: \/a\.yaml: is a pipe/,
      /^error: \/dev\/zero: is a device/,
    ],
  )
})

t.test('the same object twice: the later wins, both places are told', async t => {
  const { update, problems } = await oneFile(t, `${WEB}---\n${WEB.replace('80', '81')}`)
  t.match(update.events, [{ object: { ports: [{ port: 81 }] } }])
  t.equal(update.events.length, 1)
  t.match(
    problems[0]?.replaceAll(/\S*cluster/g, 'cluster'),
    [
      'warning: Service shop/web: stands in cluster.yaml, document 1, line 1 and again in cluster.yaml, document 2, line 9; the later one counts',
      '  in cluster.yaml, document 2, line 9',
    ].join('\n'),
  )
})

t.test('a slice without its Service is told', async t => {
  const { keys, problems } = await oneFile(t, JSON.stringify(slice(), null, 1))
  t.strictSame(keys, ['set EndpointSlice shop/web-x7k2p'])
  t.match(problems, [
    /^warning: EndpointSlice shop\/web-x7k2p: .* "web" names a Service that is in no file; the slice has no effect\n.*line 8$/,
  ])
})
