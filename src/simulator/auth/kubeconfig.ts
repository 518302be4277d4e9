/** Kubeconfig files: what a client needs to reach the server as one of its identities. */
import { stringify } from 'yaml'
import type { Pair } from './certificates.ts'

export interface Login {
  /** The name of the context; the first is the current one. */
  readonly context: string
  readonly user: string
  /** A client certificate; null: the token. */
  readonly certificate: Pair | null
  readonly token: string
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const CLUSTER = 'kpc-simulator'

/** `authority` is the PEM of the server's authority; null for a server without TLS. */
export const kubeconfigOf = (
  { url, authority }: { url: string; authority: string | null },
  logins: readonly Login[],
): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: CLUSTER,
        cluster: {
          server: url,
          // Some clients refuse to speak plain HTTP to a cluster that does not say that this is meant.
          ...(authority === null
            ? { 'insecure-skip-tls-verify': true }
            : { 'certificate-authority-data': base64(authority) }),
        },
      },
    ],
    users: logins.map(({ user, certificate, token }) => ({
      name: user,
      user:
        certificate === null
          ? { token }
          : {
              'client-certificate-data': base64(certificate.certificate),
              'client-key-data': base64(certificate.key),
            },
    })),
    contexts: logins.map(({ context, user }) => ({
      name: context,
      context: { cluster: CLUSTER, user },
    })),
    'current-context': logins[0]?.context ?? '',
  })
