/**
 * Names: the chains that are there whatever the services are, and those of a service port and its endpoints, which
 * carry a hash (spec iptables, sections 3.1 and 3.2).
 */
import { hash } from 'node:crypto'
import type { Protocol } from '../../src/objects/types.ts'
import type { ProtocolName } from './rule.ts'

export const SERVICES = 'KUBE-SERVICES'
export const EXTERNAL_SERVICES = 'KUBE-EXTERNAL-SERVICES'
export const NODE_PORTS = 'KUBE-NODEPORTS'
export const FORWARD = 'KUBE-FORWARD'
export const PROXY_FIREWALL = 'KUBE-PROXY-FIREWALL'
/** Shared with kubelet. */
export const FIREWALL = 'KUBE-FIREWALL'
export const POSTROUTING = 'KUBE-POSTROUTING'
export const MARK_MASQ = 'KUBE-MARK-MASQ'
export const CANARY = 'KUBE-PROXY-CANARY'

export const INVALID_COUNTER = 'ct_state_invalid_dropped_pkts'
export const LOCALHOST_COUNTER = 'localhost_nps_accepted_pkts'

/** What chains of service ports and endpoints begin with. */
export const SERVICE_CHAIN_PREFIXES: readonly string[] = [
  'KUBE-SVC-',
  'KUBE-SVL-',
  'KUBE-SEP-',
  'KUBE-FW-',
  'KUBE-EXT-',
]

export const PROTOCOL_NAMES: Readonly<Record<Protocol, ProtocolName>> = {
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
}

/** Character codes of base32 (RFC 4648). */
const BASE32 = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', letter => letter.charCodeAt(0))

const letter = (bits: number): number => BASE32[bits & 31] ?? 0

/** Eight letters of the five bytes that begin at `at`, as two halves of 20 bits. */
const halves = (digest: string, at: number): readonly [number, number] => {
  const middle = digest.charCodeAt(at + 2)
  return [
    (digest.charCodeAt(at) << 12) | (digest.charCodeAt(at + 1) << 4) | (middle >> 4),
    ((middle & 15) << 16) | (digest.charCodeAt(at + 3) << 8) | digest.charCodeAt(at + 4),
  ]
}

/**
 * The first 16 characters of the base32 of a text's SHA-256. `text` is a service port's label and protocol, for an
 * endpoint followed by the endpoint's text; nothing stands between them. Every endpoint of a cluster passes here: the
 * one-shot hash with a string for its digest is three times as fast as one with a buffer.
 */
export const chainHash = (text: string): string => {
  const digest = hash('sha256', text, 'binary')
  const [a, b] = halves(digest, 0)
  const [c, d] = halves(digest, 5)
  return String.fromCharCode(
    letter(a >> 15),
    letter(a >> 10),
    letter(a >> 5),
    letter(a),
    letter(b >> 15),
    letter(b >> 10),
    letter(b >> 5),
    letter(b),
    letter(c >> 15),
    letter(c >> 10),
    letter(c >> 5),
    letter(c),
    letter(d >> 15),
    letter(d >> 10),
    letter(d >> 5),
    letter(d),
  )
}
