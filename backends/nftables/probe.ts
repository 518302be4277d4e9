/** What the kernel offers to this backend, asked before facts are made: everything it needs is asked when it opens. */
import type { Probe } from '../../src/backend.ts'

/** Rules of this mode neither look at conntrack's invalid state nor count, and always ask for random ports. */
export const probe: Probe = async () => ({ tcpBeLiberal: false, nfacct: false, randomFully: true })
