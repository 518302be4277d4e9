/**
 * What a kernel holds in a set, back to entries, with the same keys that compile gives them. An element that no entry
 * of ours could be gives undefined.
 */
import { addressText } from '../../src/netlink/address-bytes.ts'
import { host32Of, portOf } from '../../src/netlink/nf-tables/data.ts'
import type { Element as KernelElement } from '../../src/netlink/nf-tables/objects.ts'
import type { Family, Protocol } from '../../src/objects/types.ts'
import {
  type Element,
  elementKey,
  type Frontend,
  frontendOf,
  PROTOCOL,
  type SetName,
  type Target,
} from './entries.ts'
import { verdictOf } from './read-rule.ts'
import { ADDRESS_BYTES, PROTOCOL_NUMBER } from './rule-expressions.ts'
import { SETS } from './sets.ts'

/** Takes fields off a key, one by one. */
class KeyReader {
  readonly #bytes: Uint8Array
  readonly #family: Family
  #at = 0

  constructor(bytes: Uint8Array, family: Family) {
    this.#bytes = bytes
    this.#family = family
  }

  address(): string {
    const from = this.#at
    this.#at += ADDRESS_BYTES[this.#family]
    return addressText(this.#bytes.subarray(from, this.#at))
  }

  protocol(): Protocol {
    const number = this.#bytes[this.#at]
    this.#at += 4
    const found = PROTOCOLS.find(protocol => PROTOCOL_NUMBER[protocol] === number)
    if (!found) throw new RangeError(`protocol ${number} is none that services use`)
    return found
  }

  port(): number {
    this.#at += 4
    return portOf(this.#bytes, this.#at - 4)
  }

  index(): number {
    this.#at += 4
    return host32Of(this.#bytes, this.#at - 4)
  }

  frontend(nodePort: boolean): Frontend {
    const address = nodePort ? null : this.address()
    return frontendOf(this.#family, address, this.protocol(), this.port())
  }

  target(): Target {
    return { ip: this.address(), port: this.port() }
  }
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP']

/** Throws RangeError for a key that is too short or names no protocol of services. */
export const readElement = (
  family: Family,
  set: SetName,
  element: KernelElement,
): Element | undefined => {
  const key = new KeyReader(element.key, family)
  switch (set) {
    case 'endpoints':
    case 'np-endpoints':
      return readEndpoint(family, set, key, element)
    case 'live':
    case 'np-live': {
      const frontend = key.frontend(set === 'np-live')
      const endpoint = key.target()
      const values = `${frontend.text} ${endpoint.ip} ${endpoint.port}`
      return { kind: 'live', key: elementKey(family, set, values), frontend, endpoint }
    }
    case 'allowed-sources':
      return readSource(family, key, element)
    case 'cluster-ips':
    case 'node-ips': {
      const address = key.address()
      return { kind: 'address', key: elementKey(family, set, address), family, set, address }
    }
    case 'hairpins':
      return readHairpin(family, key)
    case 'affinity':
    case 'np-affinity':
      return undefined
    default:
      return readVerdict(family, set, key, element)
  }
}

const readVerdict = (
  family: Family,
  map: Extract<Element, { kind: 'verdict' }>['map'],
  key: KeyReader,
  { data }: KernelElement,
): Element | undefined => {
  const frontend = key.frontend(SETS[map].key[0] === 'protocol')
  const verdict = data && !(data instanceof Uint8Array) ? verdictOf(data) : undefined
  if (!verdict) return undefined
  return {
    kind: 'verdict',
    key: elementKey(family, map, frontend.text),
    map,
    frontend,
    verdict,
  }
}

const readEndpoint = (
  family: Family,
  set: 'endpoints' | 'np-endpoints',
  key: KeyReader,
  { data }: KernelElement,
): Element | undefined => {
  const frontend = key.frontend(set === 'np-endpoints')
  const index = key.index()
  if (!(data instanceof Uint8Array)) return undefined
  const to = new KeyReader(data, family).target()
  const text = elementKey(family, set, `${frontend.text} ${index}`)
  return { kind: 'endpoint', key: text, frontend, index, to }
}

const readHairpin = (family: Family, key: KeyReader): Element | undefined => {
  const ip = key.address()
  if (key.address() !== ip) return undefined
  const protocol = key.protocol()
  const port = key.port()
  const values = `${ip} ${ip} ${PROTOCOL[protocol]} ${port}`
  return {
    kind: 'hairpin',
    key: elementKey(family, 'hairpins', values),
    family,
    protocol,
    endpoint: { ip, port },
  }
}

const readSource = (
  family: Family,
  key: KeyReader,
  { key: from, keyEnd: to = from }: KernelElement,
): Element => {
  const frontend = key.frontend(false)
  const address = key.address()
  const size = ADDRESS_BYTES[family]
  let length = size * 8
  for (let at = from.length - size; at < from.length; at++)
    length -= ((from[at] ?? 0) ^ (to[at] ?? 0)).toString(2).replaceAll('0', '').length
  const range = `${address}/${length}`
  const text = elementKey(family, 'allowed-sources', `${frontend.text} ${range}`)
  return { kind: 'source', key: text, frontend, range }
}

/** The key that a remembered client's endpoint has among the live ones; undefined: the element is none of ours. */
export const readLiveKey = (
  family: Family,
  set: 'affinity' | 'np-affinity',
  { key: bytes, data }: KernelElement,
): string | undefined => {
  const key = new KeyReader(bytes, family)
  key.address()
  const frontend = key.frontend(set === 'np-affinity')
  if (!(data instanceof Uint8Array)) return undefined
  const { ip, port } = new KeyReader(data, family).target()
  const live = set === 'affinity' ? 'live' : 'np-live'
  return elementKey(family, live, `${frontend.text} ${ip} ${port}`)
}
