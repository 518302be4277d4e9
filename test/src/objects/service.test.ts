/** Answers for src/objects/service.ts, cluster-ips.ts and port.ts. */
import t from 'tap'
import { type Raw, read, service, sound } from '../../support/raw-objects.ts'

t.test('a plain Service', async t => {
  t.strictSame(sound('Service', service()), {
    kind: 'Service',
    namespace: 'shop',
    name: 'web',
    type: 'ClusterIP',
    foreign: false,
    clusterIPs: { IPv4: '10.96.0.10', IPv6: null },
    ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 0 }],
    externalIPs: { IPv4: [], IPv6: [] },
    listsExternalIPs: false,
    loadBalancerIPs: { IPv4: [], IPv6: [] },
    sourceRanges: { IPv4: [], IPv6: [] },
    affinitySeconds: null,
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 0,
  })
})

t.test('which cluster IP belongs to which family', async t => {
  const ips = (spec: Record<string, unknown>) => sound('Service', service(spec)).clusterIPs
  t.strictSame(ips({ ipFamilies: [], clusterIPs: [] }), { IPv4: '10.96.0.10', IPv6: null })
  t.strictSame(ips({ ipFamilies: null, clusterIP: 'FD00::0A' }), { IPv4: null, IPv6: 'fd00::a' })
  t.strictSame(
    ips({ ipFamilies: ['IPv6', 'IPv4'], clusterIPs: ['fd00::a', '10.96.0.010'] }),
    { IPv4: '10.96.0.10', IPv6: 'fd00::a' },
    'by the index of the family',
  )
  const none = { IPv4: null, IPv6: null }
  t.strictSame(ips({ clusterIP: 'None', clusterIPs: ['None'] }), none, 'headless')
  t.strictSame(ips({ type: 'ExternalName' }), none, 'ExternalName, even with a cluster IP')
  t.strictSame(ips({ type: 'ExternalName', clusterIP: '' }), none)
})

t.test('cluster IPs that are none', async t => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ clusterIP: '' }, 'NO_CLUSTER_IP | spec.clusterIP | "" | Service ignored'],
    [{ clusterIP: undefined }, 'NO_CLUSTER_IP | spec.clusterIP |  | Service ignored'],
    [{ clusterIP: 7 }, 'BAD_TYPE | spec.clusterIP | 7 | Service ignored'],
    [
      { clusterIP: '10.0.0.256', ipFamilies: [] },
      'BAD_ADDRESS | spec.clusterIP | "10.0.0.256" | Service ignored',
    ],
    [{ clusterIPs: [] }, 'NO_CLUSTER_IP | spec.clusterIPs[0] |  | Service ignored for IPv4'],
    [{ clusterIPs: ['x'] }, 'BAD_ADDRESS | spec.clusterIPs[0] | "x" | Service ignored for IPv4'],
    [
      { clusterIPs: ['fd00::1'] },
      'WRONG_FAMILY | spec.clusterIPs[0] | "fd00::1" | Service ignored for IPv4',
    ],
    [{ ipFamilies: ['IPv5'] }, 'BAD_VALUE | spec.ipFamilies[0] | "IPv5" | family ignored'],
  ]
  for (const [spec, problem] of cases) {
    const [object, problems] = read('Service', service(spec))
    t.strictSame(object.clusterIPs, { IPv4: null, IPv6: null }, problem)
    t.strictSame(problems, [problem])
  }
})

t.test('ports: defaults', async t => {
  const ports = [{ port: 80 }, { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 }]
  t.strictSame(sound('Service', service({ ports })).ports, [
    { name: '', protocol: 'TCP', port: 80, nodePort: 0 },
    { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 },
  ])
})

t.test('ports: each fault costs its own port', async t => {
  const good = { name: 'good', port: 80 }
  const cases: readonly (readonly [unknown, string])[] = [
    [{ port: 'eighty' }, 'BAD_PORT | spec.ports[0].port | "eighty" | port skipped'],
    [{ port: '80' }, 'BAD_PORT | spec.ports[0].port | "80" | port skipped'],
    [{ port: 70000 }, 'BAD_PORT | spec.ports[0].port | 70000 | port skipped'],
    [{ port: 0 }, 'BAD_PORT | spec.ports[0].port | 0 | port skipped'],
    [{ port: -1 }, 'BAD_PORT | spec.ports[0].port | -1 | port skipped'],
    [{ port: 80.5 }, 'BAD_PORT | spec.ports[0].port | 80.5 | port skipped'],
    [{ port: Number.NaN }, 'BAD_PORT | spec.ports[0].port | NaN | port skipped'],
    [{ port: Number.POSITIVE_INFINITY }, 'BAD_PORT | spec.ports[0].port | Infinity | port skipped'],
    [{ port: [80] }, 'BAD_PORT | spec.ports[0].port | [80] | port skipped'],
    [{}, 'NO_PORT | spec.ports[0].port |  | port skipped'],
    [{ port: null }, 'NO_PORT | spec.ports[0].port |  | port skipped'],
    [{ port: 80, name: 'Web_1' }, 'BAD_NAME | spec.ports[0].name | "Web_1" | port skipped'],
    [{ port: 80, name: 'a"; drop' }, 'BAD_NAME | spec.ports[0].name | "a\\"; drop" | port skipped'],
    [{ port: 80, name: 7 }, 'BAD_TYPE | spec.ports[0].name | 7 | port skipped'],
    [
      { port: 80, protocol: 'ICMP' },
      'BAD_PROTOCOL | spec.ports[0].protocol | "ICMP" | port skipped',
    ],
    [{ port: 80, protocol: 'tcp' }, 'BAD_PROTOCOL | spec.ports[0].protocol | "tcp" | port skipped'],
    ['80', 'BAD_TYPE | spec.ports[0] | "80" | port skipped'],
    [null, 'BAD_TYPE | spec.ports[0] | null | port skipped'],
  ]
  for (const [port, problem] of cases) {
    const [object, problems] = read('Service', service({ ports: [port, good] }))
    t.strictSame(
      object.ports.map(({ name }) => name),
      ['good'],
      problem,
    )
    t.strictSame(problems, [problem])
  }
})

t.test('ports: a bad node port costs only itself, a repeated port its later half', async t => {
  const [object, problems] = read('Service', service({ ports: [{ port: 80, nodePort: 70000 }] }))
  t.strictSame(object.ports, [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }])
  t.strictSame(problems, ['BAD_PORT | spec.ports[0].nodePort | 70000 | taken as none'])

  const ports = [
    { name: 'dns', protocol: 'TCP', port: 53 },
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns', port: 54 },
  ]
  const [twice, doubts] = read('Service', service({ ports }))
  t.strictSame(
    twice.ports.map(({ protocol, port }) => `${protocol} ${port}`),
    ['TCP 53', 'UDP 53'],
  )
  t.strictSame(doubts, ['DUPLICATE_PORT | spec.ports[2] | {"name":"dns","port":54} | port skipped'])
})

t.test('external IPs and load balancer IPs', async t => {
  const [object, problems] = read(
    'Service',
    service(
      { externalIPs: ['', ' ', '198.51.100.010', 'FD00::1', ' 198.51.100.1', 5] },
      {
        status: {
          loadBalancer: {
            ingress: [
              { ip: '203.0.113.1' },
              { ip: '203.0.113.2', ipMode: 'VIP' },
              { ip: '203.0.113.3', ipMode: 'Proxy' },
              { hostname: 'lb.example.com' },
              { ip: 'fd00::0:9' },
              { ip: 'no' },
            ],
          },
        },
      },
    ),
  )
  t.strictSame(object.externalIPs, { IPv4: ['198.51.100.10'], IPv6: ['fd00::1'] })
  t.equal(object.listsExternalIPs, true)
  t.strictSame(object.loadBalancerIPs, { IPv4: ['203.0.113.1', '203.0.113.2'], IPv6: ['fd00::9'] })
  t.strictSame(problems, [
    'BAD_ADDRESS | spec.externalIPs[4] | " 198.51.100.1" | address ignored',
    'BAD_ADDRESS | spec.externalIPs[5] | 5 | address ignored',
    'BAD_ADDRESS | status.loadBalancer.ingress[5].ip | "no" | load balancer address ignored',
  ])
  t.equal(sound('Service', service({ externalIPs: [''] })).listsExternalIPs, true, 'blanks count')
})

t.test('source ranges', async t => {
  const ranges = (list: unknown) => read('Service', service({ loadBalancerSourceRanges: list }))
  const [mixed, problems] = ranges([' 10.1.2.3/8 ', '203.0.113.000/025', 'fd00::/8', '', 'x', 9])
  t.strictSame(mixed.sourceRanges, {
    IPv4: ['10.0.0.0/8', '203.0.113.0/25'],
    IPv6: ['fd00::/8'],
  })
  t.strictSame(problems, [
    'BAD_CIDR | spec.loadBalancerSourceRanges[4] | "x" | range ignored',
    'BAD_CIDR | spec.loadBalancerSourceRanges[5] | 9 | range ignored',
  ])
  const [open] = ranges(['10.0.0.0/8', '0.0.0.0/0', 'fd00::/8'])
  t.strictSame(
    open.sourceRanges,
    { IPv4: [], IPv6: ['fd00::/8'] },
    'a zero prefix opens its family',
  )
  const [useless, warnings] = ranges(['x'])
  t.strictSame(useless.sourceRanges, { IPv4: [], IPv6: [] })
  t.match(warnings, [/^BAD_CIDR/, /^NO_SOURCE_RANGE .* every source is allowed$/])
})

t.test('affinity, policies, health check', async t => {
  const affinity = (config: unknown) =>
    read('Service', service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: config }))
  t.equal(affinity({ clientIP: { timeoutSeconds: 60 } })[0].affinitySeconds, 60)
  t.equal(affinity(null)[0].affinitySeconds, 10800)
  for (const seconds of [0, -1, 86401, '60', Number.NaN]) {
    const [object, problems] = affinity({ clientIP: { timeoutSeconds: seconds } })
    t.equal(object.affinitySeconds, 10800)
    t.match(problems, [/^BAD_TIMEOUT \| spec\.sessionAffinityConfig\.clientIP\.timeoutSeconds /])
  }
  const local = service({
    type: 'LoadBalancer',
    internalTrafficPolicy: 'Local',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31000,
  })
  t.match(sound('Service', local), {
    type: 'LoadBalancer',
    internalTrafficPolicy: 'Local',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31000,
    affinitySeconds: null,
  })
  const [odd, problems] = read(
    'Service',
    service({ type: 'Magic', sessionAffinity: 'Cookie', externalTrafficPolicy: 'local' }),
  )
  t.match(odd, { type: 'ClusterIP', affinitySeconds: null, externalTrafficPolicy: 'Cluster' })
  t.strictSame(problems, [
    'BAD_VALUE | spec.type | "Magic" | taken as ClusterIP',
    'BAD_VALUE | spec.sessionAffinity | "Cookie" | taken as None',
    'BAD_VALUE | spec.externalTrafficPolicy | "local" | taken as Cluster',
  ])
})

t.test('no health check port where a load balancer would ask for it', async t => {
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
  const told = (more: Raw, rest: Raw = {}) =>
    read('Service', service({ ...spec, ...more }, rest))[1]
  for (const healthCheckNodePort of [0, undefined, null])
    t.match(told({ healthCheckNodePort }), [
      /^NO_HEALTH_CHECK_PORT \| spec\.healthCheckNodePort \| 0? ?\| no health check is answered/,
    ])
  t.strictSame(
    told({ healthCheckNodePort: 'x' }).map(text => text.split(' ')[0]),
    ['BAD_PORT'],
    'told once',
  )
  t.strictSame(told({ healthCheckNodePort: 30900 }), [])
  t.strictSame(told({ externalTrafficPolicy: 'Cluster' }), [])
  t.strictSame(told({ type: 'NodePort' }), [])
  t.strictSame(told({ clusterIP: 'None' }), [], 'not served at all')
  const labels = { 'service.kubernetes.io/service-proxy-name': 'x' }
  t.strictSame(told({}, { metadata: { name: 'web', labels } }), [], 'served by another')
})

t.test('a Service without ports', async t => {
  for (const ports of [null, undefined, []])
    t.match(read('Service', service({ ports }))[1], [
      /^NO_PORT \| spec\.ports \| (?:\[\])? ?\| nothing is served$/,
    ])
  t.strictSame(read('Service', service({ ports: null, clusterIP: 'None' }))[1], [], 'headless')
  const outside = { type: 'ExternalName', clusterIP: '', ports: null }
  t.strictSame(read('Service', service(outside))[1], [])
})

t.test('another proxy serves it: the label is there, whatever it says', async t => {
  for (const value of ['', 'cilium', null]) {
    const labels = { 'service.kubernetes.io/service-proxy-name': value }
    const metadata = { namespace: 'shop', name: 'web', labels }
    t.equal(sound('Service', service({}, { metadata })).foreign, true)
  }
})
