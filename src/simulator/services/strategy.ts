/** The Service resource's strategy: this room's rules in the shape that the verbs ask for. */
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
import { validateServiceStatus } from './validate-status.ts'

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
  validateStatus: validateServiceStatus,
  allocate: allocateService,
  release: releaseService,
  unconditionalUpdate: true,
}
