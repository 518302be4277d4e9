/**
 * The network that the golden recordings were made in, as data: who has which address, by which interface a client's
 * packets reach the node, and which client owns an endpoint. The lab builds it, the flow tests reason in it.
 * golden/README.md draws it.
 */
import type { Family, PerFamily } from '../../src/objects/types.ts'

const POD_ROLES = [
  'client-pod',
  'endpoint-pod-10',
  'endpoint-pod-11',
  'endpoint-pod-12',
  'endpoint-pod-13',
] as const

/** Whoever can send or serve. All but the remote occur as `from` in flows.json. */
export type Role = (typeof POD_ROLES)[number] | 'node' | 'external' | 'remote'
export const ROLES: readonly Role[] = [...POD_ROLES, 'node', 'external', 'remote']

export interface Pod {
  readonly role: Role
  /** The node's end of the pair. */
  readonly interface: string
  readonly addresses: PerFamily<string>
}

const pod = (role: Role, last: number): Pod => ({
  role,
  interface: `pod${last}`,
  addresses: { IPv4: `10.244.0.${last}`, IPv6: `fd00:10:244::${last.toString(16)}` },
})

/** The node's own pods, each behind an interface of its own. */
export const PODS: readonly Pod[] = [
  pod('client-pod', 5),
  pod('endpoint-pod-10', 10),
  pod('endpoint-pod-11', 11),
  pod('endpoint-pod-12', 12),
  pod('endpoint-pod-13', 13),
]

export const NODE: PerFamily<string> = { IPv4: '192.168.50.10', IPv6: 'fd00:50::10' }
export const NODE_SECOND = '192.168.60.10'
export const EXTERNAL: PerFamily<string> = { IPv4: '192.168.50.77', IPv6: 'fd00:50::77' }
export const EXTERNAL_SECOND = '192.168.60.77'
/** node-b, node-c, the gateway. */
export const REMOTE: PerFamily<readonly string[]> = {
  IPv4: ['192.168.50.20', '192.168.50.21', '192.168.50.1'],
  IPv6: ['fd00:50::20', 'fd00:50::21', 'fd00:50::1'],
}
/** Pods of node-b and node-c, all of them on the remote. */
export const REMOTE_PODS: PerFamily<readonly string[]> = {
  IPv4: ['10.244.1.0/24', '10.244.2.0/24'],
  IPv6: ['fd00:10:244:1::/64', 'fd00:10:244:2::/64'],
}

/** Of a canonical address. */
export const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4')

const OWN: ReadonlySet<string> = new Set([NODE.IPv4, NODE.IPv6, NODE_SECOND, '127.0.0.1', '::1'])
const REMOTE_PREFIXES = ['10.244.1.', '10.244.2.', 'fd00:10:244:1:', 'fd00:10:244:2:'] as const

export const isNodeAddress = (address: string): boolean =>
  OWN.has(address) || (familyOf(address) === 'IPv4' && address.startsWith('127.'))

/** Whose address this is; undefined: nobody's in this network. */
export const ownerOf = (address: string): Role | undefined => {
  const family = familyOf(address)
  const pod = PODS.find(({ addresses }) => addresses[family] === address)
  if (pod) return pod.role
  if (isNodeAddress(address)) return 'node'
  if (address === EXTERNAL[family] || address === EXTERNAL_SECOND) return 'external'
  const isRemote = REMOTE_PREFIXES.some(prefix => address.startsWith(prefix))
  return isRemote || REMOTE[family].includes(address) ? 'remote' : undefined
}

/** How a client's packet to a destination arrives at the node's rules. */
export interface Origin {
  readonly source: string
  /** null: the node sends it itself. */
  readonly inInterface: string | null
}

const onSecondNetwork = (address: string): boolean => address.startsWith('192.168.60.')

/** The address that the kernel's routes choose for the node itself: its own one for one of its own addresses. */
const nodeSource = (destination: string): string =>
  isNodeAddress(destination) ? destination : NODE[familyOf(destination)]

/** Where packets of a client to `destination` come from, by the routes of this network. */
export const originOf = (role: Role, destination: string): Origin => {
  const family: Family = familyOf(destination)
  if (role === 'node') return { source: nodeSource(destination), inInterface: null }
  if (role === 'external')
    return onSecondNetwork(destination)
      ? { source: EXTERNAL_SECOND, inInterface: 'eth1' }
      : { source: EXTERNAL[family], inInterface: 'eth0' }
  const pod = PODS.find(candidate => candidate.role === role)
  if (!pod) throw new Error(`${role} is no client of the recordings`)
  return { source: pod.addresses[family], inInterface: pod.interface }
}
