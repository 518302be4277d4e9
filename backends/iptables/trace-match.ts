/**
 * Whether a rule takes a packet, as the kernel would decide it: a share between 0 and 1, as some rules take only
 * some packets. Pure.
 */
import { cidrContains, isLoopback } from '../../src/addresses.ts'
import type { Packet, Surroundings } from '../../src/backend.ts'
import type { Match } from './rule.ts'

/** A packet on its way: what rules have done to it so far. */
export interface Traveller {
  readonly packet: Packet
  readonly surroundings: Surroundings
  /** The interface it came in by; null on the way out. */
  readonly inInterface: string | null
  readonly destination: string
  readonly port: number
  readonly mark: number
  readonly isTranslated: boolean
}

/** Addresses of loopback are the node's, whatever its interfaces are. */
export const isOfNode = ({ surroundings }: Traveller, address: string): boolean =>
  isLoopback(address) || surroundings.isNodeAddress(address)

const share = (holds: boolean, not = false): number => (holds === not ? 0 : 1)

const isIn = (net: string, address: string): boolean =>
  net.includes('/') ? cidrContains(net, address) : net === address

const isInterface = (name: string, inInterface: string | null): boolean => {
  if (inInterface === null) return false
  return name.endsWith('+') ? inInterface.startsWith(name.slice(0, -1)) : inInterface === name
}

/** A first packet is NEW; once its destination was changed it has the state DNAT besides. */
const isInState = (states: readonly string[], { isTranslated }: Traveller): boolean =>
  states.includes('NEW') || (isTranslated && states.includes('DNAT'))

/** How likely a match holds. What is not known never does, and nobody has been here before. */
export const likelihood = (part: Match, traveller: Traveller): number => {
  const { packet, destination } = traveller
  switch (part.kind) {
    case 'comment':
    case 'accounting':
    case 'remember':
      return 1
    case 'source':
      return share(isIn(part.net, packet.source), part.not)
    case 'destination':
      return share(isIn(part.net, destination), part.not)
    case 'in-interface':
      return share(isInterface(part.name, traveller.inInterface), part.not)
    case 'protocol':
      return share(packet.protocol.toLowerCase() === part.protocol)
    case 'destination-port':
      return share(traveller.port === part.port)
    case 'conntrack':
      return share(isInState(part.states, traveller), part.not)
    case 'address-type':
      return share(isOfNode(traveller, part.side === 'source' ? packet.source : destination))
    case 'mark':
      return share((traveller.mark & part.mask) >>> 0 === part.value, part.not)
    case 'chance':
      return part.probability
    case 'remembered':
    case 'opaque':
      return 0
  }
}
