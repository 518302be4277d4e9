/**
 * The packet lab: the network of the golden recordings in namespaces of its own, with servers and clients in it. Rules
 * are put into `lab.exec('node')` by whoever opened it; probes then tell what clients see. Everything is gone when the
 * lab is disposed of, and when the process ends before that.
 *
 *     await using lab = await openLab()
 *     await lab.serve([{ proto: 'TCP', ip: '10.244.0.10', port: 8080 }])
 *     const outcome = await lab.probe({ from: 'external', proto: 'TCP', dst: '10.96.0.10', port: 80, tries: 20 })
 */
import { join } from 'node:path'
import process from 'node:process'
import type { EndpointSlice, Protocol } from '../../src/objects/types.ts'
import { type Exec, realExec } from '../../src/ports/exec.ts'
import type { Cluster } from './cases.ts'
import type { FlowOutcome, Probe, UdpFlow } from './flows.ts'
import { buildScript, namespaceOf } from './lab/build.ts'
import { type Helper, startHelper } from './lab/helper.ts'
import { type MixedOutcome, outcomeOfTries } from './lab/outcome.ts'
import type { Got, Tries } from './lab/wire.ts'
import { execIn, freshPrefix, guard, must, release } from './namespace.ts'
import { ownerOf, ROLES, type Role } from './network.ts'

export interface Address {
  readonly proto: Protocol
  readonly ip: string
  readonly port: number
}

type Dial = Pick<Probe, 'from' | 'proto' | 'dst' | 'port' | 'tries' | 'affinity'>

type LabOutcome = FlowOutcome | MixedOutcome

export interface Lab extends AsyncDisposable {
  /** Runs a tool inside a role's namespace. */
  readonly exec: (role: Role) => Exec
  /** Starts servers, each in the namespace that owns its address; an address that is served already is left alone. */
  readonly serve: (addresses: readonly Address[]) => Promise<void>
  /** One probe without affinity. */
  readonly probe: (dial: Dial) => Promise<LabOutcome>
  /** Many, side by side where they do not disturb one another. `forget` empties all that affinity remembers. */
  readonly probeAll: (
    dials: readonly Dial[],
    forget: () => Promise<void>,
  ) => Promise<readonly LabOutcome[]>
  readonly startFlow: (flow: UdpFlow) => Promise<void>
  /** The endpoints that answer a started flow during `forMs` from now on, sorted. */
  readonly watchFlow: (flow: UdpFlow, forMs: number) => Promise<readonly string[]>
}

const SCRIPTS = join(import.meta.dirname, 'lab')
const TIMEOUT_MS = 1500
/** Clear of node ports and of ports that the kernel hands out. */
const FIRST_SPORT = 10_000
const LAST_SPORT = 29_999
/** Probes under way at a time: most of them wait for an answer that never comes. */
const PROBES_AT_ONCE = 32
const ROUNDS_PER_ENDPOINT = 12
/** A probe has that many tries for each endpoint. */
const TRIES_PER_ENDPOINT = 20
const TRIES_PER_ROUND = 4

/** Builds the network; clients and servers start when first used. */
export const openLab = async (): Promise<Lab> => {
  const prefix = freshPrefix()
  const names = [...ROLES, 'switch'].map(role => namespaceOf(prefix, role))
  for (const name of names) guard(name)
  const helpers = new Map<string, Helper>()
  const close = async (): Promise<void> => {
    for (const helper of helpers.values()) await helper[Symbol.asyncDispose]()
    await Promise.all(names.map(release))
  }
  try {
    await must(realExec, 'sh', ['-e'], { input: buildScript(prefix) })
  } catch (error) {
    await close()
    throw error
  }
  const helper = (role: Role, proto: Protocol): Helper => {
    const [command, script] =
      proto === 'SCTP' ? ['python3', 'sctp.py'] : [process.execPath, 'peer.ts']
    const key = `${role} ${script}`
    const running = helpers.get(key)
    if (running) return running
    const started = startHelper(namespaceOf(prefix, role), command, join(SCRIPTS, script))
    helpers.set(key, started)
    return started
  }
  return {
    exec: role => execIn(namespaceOf(prefix, role)),
    serve: servers(helper),
    ...probes(helper),
    ...flows(helper),
    [Symbol.asyncDispose]: close,
  }
}

type FindHelper = (role: Role, proto: Protocol) => Helper

const servers = (helper: FindHelper): Lab['serve'] => {
  const served = new Set<string>()
  return async addresses => {
    const fresh = new Map<string, Address & { readonly owner: Role }>()
    for (const address of addresses) {
      const { proto, ip, port } = address
      const owner = ownerOf(ip)
      if (!owner) throw new Error(`nobody in the lab owns ${ip}`)
      const key = `${proto} ${ip} ${port}`
      if (!served.has(key)) fresh.set(key, { ...address, owner })
    }
    for (const key of fresh.keys()) served.add(key)
    await Promise.all(
      [...fresh.values()].map(({ owner, proto, ip, port }) =>
        helper(owner, proto).ask({ do: 'listen', proto, ip, port }),
      ),
    )
  }
}

const probes = (helper: FindHelper): Pick<Lab, 'probe' | 'probeAll'> => {
  let nextSport = FIRST_SPORT
  const sports = (count: number): number => {
    if (nextSport + count > LAST_SPORT) throw new Error('the lab ran out of source ports')
    const first = nextSport
    nextSport += count
    return first
  }
  const run = async (dial: Dial, tries: number, inTurn: boolean): Promise<readonly Got[]> => {
    const { from, proto, dst, port } = dial
    const sport = proto === 'TCP' ? 0 : sports(tries)
    const order = { proto, dst, port, tries, inTurn, sport, timeoutMs: TIMEOUT_MS }
    const command: Tries = { do: 'probe', ...order }
    const answer = await helper(from, proto).ask(command)
    if (!('tries' in answer)) throw new Error(`${from} gave no tries`)
    return answer.tries
  }
  const probe = async (dial: Dial): Promise<LabOutcome> =>
    outcomeOfTries(dial, [await run(dial, dial.tries, false)])
  return {
    probe,
    probeAll: async (dials, forget) => {
      const outcomes = new Map<Dial, LabOutcome>()
      const plain = dials.filter(({ affinity }) => !affinity)
      await eachAtOnce(PROBES_AT_ONCE, plain, async dial => outcomes.set(dial, await probe(dial)))
      const sticky = dials.filter(({ affinity }) => affinity)
      const turn = (dial: Dial): Promise<readonly Got[]> => run(dial, TRIES_PER_ROUND, true)
      for (const [dial, rounds] of await probeInRounds(sticky, turn, forget))
        outcomes.set(dial, outcomeOfTries(dial, rounds))
      return dials.map(dial => outcomes.get(dial) ?? { result: 'mixed', tries: [] })
    },
  }
}

const roundsOf = ({ tries }: Dial): number =>
  Math.ceil((tries / TRIES_PER_ENDPOINT) * ROUNDS_PER_ENDPOINT)

/** Groups of probes from different clients: these never share what affinity remembers. */
const waves = (dials: readonly Dial[]): readonly (readonly Dial[])[] => {
  const byClient = Map.groupBy(dials, ({ from }) => from)
  const longest = Math.max(0, ...[...byClient.values()].map(({ length }) => length))
  return Array.from({ length: longest }, (_, index) =>
    [...byClient.values()].flatMap(group => group[index] ?? []),
  )
}

const probeInRounds = async (
  dials: readonly Dial[],
  turn: (dial: Dial) => Promise<readonly Got[]>,
  forget: () => Promise<void>,
): Promise<ReadonlyMap<Dial, readonly (readonly Got[])[]>> => {
  const rounds = new Map<Dial, (readonly Got[])[]>(dials.map(dial => [dial, []]))
  for (const wave of waves(dials)) {
    const most = Math.max(...wave.map(roundsOf))
    for (let round = 0; round < most; round++) {
      await forget()
      const playing = wave.filter(dial => round < roundsOf(dial) && !isHopeless(rounds.get(dial)))
      await Promise.all(playing.map(async dial => rounds.get(dial)?.push(await turn(dial))))
    }
  }
  return rounds
}

/** The first round was not answered: neither will the others be. */
const isHopeless = (rounds: readonly (readonly Got[])[] | undefined): boolean =>
  rounds?.[0]?.every(({ got }) => got !== 'answered') ?? false

const flows = (helper: FindHelper): Pick<Lab, 'startFlow' | 'watchFlow'> => ({
  startFlow: async ({ from, name, sport, dst, port }) => {
    await helper(from, 'UDP').ask({ do: 'flow', name, sport, dst, port })
  },
  watchFlow: async ({ from, name }, forMs) => {
    const answer = await helper(from, 'UDP').ask({ do: 'watch', name, forMs })
    return 'endpoints' in answer ? answer.endpoints : []
  },
})

/** Runs a task for each item, at most `limit` at a time. Ends when all have ended; throws what the first threw. */
const eachAtOnce = async <T>(
  limit: number,
  items: readonly T[],
  task: (item: T) => Promise<unknown>,
): Promise<void> => {
  const queue = items.values()
  const work = async (): Promise<void> => {
    for (const item of queue) await task(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
}

/** Every address and port that a slice names, whatever its conditions say. */
export const addressesOf = ({ objects }: Cluster): readonly Address[] =>
  [...objects.values()]
    .filter((object): object is EndpointSlice => object.kind === 'EndpointSlice')
    .flatMap(({ endpoints, ports }) =>
      endpoints.flatMap(({ ip }) =>
        ports.map(({ protocol, port }) => ({ proto: protocol, ip, port })),
      ),
    )
