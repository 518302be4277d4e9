/**
 * Notifications of multicast group 7 (NFNLGRP_NFTABLES): one for each thing that was added or deleted, then a NEWGEN
 * that ends the commit and says who made it.
 * In: a notification. Out: what it tells.
 */
import { NFNL_SUBSYS_NFTABLES } from '../batch.ts'
import type { Reply } from '../message.ts'
import type { Chain, Generation, NftSet, Rule, Table } from './objects.ts'
import { NFT_MSG } from './operations.ts'
import { readChain, readGeneration, readRule, readSet, readTable } from './read.ts'
import { type ElementList, readElements } from './read-elements.ts'

/** `isNew` false: deleted. `port` is the netlink port of the writer. */
type Change =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'chain'; readonly chain: Chain }
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'set'; readonly set: NftSet }
  | { readonly kind: 'elements'; readonly elements: ElementList }

export type NftEvent =
  | (Change & { readonly isNew: boolean; readonly port: number })
  | { readonly kind: 'generation'; readonly generation: Generation; readonly port: number }
  /** Something this room does not read: objects, flow tables, a later kernel's. */
  | {
      readonly kind: 'opaque'
      readonly type: number
      readonly body: Uint8Array
      readonly port: number
    }

export const readEvent = (reply: Reply): NftEvent => {
  const { port } = reply
  if (reply.type >>> 8 !== NFNL_SUBSYS_NFTABLES) return opaqueEvent(reply)
  const operation = reply.type & 0xff
  switch (operation) {
    case NFT_MSG.NEWTABLE:
    case NFT_MSG.DELTABLE:
      return { ...about(operation, port), kind: 'table', table: readTable(reply) }
    case NFT_MSG.NEWCHAIN:
    case NFT_MSG.DELCHAIN:
      return { ...about(operation, port), kind: 'chain', chain: readChain(reply) }
    case NFT_MSG.NEWRULE:
    case NFT_MSG.DELRULE:
      return { ...about(operation, port), kind: 'rule', rule: readRule(reply) }
    case NFT_MSG.NEWSET:
    case NFT_MSG.DELSET:
      return { ...about(operation, port), kind: 'set', set: readSet(reply) }
    case NFT_MSG.NEWSETELEM:
    case NFT_MSG.DELSETELEM:
      return { ...about(operation, port), kind: 'elements', elements: readElements(reply) }
    case NFT_MSG.NEWGEN:
      return { kind: 'generation', generation: readGeneration(reply), port }
    default:
      return opaqueEvent(reply)
  }
}

/** Each NEW… is the first of three: NEW, GET, DEL. */
const about = (operation: number, port: number): { isNew: boolean; port: number } => ({
  isNew: operation % 3 === 0,
  port,
})

const opaqueEvent = ({ type, body, port }: Reply): NftEvent => ({
  kind: 'opaque',
  type,
  body,
  port,
})
