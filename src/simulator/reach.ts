/**
 * Where a simulator is reached: the address that it listens on in; the URL for its clients, the names that its
 * certificate is good for, and the address behind its own Service out.
 */
import { networkInterfaces } from 'node:os'
import { familyOf, isLoopback, parseAddress } from '../addresses.ts'

const isWildcard = (bind: string): boolean => bind === '0.0.0.0' || bind === '::'

const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap(found => found ?? [])
    .map(({ address }) => address.replace(/%.*/, ''))

/** The names and addresses that the server's certificate is good for. */
export const hostsOf = (bind: string): readonly string[] => {
  const own = isWildcard(bind) ? ownAddresses() : [bind]
  const inside = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  return [...new Set([...own, '127.0.0.1', '::1', 'localhost', ...inside])]
}

export const urlOf = (bind: string, port: number, tls: boolean): string => {
  const reachable = bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '::1' : bind
  const host = reachable.includes(':') ? `[${reachable}]` : reachable
  return `${tls ? 'https' : 'http'}://${host}:${port}`
}

/**
 * The address that other machines reach the server at, the machine's first of its family where it listens on all;
 * null where there is none that an endpoint may have, as for loopback, link-local addresses and names.
 */
export const endpointAddress = (
  bind: string,
  own: readonly string[] = ownAddresses(),
): string | null => {
  const candidates = isWildcard(bind) ? own.filter(one => familyOf(one) === familyOf(bind)) : [bind]
  return candidates.find(mayBeEndpoint) ?? null
}

const mayBeEndpoint = (text: string): boolean => {
  const address = parseAddress(text)?.text
  return address !== undefined && !isLoopback(address) && !/^(169\.254\.|fe[89ab])/.test(address)
}
