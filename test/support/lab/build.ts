/**
 * The lab's network as a shell script: namespaces, bridges, pairs, routes and kernel settings, so that a probe in it
 * meets what the golden recordings met. One script and one shell, since some hundred tools are run.
 */
import type { Family } from '../../../src/objects/types.ts'
import {
  EXTERNAL,
  EXTERNAL_SECOND,
  NODE,
  NODE_SECOND,
  PODS,
  REMOTE,
  REMOTE_PODS,
  ROLES,
} from '../network.ts'

/** The namespace of a role, or of the switch. */
export const namespaceOf = (prefix: string, role: string): string => `${prefix}-${role}`

const GATEWAY: Readonly<Record<Family, string>> = { IPv4: '192.168.50.1', IPv6: 'fd00:50::1' }
/** Of node-b: pods elsewhere are reached through it. */
const NEXT_NODE: Readonly<Record<Family, string>> = { IPv4: '192.168.50.20', IPv6: 'fd00:50::20' }
const LENGTH: Readonly<Record<Family, number>> = { IPv4: 24, IPv6: 64 }
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6']

const flag = (family: Family): string => (family === 'IPv4' ? '-4' : '-6')

/** Settings for every namespace, before any interface but `lo` exists, so that all interfaces inherit them. */
const QUIET: readonly string[] = ['all', 'default'].flatMap(where => [
  `net.ipv4.conf.${where}.rp_filter=0`,
  `net.ipv4.conf.${where}.send_redirects=0`,
  `net.ipv4.conf.${where}.accept_redirects=0`,
  `net.ipv6.conf.${where}.accept_redirects=0`,
  `net.ipv6.conf.${where}.accept_ra=0`,
  `net.ipv6.conf.${where}.accept_dad=0`,
  `net.ipv6.conf.${where}.disable_ipv6=0`,
])

/** A refusal must reach the client, however many there are, or it would look like a drop. */
const NO_ICMP_LIMITS: readonly string[] = [
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.icmp_msgs_per_sec=1000000',
  'net.ipv4.icmp_msgs_burst=100000',
  'net.ipv6.icmp.ratelimit=0',
]

/** Writes below /proc/sys by the shell, as `sysctl` is not everywhere. A setting that a kernel lacks is left out. */
const sysctl = (namespace: string, settings: readonly string[]): string => {
  const writes = settings.map(setting => {
    const [name = '', value] = setting.split('=')
    const file = `/proc/sys/${name.replaceAll('.', '/')}`
    return `test ! -e ${file} || echo ${value} > ${file}`
  })
  return `ip netns exec ${namespace} sh -ec '${writes.join('; ')}'`
}

const ip = (namespace: string, family: Family, ...words: readonly string[]): string =>
  `ip -n ${namespace} ${flag(family)} ${words.join(' ')}`

const up = (namespace: string, name: string): string => `ip -n ${namespace} link set ${name} up`

const address = (namespace: string, device: string, family: Family, text: string): string =>
  ip(namespace, family, 'addr add', text, 'dev', device, family === 'IPv6' ? 'nodad' : '')

const pair = (a: string, aName: string, b: string, bName: string): readonly string[] => [
  `ip -n ${a} link add ${aName} type veth peer name ${bName} netns ${b}`,
  up(a, aName),
  up(b, bName),
]

const namespaces = (prefix: string): readonly string[] =>
  [...ROLES, 'switch'].flatMap(role => {
    const name = namespaceOf(prefix, role)
    return [`ip netns add ${name}`, up(name, 'lo'), sysctl(name, [...QUIET, ...NO_ICMP_LIMITS])]
  })

const bridges = (prefix: string): readonly string[] => {
  const name = namespaceOf(prefix, 'switch')
  const made = ['net50', 'net60'].flatMap(bridge => [
    `ip -n ${name} link add ${bridge} type bridge`,
    up(name, bridge),
  ])
  const rules = ['iptables', 'ip6tables', 'arptables']
  const off = sysctl(
    name,
    rules.map(tool => `net.bridge.bridge-nf-call-${tool}=0`),
  )
  return [...made, off]
}

const port = (prefix: string, role: string, device: string, bridge: string): readonly string[] => {
  const hub = namespaceOf(prefix, 'switch')
  const name = `${role}-${device}`
  return [
    ...pair(namespaceOf(prefix, role), device, hub, name),
    `ip -n ${hub} link set ${name} master ${bridge}`,
  ]
}

const cables = (prefix: string): readonly string[] => [
  ...port(prefix, 'node', 'eth0', 'net50'),
  ...port(prefix, 'external', 'eth0', 'net50'),
  ...port(prefix, 'remote', 'eth0', 'net50'),
  ...port(prefix, 'node', 'eth1', 'net60'),
  ...port(prefix, 'external', 'eth1', 'net60'),
]

/** Pods are routed: the pod's gateway is an address that nobody has, behind the node's end of the pair. */
const pods = (prefix: string): readonly string[] => {
  const node = namespaceOf(prefix, 'node')
  return PODS.flatMap(({ role, interface: end, addresses }) => {
    const name = namespaceOf(prefix, role)
    return [
      ...pair(node, end, name, 'eth0'),
      address(node, end, 'IPv6', 'fe80::1/64'),
      address(name, 'eth0', 'IPv4', `${addresses.IPv4}/32`),
      address(name, 'eth0', 'IPv6', `${addresses.IPv6}/128`),
      ip(name, 'IPv4', 'route add 169.254.1.1 dev eth0 scope link'),
      `mac=$(ip netns exec ${node} cat /sys/class/net/${end}/address)`,
      `ip -n ${name} neigh add 169.254.1.1 lladdr $mac nud permanent dev eth0`,
      ip(name, 'IPv4', 'route add default via 169.254.1.1'),
      ip(name, 'IPv6', 'route add default via fe80::1 dev eth0'),
      ...FAMILIES.map(family =>
        ip(node, family, 'route add', addresses[family], 'dev', end, 'src', NODE[family]),
      ),
    ]
  })
}

const node = (prefix: string): readonly string[] => {
  const name = namespaceOf(prefix, 'node')
  return [
    sysctl(name, ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']),
    address(name, 'eth1', 'IPv4', `${NODE_SECOND}/24`),
    ...FAMILIES.flatMap(family => [
      address(name, 'eth0', family, `${NODE[family]}/${LENGTH[family]}`),
      ip(name, family, 'route add default via', GATEWAY[family]),
      ...REMOTE_PODS[family].map(range =>
        ip(name, family, 'route add', range, 'via', NEXT_NODE[family]),
      ),
    ]),
  ]
}

const external = (prefix: string): readonly string[] => {
  const name = namespaceOf(prefix, 'external')
  return [
    address(name, 'eth1', 'IPv4', `${EXTERNAL_SECOND}/24`),
    ...FAMILIES.flatMap(family => [
      address(name, 'eth0', family, `${EXTERNAL[family]}/${LENGTH[family]}`),
      ip(name, family, 'route add default via', NODE[family]),
    ]),
  ]
}

/** The clients as the remote sees them: an answer to a source that was kept goes back through the node. */
const CLIENTS: Readonly<Record<Family, readonly string[]>> = {
  IPv4: ['10.244.0.0/24', EXTERNAL.IPv4, '192.168.60.0/24'],
  IPv6: ['fd00:10:244::/64', EXTERNAL.IPv6],
}

const remote = (prefix: string): readonly string[] => {
  const name = namespaceOf(prefix, 'remote')
  return [
    sysctl(name, ['net.ipv6.ip_nonlocal_bind=1']),
    ...FAMILIES.flatMap(family => [
      ...REMOTE[family].map(own => address(name, 'eth0', family, `${own}/${LENGTH[family]}`)),
      ...REMOTE_PODS[family].map(range => ip(name, family, 'route add local', range, 'dev lo')),
      ip(name, family, 'route add blackhole default'),
      ...CLIENTS[family].map(client => ip(name, family, 'route add', client, 'via', NODE[family])),
    ]),
  ]
}

/** The whole lab. Run with `sh -e`. */
export const buildScript = (prefix: string): string =>
  [
    ...namespaces(prefix),
    ...bridges(prefix),
    ...cables(prefix),
    ...node(prefix),
    ...pods(prefix),
    ...external(prefix),
    ...remote(prefix),
  ]
    .map(line => `${line}\n`)
    .join('')
