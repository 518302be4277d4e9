/** What the API server refuses in a Service's status. The whole Service in, field errors out. */
import { parseAddress } from '../../addresses.ts'
import { type FieldError, forbidden, invalid, unsupported } from '../field-errors.ts'
import { type Json, type JsonObject, listAt, mapAt, textAt } from '../json.ts'
import { subdomainFault } from '../resources/names.ts'

const INGRESS = 'status.loadBalancer.ingress'
const MODES = ['Proxy', 'VIP']

/** Only a load balancer has addresses of one, and each is an IP, which has a mode, or a DNS name. */
export const validateServiceStatus = (service: JsonObject): FieldError[] => {
  const all = listAt(mapAt(service, 'status'), 'loadBalancer', 'ingress')
  if (all.length > 0 && textAt(service, 'spec', 'type') !== 'LoadBalancer')
    return [forbidden(INGRESS, 'may only be used when `spec.type` is "LoadBalancer"')]
  return all.flatMap((ingress, index) => validateIngress(ingress, `${INGRESS}[${index}]`))
}

const validateIngress = (ingress: Json, field: string): FieldError[] => {
  const [ip, mode] = [textAt(ingress, 'ip'), textAt(ingress, 'ipMode')]
  const hostname = textAt(ingress, 'hostname')
  const errors: FieldError[] = []
  if (ip !== '' && parseAddress(ip) === null)
    errors.push(
      invalid(`${field}.ip`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
    )
  if (mode !== '' && ip === '')
    errors.push(forbidden(`${field}.ipMode`, 'may not be specified when `ip` is not set'))
  else if (mode !== '' && !MODES.includes(mode))
    errors.push(unsupported(`${field}.ipMode`, mode, MODES))
  const fault = hostname === '' ? '' : subdomainFault(hostname)
  if (fault !== '') errors.push(invalid(`${field}.hostname`, hostname, fault))
  if (parseAddress(hostname) !== null)
    errors.push(invalid(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address'))
  return errors
}
