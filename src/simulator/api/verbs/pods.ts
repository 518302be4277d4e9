/** The pods' own subresources: binding, by which the scheduler places a pod, and eviction. */
import { clone, isObject, type JsonObject, listAt, mapAt, textAt } from '../../json.ts'
import { badRequest, conflict, notFound } from '../status.ts'
import type { Api, Call, Reply } from '../types.ts'
import { deleteObject } from './delete.ts'
import { commit, isDryRun, settledOrFail } from './write.ts'

const success = (code: number): Reply => ({
  kind: 'object',
  code,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code },
})

export const bind = async (api: Api, call: Call): Promise<Reply> => {
  const { resource, namespace, name } = call.target
  const { value } = await call.objectBody()
  const node = textAt(value, 'target', 'name')
  const old = api.store.get(resource.id, `${namespace}/${name}`)
  if (old === undefined) throw notFound(resource, name)
  if (node === '') throw badRequest('Binding "" is invalid: target.name: Required value')
  const bound = textAt(old.object, 'spec', 'nodeName')
  if (bound !== '')
    throw conflict(resource, name, `pod ${name} is already assigned to node "${bound}"`)
  if (textAt(old.object, 'metadata', 'deletionTimestamp') !== '')
    throw conflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  const pod = clone(old.object)
  mapAt(pod, 'spec')['nodeName'] = node
  setScheduled(pod, api.world.now())
  if (!isDryRun(call.query)) {
    const key = `${namespace}/${name}`
    commit(api, { resource, key, namespace, object: pod, allocation: undefined })
    await settledOrFail(api)
  }
  return success(201)
}

const setScheduled = (pod: JsonObject, now: string): void => {
  const status = mapAt(pod, 'status')
  const others = listAt(status, 'conditions').filter(one => textAt(one, 'type') !== 'PodScheduled')
  status['conditions'] = [
    ...others,
    { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now },
  ]
  pod['status'] = status
}

/** Without disruption budgets every eviction is granted: it is a deletion. */
export const evict = async (api: Api, call: Call): Promise<Reply> => {
  const { value } = await call.objectBody()
  const options = mapAt(value, 'deleteOptions')
  const { namespace, name, resource } = call.target
  const old = api.store.get(resource.id, `${namespace}/${name}`)
  if (old === undefined) throw notFound(resource, name)
  deleteObject(api, resource, old, {
    options: isObject(options) ? options : {},
    dryRun: isDryRun(call.query, options),
  })
  await settledOrFail(api)
  return success(201)
}
