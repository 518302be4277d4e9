/**
 * Sources: service ports that want the same traffic, which an API server would not have allowed. The Services of a
 * whole picture in, a problem for each two of them that clash out. Pure.
 */
import { objectKey } from '../objects/key.ts'
import { FAMILIES, type Problem, type Service } from '../objects/types.ts'
import { byCodeUnit } from '../order.ts'
import type { Placed } from './picture.ts'

export interface Claims {
  readonly services: readonly Placed[]
  readonly problems: readonly Problem[]
}

export const NO_CLAIMS: Claims = { services: [], problems: [] }

/** The clashes among the Services; `before` itself where none has changed since. Other kinds are passed over. */
export const claimsOf = (services: readonly Placed[], before: Claims): Claims => {
  const isSame =
    services.length === before.services.length &&
    services.every((placed, at) => placed === before.services[at])
  return isSame ? before : { services, problems: problemsOf(services) }
}

/** Who claims a frontend: a service port, by the name that decides, and the field it does so in. */
interface Claim {
  readonly placed: Placed
  /** `namespace/name:port` */
  readonly label: string
  readonly field: string
  readonly value: string | number
  readonly what: string
}

const problemsOf = (services: readonly Placed[]): readonly Problem[] => {
  const first = new Map<string, Claim>()
  const disputed = new Map<string, Claim[]>()
  for (const placed of services)
    for (const [key, claim] of claimsBy(placed)) {
      const earlier = first.get(key)
      if (earlier === undefined) first.set(key, claim)
      else if (earlier.label !== claim.label) {
        const claims = disputed.get(key) ?? [earlier]
        disputed.set(key, [...claims, claim])
      }
    }
  const clashes = new Map<string, Clash>()
  for (const claims of disputed.values()) addClashes(clashes, claims)
  return [...clashes.values()].map(clashProblem)
}

function* claimsBy(placed: Placed): Generator<readonly [key: string, Claim]> {
  const { object } = placed
  if (object.kind !== 'Service' || object.foreign) return
  for (const family of FAMILIES) {
    if (object.clusterIPs[family] === null) continue
    const addresses = addressesOf(object, family)
    for (const { name, port, protocol, nodePort } of object.ports) {
      const label = `${object.namespace}/${object.name}${name === '' ? '' : `:${name}`}`
      const what = `for port ${port}/${protocol}`
      for (const [field, value] of addresses)
        yield [`${value} ${port} ${protocol}`, { placed, label, field, value, what }]
      if (nodePort === 0) continue
      const claim = { placed, label, field: 'spec.ports', value: nodePort }
      yield [
        `${family} ${nodePort} ${protocol}`,
        { ...claim, what: `as a node port for ${protocol}` },
      ]
    }
  }
}

const addressesOf = (
  { clusterIPs, externalIPs, loadBalancerIPs }: Service,
  family: (typeof FAMILIES)[number],
): readonly (readonly [field: string, address: string])[] => [
  ['spec.clusterIP', clusterIPs[family] ?? ''],
  ...externalIPs[family].map(address => ['spec.externalIPs', address] as const),
  ...loadBalancerIPs[family].map(address => ['status.loadBalancer.ingress', address] as const),
]

interface Clash {
  readonly winner: Claim
  /** The first frontend that they clash over, and how many more there are. */
  readonly loser: Claim
  more: number
}

// The program lets the owner with the smaller name have an entry that two want.
const addClashes = (clashes: Map<string, Clash>, claims: readonly Claim[]): void => {
  const [winner, ...losers] = [...claims].sort((a, b) => byCodeUnit(a.label, b.label))
  if (winner === undefined) return
  for (const loser of losers) {
    if (loser.label === winner.label) continue
    const pair = `${winner.label} ${loser.label}`
    const known = clashes.get(pair)
    if (known === undefined) clashes.set(pair, { winner, loser, more: 0 })
    else known.more++
  }
}

const clashProblem = ({ winner, loser, more }: Clash): Problem => {
  const { field, value, what, label, placed } = loser
  const others = more === 1 ? 'another frontend' : `${more} other frontends`
  const also = more === 0 ? '' : `, as ${more === 1 ? 'is' : 'are'} ${others}`
  return {
    code: 'CLAIMED_TWICE',
    severity: 'warning',
    subject: objectKey(placed.object),
    field,
    value: JSON.stringify(value),
    fact: `is claimed ${what} by ${winner.label} and ${label}${also}`,
    consequence: `${winner.label} gets the traffic; in iptables mode it is whichever rule comes first`,
    place: placed.spot.placeOf(field),
  }
}
