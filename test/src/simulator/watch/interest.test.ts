/** A watcher narrowed by a field sees exactly what an unnarrowed one with the same selector would. */
import t from 'tap'
import { interestOf } from '../../../../src/simulator/watch/interest.ts'
import { eventsOf, openApi } from '../../../support/api.ts'

t.test('what narrows a watch', async t => {
  const cases: readonly (readonly [string, string, string | null, string])[] = [
    ['/pods', '', null, '/pods'],
    ['/pods', 'p', null, '/pods metadata.name=p'],
    ['/pods', '', 'spec.nodeName=node-1', '/pods spec.nodeName=node-1'],
    ['/pods', '', 'status.phase!=Failed,spec.nodeName=node-1', '/pods spec.nodeName=node-1'],
    ['/pods', '', 'spec.nodeName!=node-1', '/pods'],
    ['/pods', '', 'spec.nodeName=', '/pods'],
    ['/nodes', '', 'metadata.name=node-1', '/nodes metadata.name=node-1'],
    ['/services', '', 'spec.clusterIP!=None', '/services'],
    ['/services', '', 'spec.nodeName=node-1', '/services'],
  ]
  for (const [resource, name, selector, interest] of cases)
    t.equal(interestOf(resource, name, selector), interest, `${resource} ${name} ${selector}`)
})

t.test('a pod comes to its node, changes and goes: its kubelet sees it, others do not', async t => {
  const { send } = await openApi(t)
  const pods = '/api/v1/namespaces/default/pods'
  const watch = (selector: string): Promise<string[]> =>
    send('GET', `/api/v1/pods?watch=true&timeoutSeconds=1&fieldSelector=${selector}`).then(
      ({ text }) => eventsOf(text).map(({ type, object }) => `${type} ${object.metadata.name}`),
    )
  const watching = Promise.all([
    watch('spec.nodeName=node-1'),
    watch('spec.nodeName=node-2'),
    watch('spec.nodeName!=node-2'),
    watch('metadata.name=a'),
  ])
  await new Promise(resolve => setTimeout(resolve, 200))
  for (const [name, node] of [
    ['a', 'node-1'],
    ['b', 'node-2'],
  ] as const) {
    await send('POST', pods, {
      body: { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    })
    await send('POST', `${pods}/${name}/binding`, {
      body: { target: { kind: 'Node', name: node } },
    })
    await send('PATCH', `${pods}/${name}/status`, {
      type: 'application/merge-patch+json',
      body: { status: { phase: 'Running' } },
    })
    await send('DELETE', `${pods}/${name}?gracePeriodSeconds=0`)
  }
  const [one, two, others, named] = await watching
  t.strictSame(one, ['ADDED a', 'MODIFIED a', 'DELETED a'])
  t.strictSame(two, ['ADDED b', 'MODIFIED b', 'DELETED b'])
  t.strictSame(others, ['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b'])
  t.strictSame(named, ['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a'])
})
