/**
 * Which addresses the node's interfaces have, for a node that this machine need not be: those given, else those of
 * its Node object and of its loopback.
 */
import type { ClusterEvent, Node } from '../objects/types.ts'

const LOOPBACK = ['127.0.0.1', '::1'] as const

/** `given` is canonical; what it names replaces the addresses of the Node object. */
export const describedAddresses = (
  given: readonly string[],
  node: Node | undefined,
): readonly string[] => [...LOOPBACK, ...(given.length > 0 ? given : (node?.addresses ?? []))]

/** The Node objects that these events bring. */
export const nodesIn = (events: readonly ClusterEvent[]): readonly Node[] =>
  events
    .flatMap(event => (event.type === 'set' ? [event.object] : []))
    .filter(object => object.kind === 'Node')
