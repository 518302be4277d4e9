import t from 'tap'
import {
  EMPTY_CLUSTER,
  eventsBetween,
  findScenario,
  listScenarios,
  listTransitions,
  readCluster,
  readRecorded,
} from './cases.ts'

t.test('every recorded case is found', async t => {
  t.equal((await listScenarios()).length, 120)
  const transitions = await listTransitions()
  t.equal(transitions.length, 12)
  t.equal(transitions.flatMap(({ steps }) => steps).length, 40)
  await t.rejects(findScenario('no-such-case'), /no-such-case/)
})

t.test('events are what a watch would tell', async t => {
  const deleted = (await listTransitions()).find(({ name }) => name === 'service-deleted')
  const [first, second] = await Promise.all((deleted?.steps ?? []).map(readCluster))
  if (!first || !second) throw new Error('service-deleted has two steps')
  t.equal(eventsBetween(EMPTY_CLUSTER, first).length, first.objects.size)
  t.strictSame(eventsBetween(first, first), [])
  const gone = eventsBetween(first, second).filter(({ type }) => type === 'delete')
  t.strictSame(gone, [{ type: 'delete', kind: 'Service', namespace: 'default', name: 'web' }])
})

t.test('a missing or empty record is a fault', async t => {
  const { steps } = await findScenario('hairpin')
  for (const step of steps) await t.rejects(readRecorded(step, 'iptables/ip5.save'))
})
