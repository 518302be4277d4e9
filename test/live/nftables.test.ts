/**
 * The nftables kernel against this machine's. A netlink socket belongs to the namespace of its process, so each part
 * runs as a process of its own, in a namespace of its own.
 */
import process from 'node:process'
import t from 'tap'
import { cannotRun, inNamespace, openNamespace } from '../support/namespace.ts'

const PARTS = [
  'both-writers',
  'kernel',
  'faults',
  'drift',
  'affinity',
  'traffic',
  'balance',
  'mending',
] as const

t.setTimeout(600_000)

for (const part of PARTS)
  t.test(part, { skip: cannotRun('nft'), timeout: 600_000 }, async t => {
    await using namespace = await openNamespace()
    const path = new URL(`../backends/nftables/live/${part}.ts`, import.meta.url).pathname
    const [command, args] = inNamespace(namespace.name, process.execPath, [path])
    await t.spawn(command, [...args], {}, part)
  })
