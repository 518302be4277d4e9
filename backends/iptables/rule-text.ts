/**
 * The two texts of a rule: what kube-proxy feeds to iptables-restore (spec iptables, sections 4 to 8), and what
 * iptables-save prints for it afterwards (section 11). Both without the chain. The second is a rule's identity.
 */
import type { Family } from '../../src/objects/types.ts'
import { fedProbability, savedProbability } from './probability.ts'
import type { Match, Rule, Target } from './rule.ts'

const not = (inverted: boolean): string => (inverted ? '! ' : '')
const hex = (value: number): string => `0x${value.toString(16)}`
const paddedHex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

/** Adds the length of a single address, as the kernel knows ranges only. */
const withLength = (net: string, family: Family): string => {
  if (net.includes('/')) return net
  return family === 'IPv4' ? `${net}/32` : `${net}/128`
}

const FULL_MASK: Readonly<Record<Family, string>> = {
  IPv4: '--mask 255.255.255.255 --rsource',
  IPv6: '--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource',
}

export const REJECT_WITH: Readonly<Record<Family, string>> = {
  IPv4: 'icmp-port-unreachable',
  IPv6: 'icmp6-port-unreachable',
}

/** What xtables_save_string leaves without quotes. */
const isPlain = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122
    const isDigit = code >= 48 && code <= 57
    if (!isLetter && !isDigit && code !== 45 && code !== 95) return false
  }
  return text !== ''
}

const quoted = (text: string): string => `"${text.replace(/["'\\]/g, '\\$&')}"`

/** The save form of a comment's text. Those of kube-proxy need quotes and no escapes, so that comes first. */
const savedComment = (text: string): string => {
  if (isPlain(text)) return text
  return /["'\\]/.test(text) ? quoted(text) : `"${text}"`
}

/** A match as it stands among the others; empty for what iptables-save puts in front. */
const savedMatch = (part: Match, family: Family): string => {
  switch (part.kind) {
    case 'comment':
      return `-m comment --comment ${savedComment(part.text)} `
    case 'source':
    case 'destination':
    case 'in-interface':
      return ''
    case 'protocol':
      return `-m ${part.protocol} `
    case 'destination-port':
      return `--dport ${part.port} `
    case 'conntrack':
      return `-m conntrack ${not(part.not)}--ctstate ${part.states.join(',')} `
    case 'address-type':
      return `-m addrtype ${part.side === 'source' ? '--src-type' : '--dst-type'} LOCAL `
    case 'mark':
      return `-m mark ${not(part.not)}--mark ${hex(part.value)}/${hex(part.mask)} `
    case 'remember':
      return `-m recent --set --name ${part.name} ${FULL_MASK[family]} `
    case 'remembered':
      return `-m recent --rcheck --seconds ${part.seconds} --reap --name ${part.name} ${FULL_MASK[family]} `
    case 'chance':
      return `-m statistic --mode random --probability ${savedProbability(part.probability)} `
    case 'accounting':
      // Two blanks: that is how libxt_nfacct prints it.
      return `-m nfacct --nfacct-name  ${part.name} `
    case 'opaque':
      return `${part.text} `
  }
}

const savedTarget = (target: Target, family: Family): string => {
  switch (target.kind) {
    case 'jump':
      return `-j ${target.chain}`
    case 'accept':
      return '-j ACCEPT'
    case 'drop':
      return '-j DROP'
    case 'return':
      return '-j RETURN'
    case 'reject':
      return `-j REJECT --reject-with ${REJECT_WITH[family]}`
    case 'masquerade':
      return target.randomFully ? '-j MASQUERADE --random-fully' : '-j MASQUERADE'
    case 'dnat':
      return `-j DNAT --to-destination ${target.to}`
    case 'mark':
      return `-j MARK --set-xmark ${hex(target.bits)}/${target.how === 'or' ? hex(target.bits) : '0x0'}`
    case 'opaque':
      return target.text
  }
}

/** A range that holds everything is not printed. */
const savedNet = (
  flag: string,
  { net, not: inverted }: { readonly net: string; readonly not: boolean },
  family: Family,
): string =>
  !inverted && net.endsWith('/0') ? '' : `${not(inverted)}${flag} ${withLength(net, family)} `

/** The text that iptables-save prints behind `-A CHAIN `. Two rules are equal if and only if these texts are. */
export const saveText = (rule: Rule, family: Family): string => {
  let source = ''
  let destination = ''
  let inInterface = ''
  let protocol = ''
  let rest = ''
  for (const part of rule.parts) {
    if (part.kind === 'source') source = savedNet('-s', part, family)
    else if (part.kind === 'destination') destination = savedNet('-d', part, family)
    else if (part.kind === 'in-interface') inInterface = `${not(part.not)}-i ${part.name} `
    else {
      if (part.kind === 'protocol') protocol = `-p ${part.protocol} `
      rest += savedMatch(part, family)
    }
  }
  const matches = source + destination + inInterface + protocol + rest
  return rule.target ? matches + savedTarget(rule.target, family) : matches.slice(0, -1)
}

const fedMatch = (part: Match): string => {
  switch (part.kind) {
    case 'comment':
      return `-m comment --comment ${/[ "'\\]|^$/.test(part.text) ? quoted(part.text) : part.text}`
    case 'source':
      return `${not(part.not)}-s ${part.net}`
    case 'destination':
      return `${not(part.not)}-d ${part.net}`
    case 'in-interface':
      return `${not(part.not)}-i ${part.name}`
    case 'protocol':
      return `-m ${part.protocol} -p ${part.protocol}`
    case 'destination-port':
      return `--dport ${part.port}`
    case 'conntrack':
      return `-m conntrack ${not(part.not)}--ctstate ${part.states.join(',')}`
    case 'address-type':
      return `-m addrtype ${part.side === 'source' ? '--src-type' : '--dst-type'} LOCAL`
    case 'mark':
      return `-m mark ${not(part.not)}--mark ${paddedHex(part.value)}/${paddedHex(part.mask)}`
    case 'remember':
      return `-m recent --name ${part.name} --set`
    case 'remembered':
      return `-m recent --name ${part.name} --rcheck --seconds ${part.seconds} --reap`
    case 'chance':
      return `-m statistic --mode random --probability ${fedProbability(part.probability)}`
    case 'accounting':
      return `-m nfacct --nfacct-name ${part.name}`
    case 'opaque':
      return part.text
  }
}

const fedTarget = (target: Target): string => {
  switch (target.kind) {
    case 'reject':
      return '-j REJECT'
    case 'mark':
      return `-j MARK --${target.how}-mark ${paddedHex(target.bits)}`
    case 'jump':
    case 'accept':
    case 'drop':
    case 'return':
    case 'masquerade':
    case 'dnat':
    case 'opaque':
      return savedTarget(target, 'IPv4')
  }
}

/** The text that kube-proxy feeds to iptables-restore behind `-A CHAIN `. */
export const feedText = ({ parts, target }: Rule): string => {
  const matches = parts.map(fedMatch)
  return (target ? [...matches, fedTarget(target)] : matches).join(' ')
}
