/**
 * The sets and maps of the table: for each its key and data types. Static: no service and no endpoint ever adds one.
 */
import type { Family } from '../../src/objects/types.ts'
import { type SetEntry, type SetName, setKey } from './entries.ts'

export type FieldType = 'address' | 'protocol' | 'port' | 'index'

export interface SetShape {
  readonly key: readonly FieldType[]
  /** null: a set; `verdict`: what to do; else the fields that the key is translated to. */
  readonly data: 'verdict' | readonly FieldType[] | null
  /** The last key field may be a range. */
  readonly interval: boolean
  /** Written by the kernel as connections come, with a time limit for each element. */
  readonly dynamic: boolean
}

const FRONTEND: readonly FieldType[] = ['address', 'protocol', 'port']
const NODE_PORT: readonly FieldType[] = ['protocol', 'port']
const TARGET: readonly FieldType[] = ['address', 'port']

const set = (key: readonly FieldType[], interval = false): SetShape => ({
  key,
  data: null,
  interval,
  dynamic: false,
})
const verdicts = (key: readonly FieldType[]): SetShape => ({
  key,
  data: 'verdict',
  interval: false,
  dynamic: false,
})
const targets = (key: readonly FieldType[], dynamic: boolean): SetShape => ({
  key,
  data: TARGET,
  interval: false,
  dynamic,
})

export const SETS: Readonly<Record<SetName, SetShape>> = {
  services: verdicts(FRONTEND),
  nodeports: verdicts(NODE_PORT),
  'short-services': verdicts(FRONTEND),
  'np-short-services': verdicts(NODE_PORT),
  'local-services': verdicts(FRONTEND),
  'np-local-services': verdicts(NODE_PORT),
  'fenced-services': verdicts(FRONTEND),
  'sticky-services': verdicts(FRONTEND),
  'sticky-nodeports': verdicts(NODE_PORT),
  endpoints: targets([...FRONTEND, 'index'], false),
  'np-endpoints': targets([...NODE_PORT, 'index'], false),
  affinity: targets(['address', ...FRONTEND], true),
  'np-affinity': targets(['address', ...NODE_PORT], true),
  'cluster-ips': set(['address']),
  'node-ips': set(['address']),
  hairpins: set(['address', 'address', 'protocol', 'port']),
  'allowed-sources': set([...FRONTEND, 'address'], true),
  live: set([...FRONTEND, ...TARGET]),
  'np-live': set([...NODE_PORT, ...TARGET]),
}

export const SET_NAMES: readonly SetName[] = Object.keys(SETS).filter(
  (name): name is SetName => name in SETS,
)

/** How many clients an affinity map remembers; further ones are served without affinity. */
export const AFFINITY_SIZE = 1_048_576
/** How long an affinity map keeps a client whose rule does not say: seconds. Each rule of ours says. */
export const AFFINITY_SECONDS = 10_800

export const setEntry = (family: Family, name: SetName): SetEntry => ({
  kind: 'set',
  key: setKey(family, name),
  family,
  name,
})
