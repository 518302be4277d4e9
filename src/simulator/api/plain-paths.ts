/** The paths that name no resource: version and health. */
import { noSuchPath } from './status.ts'
import type { Api, Reply } from './types.ts'

export const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+kpc-simulator',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-04-22T00:00:00Z',
  goVersion: 'go1.26',
  compiler: 'gc',
  platform: 'linux/amd64',
} as const

export const version = (segments: readonly string[]): Reply => {
  if (segments.length > 1) throw noSuchPath()
  return { kind: 'object', code: 200, object: { ...VERSION } }
}

/** /healthz, /livez and /readyz, whole or one check of them: ready as long as the store takes writes. */
export const health = async (segments: readonly string[], { store }: Api): Promise<Reply> => {
  const [root = '', check, ...more] = segments
  const known = ['healthz', 'livez', 'readyz'].includes(root)
  if (!known || more.length > 0 || (check !== undefined && check !== 'ping' && check !== 'etcd'))
    throw noSuchPath()
  const sound = await store.settled().then(
    () => true,
    () => false,
  )
  const text = sound
    ? 'ok'
    : `[-]etcd failed: the store cannot write to its disk\n${root} check failed`
  return { kind: 'text', code: sound ? 200 : 500, type: 'text/plain; charset=utf-8', text }
}
