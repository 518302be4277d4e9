/**
 * `kpc render`: objects in, the program of one node out, as the mode's own tool loads it. Touches nothing.
 */
import { withBackend } from '../../backends/registry.ts'
import { Pipeline } from '../agent/pipeline.ts'
import type { Backend } from '../backend.ts'
import { FAMILIES, type Problem } from '../objects/types.ts'
import { MODERN_KERNEL } from '../plan/types.ts'
import type { Entry } from '../program/types.ts'
import { readFiles } from '../sources/files.ts'
import type { SourceUpdate } from '../sources/source.ts'
import { counted } from '../terminal/amounts.ts'
import { canErase, openProgress } from '../terminal/progress.ts'
import { type Command, command } from './command.ts'
import { API_VERSION, type Document, documentText, entries, servicePorts } from './documents.ts'
import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { describedAddresses, nodesIn } from './node-addresses.ts'
import type { Values } from './options.ts'
import { isError, missingNode, problemsTo } from './problems.ts'
import { readSetting, SETTING_OPTIONS, type Setting } from './setting.ts'
import { Whereabouts } from './whereabouts.ts'
import { ENDED_READING, whileReading } from './while-reading.ts'

const RENDER_OPTIONS = [...SETTING_OPTIONS, 'output', 'help'] as const

type RenderValues = Values<(typeof RENDER_OPTIONS)[number]>

export const render: Command = command({
  name: 'render',
  group: "See a node's program",
  summary: 'Print the program of one node, as its tool loads it',
  details: [
    'Changes nothing and needs no privileges. What is wrong with the objects goes to',
    'stderr; the sound ones are compiled all the same. Mode iptables prints a part',
    'for each IP family; its tools load one of them, which --ip-family picks.',
  ],
  options: RENDER_OPTIONS,
  exits: [
    [0, 'printed'],
    [2, 'failed, or something in the input was bad and left out'],
  ],
  examples: [
    'kpc render -f cluster.yaml --hostname-override node-a',
    'kpc render --demo --proxy-mode iptables --ip-family ipv4',
    'kubectl get nodes,svc,endpointslices -A -o json | kpc render -f -',
  ],
  run: (values, io) => renderProgram(values, io),
})

const renderProgram = async (values: RenderValues, io: Io): Promise<number> => {
  using progress = openProgress(io.stderr.write, canErase(io.env, io.stderr.isTerminal))
  const report = problemsTo(io)
  const setting = await readSetting({ command: 'render', values, io, report })
  progress.say(`reading ${setting.paths.join(', ')}`)
  const read = await whileReading(readFiles(setting.paths, io), io.signal)
  progress[Symbol.dispose]()
  if (read === undefined) throw new Failure(ENDED_READING)
  report(read.problems)
  if (read.events.length === 0 && read.problems.some(isError))
    throw new Failure('no object could be read, so there is no program to print')
  progress.say(`compiling ${counted(read.events.length, 'object')}`)
  const { text, problems } = withBackend(setting.mode, backend =>
    compile(backend, setting, values, read),
  )
  progress[Symbol.dispose]()
  report(problems)
  io.stdout.write(text)
  return [...read.problems, ...problems].some(isError) ? 2 : 0
}

const compile = <E extends Entry>(
  backend: Backend<E>,
  { config, nodeName, nodeAddresses, families, mode }: Setting,
  { output = 'text' }: RenderValues,
  { events, problems }: SourceUpdate,
): { readonly text: string; readonly problems: readonly Problem[] } => {
  const nodes = nodesIn(events)
  const node = nodes.find(({ name }) => name === nodeName)
  const pipeline = new Pipeline({
    backend,
    config,
    nodeName,
    interfaceAddresses: describedAddresses(nodeAddresses, node),
    kernel: MODERN_KERNEL,
    families: families ?? FAMILIES,
  })
  const update = pipeline.apply(events)
  const missing = node
    ? []
    : [
        missingNode(
          nodeName,
          nodes.map(({ name }) => name),
        ),
      ]
  const found = [...missing, ...update.problems]
  if (output === 'text') return { text: backend.render(pipeline.program.values()), problems: found }
  const whereabouts = new Whereabouts()
  whereabouts.note(events)
  const document: ProgramDocument = {
    apiVersion: API_VERSION,
    kind: 'Program',
    node: nodeName,
    mode,
    servicePorts: servicePorts(pipeline.plans.values(), whereabouts.nodeOf),
    entries: entries(pipeline.program.values(), backend),
    problems: [...problems, ...found],
  }
  return { text: documentText(document, output), problems: found }
}

interface ProgramDocument extends Document {
  readonly kind: 'Program'
  readonly node: string
  readonly mode: string
  readonly servicePorts: ReturnType<typeof servicePorts>
  readonly entries: ReturnType<typeof entries>
  readonly problems: readonly Problem[]
}
