/**
 * A process inside a namespace of the lab, from the lab's side: commands in, answers out, as many at a time as one
 * likes. Ends with the lab, and by itself when the lab's process is gone.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { inNamespace } from '../namespace.ts'
import type { Answer, Command } from './wire.ts'

export interface Helper extends AsyncDisposable {
  /** Rejects where the helper could not do it, or is gone. */
  readonly ask: (command: Command) => Promise<Answer>
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** Starts `command` in a namespace. */
export const startHelper = (namespace: string, command: string, script: string): Helper => {
  const [tool, args] = inNamespace(namespace, command, [script])
  const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, Waiting>()
  let last = 0
  let closing = false
  createInterface({ input: child.stdout }).on('line', line => {
    const { id, ...answer } = JSON.parse(line)
    const one = waiting.get(id)
    waiting.delete(id)
    if ('error' in answer) one?.reject(new Error(`in ${namespace}: ${answer.error}`))
    else one?.resolve(answer)
  })
  const failAll = (reason: string): void => {
    for (const { reject } of waiting.values()) reject(new Error(`${namespace}: ${reason}`))
    waiting.clear()
  }
  child.on('error', error => failAll(error.message))
  child.on('exit', code => closing || failAll(`${command} ended with ${code}`))
  child.stdin.on('error', () => {})
  return {
    ask: request =>
      new Promise((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve, reject })
        child.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
      }),
    [Symbol.asyncDispose]: async () => {
      closing = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      failAll('the lab was closed')
    },
  }
}
