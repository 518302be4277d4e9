/**
 * Lists of elements to values. A dump can hold hundreds of thousands, so attributes are read in place.
 * In: a NEWSETELEM or DELSETELEM from the kernel. Out: its set and its elements; their bytes are views of the message.
 */
import { decodeAttributes, type Opaque } from '../attributes.ts'
import { viewOf } from '../bytes.ts'
import { type Message, readNetfilter } from '../message.ts'
import { NFTA_DATA, NFTA_SET_ELEM, NFTA_SET_ELEM_LIST } from './attribute-numbers.ts'
import { type Data, readData } from './data.ts'
import type { Element, SetRef } from './objects.ts'

export interface ElementList extends SetRef {
  readonly elements: readonly Element[]
}

export const readElements = (message: Message): ElementList => {
  const { family, attributes } = readNetfilter(message)
  const list = attributes.raw(NFTA_SET_ELEM_LIST.ELEMENTS)
  return {
    family,
    table: attributes.str(NFTA_SET_ELEM_LIST.TABLE) ?? '',
    set: attributes.str(NFTA_SET_ELEM_LIST.SET) ?? '',
    elements: list ? decodeAttributes(list).map(({ bytes }) => readElement(bytes)) : [],
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const readElement = (bytes: Uint8Array): Element => {
  const element: Mutable<Element> = { key: NO_KEY }
  const opaque: Opaque[] = []
  for (const { type, bytes: value } of decodeAttributes(bytes))
    if (!take(element, type, value)) opaque.push({ kind: 'opaque', type, bytes: value })
  if (opaque.length > 0) element.opaque = opaque
  return element
}

/** A catch-all element has none. */
const NO_KEY = new Uint8Array(0)

/** False: an attribute we do not know, or one that is not as we know it. */
const take = (element: Mutable<Element>, type: number, bytes: Uint8Array): boolean => {
  switch (type) {
    case NFTA_SET_ELEM.KEY: {
      const key = valueIn(bytes)
      if (key !== undefined) element.key = key
      return key !== undefined
    }
    case NFTA_SET_ELEM.KEY_END: {
      const end = valueIn(bytes)
      if (end !== undefined) element.keyEnd = end
      return end !== undefined
    }
    case NFTA_SET_ELEM.DATA: {
      const data: Data | undefined = valueIn(bytes) ?? readData(bytes)
      if (data !== undefined) element.data = data
      return data !== undefined
    }
    case NFTA_SET_ELEM.FLAGS:
      element.flags = viewOf(bytes).getUint32(0)
      return true
    case NFTA_SET_ELEM.TIMEOUT:
      element.timeoutMs = viewOf(bytes).getBigUint64(0)
      return true
    case NFTA_SET_ELEM.EXPIRATION:
      element.expirationMs = viewOf(bytes).getBigUint64(0)
      return true
    case NFTA_SET_ELEM.USERDATA:
      element.userData = bytes
      return true
    default:
      return false
  }
}

const valueIn = (bytes: Uint8Array): Uint8Array | undefined => {
  const [first] = decodeAttributes(bytes)
  return first?.type === NFTA_DATA.VALUE ? first.bytes : undefined
}
