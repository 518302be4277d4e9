/** Who gets in, and what they may do: client certificates of the right and of a wrong authority, and roles that change. */
import https from 'node:https'
import t from 'tap'
import { parse } from 'yaml'
import {
  createAuthority,
  type Pair,
  signClient,
} from '../../../../src/simulator/auth/certificates.ts'
import { startSimulator } from '../../../../src/simulator/simulator.ts'

const simulator = await startSimulator()
t.teardown(() => simulator.close())

const config = parse(simulator.kubeconfig) as {
  users: { name: string; user: Record<string, string> }[]
}
const pem = (name: string, key: string): string =>
  Buffer.from(config.users.find(user => user.name === name)?.user[key] ?? '', 'base64').toString()
const pairOf = (name: string): Pair => ({
  certificate: pem(name, 'client-certificate-data'),
  key: pem(name, 'client-key-data'),
})

const codeFor = (
  pair: Pair | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials = pair === null ? {} : { cert: pair.certificate, key: pair.key }
    https
      .get(
        `${simulator.url}${path}`,
        { agent: false, ca: simulator.authority ?? '', headers, ...credentials },
        answer => {
          answer.resume()
          resolve(answer.statusCode ?? 0)
        },
      )
      .on('error', reject)
  })

const SERVICES = '/api/v1/services'
const SECRETS = '/api/v1/namespaces/default/secrets'

t.test('certificates', async t => {
  t.equal(await codeFor(pairOf('kubernetes-admin'), SECRETS), 200, 'the admin may everything')
  t.equal(await codeFor(pairOf('system:kube-proxy'), SERVICES), 200, 'a proxy lists services')
  t.equal(await codeFor(pairOf('system:kube-proxy'), SECRETS), 403, 'and no secrets')
  t.equal(await codeFor(null, SERVICES), 403, 'nobody in particular may not')
  const stranger = await signClient(await createAuthority(), {
    name: 'kubernetes-admin',
    groups: ['system:masters'],
  })
  t.equal(await codeFor(stranger, SERVICES), 401, 'another authority makes no admins')
  t.equal(await codeFor(stranger, '/version'), 401, 'nor anybody at all')
})

t.test('the server is who it says, under each of its names', async t => {
  const { port, authority } = simulator
  await t.rejects(
    new Promise((resolve, reject) =>
      https.get(`https://127.0.0.1:${port}/version`, { agent: false }, resolve).on('error', reject),
    ),
    /certificate/,
    'who does not know the authority does not trust it',
  )
  const named = await new Promise<number>((resolve, reject) => {
    https
      .get(`https://localhost:${port}/version`, { agent: false, ca: authority ?? '' }, answer =>
        resolve(answer.resume().statusCode ?? 0),
      )
      .on('error', reject)
  })
  t.equal(named, 200)
})

t.test('roles count from the moment they are written', async t => {
  const admin = {
    authorization: `Bearer ${simulator.adminToken}`,
    'content-type': 'application/json',
  }
  const send = (method: string, path: string, body?: object): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = https.request(
        `${simulator.url}${path}`,
        { method, agent: false, ca: simulator.authority ?? '', headers: admin },
        answer => resolve(answer.resume().statusCode ?? 0),
      )
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const as = (user: string, group = ''): Record<string, string> => ({
    authorization: `Bearer ${simulator.adminToken}`,
    'impersonate-user': user,
    ...(group === '' ? {} : { 'impersonate-group': group }),
  })
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  t.equal(await codeFor(null, SECRETS, as('jo')), 403)
  await send('POST', `${rbac}/roles`, {
    metadata: { name: 'r' },
    rules: [
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['s'], verbs: ['get'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['list'] },
    ],
  })
  t.equal(await codeFor(null, SECRETS, as('jo')), 403, 'a role alone gives nothing')
  await send('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [
      { kind: 'User', name: 'jo' },
      { kind: 'Group', name: 'crew' },
      { kind: 'Group', name: 'system:serviceaccounts:shop' },
    ],
  })
  t.equal(await codeFor(null, SECRETS, as('jo')), 200)
  t.equal(await codeFor(null, SECRETS, as('al', 'crew')), 200, 'a group is as good')
  const account = (namespace: string): string => `system:serviceaccount:${namespace}:robot`
  t.equal(await codeFor(null, SECRETS, as(account('shop'))), 200, "a namespace's accounts")
  t.equal(await codeFor(null, SECRETS, as(account('shops'))), 403, "and not another's")
  t.equal(await codeFor(null, `${SECRETS}/s`, as('jo')), 404, 'a name that the rule names')
  t.equal(await codeFor(null, `${SECRETS}/other`, as('jo')), 403, 'and one that it does not')
  t.equal(
    await codeFor(null, '/api/v1/namespaces/kube-system/secrets', as('jo')),
    403,
    'another namespace is another matter',
  )
  await send('DELETE', `${rbac}/rolebindings/b`)
  t.equal(await codeFor(null, SECRETS, as('jo')), 403, 'gone with its binding')
  const proxy = { authorization: `Bearer ${simulator.adminToken}` }
  t.equal(
    await codeFor(pairOf('system:kube-proxy'), SERVICES, {
      'impersonate-user': 'kubernetes-admin',
    }),
    403,
    'a proxy cannot become somebody else',
  )
  t.equal(
    await codeFor(pairOf('system:kube-proxy'), SECRETS, proxy),
    200,
    'a token goes before a certificate',
  )
})
