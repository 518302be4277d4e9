/**
 * What a cluster has before anybody has done anything: namespaces, the service ranges, the roles and bindings of
 * Kubernetes' own components, the Service of the API server, and nodes if some are wanted.
 */
import { familyOf } from '../addresses.ts'
import type { JsonObject } from './json.ts'

interface Endpoint {
  /** null: loopback, say, which no endpoint may be; the Service then has none. */
  readonly address: string | null
  readonly port: number
}

export interface Cluster {
  readonly serviceCidrs: readonly string[]
  /** Where the API server listens; null: it has no Service. */
  readonly endpoint: Endpoint | null
  readonly nodes: number
}

const RBAC = 'rbac.authorization.k8s.io'
const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

interface Rule {
  readonly groups?: readonly string[]
  readonly resources?: readonly string[]
  readonly paths?: readonly string[]
  readonly verbs: readonly string[]
}

const rule = ({ groups = [''], resources, paths, verbs }: Rule): JsonObject =>
  paths === undefined
    ? { apiGroups: [...groups], resources: [...(resources ?? [])], verbs: [...verbs] }
    : { nonResourceURLs: [...paths], verbs: [...verbs] }

const role = (name: string, ...rules: readonly Rule[]): JsonObject => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules: rules.map(rule),
})

const binding = (
  name: string,
  kind: 'Group' | 'User',
  subjects: readonly string[],
): JsonObject => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
  subjects: subjects.map(subject => ({ apiGroup: RBAC, kind, name: subject })),
})

const INFO = ['/healthz', '/livez', '/readyz', '/version', '/version/']
const DISCOVERY = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...INFO]
const NAMESPACED_CORE = ['configmaps', 'endpoints', 'events', 'pods', 'services', 'serviceaccounts']
const APPS = ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale']

const aggregate = (verbs: readonly string[], secrets: boolean): readonly Rule[] => [
  { resources: secrets ? [...NAMESPACED_CORE, 'secrets'] : NAMESPACED_CORE, verbs },
  { groups: ['apps'], resources: APPS, verbs },
  { groups: ['batch'], resources: ['jobs'], verbs },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { resources: ['namespaces'], verbs: READ },
]

const ROLES: readonly JsonObject[] = [
  role(
    'cluster-admin',
    { groups: ['*'], resources: ['*'], verbs: ['*'] },
    { paths: ['*'], verbs: ['*'] },
  ),
  role('admin', ...aggregate(WRITE, true), {
    groups: [RBAC],
    resources: ['roles', 'rolebindings'],
    verbs: WRITE,
  }),
  role('edit', ...aggregate(WRITE, true)),
  role('view', ...aggregate(READ, false)),
  role('system:discovery', { paths: DISCOVERY, verbs: ['get'] }),
  role('system:public-info-viewer', { paths: INFO, verbs: ['get'] }),
  role(
    'system:basic-user',
    {
      groups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    { groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ),
  role(
    'system:node-proxier',
    { resources: ['services', 'endpoints'], verbs: ['list', 'watch'] },
    { resources: ['nodes'], verbs: READ },
    { groups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    { groups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: ['list', 'watch'] },
  ),
]

const BINDINGS: readonly JsonObject[] = [
  binding('cluster-admin', 'Group', ['system:masters']),
  binding('system:basic-user', 'Group', ['system:authenticated']),
  binding('system:discovery', 'Group', ['system:authenticated']),
  binding('system:public-info-viewer', 'Group', ['system:authenticated', 'system:unauthenticated']),
  binding('system:node-proxier', 'User', ['system:kube-proxy']),
]

/** In the order in which they must be created. */
export const seedObjects = ({ serviceCidrs, endpoint, nodes }: Cluster): readonly JsonObject[] => [
  ...['default', 'kube-node-lease', 'kube-public', 'kube-system'].map(name => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  })),
  ...ROLES,
  ...BINDINGS,
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [...serviceCidrs] },
  },
  ...(endpoint === null ? [] : apiService(endpoint, firstAddress(serviceCidrs[0] ?? ''))),
  ...Array.from({ length: nodes }, (_, index) => nodeObject(index)),
]

/** The API server's Service always has the first address of the first range. */
const firstAddress = (cidr: string): string => {
  const [base = ''] = cidr.split('/')
  return base.endsWith('::')
    ? `${base}1`
    : base.replace(/\.\d+$/, last => `.${Number(last.slice(1)) + 1}`)
}

const apiService = ({ address, port }: Endpoint, clusterIP: string): readonly JsonObject[] => {
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default', labels },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        ports: [
          { name: 'https', port: 443, targetPort: port === 0 ? 6443 : port, protocol: 'TCP' },
        ],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: familyOf(address ?? clusterIP),
      endpoints: address === null ? [] : [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: port === 0 ? 6443 : port, protocol: 'TCP' }],
    },
  ]
}

/** node-1, node-2, …: ready, with an address and a range for its pods. */
const nodeObject = (index: number): JsonObject => {
  const name = `node-${index + 1}`
  const high = Math.floor(index / 256)
  const podCIDR = `10.${244 - high}.${index % 256}.0/24`
  const internal = `172.18.${Math.floor((index + 2) / 250)}.${((index + 2) % 250) + 1}`
  const resources = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': 'region-1',
        'topology.kubernetes.io/zone': `zone-${'abc'[index % 3]}`,
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR], providerID: `kpc://${name}` },
    status: {
      addresses: [
        { type: 'InternalIP', address: internal },
        { type: 'Hostname', address: name },
      ],
      allocatable: { ...resources },
      capacity: { ...resources },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
        },
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'kpc://simulated',
        kernelVersion: '6.12.0',
        kubeProxyVersion: '',
        kubeletVersion: 'v1.36.0',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'kpc simulator',
        systemUUID: '',
      },
    },
  }
}
