/**
 * kubectl takes the simulator for a cluster: every command that a user of Services meets, run by the real kubectl, its
 * output read.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { kubectlMissing, openKubectl } from '../../support/kubectl.ts'

const skip = (await kubectlMissing()) ?? false

const web = ({ replicas = 2, port = 80, value = 'b' } = {}): string => `
apiVersion: v1
kind: Service
metadata: { name: web, labels: { app: web } }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ name: http, port: ${port}, targetPort: 8080 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: c, image: nginx, ports: [{ containerPort: 8080 }], env: [{ name: A, value: ${value} }] }
`

t.test('apply, get, diff, describe, explain', { skip }, async t => {
  const { ok, say, close } = await openKubectl()
  t.teardown(close)
  const created = await ok('apply -f -', { input: web() })
  t.equal(created, 'service/web created\ndeployment.apps/web created\n')
  const again = await ok('apply -f -', { input: web() })
  t.equal(again, 'service/web unchanged\ndeployment.apps/web unchanged\n')

  const wide = await ok('get svc,deploy -o wide')
  t.match(wide, /service\/web +NodePort +10\.96\.\d+\.\d+ +<none> +80:3\d{4}\/TCP +\d+s +app=web\n/)
  t.match(wide, /deployment\.apps\/web +0\/2 +0 +0 +\d+s +c +nginx +app=web\n/)
  t.match(await ok('get nodes -o wide'), /node-1 +Ready +<none> +\d+s +v1\.36\.0 +172\.18\.0\.3 /)
  const yaml = await ok('get svc web -o yaml')
  t.match(yaml, /\n {2}ports:\n {2}- name: http\n {4}nodePort: 3\d{4}\n {4}port: 80\n/)
  const json = JSON.parse(await ok('get svc web -o json')) as { spec: { sessionAffinity: string } }
  t.equal(json.spec.sessionAffinity, 'None', 'defaults are in')
  t.equal(await ok('get svc web -o jsonpath={.spec.ports[*].targetPort}'), '8080')
  t.equal(await ok('get svc -l app=web -o name'), 'service/web\n')
  t.equal(await ok('get svc -l app!=web -o name'), 'service/kubernetes\n')
  t.equal(await ok('get svc --field-selector spec.type=NodePort -o name'), 'service/web\n')
  t.match(await ok('get all'), /deployment\.apps\/web/)
  t.match(await ok('get svc --chunk-size=1'), /kubernetes[\s\S]*web/)

  const changed = web({ replicas: 3, port: 81, value: 'c' })
  const diff = await say(['diff', '-f', '-'], { input: changed })
  t.equal(diff.code, 1, 'diff finds a difference')
  t.match(diff.out, /^- {4}port: 80\n[\s\S]*^\+ {4}port: 81$/m)
  t.equal(
    await ok('apply -f -', { input: changed }),
    'service/web configured\ndeployment.apps/web configured\n',
  )
  t.equal((await say(['diff', '-f', '-'], { input: changed })).code, 0, 'and none afterwards')
  t.equal(await ok('get deploy web -o jsonpath={.spec.replicas},{.metadata.generation}'), '3,2')
  t.equal(
    await ok('get svc web -o jsonpath={.spec.ports[*].port}'),
    '81',
    'a port was replaced, not added',
  )

  t.match(
    await ok('describe svc web'),
    /NodePort: +http +3\d{4}\/TCP[\s\S]*External Traffic Policy: +Cluster/,
  )
  t.match(await ok('describe deploy web'), /Replicas: +3 desired[\s\S]*A: +c/)
  t.match(await ok('describe node node-1'), /InternalIP: +172\.18\.0\.3/)
  t.match(
    await ok('explain service.spec.ports'),
    /FIELD: ports <\[\]ServicePort>[\s\S]*targetPort\t<IntOrString>/,
  )
  t.match(
    await ok('explain deployment.spec.strategy --recursive'),
    /rollingUpdate\t<RollingUpdateDeployment>\n {4}maxSurge\t<IntOrString>/,
  )
  t.match(await ok('explain endpointslice'), /addressType\t<string> -required-/)
})

t.test('label, annotate, three kinds of patch, edit, scale, delete, wait', { skip }, async t => {
  const { ok, say, folder, close } = await openKubectl()
  t.teardown(close)
  await ok('apply -f -', { input: web() })
  await ok('label svc web tier=front')
  await ok('annotate svc web note=hello')
  t.equal(
    await ok('get svc web -o jsonpath={.metadata.labels.tier},{.metadata.annotations.note}'),
    'front,hello',
  )
  await ok('label svc web tier-')
  t.equal(await ok('get svc web -o jsonpath={.metadata.labels}'), '{"app":"web"}')
  t.match((await say(['label', 'svc', 'web', 'app=other'])).err, /already has a value/)
  await ok('label svc web app=other --overwrite')

  const ports = (): Promise<string> => ok('get svc web -o jsonpath={.spec.ports[*].port}')
  await ok('patch svc web -p {"spec":{"ports":[{"port":82,"name":"b"}]}}')
  t.equal(await ports(), '82 80', 'strategic: merged by port')
  await ok('patch svc web --type=json -p [{"op":"remove","path":"/spec/ports/0"}]')
  t.equal(await ports(), '80', 'json: removed by index')
  await ok('patch svc web --type=merge -p {"spec":{"sessionAffinity":"ClientIP"}}')
  t.equal(
    await ok('get svc web -o jsonpath={.spec.sessionAffinityConfig.clientIP.timeoutSeconds}'),
    '10800',
  )
  const bad = await say([
    'patch',
    'svc',
    'web',
    '--type=json',
    '-p',
    '[{"op":"remove","path":"/spec/nope"}]',
  ])
  t.equal(bad.code, 1)

  const editor = join(folder, 'editor.sh')
  await writeFile(editor, '#!/bin/sh\nsed -i "s/port: 80\\$/port: 99/" "$1"\n', { mode: 0o755 })
  await ok('edit svc web', { env: { KUBE_EDITOR: editor } })
  t.equal(await ports(), '99')

  t.equal(await ok('scale deploy web --replicas=7'), 'deployment.apps/web scaled\n')
  t.equal(
    await ok('wait --for=jsonpath={.spec.replicas}=7 deploy/web --timeout=5s'),
    'deployment.apps/web condition met\n',
  )
  t.equal(
    await ok('create deployment other --image=nginx --replicas=0'),
    'deployment.apps/other created\n',
  )
  t.equal(
    await ok('get deploy other -o jsonpath={.spec.replicas}'),
    '0',
    'a zero that a client means is kept',
  )
  t.equal(await ok('expose deploy other --port=80'), 'service/other exposed\n')

  const gone = say(['wait', '--for=delete', 'svc/web', '--timeout=10s'])
  await ok('delete svc web')
  t.equal((await gone).code, 0, 'who waits for a deletion learns of it')
  // client-go's own reflector, with the list that comes as a watch.
  await ok('create configmap brief --from-literal=a=b')
  const streamed = say(['wait', '--for=delete', 'cm/brief', '--timeout=10s', '-v=8'], {
    env: { KUBE_FEATURE_WatchListClient: 'true' },
  })
  await new Promise(resolve => setTimeout(resolve, 700))
  await ok('delete cm brief')
  t.match(
    (await streamed).err,
    /sendInitialEvents=true[\s\S]*received the bookmark that marks the end of initial events/,
  )
  t.equal((await streamed).code, 0)
  t.match(
    (await say(['get', 'svc', 'web'])).err,
    /Error from server \(NotFound\): services "web" not found/,
  )
  t.equal(
    await ok('delete svc,deploy -l app=other --ignore-not-found').then(out =>
      out.includes('other'),
    ),
    true,
  )
})

t.test('a namespace goes with all that is in it', { skip }, async t => {
  const { ok, say, close, simulator } = await openKubectl()
  t.teardown(close)
  await ok('create ns shop')
  for (const line of [
    'cm a',
    'service clusterip b --tcp=80 --clusterip=10.96.0.99',
    'deployment c --image=i',
    'sa d',
  ])
    await ok(`-n shop create ${line}`)
  await ok('delete ns shop --timeout=20s')
  t.match((await say(['get', 'ns', 'shop'])).err, /NotFound/)
  t.equal(await ok('get deploy,cm,svc,sa -A -o name'), 'service/kubernetes\n')
  t.equal(
    simulator.api.store.get('networking.k8s.io/ipaddresses', '/10.96.0.99'),
    undefined,
    'its addresses are free',
  )
  await ok('create ns held')
  const held =
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"h","finalizers":["example.com/h"]}}'
  await ok('-n held create -f -', { input: held })
  await ok('delete ns held --wait=false')
  await new Promise(resolve => setTimeout(resolve, 300))
  t.match(await ok('get ns held'), /Terminating/, 'it waits for what lingers')
  t.match((await say(['-n', 'held', 'create', 'cm', 'late'])).err, /because it is being terminated/)
  await ok('-n held patch cm h --type=merge -p {"metadata":{"finalizers":null}}')
  t.equal((await say(['wait', '--for=delete', 'ns/held', '--timeout=10s'])).code, 0)
})

t.test('server-side apply', { skip }, async t => {
  const { ok, say, close } = await openKubectl()
  t.teardown(close)
  const apply = 'apply --server-side --field-manager'
  t.equal(
    await ok(`${apply}=one -f -`, { input: web() }),
    'service/web serverside-applied\ndeployment.apps/web serverside-applied\n',
  )
  const conflict = await say([...`${apply}=two -f -`.split(' ')], { input: web({ replicas: 5 }) })
  t.match(conflict.err, /conflict with "one": \.spec\.replicas/)
  t.equal(conflict.code, 1)
  await ok(`${apply}=two --force-conflicts -f -`, { input: web({ replicas: 5 }) })
  t.equal(await ok('get deploy web -o jsonpath={.spec.replicas}'), '5')
  const owners = await ok(
    'get deploy web --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}',
  )
  t.equal(owners, 'one two')
  const config = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: ${data}\n`
  await ok(`${apply}=one -f -`, { input: config('{ a: "1", b: "2" }') })
  await ok(`${apply}=two -f -`, { input: config('{ c: "3" }') })
  await ok(`${apply}=one -f -`, { input: config('{ a: "1" }') })
  t.equal(
    await ok('get cm c -o jsonpath={.data}'),
    '{"a":"1","c":"3"}',
    'what its owner no longer wants goes',
  )
})

t.test('get --watch', { skip }, async t => {
  const { ok, say, close } = await openKubectl()
  t.teardown(close)
  const watching = say(['get', 'cm', '--watch', '--request-timeout=6s', '-o', 'name'])
  await new Promise(resolve => setTimeout(resolve, 1500))
  await ok('create configmap a --from-literal=k=v')
  await ok('label cm a x=y')
  await ok('delete cm a')
  t.equal((await watching).out, 'configmap/a\nconfigmap/a\nconfigmap/a\n')
})

t.test('api-resources, create of every kind, auth', { skip }, async t => {
  const { ok, say, close } = await openKubectl()
  t.teardown(close)
  const resources = await ok('api-resources --verbs=list -o name')
  const wanted = [
    ...'configmaps endpoints events namespaces nodes pods secrets serviceaccounts services'.split(
      ' ',
    ),
    ...'daemonsets deployments replicasets'.split(' ').map(name => `${name}.apps`),
    'jobs.batch',
    'leases.coordination.k8s.io',
    'endpointslices.discovery.k8s.io',
    'ipaddresses.networking.k8s.io',
    'servicecidrs.networking.k8s.io',
    ...'clusterrolebindings clusterroles rolebindings roles'
      .split(' ')
      .map(name => `${name}.rbac.authorization.k8s.io`),
  ]
  t.strictSame(resources.trim().split('\n').sort(), wanted.sort())

  const commands = [
    'namespace shop',
    'configmap c --from-literal=a=b',
    'secret generic s --from-literal=p=q',
    'serviceaccount robot',
    'role r --verb=get,list --resource=pods',
    'rolebinding r --role=r --serviceaccount=default:robot',
    'clusterrole c --verb=get --resource=nodes',
    'clusterrolebinding c --clusterrole=c --user=jo',
    'deployment d --image=nginx',
    'job j --image=busybox',
    'service clusterip c1 --tcp=80:80',
    'service clusterip none --clusterip=None --tcp=80:80',
    'service nodeport n1 --tcp=80:80 --node-port=30080',
    'service loadbalancer l1 --tcp=80:80',
    'service externalname e1 --external-name=a.example.com',
  ]
  for (const line of commands) t.match(await ok(`create ${line}`), / created\n$/, line)
  t.equal(await ok('run p --image=nginx'), 'pod/p created\n')
  t.equal(await ok('create -f -', { input: REST }).then(out => out.split('\n').length - 1), 8)
  t.equal(await ok('get secret s -o jsonpath={.data.p}'), 'cQ==')
  t.match(await ok('get svc'), /n1 +NodePort +\S+ +<none> +80:30080\/TCP/)
  t.match(await ok('get endpointslices'), /web-1 +IPv4 +8080 +10\.0\.0\.1,10\.0\.0\.2 /)
  t.match(await ok('get ev'), /Warning +Odd +pod\/p +it happened/)
  t.match(await ok('get lease l'), /l +me /)
  t.match(await ok('get servicecidr'), /more +10\.97\.0\.0\/24/)
  t.match(await ok('describe pod p'), /Image: +nginx/)
  t.match(await ok('describe ns shop'), /Status: +Active/)
  t.match(
    (await say(['create', 'service', 'nodeport', 'n2', '--tcp=80:80', '--node-port=30080'])).err,
    /spec\.ports\[0\]\.nodePort: Invalid value: 30080: provided port is already allocated/,
  )
  t.match((await say(['create', 'ns', 'Shop'])).err, /metadata\.name: Invalid value: "Shop"/)

  const robot = '--as=system:serviceaccount:default:robot'
  t.equal(await ok('auth can-i create pods'), 'yes\n')
  t.equal((await say(['auth', 'can-i', 'list', 'pods', robot])).out, 'yes\n')
  t.equal((await say(['auth', 'can-i', 'delete', 'pods', robot])).out, 'no\n')
  t.match(
    (await say(['get', 'secrets', robot])).err,
    /Forbidden[\s\S]*cannot list resource "secrets" in API group "" in the namespace "default"/,
  )
  t.match(await ok('--context kube-proxy auth whoami'), /Username +system:kube-proxy/)
  t.equal(
    await ok(
      '--context kube-proxy auth can-i watch endpointslices.discovery.k8s.io --all-namespaces',
    ),
    'yes\n',
  )
  t.match(
    await ok('--context kube-proxy auth can-i --list'),
    /endpointslices\.discovery\.k8s\.io +\[\] +\[\] +\[list watch\]/,
  )
})

t.test('validation and dry run', { skip }, async t => {
  const { ok, say, close } = await openKubectl()
  t.teardown(close)
  const unknown =
    '{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"foo":1,"ports":[{"port":80}]}}'
  t.match(
    (await say(['apply', '-f', '-'], { input: unknown })).err,
    /strict decoding error: unknown field "spec\.foo"/,
  )
  const warned = await say(['apply', '--validate=warn', '--dry-run=server', '-f', '-'], {
    input: unknown,
  })
  t.match(warned.err, /Warning: unknown field "spec\.foo"/)
  t.equal(warned.out, 'service/b created (server dry run)\n')
  t.match((await say(['get', 'svc', 'b'])).err, /NotFound/, 'a dry run stores nothing')
  t.equal((await say(['apply', '--validate=ignore', '-f', '-'], { input: unknown })).err, '')
  const immutable = await say([
    'patch',
    'svc',
    'b',
    '-p',
    '{"spec":{"clusterIP":"10.96.0.77","clusterIPs":["10.96.0.77"]}}',
  ])
  t.match(
    immutable.err,
    /spec\.clusterIPs\[0\]: Invalid value: \["10\.96\.0\.77"\]: may not change once set/,
  )
  const wrongType =
    '{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"ports":[{"port":"x"}]}}'
  t.match(
    (await say(['apply', '-f', '-'], { input: wrongType })).err,
    /cannot unmarshal string into Go struct field ServicePort\.spec\.ports\.port of type int32/,
  )
  t.equal(
    await ok('version -o json').then(
      text => (JSON.parse(text) as { serverVersion: { minor: string } }).serverVersion.minor,
    ),
    '36',
  )
  t.equal(await ok('get --raw /readyz'), 'ok')

  // For a List kubectl asks for OpenAPI v2, in protobuf, and validates by itself.
  const listOf = (extra: string): string =>
    `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l"}${extra}}]}`
  t.equal(await ok('apply -f -', { input: listOf('') }), 'configmap/l created\n')
  const listed = await say(['apply', '-f', '-'], { input: listOf(',"foo":1') })
  t.match(
    listed.err,
    /ValidationError\(ConfigMap\): unknown field "foo" in io\.k8s\.api\.core\.v1\.ConfigMap/,
  )
  t.match(
    await ok('explain service.spec.ports --output=plaintext-openapiv2'),
    /RESOURCE: ports <\[\]Object>/,
  )
})

const REST = `
apiVersion: v1
kind: Endpoints
metadata: { name: web }
subsets: [{ addresses: [{ ip: 10.0.0.9 }], ports: [{ port: 80 }] }]
---
apiVersion: v1
kind: Event
metadata: { name: e }
involvedObject: { kind: Pod, name: p, namespace: default }
reason: Odd
type: Warning
message: it happened
---
apiVersion: v1
kind: Node
metadata: { name: extra }
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: rs }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec: { containers: [{ name: c, image: i }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ds }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec: { containers: [{ name: c, image: i }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1] }, { addresses: [10.0.0.2] }]
ports: [{ name: http, port: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: { name: more }
spec: { cidrs: [10.97.0.0/24] }
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: l }
spec: { holderIdentity: me, leaseDurationSeconds: 10, renewTime: 2026-01-01T00:00:00.000000Z }
`
