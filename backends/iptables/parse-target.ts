/**
 * What a rule of iptables-save does with a packet, from its words. Pure.
 */
import type { Family } from '../../src/objects/types.ts'
import type { Target } from './rule.ts'
import { REJECT_WITH } from './rule-text.ts'
import type { Token } from './tokens.ts'

/** Reads a clause that begins with `-j` or `-g`; `raw` is its text, which stands for itself if it is not known. */
export const parseTarget = (clause: readonly Token[], raw: string, family: Family): Target => {
  const [how, name, option, value] = clause.map(({ word }) => word)
  const opaque: Target = { kind: 'opaque', text: raw }
  if (how !== '-j' || name === undefined) return opaque
  if (clause.length === 2) return bareTarget(name)
  if (clause.length === 3)
    return name === 'MASQUERADE' && option === '--random-fully'
      ? { kind: 'masquerade', randomFully: true }
      : opaque
  if (clause.length !== 4 || value === undefined) return opaque
  if (name === 'REJECT' && option === '--reject-with' && value === REJECT_WITH[family])
    return { kind: 'reject' }
  if (name === 'DNAT' && option === '--to-destination') return { kind: 'dnat', to: value }
  if (name === 'MARK' && option === '--set-xmark') return markTarget(value) ?? opaque
  return opaque
}

/** Targets of the kernel have names in capitals only; those that we do not use are no chains of ours either. */
const bareTarget = (name: string): Target => {
  switch (name) {
    case 'ACCEPT':
      return { kind: 'accept' }
    case 'DROP':
      return { kind: 'drop' }
    case 'RETURN':
      return { kind: 'return' }
    case 'MASQUERADE':
      return { kind: 'masquerade', randomFully: false }
    default:
      return { kind: 'jump', chain: name }
  }
}

const markTarget = (value: string): Target | null => {
  const [, bits, mask] = /^(0x[0-9a-f]+)\/(0x[0-9a-f]+)$/.exec(value) ?? []
  if (!bits || !mask) return null
  if (bits === mask) return { kind: 'mark', how: 'or', bits: Number(bits) }
  return mask === '0x0' ? { kind: 'mark', how: 'xor', bits: Number(bits) } : null
}
