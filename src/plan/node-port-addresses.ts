/**
 * On which of the node's addresses node ports are served (spec services-and-endpoints, section 9; agent, section
 * 3.2). Pure.
 */
import { type Cidr, cidrContains, isLoopback, parseCidr } from '../addresses.ts'
import type { ProxyConfig } from '../config/types.ts'
import type { Family, PerFamily, Problem } from '../objects/types.ts'
import type { NodePortAddresses } from './types.ts'

const ZERO: Readonly<Record<Family, Cidr>> = {
  IPv4: { family: 'IPv4', text: '0.0.0.0/0', address: '0.0.0.0', length: 0 },
  IPv6: { family: 'IPv6', text: '::/0', address: '::', length: 0 },
}

/** What was asked for, and the ranges that it comes to on this node. */
export interface NodePortRanges {
  readonly asked: readonly string[]
  /** Nobody set it: `asked` is the default of the mode. */
  readonly isDefault: boolean
  readonly ranges: readonly string[]
}

/**
 * The configured ranges, with the word `primary` replaced by the node's own addresses. In nftables mode `primary` is
 * the default. A family without any range is one where every address serves.
 */
export const nodePortRanges = (
  { nodePortAddresses }: Pick<ProxyConfig, 'nodePortAddresses'>,
  mode: string,
  nodeIPs: PerFamily<string | null>,
): NodePortRanges => {
  const isDefault = nodePortAddresses.length === 0
  const asked = mode === 'nftables' && isDefault ? ['primary'] : nodePortAddresses
  if (asked.length !== 1 || asked[0] !== 'primary') return { asked, isDefault, ranges: asked }
  return {
    asked,
    isDefault,
    ranges: [...single(nodeIPs.IPv4, 32), ...single(nodeIPs.IPv6, 128)],
  }
}

const single = (address: string | null, length: number): readonly string[] =>
  address === null || isLoopback(address) ? [] : [`${address}/${length}`]

/** Where node ports of one family are served. `interfaceAddresses` are those of the family. */
export const nodePortAddressesOf = (
  family: Family,
  ranges: readonly string[],
  interfaceAddresses: readonly string[],
): NodePortAddresses => {
  const given = ranges.flatMap(range => parseCidr(range.trim()) ?? []).filter(isOf(family))
  const cidrs = given.length === 0 ? [ZERO[family]] : given
  const zero = cidrs.findIndex(({ length }) => length === 0)
  const heeded = zero < 0 ? cidrs : cidrs.slice(0, zero + 1)
  const holdsLoopback = family === 'IPv4' && heeded.some(holdsIPv4Loopback)
  if (zero >= 0) return { all: true, holdsLoopback }
  const addresses = interfaceAddresses.filter(address =>
    cidrs.some(({ text }) => cidrContains(text, address)),
  )
  return { all: false, holdsLoopback, addresses }
}

const isOf =
  (family: Family) =>
  (cidr: Cidr): boolean =>
    cidr.family === family

const holdsIPv4Loopback = ({ address, text }: Cidr): boolean =>
  isLoopback(address) || cidrContains(text, '127.0.0.0')

/** What an operator should know about the outcome for one family. */
export const nodePortProblems = (
  family: Family,
  { asked, isDefault, ranges }: NodePortRanges,
  outcome: NodePortAddresses,
): readonly Problem[] => {
  const list = JSON.stringify(asked).slice(0, 80)
  const value = isDefault ? '' : list
  const said = isDefault ? `is not set, and its default, ${list}, ` : ''
  const subject = 'configuration'
  const field = 'nodePortAddresses'
  if (!outcome.all && outcome.addresses.length === 0)
    return [
      {
        code: 'NO_NODE_PORT_ADDRESS',
        severity: 'warning',
        subject,
        field,
        value,
        fact: `${said}holds none of the node's ${family} addresses`,
        consequence: `${family} node ports are not served`,
      },
    ]
  if (outcome.all && asked.length > 0 && !ranges.some(range => parseCidr(range)?.family === family))
    return [
      {
        code: 'NODE_PORT_FAMILY_OPEN',
        severity: 'warning',
        subject,
        field,
        value,
        fact: `${said}gives no ${family} range`,
        consequence: `${family} node ports are served on every address of the node`,
      },
    ]
  return []
}
