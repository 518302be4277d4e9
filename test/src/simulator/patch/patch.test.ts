/** The three patches and server-side apply, as tables: a document, a patch, what comes out. */
import t from 'tap'
import type { Json, JsonObject } from '../../../../src/simulator/json.ts'
import { applyConfiguration } from '../../../../src/simulator/managed/apply.ts'
import { trackUpdate, type Writer } from '../../../../src/simulator/managed/owners.ts'
import { applyJsonPatch, PatchError } from '../../../../src/simulator/patch/json-patch.ts'
import { applyMergePatch } from '../../../../src/simulator/patch/merge-patch.ts'
import { applyStrategicPatch } from '../../../../src/simulator/patch/strategic.ts'
import { structOf } from '../../../../src/simulator/schema/shapes.ts'

interface Case {
  readonly from: Json
  readonly patch: Json
  /** null: refused. */
  readonly to: Json
}

const JSON_PATCHES: Readonly<Record<string, Case>> = {
  'adds a member': {
    from: { a: 1 },
    patch: [{ op: 'add', path: '/b', value: 2 }],
    to: { a: 1, b: 2 },
  },
  'adds before an item': {
    from: [1, 2],
    patch: [{ op: 'add', path: '/1', value: 9 }],
    to: [1, 9, 2],
  },
  appends: { from: [1], patch: [{ op: 'add', path: '/-', value: 2 }], to: [1, 2] },
  'replaces the whole': { from: { a: 1 }, patch: [{ op: 'replace', path: '', value: [] }], to: [] },
  'unescapes ~1 and ~0': {
    from: { 'a/b': { 'c~d': 1 } },
    patch: [{ op: 'remove', path: '/a~1b/c~0d' }],
    to: { 'a/b': {} },
  },
  moves: { from: { a: 1 }, patch: [{ op: 'move', from: '/a', path: '/b' }], to: { b: 1 } },
  copies: {
    from: { a: [1] },
    patch: [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/-', value: 2 },
    ],
    to: { a: [1], b: [1, 2] },
  },
  'goes on after a test that holds': {
    from: { a: { b: 1, c: 2 } },
    patch: [
      { op: 'test', path: '/a', value: { c: 2, b: 1 } },
      { op: 'remove', path: '/a' },
    ],
    to: {},
  },
  'refuses a test that fails': {
    from: { a: 1 },
    patch: [{ op: 'test', path: '/a', value: 2 }],
    to: null,
  },
  'refuses to replace what is not there': {
    from: {},
    patch: [{ op: 'replace', path: '/a', value: 2 }],
    to: null,
  },
  'refuses an index with a zero before it': {
    from: [1, 2],
    patch: [{ op: 'remove', path: '/01' }],
    to: null,
  },
  'refuses to move into itself': {
    from: { a: {} },
    patch: [{ op: 'move', from: '/a', path: '/a/b' }],
    to: null,
  },
  'refuses a value that is missing': { from: {}, patch: [{ op: 'add', path: '/a' }], to: null },
}

for (const [name, { from, patch, to }] of Object.entries(JSON_PATCHES))
  t.test(`JSON patch ${name}`, async t => {
    const before = JSON.stringify(from)
    if (to === null) t.throws(() => applyJsonPatch(from, patch), PatchError)
    else t.strictSame(applyJsonPatch(from, patch), to)
    t.equal(JSON.stringify(from), before, 'the document stays as it was')
  })

t.test('merge patch: the examples of RFC 7386, appendix A', async t => {
  const cases: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [from, patch, to] of cases)
    t.strictSame(applyMergePatch(from, patch), to, JSON.stringify(patch))
})

const POD = structOf('V1PodSpec')
const SERVICE = structOf('V1ServiceSpec')
const META = structOf('V1ObjectMeta')

t.test('strategic merge patch', async t => {
  const two = {
    containers: [
      { name: 'a', image: '1' },
      { name: 'b', image: '2' },
    ],
  }
  const patched = (patch: Json): Json => applyStrategicPatch(POD, two, patch)
  t.strictSame(
    patched({ containers: [{ name: 'b', image: '3' }] }),
    {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '3' },
      ],
    },
    'an item is found by its key',
  )
  t.strictSame(
    patched({ containers: [{ name: 'c', image: '3' }] }),
    {
      containers: [{ name: 'c', image: '3' }, ...two.containers],
    },
    'a new item comes first',
  )
  t.strictSame(patched({ containers: [{ name: 'a', $patch: 'delete' }] }), {
    containers: [two.containers[1] ?? null],
  })
  t.strictSame(patched({ containers: [{ $patch: 'replace' }, { name: 'z', image: '0' }] }), {
    containers: [{ name: 'z', image: '0' }],
  })
  t.strictSame(
    patched({
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
      containers: [{ name: 'a', image: '9' }],
    }),
    {
      containers: [
        { name: 'b', image: '2' },
        { name: 'a', image: '9' },
      ],
    },
  )
  t.strictSame(
    applyStrategicPatch(POD, { nodeSelector: { a: 'b' } }, { nodeSelector: { c: 'd', a: null } }),
    { nodeSelector: { c: 'd' } },
  )
  t.strictSame(
    applyStrategicPatch(POD, { tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] }),
    { tolerations: [{ key: 'b' }] },
    'an atomic list is replaced',
  )
  t.strictSame(
    applyStrategicPatch(
      META,
      { finalizers: ['a', 'b'] },
      { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] },
    ),
    { finalizers: ['c', 'b'] },
  )
  t.strictSame(
    applyStrategicPatch(
      POD,
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
    ),
    { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
  )
  t.throws(
    () => applyStrategicPatch(SERVICE, {}, { ports: [{ name: 'x' }] }),
    /does not contain declared merge key: port/,
  )
})

const CONFIG = structOf('V1ConfigMap')
const writer = (manager: string): Writer => ({
  manager,
  apiVersion: 'v1',
  subresource: '',
  now: '2026-01-01T00:00:00Z',
  leavesStatus: false,
})
const config = (data: JsonObject): JsonObject => ({ metadata: { name: 'c' }, data })

t.test('server-side apply', async t => {
  const by = (
    manager: string,
    live: JsonObject,
    data: JsonObject,
    force = false,
  ): ReturnType<typeof applyConfiguration> =>
    applyConfiguration(CONFIG, live, config(data), { writer: writer(manager), force })
  const first = by('one', { metadata: { name: 'c' } }, { a: '1', b: '2' })
  t.strictSame(first.conflicts, [])
  const shared = by('two', first.object, { b: '2', c: '3' })
  t.strictSame(shared.conflicts, [], 'to want the same is no conflict')
  const dropped = by('one', shared.object, { a: '1' })
  t.strictSame(dropped.object['data'], { a: '1', b: '2', c: '3' }, 'what another still wants stays')
  const gone = by('two', dropped.object, { c: '3' })
  t.strictSame(gone.object['data'], { a: '1', c: '3' }, 'what nobody wants goes')
  const fight = by('two', gone.object, { a: '9', c: '3' })
  t.strictSame(fight.conflicts, [{ manager: 'one', operation: 'Apply', field: '.data.a' }])
  const won = by('two', gone.object, { a: '9', c: '3' }, true)
  t.strictSame(won.object['data'], { a: '9', c: '3' })
  const back = by('one', won.object, {})
  t.strictSame(
    back.object['data'],
    { a: '9', c: '3' },
    'what was taken over is not lost with its old owner',
  )

  const updated: JsonObject = {
    ...won.object,
    metadata: { name: 'c' },
    data: { a: '9', c: 'changed' },
  }
  trackUpdate(CONFIG, won.object, updated, writer('editor'))
  const edited = by('two', updated, { a: '9', c: '3' })
  t.strictSame(
    edited.conflicts,
    [{ manager: 'editor', operation: 'Update', field: '.data.c' }],
    'an update owns what it changed',
  )
})
