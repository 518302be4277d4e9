/**
 * The documents that kpc prints for programs, in JSON or YAML: kpc.dev/v1alpha1. Fields are only ever added. What
 * each means is told in README.md beside this file.
 */
import { stringify } from 'yaml'
import type { Backend } from '../backend.ts'
import { by } from '../order.ts'
import type { Frontend, PortPlan } from '../plan/types.ts'
import type { Change, Entry } from '../program/types.ts'

export const API_VERSION = 'kpc.dev/v1alpha1'

export interface Document {
  readonly apiVersion: typeof API_VERSION
  readonly kind: string
}

/** One document: a line of JSON, or a YAML document with its mark. */
export const documentText = (document: Document, form: 'json' | 'yaml'): string =>
  form === 'json'
    ? `${JSON.stringify(document)}\n`
    : `---\n${stringify(document, { lineWidth: 0 })}`

/** The node that an endpoint's pod runs on; null: unknown. */
export type NodeOf = (ip: string) => string | null

export interface ServicePortDocument {
  readonly service: string
  readonly port: string
  readonly protocol: string
  readonly family: string
  readonly frontends: readonly Frontend[]
  readonly internal: { readonly policy: string; readonly route: string }
  readonly external: { readonly policy: string; readonly route: string } | null
  readonly affinitySeconds: number | null
  readonly endpoints: readonly EndpointDocument[]
}

export interface EndpointDocument {
  readonly address: string
  readonly node: string | null
  readonly local: boolean
}

export const servicePort = (plan: PortPlan, nodeOf: NodeOf): ServicePortDocument => ({
  service: `${plan.namespace}/${plan.service}`,
  port: plan.portName,
  protocol: plan.protocol,
  family: plan.family,
  frontends: plan.frontends,
  internal: { policy: plan.internal.policy, route: plan.internal.route },
  external: plan.external && { policy: plan.external.policy, route: plan.external.route },
  affinitySeconds: plan.affinitySeconds,
  endpoints: plan.reachable.map(endpoint => ({
    address: endpoint.text,
    node: nodeOf(endpoint.ip),
    local: endpoint.isLocal ?? false,
  })),
})

/** Sorted, so that equal programs give equal documents. */
export const servicePorts = (
  plans: Iterable<PortPlan>,
  nodeOf: NodeOf,
): readonly ServicePortDocument[] => sortedPlans(plans).map(plan => servicePort(plan, nodeOf))

export const sortedPlans = (plans: Iterable<PortPlan>): readonly PortPlan[] =>
  [...plans].sort(by(plan => `${plan.label} ${plan.protocol} ${plan.family}`))

export interface EntryDocument {
  readonly kind: string
  readonly key: string
  /** In the words of the mode's own tool. */
  readonly lines: readonly string[]
}

type Words<E extends Entry> = Pick<Backend<E>, 'lines'>

const entryDocument = <E extends Entry>(entry: E, { lines }: Words<E>): EntryDocument => ({
  kind: entry.kind,
  key: entry.key,
  lines: lines(entry),
})

export const entries = <E extends Entry>(
  table: Iterable<E>,
  words: Words<E>,
): readonly EntryDocument[] =>
  [...table].sort(by(entry => entry.key)).map(entry => entryDocument(entry, words))

export interface ChangeDocument {
  readonly op: Change<Entry>['op']
  readonly entry?: EntryDocument
  readonly was?: EntryDocument
}

export const change = <E extends Entry>(change: Change<E>, words: Words<E>): ChangeDocument => ({
  op: change.op,
  ...(change.op === 'remove' ? {} : { entry: entryDocument(change.entry, words) }),
  ...(change.op === 'add' ? {} : { was: entryDocument(change.was, words) }),
})
