/**
 * Netlink against this machine's kernel. A socket belongs to the namespace of its process, so each file of `live/` runs
 * as a process of its own, in a namespace of its own.
 */
import process from 'node:process'
import t from 'tap'
import { cannotRun, inNamespace, openNamespace } from '../../support/namespace.ts'

const PARTS = [
  { file: 'nf-tables.ts', tools: ['nft'] },
  { file: 'batches.ts', tools: ['nft'] },
  { file: 'others.ts', tools: ['conntrack', 'iptables', 'nfacct'] },
] as const

for (const { file, tools } of PARTS) {
  const skip = cannotRun(...tools)
  t.test(file, { skip }, async t => {
    await using namespace = await openNamespace()
    const path = new URL(`live/${file}`, import.meta.url).pathname
    await t.spawn(...spawnable(inNamespace(namespace.name, process.execPath, [path])), {}, file)
  })
}

function spawnable([command, args]: readonly [string, readonly string[]]): [string, string[]] {
  return [command, [...args]]
}
