import t from 'tap'
import type { Endpoint } from '../../../src/model/types.ts'
import { suits, type TopologyMode, topologyMode } from '../../../src/plan/topology.ts'
import { endpointOf } from '../../support/states.ts'

const HERE = { nodeName: 'node-a', zone: 'z1' }
const UNREADY = { ready: false }

let last = 0
const hinted = (
  zoneHints: readonly string[],
  nodeHints: readonly string[] = [],
  more: Partial<Endpoint> = {},
): Endpoint => endpointOf(`10.0.0.${++last}`, { zoneHints, nodeHints, ...more })

interface Row {
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly zone?: string | null
  readonly mode: TopologyMode
  /** Positions of those that suit. */
  readonly kept: readonly number[]
}

// Spec services-and-endpoints, section 6.
const ROWS: readonly Row[] = [
  { name: 'no endpoints', endpoints: [], mode: 'none', kept: [] },
  { name: 'no hints', endpoints: [hinted([]), hinted([])], mode: 'none', kept: [0, 1] },
  { name: 'zones', endpoints: [hinted(['z1']), hinted(['z2'])], mode: 'PreferSameZone', kept: [0] },
  {
    name: 'several zones',
    endpoints: [hinted(['z2', 'z1']), hinted(['z2'])],
    mode: 'PreferSameZone',
    kept: [0],
  },
  {
    name: 'one without a hint',
    endpoints: [hinted(['z1']), hinted([])],
    mode: 'none',
    kept: [0, 1],
  },
  {
    name: 'none for this zone',
    endpoints: [hinted(['z2']), hinted(['z3'])],
    mode: 'none',
    kept: [0, 1],
  },
  { name: 'node without a zone', endpoints: [hinted(['z1'])], zone: null, mode: 'none', kept: [0] },
  {
    name: 'an unready one has no say',
    endpoints: [hinted(['z1']), hinted([], [], UNREADY)],
    mode: 'PreferSameZone',
    kept: [0],
  },
  {
    name: 'only unready ones',
    endpoints: [hinted(['z1'], ['node-a'], UNREADY)],
    mode: 'none',
    kept: [0],
  },
  {
    name: 'only an unready one is for this zone',
    endpoints: [hinted(['z2']), hinted(['z1'], [], UNREADY)],
    mode: 'none',
    kept: [0, 1],
  },
  {
    name: 'nodes before zones',
    endpoints: [hinted(['z1'], ['node-b']), hinted(['z2'], ['node-a'])],
    mode: 'PreferSameNode',
    kept: [1],
  },
  {
    name: 'nodes alone',
    endpoints: [hinted([], ['node-a']), hinted([], ['node-b'])],
    mode: 'PreferSameNode',
    kept: [0],
  },
  {
    name: 'no node hint for us: zones',
    endpoints: [hinted(['z1'], ['node-b']), hinted(['z2'], ['node-c'])],
    mode: 'PreferSameZone',
    kept: [0],
  },
  {
    name: 'one without a node hint: zones',
    endpoints: [hinted(['z1'], ['node-a']), hinted(['z1'])],
    mode: 'PreferSameZone',
    kept: [0, 1],
  },
  {
    name: 'neither complete',
    endpoints: [hinted(['z1'], []), hinted([], ['node-a'])],
    mode: 'none',
    kept: [0, 1],
  },
  {
    name: 'the hint counts, not where it runs',
    endpoints: [
      hinted([], ['node-a'], { nodeName: 'node-b' }),
      hinted([], ['node-b'], { nodeName: 'node-a' }),
    ],
    mode: 'PreferSameNode',
    kept: [0],
  },
]

t.test('modes and what they keep to', async t => {
  for (const { name, endpoints, zone = HERE.zone, mode, kept } of ROWS) {
    const here = { ...HERE, zone }
    t.equal(topologyMode(endpoints, here), mode, name)
    const found = endpoints.flatMap((endpoint, at) => (suits(mode, endpoint, here) ? [at] : []))
    t.strictSame(found, kept, name)
  }
})
