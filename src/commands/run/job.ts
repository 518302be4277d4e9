/** What a run was asked to do, and its parts opened: source, kernel and pipeline. */
import { probeOf } from '../../../backends/registry.ts'
import { Pipeline } from '../../agent/pipeline.ts'
import type { Backend, BackendIo, Kernel } from '../../backend.ts'
import { fakeKernel } from '../../kernel/fake.ts'
import { rehearsal } from '../../kernel/rehearsal.ts'
import { FAMILIES, type Family, type Problem } from '../../objects/types.ts'
import { MODERN_KERNEL } from '../../plan/types.ts'
import type { Entry } from '../../program/types.ts'
import { fileSource } from '../../sources/files.ts'
import type { Source, SourceUpdate } from '../../sources/source.ts'
import { Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { describedAddresses, nodesIn } from '../node-addresses.ts'
import type { Values } from '../options.ts'
import type { ReportProblems } from '../problems.ts'
import { sampleSource } from '../sample/source.ts'
import type { Setting, SettingOption } from '../setting.ts'
import type { Log } from './log.ts'

export type RunValues = Values<
  | SettingOption
  | 'kubeconfig'
  | 'netns'
  | 'dryRun'
  | 'once'
  | 'for'
  | 'iptablesFlavour'
  | 'output'
  | 'verbose'
>

export interface Job<E extends Entry> {
  readonly backend: Backend<E>
  readonly setting: Setting
  readonly values: RunValues
  readonly io: Io
  readonly dryRun: boolean
  /** The kernel can be read. */
  readonly privileged: boolean
  /** Why it cannot, where it is not for want of privileges. */
  readonly obstacle?: string
  readonly log: Log
  readonly report: ReportProblems
}

/** `onStep` hears what the sample cluster is about to do. */
export const openSource = async <E extends Entry>(
  { values, setting, io }: Job<E>,
  onStep: (says: string) => void,
): Promise<Source> => {
  if (values.demo) return sampleSource({ ...io, onStep, nodeName: setting.nodeName })
  if (setting.kubeconfig !== undefined) return openCluster(setting.kubeconfig, setting, io)
  return fileSource({ paths: setting.paths, watch: !values.once, readStdin: io.readStdin })
}

const openCluster = async (
  kubeconfig: string,
  { nodeName }: Setting,
  { clock }: Io,
): Promise<Source> => {
  // The client library takes half a second to load, which a run on files should not wait for.
  const [{ openClient }, { clusterSource }] = await Promise.all([
    import('../../sources/cluster/client.ts'),
    import('../../sources/cluster.ts'),
  ])
  try {
    const client = openClient({ kubeconfig })
    return clusterSource({ client, nodeName, timing: { sleep: clock.sleep, random: Math.random } })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`--kubeconfig ${kubeconfig}: ${reason}; nothing was done`, { cause })
  }
}

const backendIoOf = async <E extends Entry>({
  io,
  setting,
  values,
  privileged,
}: Job<E>): Promise<BackendIo> => ({
  exec: io.exec,
  families: setting.families ?? (privileged ? await kernelFamilies(io) : FAMILIES),
  flavour: values.iptablesFlavour,
  syncPeriodMs: setting.config[setting.mode].syncPeriod,
})

/** IPv6 counts where the kernel has it and it is not switched off (spec agent, section 2). */
const kernelFamilies = async ({ readFile }: Pick<Io, 'readFile'>): Promise<readonly Family[]> => {
  try {
    await readFile('/proc/net/if_inet6')
    const disabled = await readFile('/proc/sys/net/ipv6/conf/all/disable_ipv6')
    return disabled.trim() === '1' ? ['IPv4'] : FAMILIES
  } catch {
    return ['IPv4']
  }
}

interface Parts<E extends Entry> {
  /** The job as these parts do it. */
  readonly job: Job<E>
  readonly kernel: Kernel<E>
  readonly pipeline: Pipeline<E>
}

/** Kernel and pipeline. Throws Failure where this machine lacks what the mode needs. */
export const openParts = async <E extends Entry>(
  job: Job<E>,
  first: SourceUpdate,
): Promise<Parts<E>> => {
  try {
    return await partsOf(job, first)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const { mode } = job.setting
    if (job.dryRun && job.privileged && isToolMissing(error)) {
      const obstacle = reason.replace(/^TOOL_MISSING: /, '')
      job.report([missingTool(mode, obstacle)])
      return partsOf({ ...job, privileged: false, obstacle }, first)
    }
    throw new Failure(`mode ${mode} cannot be used here: ${reason}; nothing was done`, {
      cause: error,
    })
  }
}

const partsOf = async <E extends Entry>(job: Job<E>, first: SourceUpdate): Promise<Parts<E>> => {
  const backendIo = await backendIoOf(job)
  const pipeline = await openPipeline(job, first, backendIo)
  return { job, pipeline, kernel: await openKernel(job, backendIo) }
}

const isToolMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'TOOL_MISSING'

const missingTool = (mode: string, fact: string): Problem => ({
  code: 'TOOL_MISSING',
  severity: 'warning',
  subject: `mode ${mode}`,
  field: '',
  value: '',
  fact,
  consequence: 'the kernel is not looked at and taken as empty',
})

/** A dry run reads the real kernel where it may, and takes it for empty where it may not. */
const openKernel = async <E extends Entry>(
  { backend, dryRun, privileged }: Job<E>,
  io: BackendIo,
): Promise<Kernel<E>> => {
  const kernel = privileged ? await backend.open(io) : fakeKernel<E>()
  return dryRun ? rehearsal(kernel) : kernel
}

/** The addresses of this machine's interfaces count, not those that objects or flags describe. */
export const seesAddresses = <E extends Entry>({
  privileged,
  setting,
}: Pick<Job<E>, 'privileged' | 'setting'>): boolean =>
  privileged && setting.nodeAddresses.length === 0

const openPipeline = async <E extends Entry>(
  job: Job<E>,
  { events }: SourceUpdate,
  backendIo: BackendIo,
): Promise<Pipeline<E>> => {
  const { backend, setting, io, privileged } = job
  const { config, nodeName, nodeAddresses, mode } = setting
  const node = nodesIn(events).find(({ name }) => name === nodeName)
  return new Pipeline({
    backend,
    config,
    nodeName,
    interfaceAddresses: seesAddresses(job)
      ? await io.interfaceAddresses()
      : describedAddresses(nodeAddresses, node),
    kernel: privileged ? await probeOf(mode)(backendIo) : MODERN_KERNEL,
    families: backendIo.families,
    now: io.clock.now,
  })
}
