/**
 * A certificate authority of the simulator's own, and the certificates it signs: for the server, and for clients whose
 * name and groups are in the subject, as Kubernetes reads them. node:crypto reads certificates but makes none.
 */
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface Pair {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const YEAR_MS = 365 * 24 * 3600 * 1000

export const createAuthority = async (): Promise<Pair> => {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(10),
    name: 'CN=kpc-simulator-ca',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pairOf(certificate, keys)
}

/** A certificate for a server that is reached under these host names and addresses. */
export const signServer = (authority: Pair, hosts: readonly string[]): Promise<Pair> =>
  sign(authority, {
    subject: 'CN=kube-apiserver',
    usage: x509.ExtendedKeyUsage.serverAuth,
    extra: [
      new x509.SubjectAlternativeNameExtension(
        hosts.map(host => ({ type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host })),
      ),
    ],
  })

/** A certificate for a client: its user name as common name, its groups as organisations. */
export const signClient = (
  authority: Pair,
  { name, groups }: { name: string; groups: readonly string[] },
): Promise<Pair> => {
  const organisations = groups.map(group => ({ O: [group] }))
  const subject = new x509.Name([...organisations, { CN: [name] }]).toString()
  return sign(authority, { subject, usage: x509.ExtendedKeyUsage.clientAuth, extra: [] })
}

const sign = async (
  authority: Pair,
  {
    subject,
    usage,
    extra,
  }: { subject: string; usage: x509.ExtendedKeyUsage; extra: readonly x509.Extension[] },
): Promise<Pair> => {
  const issuer = new x509.X509Certificate(authority.certificate)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(1),
    subject,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...extra,
    ],
  })
  return pairOf(certificate, keys)
}

/** Begins in the past, so that a client whose clock is behind still trusts it. */
const validity = (years: number): { serialNumber: string; notBefore: Date; notAfter: Date } => ({
  serialNumber: `01${randomBytes(15).toString('hex')}`,
  notBefore: new Date(Date.now() - 3600 * 1000),
  notAfter: new Date(Date.now() + years * YEAR_MS),
})

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>

const pairOf = async (
  certificate: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
): Promise<Pair> => {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`,
  }
}

const importKey = (pem: string): Promise<webcrypto.CryptoKey> => {
  const der = x509.PemConverter.decodeFirst(pem)
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign'])
}
