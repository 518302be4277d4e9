/** Answers for src/sources/files.ts and watch.ts while files are edited, replaced, broken, mended and removed. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { objectKey } from '../../../src/objects/key.ts'
import { fileSource } from '../../../src/sources/files.ts'
import type { SourceUpdate } from '../../../src/sources/source.ts'
import { openWatch } from '../../../src/sources/watch.ts'

const named = (name: string, port = 80): string => `apiVersion: v1
kind: Service
metadata: {namespace: shop, name: ${name}}
spec: {clusterIP: 10.96.0.${name.charCodeAt(0)}, ports: [{port: ${port}}]}
`

/** Events in short, then the codes and consequences of problems. */
const brief = ({ events, problems }: SourceUpdate): readonly string[] => [
  ...events.map(event =>
    event.type === 'set' ? `set ${objectKey(event.object)}` : `delete ${objectKey(event)}`,
  ),
  ...problems.map(({ code, consequence }) => `${code}: ${consequence}`),
]

/** Starts watching and gives `next`, the next update in short; fails when none comes within 5 s. */
const watched = async (t: Test, ...paths: readonly string[]) => {
  const controller = new AbortController()
  const source = fileSource({ paths, watch: true, readStdin: async () => named('stdin') })
  const updates = source(controller.signal)[Symbol.asyncIterator]()
  const next = async (): Promise<readonly string[]> => {
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(() => timeout.reject(new Error('no update in 5 s')), 5000)
    const result = await Promise.race([updates.next(), timeout.promise])
    clearTimeout(timer)
    return result.done ? ['end'] : brief(result.value)
  }
  t.teardown(() => controller.abort())
  return { next, abort: () => controller.abort() }
}

t.test('edit, replace by rename, add, remove', async t => {
  const folder = t.testdir({ 'a.yaml': `${named('a')}---\n${named('b')}` })
  const { next, abort } = await watched(t, folder)
  t.strictSame(await next(), ['set Service shop/a', 'set Service shop/b'])

  writeFileSync(join(folder, 'a.yaml'), `# moved\n${named('a', 81)}---\n${named('b')}`)
  t.strictSame(await next(), ['set Service shop/a'], 'only what differs')

  writeFileSync(join(folder, '.a.yaml.swp'), named('a', 82))
  renameSync(join(folder, '.a.yaml.swp'), join(folder, 'a.yaml'))
  t.strictSame(await next(), ['delete Service shop/b', 'set Service shop/a'])

  mkdirSync(join(folder, 'deep'))
  writeFileSync(join(folder, 'deep', 'c.yaml'), named('c'))
  t.strictSame(await next(), ['set Service shop/c'])
  writeFileSync(join(folder, 'deep', 'c.yaml'), named('c', 82))
  t.strictSame(await next(), ['set Service shop/c'], 'new folders are watched too')

  rmSync(join(folder, 'deep'), { recursive: true })
  t.strictSame(await next(), ['delete Service shop/c'])
  unlinkSync(join(folder, 'a.yaml'))
  t.strictSame(await next(), ['delete Service shop/a'])

  const end = next()
  abort()
  t.strictSame(await end, ['end'])
})

t.test('a broken file takes nothing away until it is mended', async t => {
  const folder = t.testdir({ 'a.yaml': `${named('a')}---\n${named('b')}` })
  const file = join(folder, 'a.yaml')
  const { next } = await watched(t, file)
  t.strictSame(await next(), ['set Service shop/a', 'set Service shop/b'])

  writeFileSync(file, `${named('a')}---\nkind: [Serv`)
  t.strictSame(await next(), ['BAD_YAML: 1 object read earlier stays as before'])

  writeFileSync(file, `kind: {{\n---\n${named('c')}`)
  t.strictSame(await next(), [
    'set Service shop/c',
    'BAD_YAML: 2 objects read earlier stay as before',
  ])

  writeFileSync(file, '')
  t.strictSame(await next(), ['EMPTY_FILE: 3 objects read earlier stay as before'])

  writeFileSync(file, named('a', 81))
  t.strictSame(await next(), [
    'delete Service shop/b',
    'delete Service shop/c',
    'set Service shop/a',
  ])
})

t.test('a named file that comes late, goes, and comes back', async t => {
  const folder = t.testdir({})
  const file = join(folder, 'not', 'yet', 'a.yaml')
  const { next } = await watched(t, file)
  t.strictSame(await next(), ['UNREADABLE_FILE: nothing is read from it'])
  mkdirSync(join(folder, 'not'))
  mkdirSync(join(folder, 'not', 'yet'))
  writeFileSync(file, named('a'))
  t.strictSame(await next(), ['set Service shop/a'])
  unlinkSync(file)
  t.strictSame(await next(), ['delete Service shop/a', 'UNREADABLE_FILE: nothing is read from it'])
  writeFileSync(file, named('a'))
  t.strictSame(await next(), ['set Service shop/a'])
})

t.test('a folder that vanishes as a whole takes nothing away', async t => {
  const top = t.testdir({ OBJ: { 'a.yaml': named('a'), deep: { 'b.yaml': named('b') } } })
  const folder = join(top, 'OBJ')
  const { next } = await watched(t, folder)
  t.strictSame(await next(), ['set Service shop/a', 'set Service shop/b'])
  renameSync(folder, join(top, 'OBJ.gone'))
  const kept = '2 objects read earlier stay as before until it is back'
  t.strictSame(await next(), [`UNREADABLE_FILE: ${kept}`])

  mkdirSync(folder)
  t.strictSame(await next(), [`EMPTY_FOLDER: ${kept}`], 'being filled')
  writeFileSync(join(folder, 'a.yaml'), named('a', 81))
  t.strictSame(await next(), ['delete Service shop/b', 'set Service shop/a'], 'back')
  unlinkSync(join(folder, 'a.yaml'))
  t.strictSame(await next(), ['delete Service shop/a'], 'one by one, files are deleted')
})

t.test('a folder that comes back as it was is nothing new', async t => {
  const top = t.testdir({ OBJ: { 'a.yaml': named('a') } })
  const folder = join(top, 'OBJ')
  const { next } = await watched(t, folder)
  await next()
  renameSync(folder, join(top, 'gone'))
  t.strictSame(await next(), [
    'UNREADABLE_FILE: 1 object read earlier stays as before until it is back',
  ])
  renameSync(join(top, 'gone'), folder)
  writeFileSync(join(folder, 'b.yaml'), named('b'))
  t.strictSame(await next(), ['set Service shop/b'])
})

t.test('another folder in its place at once is the one that is watched', async t => {
  const top = t.testdir({ OBJ: { 'a.yaml': named('a') }, next: { 'a.yaml': named('a', 81) } })
  const folder = join(top, 'OBJ')
  const { next } = await watched(t, folder)
  await next()
  renameSync(folder, join(top, 'old'))
  renameSync(join(top, 'next'), folder)
  t.strictSame(await next(), ['set Service shop/a'])
  writeFileSync(join(folder, 'a.yaml'), named('a', 82))
  t.strictSame(await next(), ['set Service shop/a'])
})

t.test('a named file whose folder vanishes is kept too, and wins as before', async t => {
  const top = t.testdir({ OBJ: { 'a.yaml': named('a') }, 'z.yaml': named('a', 81) })
  const file = join(top, 'OBJ', 'a.yaml')
  const { next } = await watched(t, file, join(top, 'z.yaml'))
  t.strictSame(await next(), ['set Service shop/a', 'DUPLICATE_OBJECT: the later one counts'])
  rmSync(join(top, 'OBJ'), { recursive: true })
  t.strictSame(await next(), [
    'UNREADABLE_FILE: 1 object read earlier stays as before until it is back',
  ])
})

t.test('a pipe in the place of a file takes nothing away', async t => {
  const folder = t.testdir({ 'a.yaml': named('a') })
  const { next } = await watched(t, folder)
  await next()
  unlinkSync(join(folder, 'a.yaml'))
  execFileSync('mkfifo', [join(folder, 'a.yaml')])
  t.strictSame(await next(), [
    'UNREADABLE_FILE: 1 object read earlier stays as before until it is back',
  ])
})

t.test('a watch can be told to look again after a time', async t => {
  const controller = new AbortController()
  t.teardown(() => controller.abort())
  const { changed } = openWatch(controller.signal)
  t.equal(await changed(10), true)
  t.equal(await changed(10), true)
  const last = changed(60_000)
  controller.abort()
  t.equal(await last, false)
})

t.test('a mounted ConfigMap: links are swapped', async t => {
  const folder = t.testdir({ '..1': { 'a.yaml': named('a') }, '..2': { 'a.yaml': named('a', 81) } })
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync(join('..data', 'a.yaml'), join(folder, 'a.yaml'))
  const { next } = await watched(t, folder)
  t.strictSame(await next(), ['set Service shop/a'])
  symlinkSync('..2', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  t.strictSame(await next(), ['set Service shop/a'])
})

t.test('standard input is read once, and an aborted source ends at once', async t => {
  const folder = t.testdir({ 'a.yaml': named('a') })
  const { next, abort } = await watched(t, '-', folder)
  t.strictSame(await next(), ['set Service shop/stdin', 'set Service shop/a'])
  writeFileSync(join(folder, 'a.yaml'), named('a', 81))
  t.strictSame(await next(), ['set Service shop/a'])
  abort()
  t.strictSame(await next(), ['end'])
})

t.test('unwatched, the source tells once and ends', async t => {
  const folder = t.testdir({ 'a.yaml': named('a') })
  const source = fileSource({ paths: [folder], watch: false, readStdin: async () => '' })
  const updates: SourceUpdate[] = []
  for await (const update of source(new AbortController().signal)) updates.push(update)
  t.strictSame(updates.map(brief), [['set Service shop/a']])
  t.equal(updates[0]?.synced, true)
})

t.test('a slice whose Service goes later is placed at its own line', async t => {
  const slice = (name: string, service: string): string => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  namespace: shop
  name: ${name}
  labels: {kubernetes.io/service-name: ${service}}
addressType: IPv4
`
  const items = `\n---\n${slice('a-1', 'a')}---\n${slice('gone-1', 'gone')}`
  const folder = t.testdir({ 'a.yaml': named('a'), 'slices.yaml': items })
  const controller = new AbortController()
  t.teardown(() => controller.abort())
  const source = fileSource({ paths: [folder], watch: true, readStdin: async () => '' })
  const places: (number | undefined)[][] = []
  for await (const { problems } of source(controller.signal)) {
    places.push(problems.map(({ place }) => place?.line))
    if (places.length === 2) break
    unlinkSync(join(folder, 'a.yaml'))
  }
  t.strictSame(places, [[16], [2]], 'the text is not kept for the second, the first is told once')
})
