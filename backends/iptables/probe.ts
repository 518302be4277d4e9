/**
 * What the kernel and the tools offer, asked once before facts are made (spec iptables, sections 1 and 2).
 */
import { readFile } from 'node:fs/promises'
import type { BackendIo, Probe } from '../../src/backend.ts'
import { nfacctSupported } from '../../src/netlink/nfacct.ts'
import { version } from './tools.ts'

const TCP_BE_LIBERAL = '/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal'

/** Facts of the running kernel. A tool that is missing throws: no rule could be written with it. */
export const probeKernel: Probe = async io => {
  const [tcpBeLiberal, nfacct, randomFully] = await Promise.all([
    isLiberal(),
    nfacctSupported(),
    hasRandomFully(io),
  ])
  return { tcpBeLiberal, nfacct, randomFully }
}

/** Not readable: the conntrack module is not loaded, and its default is strict. */
const isLiberal = async (): Promise<boolean> => {
  try {
    return (await readFile(TCP_BE_LIBERAL, 'utf8')).trim() !== '0'
  } catch {
    return false
  }
}

const RANDOM_FULLY_SINCE = [1, 6, 2]

const hasRandomFully = async (io: BackendIo): Promise<boolean> => {
  const versions = await Promise.all(io.families.map(family => version(io, family)))
  return versions.every(found => found !== null && isAtLeast(found, RANDOM_FULLY_SINCE))
}

const isAtLeast = (found: readonly number[], wanted: readonly number[]): boolean => {
  for (const [at, want] of wanted.entries()) {
    const have = found[at] ?? 0
    if (have !== want) return have > want
  }
  return true
}
