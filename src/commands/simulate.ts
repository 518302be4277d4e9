/**
 * `kpc simulate`: an API server that kubectl and client libraries take for a cluster. Reads the command line; the
 * server is src/simulator.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Simulator, SimulatorOptions } from '../simulator/simulator.ts'
import { findFiles, STDIN } from '../sources/folder.ts'
import { counted } from '../terminal/amounts.ts'
import { type Command, command } from './command.ts'
import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import type { Values } from './options.ts'
import { UsageError } from './usage.ts'

type SimulateValues = Values<
  'filename' | 'kubeconfig' | 'bind' | 'port' | 'http' | 'nodes' | 'data' | 'for'
>

export const simulate: Command = command({
  name: 'simulate',
  group: 'Play a cluster',
  summary: 'Serve a Kubernetes API that clients take for a cluster',
  details: [
    'Runs until Ctrl-C. The kubeconfig appears when the server is ready; its context',
    'kube-proxy may do what a proxy may. Nothing runs the pods: what kubelets, the',
    'scheduler and controllers would write stays unwritten.',
  ],
  options: ['filename', 'kubeconfig', 'bind', 'port', 'http', 'nodes', 'data', 'for', 'help'],
  exits: [
    [0, 'ended as asked'],
    [2, 'failed, or an object to start with was refused'],
  ],
  examples: [
    'kpc simulate --kubeconfig sim.yaml',
    'kpc simulate -f cluster.yaml --nodes 5 --data state/ --port 0',
  ],
  run: (values, io) => start(values, io),
})

const start = async (values: SimulateValues, io: Io): Promise<number> => {
  const [port, nodes] = [
    numberOf('port', values.port, 6443, 65535),
    numberOf('nodes', values.nodes, 3, 5000),
  ]
  const { bind = '127.0.0.1', http, data } = values
  const objects = await textsOf(values.filename, io)
  const simulator = await opened({
    bind,
    port,
    nodes,
    objects,
    tls: !http,
    ...(data === undefined ? {} : { data }),
    onFault: fault => io.stderr.write(`error: a fault of the simulator itself: ${shown(fault)}\n`),
  })
  try {
    const path = values.kubeconfig ?? join(tmpdir(), `kpc-simulator-${simulator.port}.kubeconfig`)
    for (const { subject, message } of simulator.refused)
      io.stderr.write(`error: ${subject} was refused: ${message}; it is left out\n`)
    await simulator.writeKubeconfig(path)
    io.stdout.write(greeting(simulator, path, nodes))
    await ended(io, values.for)
  } finally {
    await simulator.close()
  }
  return simulator.refused.length > 0 ? 2 : 0
}

const numberOf = (flag: string, text: string | undefined, usual: number, max: number): number => {
  if (text === undefined) return usual
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text)
  throw new UsageError(
    `--${flag} ${JSON.stringify(text)} is not a number from 0 to ${max}`,
    `kpc simulate --${flag} ${usual}`,
  )
}

const textsOf = async (paths: readonly string[], io: Io): Promise<readonly string[]> => {
  const { files, problems } = await findFiles(paths)
  for (const { subject, fact } of problems)
    throw new Failure(`-f ${subject}: ${fact}; nothing was started`)
  return Promise.all(files.map(({ file }) => (file === STDIN ? io.readStdin() : io.readFile(file))))
}

const opened = async (options: SimulatorOptions): Promise<Simulator> => {
  try {
    // The API's type maps take half a second to load, which no other command should wait for.
    const { startSimulator } = await import('../simulator/simulator.ts')
    return await startSimulator(options)
  } catch (cause) {
    throw new Failure(`the API server cannot start: ${shown(cause)}`, { cause })
  }
}

const greeting = ({ url, api }: Simulator, path: string, nodes: number): string => {
  const services = api.store.count('/services')
  return (
    `Kubernetes API at ${url}: ${counted(nodes, 'node')}, ${counted(services, 'service')}\n` +
    `  try: kubectl --kubeconfig ${path} get nodes,services -A\n` +
    `  try: kpc run --kubeconfig ${path} --hostname-override node-1 --dry-run\n`
  )
}

const ended = async ({ clock, signal }: Io, forMs: number | undefined): Promise<void> => {
  if (forMs !== undefined) return clock.sleep(forMs, signal)
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

const shown = (error: unknown): string => (error instanceof Error ? error.message : String(error))
