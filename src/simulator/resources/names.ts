/**
 * The grammars of names in Kubernetes objects, each with the sentence the API server says when one is broken: what
 * k8s.io/apimachinery/pkg/util/validation accepts. An empty answer means that the name will do.
 */

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const PORT_NAME = /^[-a-z0-9]+$/

const LABEL_FACT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const LABEL_1035_FACT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_FACT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const QUALIFIED_FACT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE_FACT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const atMost = (max: number): string => `must be no more than ${max} bytes`

export const labelFault = (name: string): string =>
  name.length > 63 ? atMost(63) : LABEL.test(name) ? '' : LABEL_FACT

export const label1035Fault = (name: string): string =>
  name.length > 63 ? atMost(63) : LABEL_1035.test(name) ? '' : LABEL_1035_FACT

export const subdomainFault = (name: string): string =>
  name.length > 253 ? atMost(253) : SUBDOMAIN.test(name) ? '' : SUBDOMAIN_FACT

/** Names that only have to fit into a path: those of the RBAC kinds. */
export const pathSegmentFault = (name: string): string => {
  if (name === '.' || name === '..') return `may not be '${name}'`
  if (name.includes('/')) return "may not contain '/'"
  return name.includes('%') ? "may not contain '%'" : ''
}

/** A label key, an annotation key or a finalizer: "name" or "prefix/name". */
export const qualifiedFault = (name: string): string => {
  const parts = name.split('/')
  if (parts.length > 2)
    return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
  const local = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? parts[0] : null
  if (prefix === '') return 'prefix part must be non-empty'
  const fault = prefix === null || prefix === undefined ? '' : subdomainFault(prefix)
  if (fault !== '') return `prefix part ${fault}`
  if (local === '') return 'name part must be non-empty'
  if (local.length > 63) return `name part ${atMost(63)}`
  return QUALIFIED.test(local) ? '' : QUALIFIED_FACT
}

export const labelValueFault = (value: string): string => {
  if (value.length > 63) return atMost(63)
  return value === '' || QUALIFIED.test(value) ? '' : VALUE_FACT
}

/** The name of a container port, as targetPort may use it. */
export const portNameFault = (name: string): string => {
  if (name.length > 15) return 'must be no more than 15 characters'
  if (!PORT_NAME.test(name))
    return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'
  if (name.includes('--')) return 'must not contain consecutive hyphens'
  if (!/[a-z]/.test(name)) return 'must contain at least one letter (a-z)'
  return name.startsWith('-') || name.endsWith('-') ? 'must not begin or end with a hyphen' : ''
}

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/

/** A key of a ConfigMap or Secret. */
export const configKeyFault = (key: string): string => {
  if (key.length > 253) return atMost(253)
  if (key === '.' || key === '..') return `must not be '${key}'`
  return CONFIG_KEY.test(key)
    ? ''
    : "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
}
