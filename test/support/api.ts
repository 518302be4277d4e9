/** A simulator of the test's own, and plain requests to it. */
import type { Test } from 'tap'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/simulator.ts'

export interface Got {
  readonly code: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
  readonly text: string
}

export interface Requests {
  readonly simulator: Simulator
  readonly send: (method: string, path: string, how?: How) => Promise<Got>
}

export interface How {
  /** A text goes as it is, anything else as JSON. */
  readonly body?: unknown
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const openApi = async (t: Test, options: SimulatorOptions = {}): Promise<Requests> => {
  const faults: unknown[] = []
  const simulator = await startSimulator({
    tls: false,
    onFault: fault => faults.push(fault),
    ...options,
  })
  t.teardown(async () => {
    await simulator.close()
    if (faults.length > 0) throw new AggregateError(faults, 'the simulator had faults of its own')
  })
  const send: Requests['send'] = async (method, path, { body, type, headers = {} } = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(`${simulator.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${simulator.adminToken}`,
        ...(text === undefined ? {} : { 'content-type': type ?? 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
    const said = await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
    const lines = said.trim().split('\n')
    const parsed = isJson && lines.length === 1 ? (JSON.parse(said) as Got['body']) : {}
    return { code: answer.status, headers: answer.headers, body: parsed, text: said }
  }
  return { simulator, send }
}

/** The events of a watch that has ended. */
export const eventsOf = (text: string): readonly { type: string; object: WatchedObject }[] =>
  text
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { type: string; object: WatchedObject })

interface WatchedObject {
  readonly kind: string
  readonly code?: number
  readonly metadata: {
    readonly name?: string
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}
