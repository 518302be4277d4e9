/**
 * Traffic through a service in the namespace of this process: endpoints that say who they are, and a client that
 * connects again and again and looks who answered. All addresses are on `lo`, so no other namespace is needed.
 */
import { once } from 'node:events'
import { createServer, connect as dial, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { realExec } from '../../../../src/ports/exec.ts'
import { must } from '../../../support/namespace.ts'

/** Gives addresses to the namespace, and a route to everywhere so that the output hook is reached. */
export const prepareNamespace = async (addresses: readonly string[]): Promise<void> => {
  await must(realExec, 'ip', ['link', 'add', 'kpc0', 'type', 'veth', 'peer', 'kpc1'])
  await must(realExec, 'ip', ['link', 'set', 'kpc0', 'up'])
  await must(realExec, 'ip', ['address', 'add', '192.168.50.10/32', 'dev', 'kpc0'])
  await must(realExec, 'ip', ['route', 'add', 'default', 'dev', 'kpc0', 'src', '192.168.50.10'])
  for (const address of addresses)
    await must(realExec, 'ip', ['address', 'add', `${address}/32`, 'dev', 'lo'])
}

/** A server that answers each connection with its own address, and closes. */
export const serve = async (address: string, port: number): Promise<Server> => {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.end(address)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

/** Who answered; or what went wrong, in the error's own code. */
export const connect = (address: string, port: number, timeoutMs = 5000): Promise<string> =>
  new Promise(resolve => {
    const socket = dial(port, address)
    let said = ''
    socket.setTimeout(timeoutMs, () => {
      resolve('ETIMEDOUT')
      socket.destroy()
    })
    socket.on('data', data => {
      said += data.toString()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    socket.on('close', () => resolve(said))
  })

/** A connection that stays open; `ask` says whether it still answers. */
export const hold = async (
  address: string,
  port: number,
): Promise<{ ask(): Promise<string>; end(): void }> => {
  const socket = dial(port, address)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return {
    ask: async () => {
      socket.write('?')
      const [data] = await Promise.race([once(socket, 'data'), sleep(3000, ['silence'])])
      return String(data)
    },
    end: () => socket.destroy(),
  }
}

/** A server that repeats what it hears. */
export const echo = async (address: string, port: number): Promise<Server> => {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

export interface Traffic {
  /** How many connections were made, and what came of those that did not reach one of the endpoints. */
  end(): Promise<{ readonly count: number; readonly strays: readonly string[] }>
}

/** Connects, as fast as answers come, until it is told to end. */
export const startTraffic = (
  address: string,
  port: number,
  endpoints: ReadonlySet<string>,
): Traffic => {
  let isOver = false
  let count = 0
  const strays: string[] = []
  const run = async (): Promise<void> => {
    while (!isOver) {
      const answer = await connect(address, port)
      count++
      if (!endpoints.has(answer)) strays.push(answer)
    }
  }
  const runs = [run(), run()]
  return {
    end: async () => {
      isOver = true
      await Promise.all(runs)
      return { count, strays }
    },
  }
}
