/**
 * The simulator's speed over the wire, the server in a process of its own: loading objects through the API, streaming a
 * long list, and handing events to many watchers. Usage: npm run bench:simulator -- [--short] [--http]
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const SHORT = process.argv.includes('--short')
const PLAIN = process.argv.includes('--http')
const SERVICES = SHORT ? 1000 : 10_000
const MANY_SERVICES = SHORT ? 2000 : 44_000
const ENDPOINTS = 15
const WATCHERS = SHORT ? 100 : 1000
const EVENTS = SHORT ? 100 : 1000
const IN_FLIGHT = 64

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
const verdict = (ok: boolean): string => (SHORT ? '' : ok ? '   ok' : '   TOO SLOW')

interface Server {
  readonly pid: number
  readonly send: (method: string, path: string, body?: object) => Promise<string>
  readonly open: (path: string) => Promise<http.IncomingMessage>
  readonly stop: () => Promise<void>
}

const startServer = async (): Promise<Server> => {
  const folder = await mkdtemp(join(tmpdir(), 'kpc-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const child = spawn(
    process.execPath,
    [
      'src/cli.ts',
      'simulate',
      '--port',
      '0',
      '--kubeconfig',
      kubeconfig,
      ...(PLAIN ? ['--http'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const text = await appearing(kubeconfig)
  const field = (key: string): string | undefined =>
    new RegExp(`^\\s*${key}: (.*)$`, 'm').exec(text)?.[1]
  const [server, token] = [field('server') ?? '', field('token')]
  const pem = (key: string): Buffer | undefined => {
    const encoded = field(key)
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64')
  }
  const module = PLAIN ? http : https
  const agent = new module.Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    ca: pem('certificate-authority-data'),
    cert: pem('client-certificate-data'),
    key: pem('client-key-data'),
  })
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const open = (path: string, method = 'GET', body?: object): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = module.request(`${server}${path}`, { method, agent, headers }, resolve)
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    pid: child.pid ?? 0,
    open: path => open(path),
    send: async (method, path, body) => {
      const answer = await open(path, method, body)
      let text = ''
      for await (const chunk of answer.setEncoding('utf8')) text += String(chunk)
      if ((answer.statusCode ?? 500) >= 300)
        throw new Error(`${method} ${path}: ${text.slice(0, 300)}`)
      return text
    },
    stop: async () => {
      agent.destroy()
      child.kill('SIGTERM')
      await new Promise(resolve => child.once('exit', resolve))
      await rm(folder, { recursive: true })
    },
  }
}

const appearing = async (path: string): Promise<string> => {
  for (let tries = 0; tries < 300; tries++) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return text
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the simulator did not start')
}

/** Resident memory now and at its highest, in bytes. */
const memory = async (pid: number): Promise<{ now: number; peak: number }> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const read = (key: string): number =>
    1024 * Number(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return { now: read('VmRSS'), peak: read('VmHWM') }
}

const inParallel = async (
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> => {
  const started = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return performance.now() - started
}

const service = (index: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `s-${index}`, namespace: 'default', labels: { app: `s-${index}` } },
  spec: { selector: { app: `s-${index}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
})

const slice = (index: number): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `s-${index}-x7k2p`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': `s-${index}` },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: Array.from({ length: ENDPOINTS }, (_, at) => ({
    addresses: [`10.${(index >> 8) & 255}.${index & 255}.${at + 1}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${(index + at) % 100}`,
    targetRef: { kind: 'Pod', namespace: 'default', name: `s-${index}-${at}` },
    zone: `zone-${'abc'[at % 3]}`,
  })),
})

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const SERVICES_PATH = '/api/v1/namespaces/default/services'

const loadAll = async (server: Server): Promise<void> => {
  const ms = await inParallel(SERVICES, async index => {
    await server.send('POST', SERVICES_PATH, service(index))
    await server.send('POST', SLICES, slice(index))
  })
  const { now } = await memory(server.pid)
  say(
    `  load   ${SERVICES} services, ${SERVICES} slices × ${ENDPOINTS}   ${seconds(ms)}   server ${mib(now)}${verdict(ms < 30_000)}`,
  )
}

const listAll = async (server: Server): Promise<void> => {
  for (const round of ['first', 'again', 'again']) {
    const before = await memory(server.pid)
    const started = performance.now()
    let bytes = 0
    for await (const chunk of await server.open(SLICES)) bytes += (chunk as Buffer).length
    const ms = performance.now() - started
    const after = await memory(server.pid)
    const spike = Math.max(0, after.peak - before.now)
    const rate = bytes / 1e6 / (ms / 1000)
    say(
      `  list   ${mib(bytes)} of slices, ${round}   ${seconds(ms)}   ${rate.toFixed(0)} MB/s   peak +${mib(spike)} (${(spike / bytes).toFixed(1)}× its size)${verdict(rate >= 100 && spike <= 2 * bytes)}`,
    )
  }
}

const watchAll = async (server: Server): Promise<void> => {
  const path = '/api/v1/namespaces/default/configmaps'
  let done = 0
  const streams = await Promise.all(
    Array.from({ length: WATCHERS }, () => server.open(`${path}?watch=true&resourceVersion=0`)),
  )
  const all = new Promise<void>(resolve => {
    for (const stream of streams) {
      let lines = 0
      stream.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
        if (lines < EVENTS) return
        stream.removeAllListeners('data').resume()
        done += 1
        if (done === WATCHERS) resolve()
      })
    }
  })
  const started = performance.now()
  await inParallel(EVENTS, index =>
    server.send('POST', path, { metadata: { name: `c-${index}` }, data: { k: 'v' } }),
  )
  await all
  const ms = performance.now() - started
  for (const stream of streams) stream.destroy()
  const rate = (WATCHERS * EVENTS) / (ms / 1000) / 1000
  say(
    `  watch  ${WATCHERS} watchers × ${EVENTS} events   ${seconds(ms)}   ${rate.toFixed(0)} k events/s${verdict(ms < 5000)}`,
  )
}

const many = async (server: Server): Promise<void> => {
  const ms = await inParallel(MANY_SERVICES, index =>
    server.send('POST', SERVICES_PATH, service(index)),
  )
  const { now } = await memory(server.pid)
  say(
    `  load   ${MANY_SERVICES} services   ${seconds(ms)}   server ${mib(now)}${verdict(ms < 30_000)}`,
  )
}

const withServer = async (work: (server: Server) => Promise<void>): Promise<void> => {
  const server = await startServer()
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

say(
  `simulator over ${PLAIN ? 'HTTP' : 'HTTPS'}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
)
await withServer(async server => {
  await loadAll(server)
  await listAll(server)
  await watchAll(server)
})
await withServer(many)
