/**
 * The ready-made identities and what proves them: made when a simulator starts, and kept beside the store where there
 * is a directory for it, so that a kubeconfig outlives a restart.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMIN, type Credentials, KUBE_PROXY } from './authenticate.ts'
import { createAuthority, type Pair, signClient, signServer } from './certificates.ts'
import type { Login } from './kubeconfig.ts'

interface Secrets {
  readonly authority: Pair
  readonly adminToken: string
  readonly proxyToken: string
}

export interface Identities {
  readonly authority: Pair
  readonly server: Pair
  readonly credentials: readonly Credentials[]
  /** The admin's first. */
  readonly logins: readonly Login[]
}

/** `hosts` are the names and addresses that the server is reached under; `directory` null: nothing is kept. */
export const createIdentities = async (
  hosts: readonly string[],
  directory: string | null,
  tls: boolean,
): Promise<Identities> => {
  const secrets = (directory === null ? null : await readSecrets(directory)) ?? (await newSecrets())
  if (directory !== null) await writePrivate(join(directory, FILE), JSON.stringify(secrets))
  const { authority, adminToken, proxyToken } = secrets
  const [server, admin, proxy] = await Promise.all([
    signServer(authority, hosts),
    signClient(authority, ADMIN),
    signClient(authority, KUBE_PROXY),
  ])
  return {
    authority,
    server,
    credentials: [
      { token: adminToken, identity: ADMIN },
      { token: proxyToken, identity: KUBE_PROXY },
    ],
    logins: [
      {
        context: 'kpc-simulator',
        user: ADMIN.name,
        certificate: tls ? admin : null,
        token: adminToken,
      },
      {
        context: 'kube-proxy',
        user: KUBE_PROXY.name,
        certificate: tls ? proxy : null,
        token: proxyToken,
      },
    ],
  }
}

const FILE = 'identities.json'

const newSecrets = async (): Promise<Secrets> => ({
  authority: await createAuthority(),
  adminToken: randomBytes(24).toString('base64url'),
  proxyToken: randomBytes(24).toString('base64url'),
})

const readSecrets = async (directory: string): Promise<Secrets | null> => {
  try {
    return JSON.parse(await readFile(join(directory, FILE), 'utf8')) as Secrets
  } catch {
    return null
  }
}

/** Writes a file that only its owner may read, and that is whole as soon as it is there. */
export const writePrivate = async (path: string, text: string): Promise<void> => {
  await mkdir(join(path, '..'), { recursive: true })
  const beside = `${path}.${randomBytes(4).toString('hex')}.new`
  await writeFile(beside, text, { mode: 0o600 })
  await rename(beside, path)
}
