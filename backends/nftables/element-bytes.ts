/**
 * Elements as the kernel keeps them: keys and data as register images. The bytes of a frontend are made once and
 * copied, since a long list has it in every key. read-element.ts is the way back.
 */
import { putIPv4, putIPv6 } from '../../src/netlink/address-bytes.ts'
import { type Data, putHost32, putPort } from '../../src/netlink/nf-tables/data.ts'
import type { Element as KernelElement } from '../../src/netlink/nf-tables/objects.ts'
import type { Family, Protocol } from '../../src/objects/types.ts'
import type { Element, Frontend, Target, Verdict } from './entries.ts'
import { ADDRESS_BYTES, PROTOCOL_NUMBER, verdictDataOf } from './rule-expressions.ts'

/** Writes fields one behind the other, each at a multiple of four bytes. */
class Key {
  readonly bytes: Uint8Array
  #at = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
  }

  address(text: string, family: Family): this {
    if (family === 'IPv4') putIPv4(this.bytes, this.#at, text)
    else putIPv6(this.bytes, this.#at, text)
    this.#at += ADDRESS_BYTES[family]
    return this
  }

  protocol(protocol: Protocol): this {
    this.bytes[this.#at] = PROTOCOL_NUMBER[protocol]
    this.#at += 4
    return this
  }

  port(port: number): this {
    putPort(this.bytes, this.#at, port)
    this.#at += 4
    return this
  }

  /** In the order of the host, as `numgen` writes it. */
  index(index: number): this {
    putHost32(this.bytes, this.#at, index)
    this.#at += 4
    return this
  }

  copy(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }
}

const frontends = new WeakMap<Frontend, Uint8Array>()

const frontendBytes = (frontend: Frontend): Uint8Array => {
  const known = frontends.get(frontend)
  if (known) return known
  const { family, address, protocol, port } = frontend
  const key = new Key((address === null ? 0 : ADDRESS_BYTES[family]) + 8)
  if (address !== null) key.address(address, family)
  const { bytes } = key.protocol(protocol).port(port)
  frontends.set(frontend, bytes)
  return bytes
}

const targetBytes = (family: Family, { ip, port }: Target): Uint8Array =>
  new Key(ADDRESS_BYTES[family] + 4).address(ip, family).port(port).bytes

const verdicts = new Map<string, Data>()

/** Few different verdicts stand in many elements. */
const verdictBytes = (verdict: Verdict): Data => {
  const name = verdict.kind === 'drop' ? 'drop' : `${verdict.kind} ${verdict.chain}`
  const known = verdicts.get(name)
  if (known) return known
  const data = verdictDataOf(verdict)
  verdicts.set(name, data)
  return data
}

/** Throws RangeError for an address that is not canonical. */
export const kernelElement = (element: Element): KernelElement => {
  switch (element.kind) {
    case 'endpoint': {
      const { frontend, index, to } = element
      const front = frontendBytes(frontend)
      const key = new Key(front.length + 4).copy(front).index(index).bytes
      return { key, data: targetBytes(frontend.family, to) }
    }
    case 'verdict':
      return { key: frontendBytes(element.frontend), data: verdictBytes(element.verdict) }
    case 'live': {
      const { frontend, endpoint } = element
      const front = frontendBytes(frontend)
      const target = targetBytes(frontend.family, endpoint)
      return { key: new Key(front.length + target.length).copy(front).copy(target).bytes }
    }
    case 'source':
      return sourceElement(element.frontend, element.range)
    case 'address': {
      const { family, address } = element
      return { key: new Key(ADDRESS_BYTES[family]).address(address, family).bytes }
    }
    case 'hairpin': {
      const { family, protocol, endpoint } = element
      const key = new Key(2 * ADDRESS_BYTES[family] + 8)
      key.address(endpoint.ip, family).address(endpoint.ip, family)
      return { key: key.protocol(protocol).port(endpoint.port).bytes }
    }
  }
}

/** A range of the last field: the first key and the last one, both included. */
const sourceElement = (frontend: Frontend, range: string): KernelElement => {
  const { family } = frontend
  const [address = '', length = ''] = range.split('/')
  const front = frontendBytes(frontend)
  const size = front.length + ADDRESS_BYTES[family]
  const key = new Key(size).copy(front).address(address, family).bytes
  const keyEnd = key.slice()
  for (let bit = Number(length); bit < ADDRESS_BYTES[family] * 8; bit++) {
    const at = front.length + (bit >> 3)
    keyEnd[at] = (keyEnd[at] ?? 0) | (0x80 >> (bit & 7))
  }
  return { key, keyEnd }
}
