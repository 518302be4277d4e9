/** What broken and hostile clients get: the documented status, and nobody else notices. */
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { openApi } from '../../support/api.ts'

const CM = '/api/v1/namespaces/default/configmaps'
const SVC = '/api/v1/namespaces/default/services'
const service = (spec: object): object => ({ metadata: { name: 'a' }, spec })
const deep = (count: number): string => `{"a":${'['.repeat(count)}${']'.repeat(count)}}`

interface Case {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly code: number
  readonly says?: RegExp
}

const CASES: Readonly<Record<string, Case>> = {
  'not JSON': {
    path: CM,
    body: '{"metadata":',
    code: 400,
    says: /couldn't read the request body as json/,
  },
  'JSON, no object': { path: CM, body: '[1]', code: 400, says: /must be of type object/ },
  'nothing at all': { path: CM, body: '', code: 400 },
  'an unknown body type': {
    path: CM,
    body: 'x',
    type: 'text/plain',
    code: 415,
    says: /application\/json/,
  },
  'protobuf that is none': {
    path: CM,
    body: 'k8s?',
    type: 'application/vnd.kubernetes.protobuf',
    code: 400,
  },
  'protobuf that is cut off': {
    path: CM,
    body: 'k8s\0\n\u0080',
    type: 'application/vnd.kubernetes.protobuf',
    code: 400,
  },
  'YAML with a bomb of aliases': { path: CM, body: bomb(), type: 'application/yaml', code: 400 },
  'a body that nests too deep': {
    path: CM,
    body: deep(100_000),
    code: 400,
    says: /nests too deep/,
  },
  'a body that is too large': {
    path: CM,
    body: { metadata: { name: 'x' }, data: { a: 'x'.repeat(4e6) } },
    code: 413,
    says: /limit is 3145728/,
  },
  'another kind': {
    path: CM,
    body: { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'x' } },
    code: 400,
    says: /cannot be handled as a ConfigMap/,
  },
  'another version': {
    path: CM,
    body: { kind: 'ConfigMap', apiVersion: 'v2', metadata: { name: 'x' } },
    code: 400,
    says: /does not match the expected API version \(v1\)/,
  },
  'another namespace': {
    path: CM,
    body: { metadata: { name: 'x', namespace: 'other' } },
    code: 400,
    says: /namespace of the provided object does not match/,
  },
  'a namespace that is not there': {
    path: '/api/v1/namespaces/nope/configmaps',
    body: { metadata: { name: 'x' } },
    code: 404,
    says: /namespaces "nope" not found/,
  },
  'no name': {
    path: CM,
    body: { metadata: {} },
    code: 422,
    says: /metadata\.name: Required value/,
  },
  'a wrong type': {
    path: SVC,
    body: service({ ports: [{ port: 'http' }] }),
    code: 400,
    says: /cannot unmarshal string into Go struct field ServicePort\.spec\.ports\.port of type int32/,
  },
  'a port out of range': {
    path: SVC,
    body: service({ ports: [{ port: 99999 }] }),
    code: 422,
    says: /spec\.ports\[0\]\.port: Invalid value: 99999: must be between 1 and 65535, inclusive/,
  },
  'an unknown field, strict': {
    path: `${SVC}?fieldValidation=Strict`,
    body: service({ foo: 1, ports: [{ port: 1 }] }),
    code: 400,
    says: /strict decoding error: unknown field "spec\.foo"/,
  },
  'a field twice, strict': {
    path: `${SVC}?fieldValidation=Strict`,
    body: '{"metadata":{"name":"a","name":"b"},"spec":{"ports":[{"port":1}]}}',
    code: 400,
    says: /duplicate field "metadata\.name"/,
  },
  'an unknown fieldValidation': {
    path: `${SVC}?fieldValidation=Maybe`,
    body: service({ ports: [{ port: 1 }] }),
    code: 422,
    says: /fieldValidation: Unsupported value: "Maybe"/,
  },
  'an unknown dryRun': {
    path: `${SVC}?dryRun=Some`,
    body: service({ ports: [{ port: 1 }] }),
    code: 400,
    says: /invalid dryRun option/,
  },
  'a group without its user': {
    method: 'GET',
    path: CM,
    headers: { 'impersonate-group': 'system:masters' },
    code: 500,
    says: /impersonate-group without impersonating a user/,
  },
  'a watch for a time that is none': {
    method: 'GET',
    path: `${CM}?watch=true&timeoutSeconds=soon`,
    code: 400,
    says: /timeoutSeconds: Invalid value: "soon"/,
  },
  'all namespaces at once': {
    method: 'DELETE',
    path: '/api/v1/namespaces?labelSelector=none',
    code: 405,
  },
  'two ways of deleting what depends': {
    method: 'DELETE',
    path: `${CM}/there?propagationPolicy=Orphan&orphanDependents=true`,
    code: 400,
    says: /cannot be both set/,
  },
  'a patch of an unknown type': { method: 'PATCH', path: `${CM}/there`, body: '{}', code: 415 },
  'a patch that is no patch': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/json-patch+json',
    body: '{"op":"add"}',
    code: 400,
  },
  'a patch operation that is none': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/json-patch+json',
    body: '[{"op":"explode","path":"/data"}]',
    code: 400,
    says: /unexpected operation kind/,
  },
  'a patch of what is not there': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/json-patch+json',
    body: '[{"op":"remove","path":"/data/nope"}]',
    code: 422,
  },
  'a patch test that fails': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/json-patch+json',
    body: '[{"op":"test","path":"/data/k","value":"x"}]',
    code: 422,
  },
  'a patch of a prototype': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/json-patch+json',
    body: '[{"op":"add","path":"/__proto__/polluted","value":1}]',
    code: 422,
  },
  'an unknown patch directive': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/strategic-merge-patch+json',
    body: '{"$patch":"explode"}',
    code: 400,
  },
  'an apply without a manager': {
    method: 'PATCH',
    path: `${CM}/there`,
    type: 'application/apply-patch+yaml',
    body: 'kind: ConfigMap\napiVersion: v1',
    code: 422,
    says: /fieldManager: Required value/,
  },
  'an update of an old version': {
    method: 'PUT',
    path: `${CM}/there`,
    body: { metadata: { name: 'there', resourceVersion: '1' } },
    code: 409,
    says: /the object has been modified/,
  },
  'an update under another name': {
    method: 'PUT',
    path: `${CM}/there`,
    body: { metadata: { name: 'other' } },
    code: 400,
    says: /does not match the name on the URL/,
  },
  'a deletion of somebody else': {
    method: 'DELETE',
    path: `${CM}/there`,
    body: { preconditions: { uid: 'x' } },
    code: 409,
    says: /Precondition failed: UID/,
  },
  'an odd propagation policy': {
    method: 'DELETE',
    path: `${CM}/there?propagationPolicy=Never`,
    code: 400,
  },
  'a selector that is none': {
    method: 'GET',
    path: `${CM}?labelSelector=a%20b`,
    code: 400,
    says: /unable to parse requirement/,
  },
  'a field that cannot be selected by': {
    method: 'GET',
    path: `${CM}?fieldSelector=data.k=v`,
    code: 400,
    says: /field label not supported: data\.k/,
  },
  'a continue token that is none': {
    method: 'GET',
    path: `${CM}?limit=1&continue=abc`,
    code: 400,
    says: /continue key is not valid/,
  },
  'a revision that is none': { method: 'GET', path: `${CM}?resourceVersion=x`, code: 400 },
  'a match rule without a revision': {
    method: 'GET',
    path: `${CM}?resourceVersionMatch=Exact`,
    code: 400,
    says: /forbidden unless resourceVersion is provided/,
  },
  'initial events without a match rule': {
    method: 'GET',
    path: `${CM}?watch=true&sendInitialEvents=true`,
    code: 422,
    says: /sendInitialEvents requires/,
  },
  'a type that nobody speaks': {
    method: 'GET',
    path: CM,
    headers: { accept: 'text/html' },
    code: 406,
  },
  'a resource that is none': {
    method: 'GET',
    path: '/api/v1/widgets',
    code: 404,
    says: /could not find the requested resource/,
  },
  'a group that is none': { method: 'GET', path: '/apis/nope.example.com/v1', code: 404 },
  'a subresource that is none': { method: 'GET', path: `${CM}/there/status`, code: 404 },
  'a method that is none': { method: 'POST', path: `${CM}/there`, body: {}, code: 405 },
  'a method for a path': { method: 'POST', path: '/version', body: {}, code: 405 },
  'an escaped slash': { method: 'GET', path: `${CM}/a%2Fb`, code: 404 },
  'an escaped climb': { method: 'GET', path: `${CM}/%2e%2e%2fsecrets`, code: 404 },
  'a zero byte': { method: 'GET', path: `${CM}/a%00b`, code: 404 },
  'a broken escape': { method: 'GET', path: `${CM}/%zz`, code: 400 },
  'a wrong token': {
    method: 'GET',
    path: CM,
    headers: { authorization: 'Bearer nobody' },
    code: 401,
    says: /Unauthorized/,
  },
  'a token of another scheme': {
    method: 'GET',
    path: CM,
    headers: { authorization: 'Basic YTpi' },
    code: 401,
  },
}

function bomb(): string {
  const levels = Array.from(
    { length: 9 },
    (_, at) => `l${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`).join(',')}]`,
  )
  return `l0: &l0 [x]\n${levels.join('\n')}\n`
}

t.test('each fault has its status, and costs only itself', async t => {
  const { simulator, send } = await openApi(t)
  await send('POST', CM, { body: { metadata: { name: 'there' }, data: { k: 'v' } } })
  const revision = simulator.api.store.revision()
  for (const [name, { method = 'POST', path, code, says, ...how }] of Object.entries(CASES)) {
    const got = await send(method, path, how)
    t.equal(got.code, code, name)
    t.equal(got.body['kind'], 'Status', `${name}: a Status`)
    t.equal(got.body['code'], code, `${name}: which says the same`)
    if (says !== undefined) t.match(got.body['message'], says, `${name}: says why`)
  }
  t.equal(simulator.api.store.revision(), revision, 'nothing was written')
  t.equal(({} as { polluted?: number }).polluted, undefined, 'no prototype was touched')
  const warned = await send('POST', SVC, { body: service({ foo: 1, ports: [{ port: 1 }] }) })
  t.equal(warned.code, 201)
  t.match(
    warned.headers.get('warning'),
    /^299 - "unknown field \\"spec\.foo\\""$/,
    'unknown fields are warned of by default',
  )
})

t.test('nobody in particular sees health and version, and nothing else', async t => {
  const { simulator } = await openApi(t)
  const code = async (path: string): Promise<number> => (await fetch(simulator.url + path)).status
  t.equal(await code('/readyz'), 200)
  t.equal(await code('/livez'), 200)
  t.equal(await code('/version'), 200)
  t.equal(await code('/readyz/nope'), 403)
  t.equal(await code('/api'), 403)
  t.equal(await code(CM), 403)
})

const says = (socket: Socket): Promise<string> =>
  new Promise(resolve => {
    let text = ''
    socket.on('data', data => {
      text += data.toString()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', () => resolve(text))
  })

t.test('slow and broken connections are cut off, and others served meanwhile', async t => {
  const { simulator, send } = await openApi(t, { limits: { headersMs: 400, requestMs: 900 } })
  const dial = (): Socket => connect(simulator.port, '127.0.0.1')
  const slow = Array.from({ length: 50 }, dial)
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('X-A: b\r\n')
  }, 50)
  for (const socket of slow) socket.write('GET /api HTTP/1.1\r\nHost: x\r\n')
  const answers = slow.map(says)
  const started = performance.now()
  t.equal((await send('GET', CM)).code, 200, 'a good client is served')
  t.ok(performance.now() - started < 300, 'at once')
  const texts = await Promise.all(answers)
  clearInterval(drip)
  t.ok(
    texts.every(text => text.startsWith('HTTP/1.1 408 ')),
    'headers that never end: 408',
  )

  const body = dial()
  const [, address] = ['', `Authorization: Bearer ${simulator.adminToken}`]
  body.write(
    `POST ${CM} HTTP/1.1\r\nHost: x\r\n${address}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  )
  t.match(await says(body), /^(?:HTTP\/1\.1 408 |$)/, 'a body that never comes is not waited for')

  const noise = dial()
  noise.write('\x16\x03\x01 this is no HTTP\r\n\r\n')
  t.match(await says(noise), /^HTTP\/1\.1 400 /)
  const long = dial()
  long.write(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`)
  t.match(await says(long), /^HTTP\/1\.1 431 /)
  const climbing = dial()
  climbing.write(
    `GET ${CM}/../secrets HTTP/1.1\r\nHost: x\r\n${address}\r\nConnection: close\r\n\r\n`,
  )
  t.match(await says(climbing), /^HTTP\/1\.1 404 /, 'a path is never resolved')
})
