/**
 * An agent that brings the kernel in step, says so, and then changes things until somebody kills it. Every other one
 * takes its program for a large one, and every third writes it in very small pieces.
 */
import process from 'node:process'
import { equal } from '../../../../backends/nftables/equal.ts'
import { NftablesKernel } from '../../../../backends/nftables/kernel.ts'
import { NETLINK_NETFILTER } from '../../../../src/netlink/message.ts'
import { openNetlink } from '../../../../src/netlink/socket.ts'
import { diff } from '../../../../src/program/program.ts'
import { world } from './world.ts'

const seed = Number(process.argv[2])
const kernel = new NftablesKernel({
  socket: openNetlink(NETLINK_NETFILTER),
  families: ['IPv4'],
  renewFrom: seed % 2 === 0 ? 10 : 100_000,
  chunk: seed % 3 === 0 ? 600 : 120_000,
})
const { desk, next } = world(seed)
if (!(await kernel.renew(desk.program)))
  await kernel.apply(diff(new Map(await kernel.read()), desk.program, equal))
process.send?.('in step')
for (;;) await kernel.apply(next())
