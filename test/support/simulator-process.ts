/** `kpc simulate` as a process of its own, which can be killed, and requests to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import { execPath } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'

export interface Answer {
  readonly code: number
  readonly body: Record<string, unknown>
}

export interface SimulatorProcess {
  /** Rejects when the process is gone before it answered. */
  readonly send: (method: string, path: string, body?: object) => Promise<Answer>
  /** Events of a watch until the process is gone, one JSON text each. */
  readonly watch: (path: string, onEvent: (text: string) => void) => Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>
}

/** Starts it over plain HTTP, which is quicker to start, with its store in `data`. */
export const startProcess = async (data: string): Promise<SimulatorProcess> => {
  const kubeconfig = `${data}.kubeconfig`
  await rm(kubeconfig, { force: true })
  const child = spawn(
    execPath,
    ['src/cli.ts', 'simulate', '--http', '--port', '0', '--data', data, '--kubeconfig', kubeconfig],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const config = parse(await appearing(kubeconfig, child)) as {
    clusters: [{ cluster: { server: string } }]
    users: [{ user: { token: string } }]
  }
  const base = config.clusters[0].cluster.server
  const agent = new http.Agent({ keepAlive: true })
  const headers = {
    authorization: `Bearer ${config.users[0].user.token}`,
    'content-type': 'application/json',
  }
  const open = (path: string, method = 'GET', body?: object): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = http.request(`${base}${path}`, { method, agent, headers }, resolve)
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    send: async (method, path, body) => {
      const answer = await open(path, method, body)
      const text = await textOf(answer)
      return { code: answer.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }
    },
    watch: async (path, onEvent) => {
      let rest = ''
      const stream = await open(path)
      try {
        for await (const chunk of stream.setEncoding('utf8')) {
          const lines = `${rest}${chunk}`.split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) onEvent(line)
        }
      } catch {
        // The process was killed: what came before is what counts.
      }
    },
    kill: async () => {
      const gone = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      agent.destroy()
    },
  }
}

const textOf = async (answer: http.IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk)
  return text
}

const appearing = async (path: string, child: ChildProcess): Promise<string> => {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return text
    await sleep(20)
  }
  throw new Error('the simulator did not start')
}
