/**
 * Which cluster IP a Service gets: the address it asks for, or a free one from the ServiceCIDRs. An address is taken
 * while an IPAddress object of its name exists, as in Kubernetes with several service CIDRs.
 */
import ipaddr from 'ipaddr.js'
import { parseAddress, parseCidr } from '../../addresses.ts'
import { at, type JsonObject, listAt } from '../json.ts'
import type { World } from '../resources/types.ts'
import type { Change } from '../store/types.ts'

export type Family = 'IPv4' | 'IPv6'

export const IP_ADDRESSES = 'networking.k8s.io/ipaddresses'
const SERVICE_CIDRS = 'networking.k8s.io/servicecidrs'

interface Pool {
  readonly family: Family
  readonly text: string
  /** The first and last address that may be given out. */
  readonly first: bigint
  readonly last: bigint
}

/** The ranges of one family that addresses may come from now. */
export const poolsOf = (family: Family, { store }: World): readonly Pool[] =>
  store
    .list({ resource: SERVICE_CIDRS, namespace: '', after: '', revision: Number.MAX_SAFE_INTEGER })
    .filter(({ object }) => at(object, 'metadata', 'deletionTimestamp') === undefined)
    .flatMap(({ object }) => listAt(object, 'spec', 'cidrs'))
    .map(cidr => poolOf(String(cidr)))
    .filter(pool => pool?.family === family) as readonly Pool[]

/** Ranges are few and read for every Service; their arithmetic is slow. */
const known = new Map<string, Pool | null>()

/** The usable addresses of a range: not its first, and not the last of an IPv4 range. null: not a range. */
const poolOf = (text: string): Pool | null => {
  const found = known.get(text) ?? measured(text)
  if (known.size < 1000) known.set(text, found)
  return found
}

const measured = (text: string): Pool | null => {
  const cidr = parseCidr(text)
  if (cidr === null) return null
  const bits = cidr.family === 'IPv4' ? 32 : 128
  const base = toNumber(cidr.address)
  const size = 1n << BigInt(bits - cidr.length)
  const last = base + size - (cidr.family === 'IPv4' && size > 1n ? 2n : 1n)
  return { family: cidr.family, text: cidr.text, first: base + 1n, last }
}

export const isTaken = (ip: string, { store }: World): boolean =>
  store.get(IP_ADDRESSES, `/${ip}`) !== undefined

/** Why an address cannot be had; empty when it can. */
export const addressFault = (ip: string, family: Family, world: World): string => {
  const pools = poolsOf(family, world)
  const number = toNumber(ip)
  if (!pools.some(({ first, last }) => number >= first && number <= last))
    return `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${pools.map(({ text }) => text).join(',')}`
  return isTaken(ip, world) ? `failed to allocate IP ${ip}: provided IP is already allocated` : ''
}

/**
 * A free address, at random, from the upper part of a range first: the lower is for addresses that people ask for
 * by name. null: there is none.
 */
export const freeAddress = (family: Family, world: World): string | null => {
  for (const { first, last } of poolsOf(family, world)) {
    const size = last - first + 1n
    if (size <= 0n) continue
    const band = reservedBand(size)
    const found =
      probe(first + band, size - band, family, world) ?? probe(first, band, family, world)
    if (found !== null) return found
  }
  return null
}

const reservedBand = (size: bigint): bigint => {
  const sixteenth = size / 16n
  const band = sixteenth < 16n ? 16n : sixteenth > 256n ? 256n : sixteenth
  return band >= size ? 0n : band
}

const PROBE_LIMIT = 1n << 20n

const probe = (from: bigint, size: bigint, family: Family, world: World): string | null => {
  if (size <= 0n) return null
  const start = BigInt(Math.floor(world.random() * Number(size < 1n << 52n ? size : 1n << 52n)))
  for (let step = 0n; step < size && step < PROBE_LIMIT; step++) {
    const ip = toText(from + ((start + step) % size), family)
    if (!isTaken(ip, world)) return ip
  }
  return null
}

const toNumber = (ip: string): bigint =>
  ipaddr
    .parse(ip)
    .toByteArray()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

const toText = (number: bigint, family: Family): string => {
  if (family === 'IPv4')
    return [24n, 16n, 8n, 0n].map(shift => String((number >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((number >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  )
  return parseAddress(groups.join(':'))?.text ?? ''
}

/** The IPAddress object that marks an address as a Service's. */
export const claimOf = (ip: string, service: JsonObject, world: World): Change => ({
  resource: IP_ADDRESSES,
  key: `/${ip}`,
  namespace: '',
  deleted: false,
  object: {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: ip,
      uid: world.uid(),
      creationTimestamp: world.now(),
      labels: {
        'ipaddress.kubernetes.io/ip-family': ip.includes(':') ? 'IPv6' : 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: {
      parentRef: {
        group: '',
        resource: 'services',
        namespace: at(service, 'metadata', 'namespace') ?? '',
        name: at(service, 'metadata', 'name') ?? '',
      },
    },
  },
})

/** The removal of that object; null when it is not there. */
export const releaseOf = (ip: string, { store }: World): Change | null => {
  const item = store.get(IP_ADDRESSES, `/${ip}`)
  if (item === undefined) return null
  const { resource, key, namespace, object } = item
  return {
    resource,
    key,
    namespace,
    deleted: true,
    object: { ...object, metadata: { ...(object['metadata'] as JsonObject) } },
  }
}
