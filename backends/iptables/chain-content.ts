/**
 * What a chain of our own holds. The chains of endpoints, which a large cluster has by the hundred thousand, are kept
 * as what their rules say and become rules when somebody asks (spec iptables, sections 6.4 and 7). Pure.
 */
import { MARK_MASQ } from './names.ts'
import { comment, jump, type Match, type Rule, rule, source, type Target } from './rule.ts'

export type ChainContent =
  | { readonly kind: 'rules'; readonly rules: readonly Rule[] }
  | EndpointContent
  | ChoiceContent

/** KUBE-SEP: sends packets to one endpoint. */
export interface EndpointContent {
  readonly kind: 'endpoint'
  /** Of the service port; null: no comments. */
  readonly label: string | null
  readonly protocol: Match
  readonly ip: string
  /** The endpoint's text. */
  readonly to: string
  /** The list that remembers clients; null: no affinity. */
  readonly list: string | null
}

/** KUBE-SVC and KUBE-SVL: choose among endpoints. */
export interface ChoiceContent {
  readonly kind: 'choice'
  readonly label: string | null
  /** What stands before the choice. */
  readonly first: Rule | null
  /** Of affinity; null: none. */
  readonly seconds: number | null
  /** Texts of the endpoints, and their chains in the same order. */
  readonly endpoints: readonly { readonly text: string }[]
  readonly chains: readonly string[]
}

export const MASQUERADE: Target = jump(MARK_MASQ)

/** The rules of a chain, in order. */
export const rulesIn = (content: ChainContent): readonly Rule[] => {
  switch (content.kind) {
    case 'rules':
      return content.rules
    case 'endpoint':
      return endpointRules(content)
    case 'choice':
      return choiceRules(content)
  }
}

const endpointRules = ({ label, protocol, ip, to, list }: EndpointContent): readonly Rule[] => {
  const about = label === null ? [] : [comment(label)]
  const remember: readonly Match[] = list === null ? [] : [{ kind: 'remember', name: list }]
  return [
    rule([...about, source(ip)], MASQUERADE),
    rule([...about, ...remember, protocol], { kind: 'dnat', to }),
  ]
}

/** First those whom a client was sent to before, then one at random. */
const choiceRules = (content: ChoiceContent): readonly Rule[] => {
  const { label, first, seconds, endpoints, chains } = content
  const remembered: Rule[] = []
  const chosen: Rule[] = []
  for (const [at, { text }] of endpoints.entries()) {
    const name = chains[at] ?? ''
    const about = label === null ? [] : [comment(`${label} -> ${text}`)]
    const target = jump(name)
    if (seconds !== null)
      remembered.push(rule([...about, { kind: 'remembered', name, seconds }], target))
    const left = endpoints.length - at
    const chance: Match = { kind: 'chance', probability: 1 / left }
    chosen.push(rule(left === 1 ? about : [...about, chance], target))
  }
  return first ? [first, ...remembered, ...chosen] : [...remembered, ...chosen]
}
