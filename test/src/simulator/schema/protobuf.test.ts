/** Protobuf bodies: the bytes that a Go client writes, field by field, and the JSON that they mean. */
import fc from 'fast-check'
import t from 'tap'
import { decodeProtobuf, ProtobufError } from '../../../../src/simulator/schema/protobuf.ts'
import { structOf } from '../../../../src/simulator/schema/shapes.ts'

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]

/** Wire type 2: a length and its bytes. */
const bytes = (number: number, ...parts: readonly (readonly number[])[]): number[] => {
  const inner = parts.flat()
  return [...varint((number << 3) | 2), ...varint(inner.length), ...inner]
}
const text = (number: number, value: string): number[] => bytes(number, [...Buffer.from(value)])
/** Wire type 0. */
const int = (number: number, value: number): number[] => [...varint(number << 3), ...varint(value)]

const envelope = (apiVersion: string, kind: string, ...object: readonly number[][]): Buffer =>
  Buffer.from([
    ...Buffer.from('k8s\0'),
    ...bytes(1, text(1, apiVersion), text(2, kind)),
    ...bytes(2, ...object),
    ...text(3, ''),
    ...text(4, ''),
  ])

const KINDS: Readonly<Record<string, string>> = {
  Service: 'V1Service',
  Pod: 'V1Pod',
  Secret: 'V1Secret',
  Lease: 'V1Lease',
  SubjectAccessReview: 'V1SubjectAccessReview',
}
const decode = (body: Buffer): unknown =>
  decodeProtobuf(body, (_apiVersion, kind) =>
    KINDS[kind] === undefined ? undefined : structOf(KINDS[kind]),
  )

t.test('a Service: nested messages, repeated ones, maps, numbers or names', async t => {
  const entry = bytes(2, text(1, 'app'), text(2, 'web'))
  const port = bytes(
    1,
    text(1, 'http'),
    text(2, 'TCP'),
    int(3, 80),
    bytes(4, int(1, 1), int(2, 0), text(3, 'web')),
    int(5, 0),
  )
  const other = bytes(
    1,
    text(1, 'dns'),
    text(2, 'UDP'),
    int(3, 53),
    bytes(4, int(1, 0), int(2, 5353), text(3, '')),
    int(5, 30053),
  )
  const body = envelope(
    'v1',
    'Service',
    bytes(1, text(1, 'web'), text(2, ''), int(7, 0), bytes(8)),
    bytes(2, port, other, entry, text(4, 'NodePort'), int(20, 0)),
    bytes(3, bytes(1)),
  )
  t.strictSame(decode(body), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: {
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353, nodePort: 30053 },
      ],
      selector: { app: 'web' },
      type: 'NodePort',
      allocateLoadBalancerNodePorts: false,
    },
    status: { loadBalancer: {} },
  })
})

t.test('a volume: a message that JSON writes into its parent', async t => {
  const volume = bytes(1, text(1, 'v'), bytes(2, bytes(1, text(1, '/data'))))
  const body = envelope('v1', 'Pod', bytes(2, volume))
  t.strictSame(decode(body), {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { volumes: [{ name: 'v', hostPath: { path: '/data' } }] },
  })
})

t.test('bytes, and times to the microsecond', async t => {
  const secret = envelope('v1', 'Secret', bytes(2, text(1, 'p'), bytes(2, [0, 255])))
  t.strictSame(decode(secret), { apiVersion: 'v1', kind: 'Secret', data: { p: 'AP8=' } })
  const lease = envelope(
    'coordination.k8s.io/v1',
    'Lease',
    bytes(2, text(1, 'me'), bytes(4, int(1, 1_767_225_600), int(2, 123_456_000))),
  )
  t.strictSame(decode(lease), {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: { holderIdentity: 'me', renewTime: '2026-01-01T00:00:00.123456Z' },
  })
})

t.test('fields that the table does not know are skipped', async t => {
  t.strictSame(decode(envelope('v1', 'Service', text(900, 'x'), int(901, 7))), {
    apiVersion: 'v1',
    kind: 'Service',
  })
})

t.test('what is no message is refused, whatever it is', async t => {
  t.throws(() => decode(Buffer.from('{}')), ProtobufError)
  t.throws(() => decode(envelope('v1', 'Widget')), /no kind "Widget" is registered/)
  t.throws(() => decode(envelope('v1', 'Service', [0x12, 0xff])), /unexpected EOF/)
  const magic = Buffer.from('k8s\0')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), noise => {
      try {
        decode(Buffer.concat([magic, noise]))
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  const sound = envelope(
    'v1',
    'Pod',
    bytes(2, bytes(1, text(1, 'v'), bytes(2, bytes(1, text(1, '/data'))))),
  )
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
      const broken = Buffer.from(sound)
      broken[at] = byte
      try {
        decode(broken)
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
