/**
 * The namespace controller: empties a namespace that is to go, and then takes its finalizer off. What lingers in it, such
 * as pods in their grace period, is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { clone, type JsonObject, listAt, mapAt, textAt } from '../json.ts'
import { RESOURCES } from '../resources/table.ts'
import { groupVersion } from '../resources/types.ts'
import type { ControllerClient } from './client.ts'

const AGAIN_MS = 500
const FINALIZER = 'kubernetes'

/** Runs until the signal aborts. */
export const runNamespaceController = (
  client: ControllerClient,
  signal: AbortSignal,
): Promise<void> => {
  const going = new Set<string>()
  const here = (namespace: JsonObject): void => {
    const name = textAt(namespace, 'metadata', 'name')
    const isGoing = textAt(namespace, 'metadata', 'deletionTimestamp') !== ''
    const isHeld = listAt(namespace, 'spec', 'finalizers').includes(FINALIZER)
    if (!isGoing || !isHeld || going.has(name)) return
    going.add(name)
    void finalize(client, name, signal).finally(() => going.delete(name))
  }
  return client.follow('/api/v1/namespaces', { here })
}

const finalize = async (
  client: ControllerClient,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      if ((await emptied(client, name)) && (await released(client, name))) return
    } catch {
      // The server was not in the mood, or is going: the next round tells.
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Deletes everything in a namespace. Says whether nothing was left. */
const emptied = async (client: ControllerClient, name: string): Promise<boolean> => {
  let left = 0
  for (const resource of RESOURCES) {
    if (!resource.namespaced) continue
    const root = resource.group === '' ? '/api' : '/apis'
    const path = `${root}/${groupVersion(resource)}/namespaces/${name}/${resource.plural}`
    if (await isEmpty(client, path)) continue
    await client.send('DELETE', path)
    if (!(await isEmpty(client, path))) left += 1
  }
  return left === 0
}

const isEmpty = async (client: ControllerClient, path: string): Promise<boolean> =>
  listAt(await client.send('GET', `${path}?limit=1`), 'items').length === 0

/** Takes the finalizer off. True also when somebody else was quicker. */
const released = async (client: ControllerClient, name: string): Promise<boolean> => {
  const path = `/api/v1/namespaces/${name}`
  const namespace = await client.send('GET', path)
  if (namespace === null) return true
  const body: JsonObject = clone(namespace)
  body['spec'] = {
    ...mapAt(body, 'spec'),
    finalizers: listAt(body, 'spec', 'finalizers').filter(one => one !== FINALIZER),
  }
  await client.send('PUT', `${path}/finalize`, body)
  return true
}
