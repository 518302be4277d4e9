/** Services through the API: what they are given, what they keep, what is refused. */
import t from 'tap'
import { openApi, type Requests } from '../../../support/api.ts'

const SVC = '/api/v1/namespaces/default/services'
const PORTS = [{ port: 80 }]

interface Spec {
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly ipFamilies?: readonly string[]
  readonly ipFamilyPolicy?: string
  readonly healthCheckNodePort?: number
  readonly ports: readonly {
    readonly port: number
    readonly nodePort?: number
    readonly protocol: string
  }[]
  readonly [key: string]: unknown
}

let count = 0

const create = async (
  { send }: Requests,
  spec: object,
  name = `s-${count++}`,
): Promise<{ code: number; name: string; spec: Spec; message: string }> => {
  const got = await send('POST', SVC, { body: { metadata: { name }, spec } })
  return {
    code: got.code,
    name,
    spec: (got.body['spec'] ?? { ports: [] }) as Spec,
    message: String(got.body['message'] ?? ''),
  }
}

const patch = async (
  { send }: Requests,
  name: string,
  spec: object,
): Promise<{ code: number; spec: Spec; message: string }> => {
  const got = await send('PATCH', `${SVC}/${name}`, {
    type: 'application/merge-patch+json',
    body: { spec },
  })
  return {
    code: got.code,
    spec: (got.body['spec'] ?? { ports: [] }) as Spec,
    message: String(got.body['message'] ?? ''),
  }
}

t.test('cluster IPs', async t => {
  const api = await openApi(t)
  const plain = await create(api, { ports: PORTS })
  t.match(plain.spec, {
    type: 'ClusterIP',
    clusterIP: /^10\.96\./,
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
  })
  t.strictSame(plain.spec.clusterIPs, [plain.spec.clusterIP])
  const claim = await api.send(
    'GET',
    `/apis/networking.k8s.io/v1/ipaddresses/${plain.spec.clusterIP}`,
  )
  t.match(claim.body, {
    spec: { parentRef: { resource: 'services', namespace: 'default', name: plain.name } },
  })

  const dual = await create(api, { ports: PORTS, ipFamilyPolicy: 'PreferDualStack' })
  t.match(dual.spec.clusterIPs, [/^10\.96\./, /^fd00:10:96::/])
  const six = await create(api, { ports: PORTS, ipFamilies: ['IPv6'] })
  t.match(six.spec.clusterIP, /^fd00:10:96::/)
  const chosen = await create(api, { ports: PORTS, clusterIP: '10.96.7.7' })
  t.equal(chosen.spec.clusterIP, '10.96.7.7')
  t.match(await create(api, { ports: PORTS, clusterIP: '10.96.7.7' }), {
    code: 422,
    message: /provided IP is already allocated/,
  })
  t.match(await create(api, { ports: PORTS, clusterIP: '10.1.0.1' }), {
    code: 422,
    message: /not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/16/,
  })
  t.match(
    await create(api, {
      ports: PORTS,
      clusterIPs: ['10.96.8.8', '10.96.8.9'],
      clusterIP: '10.96.8.8',
    }),
    { code: 422, message: /no more than one IP for each IP family/ },
  )

  const headless = await create(api, { ports: PORTS, clusterIP: 'None', selector: { a: 'b' } })
  t.match(headless.spec, { clusterIP: 'None', clusterIPs: ['None'], ipFamilyPolicy: 'SingleStack' })
  const anywhere = await create(api, { clusterIP: 'None' })
  t.match(anywhere.spec, { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] })

  await api.send('DELETE', `${SVC}/${chosen.name}`)
  t.equal(
    (await create(api, { ports: PORTS, clusterIP: '10.96.7.7' })).code,
    201,
    'an address comes back with its Service',
  )

  const single = await patch(api, dual.name, { ipFamilyPolicy: 'SingleStack' })
  t.equal(single.spec.clusterIPs?.length, 1, 'a downgrade lets the second address go')
  t.equal(
    (await api.send('GET', `/apis/networking.k8s.io/v1/ipaddresses/${dual.spec.clusterIPs?.[1]}`))
      .code,
    404,
  )
  const upgraded = await patch(api, plain.name, { ipFamilyPolicy: 'RequireDualStack' })
  t.equal(upgraded.spec.clusterIPs?.[0], plain.spec.clusterIP, 'an upgrade keeps the first')
  t.match(upgraded.spec.clusterIPs?.[1], /^fd00:/)
})

t.test('a range of its own', async t => {
  const api = await openApi(t, { serviceCidrs: ['10.50.0.0/29'] })
  const got = await Promise.all(Array.from({ length: 5 }, () => create(api, { ports: PORTS })))
  const ips = got.map(({ spec }) => spec.clusterIP).sort()
  t.strictSame(
    ips,
    ['10.50.0.2', '10.50.0.3', '10.50.0.4', '10.50.0.5', '10.50.0.6'],
    'all but the first, the broadcast and the API’s own',
  )
  t.match(await create(api, { ports: PORTS }), { code: 422, message: /range is full/ })
  t.match(await create(api, { ports: PORTS, ipFamilyPolicy: 'RequireDualStack' }), {
    code: 422,
    message: /not configured for dual-stack/,
  })
  await api.send('POST', '/apis/networking.k8s.io/v1/servicecidrs', {
    body: { metadata: { name: 'more' }, spec: { cidrs: ['10.60.0.0/24'] } },
  })
  t.match(
    (await create(api, { ports: PORTS })).spec.clusterIP,
    /^10\.60\.0\./,
    'a new ServiceCIDR makes room at once',
  )
})

t.test('node ports', async t => {
  const api = await openApi(t, { nodePorts: { from: 30000, to: 30003 } })
  const first = await create(api, { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })
  t.equal(first.spec.ports[0]?.nodePort, 30001)
  t.match(await create(api, { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] }), {
    code: 422,
    message: /spec\.ports\[0\]\.nodePort: Invalid value: 30001: provided port is already allocated/,
  })
  t.match(await create(api, { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }), {
    code: 422,
    message: /The range of valid ports is 30000-30003/,
  })
  t.match(await create(api, { ports: [{ port: 80, nodePort: 30002 }] }), {
    code: 422,
    message: /may not be used when `type` is 'ClusterIP'/,
  })
  const dns = await create(api, {
    type: 'NodePort',
    ports: [
      { name: 'u', port: 53, protocol: 'UDP' },
      { name: 't', port: 53, protocol: 'TCP' },
    ],
  })
  t.equal(
    dns.spec.ports[0]?.nodePort,
    dns.spec.ports[1]?.nodePort,
    'UDP and TCP of one port share theirs',
  )

  const balanced = await create(api, {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    allocateLoadBalancerNodePorts: false,
    ports: PORTS,
  })
  t.equal(balanced.spec.ports[0]?.nodePort, undefined)
  t.ok((balanced.spec.healthCheckNodePort ?? 0) >= 30000)
  t.match(await patch(api, balanced.name, { healthCheckNodePort: 30001 }), {
    code: 422,
    message: /spec\.healthCheckNodePort: Invalid value: 30001: field is immutable/,
  })
  const cluster = await patch(api, balanced.name, { externalTrafficPolicy: 'Cluster' })
  t.equal(cluster.spec.healthCheckNodePort, undefined, 'without Local there is none')
  const inside = await patch(api, first.name, { type: 'ClusterIP' })
  t.equal(inside.spec.ports[0]?.nodePort, undefined, 'a node port goes with its type')
  t.equal(inside.spec['externalTrafficPolicy'], undefined)
  const again = await create(api, { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })
  t.equal(again.code, 201, 'and is free for others')
  const kept = await patch(api, again.name, { ports: [{ port: 80, targetPort: 9 }] })
  t.equal(kept.spec.ports[0]?.nodePort, 30001, 'an update that leaves it out keeps it')
})

t.test('what never changes, and what goes with the type', async t => {
  const api = await openApi(t)
  const web = await create(api, { ports: PORTS })
  t.match(await patch(api, web.name, { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'] }), {
    code: 422,
    message: /spec\.clusterIPs\[0\]: Invalid value: \["10\.96\.1\.1"\]: may not change once set/,
  })
  t.match(await patch(api, web.name, { ipFamilies: ['IPv6'] }), {
    code: 422,
    message: /spec\.ipFamilies\[0\]: .*may not change once set/,
  })
  const dual = await create(api, { ports: PORTS, ipFamilyPolicy: 'PreferDualStack' })
  t.match(
    await patch(api, dual.name, { ipFamilies: ['IPv4'], clusterIPs: [dual.spec.clusterIP] }),
    { code: 422, message: /must be 'SingleStack' to release the secondary cluster IP/ },
  )
  const balanced = await create(api, {
    type: 'LoadBalancer',
    loadBalancerClass: 'example.com/a',
    ports: PORTS,
  })
  t.match(await patch(api, balanced.name, { loadBalancerClass: 'example.com/b' }), {
    code: 422,
    message: /spec\.loadBalancerClass: .*may not change once set/,
  })

  const external = await patch(api, web.name, {
    type: 'ExternalName',
    externalName: 'a.example.com',
  })
  t.equal(external.code, 200)
  t.equal(external.spec.clusterIP, undefined)
  t.equal(external.spec.ipFamilies, undefined)
  const back = await patch(api, web.name, { type: 'ClusterIP', externalName: null })
  t.match(back.spec.clusterIP, /^10\.96\./, 'it gets an address again')

  const replaced = await api.send('PUT', `${SVC}/${dual.name}`, {
    body: { metadata: { name: dual.name }, spec: { ports: [{ port: 81 }] } },
  })
  t.match(
    replaced.body['spec'],
    { clusterIPs: dual.spec.clusterIPs, ipFamilies: ['IPv4', 'IPv6'] },
    'a replacement keeps what it leaves out',
  )

  const refusals: readonly (readonly [object, RegExp])[] = [
    [{ type: 'ExternalName' }, /spec\.externalName: Required value/],
    [{ type: 'Odd', ports: PORTS }, /spec\.type: Unsupported value: "Odd"/],
    [{}, /spec\.ports: Required value/],
    [{ ports: [{ port: 80 }, { port: 81 }] }, /spec\.ports\[0\]\.name: Required value/],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      /spec\.ports\[1\]: Duplicate value/,
    ],
    [{ ports: PORTS, externalIPs: ['127.0.0.1'] }, /may not be in the loopback range/],
    [
      { ports: PORTS, externalTrafficPolicy: 'Local' },
      /may only be set for externally-accessible services/,
    ],
    [
      { ports: PORTS, loadBalancerSourceRanges: ['10.0.0.0/8'] },
      /may only be used when `type` is 'LoadBalancer'/,
    ],
    [
      { type: 'LoadBalancer', ports: PORTS, loadBalancerSourceRanges: ['10.0.0.0'] },
      /must be a valid CIDR value/,
    ],
    [
      {
        ports: PORTS,
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
      },
      /must be greater than 0 and less than 86400/,
    ],
    [
      { ports: PORTS, trafficDistribution: 'Nearby' },
      /spec\.trafficDistribution: Unsupported value/,
    ],
    [{ ports: PORTS, selector: { 'a b': 'c' } }, /spec\.selector: Invalid value: "a b"/],
  ]
  for (const [spec, says] of refusals)
    t.match(await create(api, spec), { code: 422, message: says })
})

t.test('a headless Service is reached from inside only', async t => {
  const api = await openApi(t)
  for (const type of ['NodePort', 'LoadBalancer'])
    t.match(await create(api, { type, clusterIP: 'None', ports: PORTS }), {
      code: 422,
      message: `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for ${type} services`,
    })
})

t.test('the addresses of a load balancer', async t => {
  const api = await openApi(t)
  const balanced = await create(api, { type: 'LoadBalancer', ports: PORTS })
  const plain = await create(api, { ports: PORTS })
  const report = async (
    name: string,
    ingress: object,
  ): Promise<{ code: number; message: string }> => {
    const { code, body } = await api.send('PATCH', `${SVC}/${name}/status`, {
      type: 'application/merge-patch+json',
      body: { status: { loadBalancer: { ingress: [ingress] } } },
    })
    return { code, message: String(body['message'] ?? '') }
  }
  t.equal((await report(balanced.name, { ip: '192.0.2.1' })).code, 200)
  t.equal((await report(balanced.name, { hostname: 'lb.example.com' })).code, 200)
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ ip: '192.0.2.x' }, /ingress\[0\]\.ip: Invalid value: "192.0.2.x": must be a valid IP/],
    [{ ip: '192.0.2.1', ipMode: 'X' }, /ipMode: Unsupported value: "X": .* "Proxy", "VIP"/],
    [{ hostname: 'a.b', ipMode: 'VIP' }, /ipMode: Forbidden: may not be specified when `ip`/],
    [{ hostname: 'A_b' }, /ingress\[0\]\.hostname: Invalid value/],
    [{ hostname: '192.0.2.1' }, /must be a DNS name, not an IP address/],
  ]
  for (const [ingress, message] of refused)
    t.match(await report(balanced.name, ingress), { code: 422, message })
  t.match(await report(plain.name, { ip: '192.0.2.1' }), {
    code: 422,
    message: /ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer"/,
  })
})
