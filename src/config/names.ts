/**
 * Ways to read the texts of a configuration that end up in a rule, in the kernel or in a request: as parsed in, in the
 * grammar of what they name out. Pure.
 */
import { isSubdomain } from '../objects/names.ts'
import { fault, type Reader, value } from './reading.ts'

/**
 * Stricter than the kernel (dev_valid_name in net/core/dev.c: 1 to 15 bytes, neither "." nor "..", no slash, colon or
 * blank): quotes and backslashes end or bend a word in a tool's input, * and + are wildcards, ! and - would be read
 * as something else than a name.
 */
const INTERFACE = /^(?!\.{1,2}$)(?!-)[!-~]{1,15}$/
const NOT_IN_INTERFACE = /["'`\\/:*+!]/

/** The name of a network interface, or what such names begin with. */
export const interfaceName: Reader<string> = given => {
  if (given === '') return value('')
  return typeof given === 'string' && INTERFACE.test(given) && !NOT_IN_INTERFACE.test(given)
    ? value(given)
    : fault(
        'is not an interface name (1 to 15 characters of visible ASCII, without quotes / : \\ * + !, ' +
          'not starting with -, neither "." nor "..")',
      )
}

/** What a node's name is: said in messages about it. */
export const NODE_NAME = 'a node name (a DNS subdomain: labels of a-z, 0-9 and - joined by dots)'

/** Trimmed and in lower case, as kube-proxy takes it (spec agent, section 3); null: not a name that a Node can have. */
export const nodeNameOf = (text: string): string | null => {
  const name = text.trim().toLowerCase()
  return isSubdomain(name) ? name : null
}

/** The name of this node; empty: that of the host. */
export const nodeName: Reader<string> = given => {
  if (given === '') return value('')
  const name = typeof given === 'string' ? nodeNameOf(given) : null
  return name === null ? fault(`is not ${NODE_NAME}`) : value(name)
}

// IP_VS_SCHEDNAME_MAXLEN in uapi/linux/ip_vs.h; the kernel loads the module ip_vs_NAME for it.
const SCHEDULER = /^[a-z0-9_-]{0,15}$/

/** An IPVS scheduler; empty: rr. */
export const schedulerName: Reader<string> = given =>
  typeof given === 'string' && SCHEDULER.test(given)
    ? value(given)
    : fault('is not a scheduler name (up to 15 of a-z, 0-9, _ and -)')

/** What a request header may say: visible ASCII and blanks. */
export const headerText: Reader<string> = given =>
  typeof given === 'string' && /^[ -~]*$/.test(given)
    ? value(given)
    : fault('is not a text of visible ASCII')
