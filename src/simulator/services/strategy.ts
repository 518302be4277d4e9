/** The Service resource's strategy: this room's rules in the shape that the verbs ask for. */
import { invalid } from '../field-errors.ts'
import { listAt, textAt } from '../json.ts'
import type { Strategy } from '../resources/types.ts'
import { allocateService, releaseService } from './allocate.ts'
import {
  defaultService,
  dropTypeDependent,
  keepAllocated,
  normalizeClusterIPs,
} from './defaults.ts'
import { validateService } from './validate.ts'
import { validateServiceUpdate } from './validate-ips.ts'

export const serviceStrategy: Strategy = {
  defaults: defaultService,
  prepareCreate: service => {
    service['status'] = { loadBalancer: {} }
    normalizeClusterIPs(service, null)
  },
  prepareUpdate: (service, old) => {
    service['status'] = old['status']
    normalizeClusterIPs(service, old)
    keepAllocated(service, old)
    dropTypeDependent(service, old)
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatus: service =>
    listAt(service, 'status', 'loadBalancer', 'ingress').flatMap((ingress, index) => {
      const mode = textAt(ingress, 'ipMode')
      const field = `status.loadBalancer.ingress[${index}].ipMode`
      return mode === '' || mode === 'VIP' || mode === 'Proxy'
        ? []
        : [invalid(field, mode, "must be 'VIP' or 'Proxy'")]
    }),
  allocate: allocateService,
  release: releaseService,
  unconditionalUpdate: true,
}
