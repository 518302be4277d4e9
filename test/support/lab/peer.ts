/**
 * Runs inside one namespace of the lab for as long as the lab stands: serves TCP and UDP there, and tries what it is
 * told to over standard input. Not imported by anyone; `lab.ts` starts it.
 */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { endpointText } from '../../../src/addresses.ts'
import type { Answer, Command, Got, Listen, StartFlow, Tries } from './wire.ts'

/** Tries of one probe that are under way at a time. */
const AT_ONCE = 8
/** A probe ends when none of its first tries is answered. */
const FIRST_TRIES = 3
const FLOW_EVERY_MS = 100

const REFUSED = new Set(['ECONNREFUSED', 'ECONNRESET'])
const PROHIBITED = new Set(['EHOSTUNREACH', 'EACCES'])

const outcomeOf = (error: NodeJS.ErrnoException): Got => {
  const code = error.code ?? ''
  if (REFUSED.has(code)) return { got: 'refused' }
  if (PROHIBITED.has(code)) return { got: 'prohibited' }
  if (code === 'ETIMEDOUT') return { got: 'dropped' }
  throw error
}

const say = (endpoint: string, peer: string): string => `${JSON.stringify({ endpoint, peer })}\n`

const answered = (text: string): Got => ({ got: 'answered', ...JSON.parse(text) })

const familyOf = (ip: string): 4 | 6 => (ip.includes(':') ? 6 : 4)

const listenTcp = ({ ip, port }: Listen): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer(socket => {
      socket.on('error', () => socket.destroy())
      socket.end(say(endpointText(ip, port), socket.remoteAddress ?? ''))
    })
    server.on('error', reject)
    server.listen({ host: ip, port, backlog: 512 }, resolve)
  })

const listenUdp = ({ ip, port }: Listen): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(familyOf(ip) === 4 ? 'udp4' : 'udp6')
    socket.on('error', reject)
    socket.on('message', (_, from) =>
      socket.send(say(endpointText(ip, port), from.address), from.port, from.address, () => {}),
    )
    socket.bind({ address: ip, port }, resolve)
  })

const tryTcp = ({ dst, port, timeoutMs }: Tries): Promise<Got> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: dst, port, family: familyOf(dst), autoSelectFamily: false })
    let text = ''
    const finish = (got: Got): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(got)
    }
    const timer = setTimeout(() => finish({ got: 'dropped' }), timeoutMs)
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
      if (text.endsWith('\n')) finish(answered(text))
    })
    socket.on('error', error => {
      try {
        finish(outcomeOf(error))
      } catch (unexpected) {
        clearTimeout(timer)
        reject(unexpected)
      }
    })
  })

const tryUdp = ({ dst, port, timeoutMs }: Tries, sport: number): Promise<Got> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(familyOf(dst) === 4 ? 'udp4' : 'udp6')
    const finish = (got: Got): void => {
      clearTimeout(timer)
      socket.removeAllListeners().on('error', () => {})
      socket.close()
      resolve(got)
    }
    const timer = setTimeout(() => finish({ got: 'dropped' }), timeoutMs)
    const fail = (error: Error): void => {
      try {
        finish(outcomeOf(error))
      } catch (unexpected) {
        clearTimeout(timer)
        reject(unexpected)
      }
    }
    socket.on('error', fail)
    socket.on('message', message => finish(answered(message.toString())))
    socket.bind(sport, () =>
      socket.connect(port, dst, () =>
        socket.send('?', error => {
          // So a sender hears that its own output chain took the packet; a refusal, if it was one, comes after.
          if (error && 'code' in error && error.code !== 'EPERM') fail(error)
        }),
      ),
    )
  })

const tryOnce = (tries: Tries, index: number): Promise<Got> =>
  tries.proto === 'TCP' ? tryTcp(tries) : tryUdp(tries, tries.sport + index)

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

const probe = async (tries: Tries): Promise<readonly Got[]> => {
  const step = tries.inTurn ? 1 : AT_ONCE
  const first = Math.min(FIRST_TRIES, tries.tries)
  const got: Got[] = []
  const run = async (from: number, to: number): Promise<void> => {
    got.push(...(await Promise.all(range(from, to).map(index => tryOnce(tries, index)))))
  }
  if (!tries.inTurn) await run(0, first)
  if (!tries.inTurn && got.every(one => one.got !== 'answered')) return got
  for (let from = got.length; from < tries.tries; from += step)
    await run(from, Math.min(from + step, tries.tries))
  return got
}

/** When each flow was answered by whom. */
const flows = new Map<string, { readonly at: number; readonly endpoint: string }[]>()

const startFlow = ({ name, sport, dst, port }: StartFlow): Promise<void> =>
  new Promise((resolve, reject) => {
    const answers: { readonly at: number; readonly endpoint: string }[] = []
    flows.set(name, answers)
    const socket = createSocket(familyOf(dst) === 4 ? 'udp4' : 'udp6')
    socket.on('error', reject)
    // Unconnected, so that a refusal does not end the flow.
    socket.on('message', message =>
      answers.push({ at: Date.now(), endpoint: JSON.parse(message.toString()).endpoint }),
    )
    const send = (): void => socket.send('?', port, dst, () => {})
    socket.bind(sport, () => {
      send()
      setInterval(send, FLOW_EVERY_MS)
      resolve()
    })
  })

const watchFlow = async (name: string, forMs: number): Promise<readonly string[]> => {
  const answers = flows.get(name)
  if (!answers) throw new Error(`no flow ${name}`)
  const from = Date.now()
  await sleep(forMs)
  return [...new Set(answers.filter(({ at }) => at >= from).map(one => one.endpoint))].sort()
}

const obey = async (command: Command): Promise<Answer> => {
  switch (command.do) {
    case 'listen':
      await (command.proto === 'TCP' ? listenTcp(command) : listenUdp(command))
      return { ok: true }
    case 'probe':
      return { tries: await probe(command) }
    case 'flow':
      await startFlow(command)
      return { ok: true }
    case 'watch':
      return { endpoints: await watchFlow(command.name, command.forMs) }
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', line => {
  const { id, ...command } = JSON.parse(line)
  void obey(command)
    .catch((error: Error): Answer => ({ error: error.message }))
    .then(answer => process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`))
})
// The lab is gone, however it ended: nobody would ever end this process otherwise.
lines.on('close', () => process.exit(0))
