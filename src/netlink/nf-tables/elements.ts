/**
 * Elements to messages. A large map has hundreds of thousands, so they are written straight into the bytes of the
 * message, without a value for each attribute; the tests hold the result to the bytes that the tree of attributes gives.
 * In: elements. Out: as many messages as it takes, since a list of elements is one attribute of at most 65,535 bytes.
 */
import {
  ATTRIBUTE_LIMIT,
  closeAttribute,
  encodeAttributes,
  opaque,
  openAttribute,
  openNest,
  str,
  writeAttributes,
} from '../attributes.ts'
import { NFNL_SUBSYS_NFTABLES } from '../batch.ts'
import { align4, ByteWriter } from '../bytes.ts'
import {
  type Message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  netfilterType,
  writeNetfilterHeader,
} from '../message.ts'
import {
  NFTA_DATA,
  NFTA_LIST,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NFTA_VERDICT,
} from './attribute-numbers.ts'
import type { Data, VerdictData } from './data.ts'
import type { Element, SetRef } from './objects.ts'
import { NFT_MSG, type Operation } from './operations.ts'

/** Room to write into before the writer has to grow: a full list and its message. */
const MESSAGE_BYTES = ATTRIBUTE_LIMIT + 1024

export interface ElementOptions {
  /** NEWSETELEM: an element that is there is refused with EEXIST instead of being left alone. */
  readonly exclusive?: boolean
}

/**
 * Adds elements. Without `exclusive` an element that is there is left alone if its data is the same, and refused with
 * EEXIST otherwise.
 */
export const newElements = (
  ref: SetRef,
  elements: Iterable<Element>,
  { exclusive = false }: ElementOptions = {},
): readonly Message[] =>
  elementMessages(
    { ref, operation: 'NEWSETELEM', flags: NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0) },
    elements,
  )

/** Deletes elements by key (and key end); one that is not there is refused with ENOENT. Data is not looked at. */
export const deleteElements = (ref: SetRef, elements: Iterable<Element>): readonly Message[] =>
  elementMessages({ ref, operation: 'DELSETELEM', flags: 0 }, elements)

/** For `request`: the elements with these keys; ENOENT when one is missing. */
export const getElementsByKey = (ref: SetRef, elements: Iterable<Element>): readonly Message[] =>
  elementMessages({ ref, operation: 'GETSETELEM', flags: 0 }, elements)

interface Frame {
  readonly ref: SetRef
  readonly operation: Operation
  readonly flags: number
}

const elementMessages = (frame: Frame, elements: Iterable<Element>): readonly Message[] => {
  const { ref, operation, flags } = frame
  const names = encodeAttributes([
    str(NFTA_SET_ELEM_LIST.TABLE, ref.table),
    str(NFTA_SET_ELEM_LIST.SET, ref.set),
  ])
  const messages: Message[] = []
  let writer = new ByteWriter(0)
  let list = -1
  const finish = (): void => {
    if (list < 0) return
    closeAttribute(writer, list)
    messages.push({
      type: netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG[operation]),
      flags,
      body: writer.take(),
      name: `${operation} ${ref.table} ${ref.set}`,
    })
  }
  const room = Array.isArray(elements) ? Math.min(MESSAGE_BYTES, roomFor(elements)) : MESSAGE_BYTES
  for (const element of elements) {
    const size = elementSize(element)
    if (list < 0 || writer.length - list + size > ATTRIBUTE_LIMIT) {
      finish()
      writer = new ByteWriter(room)
      writeNetfilterHeader(writer, ref.family, 0)
      writer.raw(names)
      list = openNest(writer, NFTA_SET_ELEM_LIST.ELEMENTS)
    }
    writeElement(writer, element)
  }
  finish()
  return messages
}

/** Names of tables and sets, and a few like elements: what most calls are about. */
const roomFor = (elements: readonly Element[]): number =>
  512 + elements.length * (elements[0] ? elementSize(elements[0]) : 0)

const HEADER = 4
const U64_ATTRIBUTE = HEADER + 8

/** Bytes of an element in its list, an upper bound where rare parts are involved. */
const elementSize = (element: Element): number => {
  let size = HEADER + 2 * HEADER + align4(element.key.length)
  if (element.keyEnd !== undefined) size += 2 * HEADER + align4(element.keyEnd.length)
  if (element.data !== undefined) size += dataSize(element.data)
  if (element.flags !== undefined) size += HEADER + 4
  if (element.timeoutMs !== undefined) size += U64_ATTRIBUTE
  if (element.expirationMs !== undefined) size += U64_ATTRIBUTE
  if (element.userData !== undefined) size += HEADER + align4(element.userData.length)
  for (const { bytes } of element.opaque ?? []) size += HEADER + align4(bytes.length)
  return size
}

/** A UTF-16 unit takes at most three bytes in UTF-8. */
const dataSize = (data: Data): number =>
  data instanceof Uint8Array
    ? 2 * HEADER + align4(data.length)
    : 4 * HEADER + 4 + align4(3 * (data.chain?.length ?? 0) + 1)

/** enum nft_set_elem_attributes, in the order of their numbers. */
const writeElement = (writer: ByteWriter, element: Element): void => {
  const start = openNest(writer, NFTA_LIST.ELEM)
  writeValue(writer, NFTA_SET_ELEM.KEY, element.key)
  if (element.data instanceof Uint8Array) writeValue(writer, NFTA_SET_ELEM.DATA, element.data)
  else if (element.data !== undefined) writeVerdict(writer, element.data)
  if (element.flags !== undefined) {
    const at = openAttribute(writer, NFTA_SET_ELEM.FLAGS)
    writer.u32be(element.flags)
    closeAttribute(writer, at)
  }
  if (element.timeoutMs !== undefined) writeU64(writer, NFTA_SET_ELEM.TIMEOUT, element.timeoutMs)
  if (element.expirationMs !== undefined)
    writeU64(writer, NFTA_SET_ELEM.EXPIRATION, element.expirationMs)
  if (element.userData !== undefined) {
    const at = openAttribute(writer, NFTA_SET_ELEM.USERDATA)
    writer.raw(element.userData)
    closeAttribute(writer, at)
  }
  if (element.keyEnd !== undefined) writeValue(writer, NFTA_SET_ELEM.KEY_END, element.keyEnd)
  if (element.opaque !== undefined) writeAttributes(writer, element.opaque.map(opaque))
  closeAttribute(writer, start)
}

const writeValue = (writer: ByteWriter, type: number, value: Uint8Array): void => {
  const outer = openNest(writer, type)
  const inner = openAttribute(writer, NFTA_DATA.VALUE)
  writer.raw(value)
  closeAttribute(writer, inner)
  closeAttribute(writer, outer)
}

const writeVerdict = (writer: ByteWriter, data: VerdictData): void => {
  const outer = openNest(writer, NFTA_SET_ELEM.DATA)
  const verdict = openNest(writer, NFTA_DATA.VERDICT)
  const code = openAttribute(writer, NFTA_VERDICT.CODE)
  writer.u32be(data.code)
  closeAttribute(writer, code)
  if (data.chain !== null) {
    const chain = openAttribute(writer, NFTA_VERDICT.CHAIN)
    writer.text(data.chain)
    writer.u8(0)
    closeAttribute(writer, chain)
  }
  closeAttribute(writer, verdict)
  closeAttribute(writer, outer)
}

const writeU64 = (writer: ByteWriter, type: number, value: bigint): void => {
  const at = openAttribute(writer, type)
  writer.u64be(value)
  closeAttribute(writer, at)
}
