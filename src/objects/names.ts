/**
 * Objects: the grammars of Kubernetes names (RFC 1123). A name that passed may be written into a rule, a comment or a
 * command line as it stands.
 */

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** Namespaces, Services and ports: a DNS label. RFC 1035 labels, the older rule for Services, are among them. */
export const isLabel = (name: string): boolean => LABEL.test(name)

/** Nodes, EndpointSlices and most others: DNS labels joined by dots, 253 characters at most. */
export const isSubdomain = (name: string): boolean => name.length <= 253 && SUBDOMAIN.test(name)
