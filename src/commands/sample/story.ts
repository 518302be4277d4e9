/**
 * What happens in the sample cluster, step by step, as data: pods come, go and stop being ready, and each step says in
 * words what that is. The last step leaves the cluster as it was at the start, so the story can begin again.
 */

/** What becomes of one endpoint of a slice. */
export type Edit =
  | { readonly to: 'add'; readonly slice: string; readonly ip: string; readonly node: string }
  | {
      readonly to: 'ready' | 'not-ready' | 'terminating' | 'remove'
      readonly slice: string
      readonly ip: string
    }

export interface Step {
  /** Milliseconds since the step before. */
  readonly after: number
  readonly says: string
  readonly edits: readonly Edit[]
}

const WEB = 'shop/web-v4'
const API = 'shop/api-v4'
const CART = 'shop/cart-v4'
const SEARCH = 'shop/search-v4'
const SEARCH6 = 'shop/search-v6'
const DNS = 'kube-system/dns-v4'

const SCALE: readonly Step[] = [
  {
    after: 1500,
    says: 'cart: its first pod becomes ready, on node-c',
    edits: [{ to: 'ready', slice: CART, ip: '10.244.2.30' }],
  },
  {
    after: 1500,
    says: 'web is scaled from 3 to 4: the new pod on node-b is ready',
    edits: [{ to: 'add', slice: WEB, ip: '10.244.1.11', node: 'node-b' }],
  },
]

const ROLLOUT: readonly Step[] = [
  {
    after: 2000,
    says: 'api is rolled out: a pod of the new version is ready on node-c',
    edits: [{ to: 'add', slice: API, ip: '10.244.2.21', node: 'node-c' }],
  },
  {
    after: 1000,
    says: 'api is rolled out: a pod of the old version is told to stop',
    edits: [{ to: 'terminating', slice: API, ip: '10.244.1.21' }],
  },
  {
    after: 1500,
    says: 'web: the pod on node-a fails its readiness probe',
    edits: [{ to: 'not-ready', slice: WEB, ip: '10.244.0.10' }],
  },
  {
    after: 2000,
    says: 'web: the pod on node-a is ready again',
    edits: [{ to: 'ready', slice: WEB, ip: '10.244.0.10' }],
  },
]

const NODE_LOSS: readonly Step[] = [
  {
    after: 1500,
    says: 'node-b does not answer any more: none of its pods counts as ready',
    edits: [
      { to: 'not-ready', slice: WEB, ip: '10.244.1.10' },
      { to: 'not-ready', slice: WEB, ip: '10.244.1.11' },
      { to: 'not-ready', slice: API, ip: '10.244.1.20' },
      { to: 'not-ready', slice: SEARCH, ip: '10.244.1.40' },
      { to: 'not-ready', slice: SEARCH6, ip: 'fd00:10:244:1::40' },
    ],
  },
  {
    after: 1500,
    says: 'dns: a replacement pod is ready on node-a',
    edits: [{ to: 'add', slice: DNS, ip: '10.244.0.54', node: 'node-a' }],
  },
  {
    after: 2000,
    says: 'node-b is back, its pods are ready',
    edits: [
      { to: 'ready', slice: WEB, ip: '10.244.1.10' },
      { to: 'ready', slice: WEB, ip: '10.244.1.11' },
      { to: 'ready', slice: API, ip: '10.244.1.20' },
      { to: 'ready', slice: SEARCH, ip: '10.244.1.40' },
      { to: 'ready', slice: SEARCH6, ip: 'fd00:10:244:1::40' },
    ],
  },
]

const BACK: readonly Step[] = [
  {
    after: 1500,
    says: 'web is scaled back to 3, dns to 2',
    edits: [
      { to: 'remove', slice: WEB, ip: '10.244.1.11' },
      { to: 'remove', slice: DNS, ip: '10.244.0.54' },
    ],
  },
  {
    after: 1500,
    says: 'api is rolled back: a pod of the old version is ready on node-b, the new one goes',
    edits: [
      { to: 'remove', slice: API, ip: '10.244.1.21' },
      { to: 'add', slice: API, ip: '10.244.1.21', node: 'node-b' },
      { to: 'remove', slice: API, ip: '10.244.2.21' },
    ],
  },
  {
    after: 1500,
    says: 'cart: its only pod crashes',
    edits: [{ to: 'not-ready', slice: CART, ip: '10.244.2.30' }],
  },
]

export const STORY: readonly Step[] = [...SCALE, ...ROLLOUT, ...NODE_LOSS, ...BACK]
