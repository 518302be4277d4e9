/**
 * Who asks: from a bearer token, from the subject of a client certificate, or nobody in particular. A token or
 * certificate that is given and wrong is a 401; none at all makes the anonymous user, whom RBAC grants very little.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { unauthorized } from '../api/status.ts'
import type { User } from '../api/types.ts'

export interface Identity {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Credentials {
  readonly token: string
  readonly identity: Identity
}

export const ADMIN: Identity = { name: 'kubernetes-admin', groups: ['system:masters'] }
export const KUBE_PROXY: Identity = { name: 'system:kube-proxy', groups: [] }

const ANONYMOUS: User = { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] }

const userOf = ({ name, groups }: Identity): User => ({
  name,
  uid: '',
  groups: [...new Set([...groups, 'system:authenticated'])],
})

/** Digests compare in constant time, whatever the lengths of the tokens. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Throws a 401 for a token or a certificate that is nobody's. */
export const authenticator = (
  credentials: readonly Credentials[],
): ((message: IncomingMessage) => User) => {
  const known = credentials.map(({ token, identity }) => ({
    digest: digest(token),
    user: userOf(identity),
  }))
  return message => {
    const { authorization } = message.headers
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
      const given = digest(token ?? '')
      const found = known.find(one => timingSafeEqual(one.digest, given))
      if (token === undefined || found === undefined) throw unauthorized()
      return found.user
    }
    return fromCertificate(message) ?? ANONYMOUS
  }
}

const users = new WeakMap<TLSSocket, User>()

const fromCertificate = (message: IncomingMessage): User | null => {
  const { socket } = message
  if (!(socket instanceof TLSSocket)) return null
  const known = users.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return null
  if (!socket.authorized) throw unauthorized()
  const fields = certificate.subject.split('\n').map(line => {
    const at = line.indexOf('=')
    return [line.slice(0, at), line.slice(at + 1)] as const
  })
  const name = fields.find(([key]) => key === 'CN')?.[1]
  if (name === undefined) throw unauthorized()
  const groups = fields.filter(([key]) => key === 'O').map(([, value]) => value)
  const user = userOf({ name, groups })
  users.set(socket, user)
  return user
}
