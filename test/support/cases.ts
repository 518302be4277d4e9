/**
 * The golden cases, loaded: a folder in, its steps out, each with the cluster's objects as events, the configuration
 * and the paths of what was recorded. A scenario is a case of one step, a transition one of several.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig } from '../../src/config/read.ts'
import type { ProxyConfig } from '../../src/config/types.ts'
import { objectKey } from '../../src/objects/key.ts'
import type { ClusterEvent, ClusterObject, Family, Problem } from '../../src/objects/types.ts'
import type { KernelFacts } from '../../src/plan/types.ts'
import { readFiles } from '../../src/sources/files.ts'
import type { Flows, Mode, UdpFlow } from './flows.ts'

export const GOLDEN: string = join(import.meta.dirname, '../../golden')
const TRANSITIONS = 'transitions'
/** Part of every cluster: what an API server has before anybody makes an object. */
const SERVICE_CIDR = join(GOLDEN, 'service-cidr.yaml')

export interface Step {
  /** `restart step-2`, or the case's name where it has one step. */
  readonly name: string
  /** Holds what was recorded after this step. */
  readonly directory: string
  readonly clusterFile: string
  /** The proxy is stopped before this step and started after the cluster has changed. */
  readonly restart: boolean
}

export interface Case {
  readonly name: string
  readonly directory: string
  readonly configFile: string
  /** In order, at least one. */
  readonly steps: readonly Step[]
  /** Long-lived UDP flows that run through all steps. */
  readonly udp: readonly UdpFlow[]
}

interface StepsFile {
  readonly title: string
  readonly steps: readonly {
    readonly file: string
    readonly note: string
    readonly restart?: boolean
  }[]
  readonly udp?: readonly UdpFlow[]
}

/** What the recordings take from their machine: golden/node.json. */
export interface NodeSetting {
  readonly nodeName: string
  readonly families: readonly Family[]
  /** By interface. */
  readonly interfaces: Readonly<Record<string, readonly string[]>>
  readonly kernel: KernelFacts
}

const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8'))

export const readNodeSetting = (): Promise<NodeSetting> => readJson(join(GOLDEN, 'node.json'))

const folders = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { withFileTypes: true }))
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

const scenario = (name: string): Case => {
  const directory = join(GOLDEN, name)
  const clusterFile = join(directory, 'cluster.yaml')
  const step = { name, directory, clusterFile, restart: false }
  return { name, directory, configFile: join(directory, 'config.yaml'), steps: [step], udp: [] }
}

const transition = async (name: string): Promise<Case> => {
  const directory = join(GOLDEN, TRANSITIONS, name)
  const { steps, udp } = await readJson<StepsFile>(join(directory, 'steps.json'))
  return {
    name,
    directory,
    configFile: join(directory, 'config.yaml'),
    udp: udp ?? [],
    steps: steps.map(({ file, restart }) => ({
      name: `${name} ${file.replace('.yaml', '')}`,
      directory: join(directory, file.replace('.yaml', '')),
      clusterFile: join(directory, file),
      restart: restart ?? false,
    })),
  }
}

/** Every scenario, by name. Throws where there is none, so that a test over all of them never passes over nothing. */
export const listScenarios = async (): Promise<readonly Case[]> => {
  const names = (await folders(GOLDEN)).filter(name => name !== TRANSITIONS)
  if (names.length === 0) throw new Error(`${GOLDEN} holds no scenario`)
  return names.map(scenario)
}

/** Every transition, by name. Throws where there is none. */
export const listTransitions = async (): Promise<readonly Case[]> => {
  const names = await folders(join(GOLDEN, TRANSITIONS))
  if (names.length === 0) throw new Error(`${GOLDEN}/${TRANSITIONS} holds no transition`)
  return Promise.all(names.map(transition))
}

export const listCases = async (): Promise<readonly Case[]> =>
  (await Promise.all([listScenarios(), listTransitions()])).flat()

/** One scenario. */
export const findScenario = async (name: string): Promise<Case> => {
  const found = (await listScenarios()).find(candidate => candidate.name === name)
  if (!found) throw new Error(`golden/${name} is not there`)
  return found
}

export const readCaseConfig = async ({ configFile }: Case): Promise<ProxyConfig> => {
  const { config, problems } = readConfig(await readFile(configFile, 'utf8'), configFile)
  const [problem] = problems.filter(({ severity }) => severity === 'error')
  if (problem) throw new Error(`${configFile}: ${problem.field} ${problem.fact}`)
  return config
}

export interface Cluster {
  readonly objects: ReadonlyMap<string, ClusterObject>
  readonly problems: readonly Problem[]
}

export const EMPTY_CLUSTER: Cluster = { objects: new Map(), problems: [] }

/** The whole cluster as it is after a step. */
export const readCluster = async ({ clusterFile }: Step): Promise<Cluster> => {
  const { events, problems } = await readFiles([clusterFile, SERVICE_CIDR], {
    readStdin: async () => '',
  })
  const objects = new Map<string, ClusterObject>()
  for (const event of events)
    if (event.type === 'set') objects.set(objectKey(event.object), event.object)
  if (objects.size < 2) throw new Error(`${clusterFile} holds no object`)
  return { objects, problems }
}

/** What a watch would tell when one cluster becomes the other. */
export const eventsBetween = (before: Cluster, after: Cluster): readonly ClusterEvent[] => {
  const events: ClusterEvent[] = []
  for (const [key, object] of before.objects) {
    if (after.objects.has(key)) continue
    const namespace = 'namespace' in object ? object.namespace : ''
    events.push({ type: 'delete', kind: object.kind, namespace, name: object.name })
  }
  for (const [key, object] of after.objects) {
    const was = before.objects.get(key)
    if (was === undefined || JSON.stringify(was) !== JSON.stringify(object))
      events.push({ type: 'set', object })
  }
  return events
}

/** Recorded text of this step; throws where it is missing or empty. */
export const readRecorded = async ({ directory }: Step, file: string): Promise<string> => {
  const text = await readFile(join(directory, file), 'utf8')
  if (text === '') throw new Error(`${directory}/${file} is empty`)
  return text
}

/** The recorded flows of this step; undefined where none were recorded. */
export const readFlows = async ({ directory }: Step): Promise<Flows | undefined> =>
  (await readdir(directory)).includes('flows.json')
    ? readJson<Flows>(join(directory, 'flows.json'))
    : undefined

/** What conntrack held after a step of a transition, and who answered its long-lived flows, by their names. */
export interface RecordedFlows {
  readonly entries: readonly string[]
  readonly answers: Readonly<Record<string, readonly string[]>>
}

export const readConntrack = ({
  directory,
}: Step): Promise<Readonly<Record<Mode, RecordedFlows>>> =>
  readJson(join(directory, 'conntrack.json'))
