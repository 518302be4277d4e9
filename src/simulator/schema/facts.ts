/**
 * What the type maps of the client library do not carry about the API's types: how lists and maps merge, which fields
 * are quantities or bytes. As declared beside the fields in k8s.io/api and k8s.io/apimachinery (listType, listMapKey,
 * structType, mapType, patchStrategy, patchMergeKey). A list that is not named here is atomic.
 */

export interface ListFact {
  readonly type: 'set' | 'map'
  /** What tells items of a map list apart in server-side apply. */
  readonly keys: readonly string[]
  /** What tells items apart in a strategic merge patch; null: the patch replaces the list. */
  readonly mergeKey: string | null
  /** A patch may say with $retainKeys which fields of an item stay. */
  readonly retainKeys: boolean
}

const by = (
  key: string,
  { keys = [key], mergeKey = key as string | null, retainKeys = false } = {},
): ListFact => ({ type: 'map', keys, mergeKey, retainKeys })
const set = (merge: boolean): ListFact => ({
  type: 'set',
  keys: [],
  mergeKey: merge ? '' : null,
  retainKeys: false,
})

/** By "type.field". A merge key of "" merges a list of plain values. */
export const LISTS: Readonly<Record<string, ListFact>> = {
  'ObjectMeta.finalizers': set(true),
  'ObjectMeta.ownerReferences': by('uid'),
  'NamespaceStatus.conditions': by('type'),
  'NodeSpec.podCIDRs': set(true),
  'NodeStatus.addresses': by('type'),
  'NodeStatus.conditions': by('type'),
  'PodSpec.containers': by('name'),
  'PodSpec.initContainers': by('name'),
  'PodSpec.ephemeralContainers': by('name'),
  'PodSpec.volumes': by('name', { retainKeys: true }),
  'PodSpec.imagePullSecrets': by('name'),
  'PodSpec.hostAliases': by('ip'),
  'PodSpec.topologySpreadConstraints': by('topologyKey', {
    keys: ['topologyKey', 'whenUnsatisfiable'],
  }),
  'PodSpec.schedulingGates': by('name'),
  'PodSpec.resourceClaims': by('name', { retainKeys: true }),
  'PodStatus.conditions': by('type'),
  'PodStatus.podIPs': by('ip'),
  'PodStatus.resourceClaimStatuses': by('name', { retainKeys: true }),
  'Container.env': by('name'),
  'Container.ports': by('containerPort', { keys: ['containerPort', 'protocol'] }),
  'Container.volumeMounts': by('mountPath'),
  'Container.volumeDevices': by('devicePath'),
  'EphemeralContainer.env': by('name'),
  'EphemeralContainer.ports': by('containerPort', { keys: ['containerPort', 'protocol'] }),
  'EphemeralContainer.volumeMounts': by('mountPath'),
  'EphemeralContainer.volumeDevices': by('devicePath'),
  'ResourceRequirements.claims': by('name', { mergeKey: null }),
  'ServiceSpec.ports': by('port', { keys: ['port', 'protocol'] }),
  'ServiceStatus.conditions': by('type'),
  'ServiceAccount.secrets': by('name'),
  'Endpoint.addresses': set(false),
  'DeploymentStatus.conditions': by('type'),
  'ReplicaSetStatus.conditions': by('type'),
  'DaemonSetStatus.conditions': by('type'),
  'ServiceCIDRStatus.conditions': by('type'),
  'UncountedTerminatedPods.failed': set(false),
  'UncountedTerminatedPods.succeeded': set(false),
}

/** Merged by a strategic patch although atomic for server-side apply. */
export const PATCH_MERGE_KEYS: Readonly<Record<string, string>> = {
  'JobStatus.conditions': 'type',
  'PodStatus.hostIPs': 'ip',
}

/** Structs that server-side apply owns whole. */
export const ATOMIC_STRUCTS: ReadonlySet<string> = new Set([
  'ConfigMapKeySelector',
  'LabelSelector',
  'LocalObjectReference',
  'NodeSelector',
  'NodeSelectorTerm',
  'ObjectFieldSelector',
  'ObjectReference',
  'OwnerReference',
  'ResourceFieldSelector',
  'RoleRef',
  'SecretKeySelector',
  'SecretReference',
  'Subject',
  'TypedLocalObjectReference',
])

/** Maps that server-side apply owns whole. */
export const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'PodSpec.nodeSelector',
  'ServiceSpec.selector',
])

/** Fields that hold a quantity, or a map of them; a bare number is taken for its text. */
export const QUANTITIES: ReadonlySet<string> = new Set([
  'EmptyDirVolumeSource.sizeLimit',
  'NodeStatus.allocatable',
  'NodeStatus.capacity',
  'ResourceFieldSelector.divisor',
  'ResourceRequirements.limits',
  'ResourceRequirements.requests',
])

/** Maps whose values are base64 text. */
export const BYTES: ReadonlySet<string> = new Set(['ConfigMap.binaryData', 'Secret.data'])

/** The struct may be patched with $retainKeys. */
export const RETAIN_KEYS: ReadonlySet<string> = new Set(['DeploymentSpec.strategy'])
