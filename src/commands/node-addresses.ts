/**
 * Which addresses the node's interfaces have, for a node that this machine need not be: those given, else those of
 * its Node object and of its loopback.
 */
import { parseAddress } from '../addresses.ts'
import type { ClusterEvent, Node } from '../objects/types.ts'
import { UsageError } from './usage.ts'

const LOOPBACK = ['127.0.0.1', '::1'] as const

export const describedAddresses = (
  given: readonly string[],
  node: Node | undefined,
): readonly string[] => [
  ...LOOPBACK,
  ...(given.length > 0 ? given.map(canonical) : (node?.addresses ?? [])),
]

const canonical = (text: string): string => {
  const address = parseAddress(text)
  if (address === null)
    throw new UsageError(
      `--node-address ${JSON.stringify(text)} is not an IP address`,
      '--node-address 192.0.2.10',
    )
  return address.text
}

export const nodesIn = (events: readonly ClusterEvent[]): readonly Node[] =>
  events
    .flatMap(event => (event.type === 'set' ? [event.object] : []))
    .filter(object => object.kind === 'Node')
