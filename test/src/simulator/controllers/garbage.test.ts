/** What kubectl's --cascade promises: owners and dependents as a user makes and deletes them. */
import t from 'tap'
import { type Kubectl, kubectlMissing, openKubectl } from '../../../support/kubectl.ts'

const skip = (await kubectlMissing()) ?? false

const workload = (kind: string, name: string, namespace: string): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    },
  },
})

interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly blockOwnerDeletion?: boolean
}

/** Creates an object, and gives the reference by which others name it as their owner. */
const make = async (
  { ok }: Kubectl,
  object: object,
  ownerReferences: readonly Owner[] = [],
): Promise<Owner> => {
  const { metadata } = object as { metadata: object }
  const input = JSON.stringify({ ...object, metadata: { ...metadata, ownerReferences } })
  const made = JSON.parse(await ok('create -o json -f -', { input })) as Omit<Owner, 'uid'> & {
    metadata: { name: string; uid: string }
  }
  const { apiVersion, kind } = made
  const { name, uid } = made.metadata
  return { apiVersion, kind, name, uid, blockOwnerDeletion: true }
}

const configMap = (name: string, rest: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...rest },
})

/** Deployment, ReplicaSet and Pod, each the owner of the next. */
const family = async (kubectl: Kubectl, namespace = 'default'): Promise<void> => {
  const deployment = await make(kubectl, workload('Deployment', 'web', namespace))
  const set = await make(kubectl, workload('ReplicaSet', 'web', namespace), [deployment])
  const spec = { containers: [{ name: 'c', image: 'nginx' }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace }, spec }
  await make(kubectl, pod, [set])
}

t.test('foreground: dependents first, all the way down', { skip }, async t => {
  const kubectl = await openKubectl()
  t.teardown(kubectl.close)
  await family(kubectl)
  await kubectl.ok('delete deploy web --cascade=foreground --timeout=8s')
  t.equal(await kubectl.ok('get deploy,rs,pod -o name'), '', 'nothing is left once kubectl is back')
})

t.test('foreground waits for what blocks', { skip }, async t => {
  const kubectl = await openKubectl()
  t.teardown(kubectl.close)
  const owner = await make(kubectl, configMap('owner'))
  await make(kubectl, configMap('held', { finalizers: ['example.com/hold'] }), [owner])
  await make(kubectl, configMap('loose'), [{ ...owner, blockOwnerDeletion: false }])
  await kubectl.ok('delete cm owner --cascade=foreground --wait=false')
  await kubectl.ok('wait --for=delete cm/loose --timeout=5s')
  await kubectl.ok('wait --for=jsonpath={.metadata.deletionTimestamp} cm/held --timeout=5s')
  t.equal(await kubectl.ok('get cm owner -o name'), 'configmap/owner\n', 'held up by one')
  await kubectl.ok('patch cm held --type=merge -p {"metadata":{"finalizers":null}}')
  await kubectl.ok('wait --for=delete cm/owner cm/held --timeout=5s')
})

t.test('orphan: dependents stay and forget their owner', { skip }, async t => {
  const kubectl = await openKubectl()
  t.teardown(kubectl.close)
  await family(kubectl)
  await kubectl.ok('delete deploy web --cascade=orphan --timeout=8s')
  t.equal(await kubectl.ok('get deploy -o name'), '')
  t.equal(await kubectl.ok('get rs web -o jsonpath={.metadata.ownerReferences}'), '')
  t.equal(
    await kubectl.ok('get pod web -o jsonpath={.metadata.ownerReferences[*].kind}'),
    'ReplicaSet',
    'who was not orphaned keeps its owner',
  )
})

t.test('background: dependents follow, once all owners are gone', { skip }, async t => {
  const kubectl = await openKubectl()
  t.teardown(kubectl.close)
  await family(kubectl)
  const [first, second] = [
    await make(kubectl, configMap('first')),
    await make(kubectl, configMap('second')),
  ]
  await make(kubectl, configMap('shared'), [first, second])
  await make(kubectl, configMap('stranger'), [{ ...first, uid: 'of-no-object' }])
  await kubectl.ok('delete deploy web --cascade=background')
  await kubectl.ok('delete cm first')
  await kubectl.ok('wait --for=delete rs/web pod/web --timeout=5s')
  const owner = '{.metadata.ownerReferences[*].name}'
  await kubectl.ok(`wait --for=jsonpath=${owner}=second cm/shared --timeout=5s`)
  await kubectl.ok('delete cm second')
  await kubectl.ok('wait --for=delete cm/shared --timeout=5s')
  t.equal(await kubectl.ok('get cm stranger -o name'), 'configmap/stranger\n')
})

t.test('a circle of owners goes; so does a namespace with a family in it', { skip }, async t => {
  const kubectl = await openKubectl()
  t.teardown(kubectl.close)
  const first = await make(kubectl, configMap('first'))
  const second = await make(kubectl, configMap('second'), [first])
  const circle = JSON.stringify({ metadata: { ownerReferences: [second] } })
  await kubectl.ok(`patch cm first --type=merge -p ${circle}`)
  await kubectl.ok('delete cm first --cascade=foreground --timeout=8s')
  t.equal(await kubectl.ok('get cm -o name'), '')

  await kubectl.ok('create namespace shop')
  await family(kubectl, 'shop')
  await kubectl.ok('delete deploy web -n shop --cascade=foreground --wait=false')
  await kubectl.ok('delete namespace shop --timeout=8s')
  t.equal(await kubectl.ok('get deploy,rs,pod -A -o name'), '')
})
