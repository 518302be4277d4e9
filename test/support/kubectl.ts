/** kubectl as a person uses it, against a simulator of the test's own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Kubectl {
  readonly simulator: Simulator
  readonly folder: string
  /** Runs kubectl; never rejects for what it answers. */
  readonly say: (args: readonly string[], options?: SayOptions) => Promise<Said>
  /** Runs a line of words without quotes, and gives what it printed. Rejects when kubectl fails. */
  readonly ok: (line: string, options?: SayOptions) => Promise<string>
  readonly close: () => Promise<void>
}

export interface SayOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Why kubectl cannot be used here; null when it can. */
export const kubectlMissing = (): Promise<string | null> =>
  new Promise(resolve => {
    execFile('kubectl', ['version', '--client'], error => {
      resolve(error === null ? null : 'needs kubectl in PATH')
    })
  })

export const openKubectl = async (): Promise<Kubectl> => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-kubectl-'))
  const faults: unknown[] = []
  const simulator = await startSimulator({ nodes: 3, onFault: fault => faults.push(fault) })
  const kubeconfig = join(folder, 'kubeconfig')
  await simulator.writeKubeconfig(kubeconfig)
  const say: Kubectl['say'] = (args, options = {}) =>
    new Promise(resolve => {
      const child = execFile(
        'kubectl',
        ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'cache'), ...args],
        { env: { ...env, HOME: folder, ...options.env }, timeout: 30_000, cwd: folder },
        (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolve({ code, out, err })
        },
      )
      child.stdin?.end(options.input ?? '')
    })
  return {
    simulator,
    folder,
    say,
    ok: async (line, options) => {
      const said = await say(line.split(' '), options)
      if (said.code !== 0) throw new Error(`kubectl ${line}: exit ${said.code}\n${said.err}`)
      return said.out
    },
    close: async () => {
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
      if (faults.length > 0) throw new AggregateError(faults, 'the simulator had faults of its own')
    },
  }
}
