/** Where a simulator says that it is reached, on every kind of address that it may listen on. */
import t from 'tap'
import { endpointAddress, hostsOf, urlOf } from '../../../src/simulator/reach.ts'
import { openApi } from '../../support/api.ts'

const OWN = ['127.0.0.1', '::1', '169.254.0.9', 'fe80::1', '192.0.2.7', '198.51.100.1', 'fd00::7']

t.test('the address behind its Service', async t => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['192.0.2.9', '192.0.2.9'],
    ['fd00::9', 'fd00::9'],
    ['0.0.0.0', '192.0.2.7'],
    ['::', 'fd00::7'],
    ['127.0.0.1', null],
    ['::1', null],
    ['fe80::1', null],
    ['localhost', null],
    ['a.example', null],
  ]
  for (const [bind, address] of cases) t.equal(endpointAddress(bind, OWN), address, bind)
  t.equal(endpointAddress('::', ['127.0.0.1', '192.0.2.7', '::1']), null, 'none of that family')
})

t.test('its URL and its names', async t => {
  t.equal(urlOf('0.0.0.0', 6443, true), 'https://127.0.0.1:6443')
  t.equal(urlOf('::', 80, false), 'http://[::1]:80')
  t.match(new Set(hostsOf('a.example')), new Set(['a.example', 'localhost', '127.0.0.1', '::1']))
})

t.test('a simulator that listens on all addresses', async t => {
  const { send } = await openApi(t, { bind: '0.0.0.0' })
  t.equal((await send('GET', '/api/v1/namespaces/default/services/kubernetes')).code, 200)
  const { body } = await send(
    'GET',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes',
  )
  t.equal(body['addressType'], 'IPv4')
  const address = endpointAddress('0.0.0.0')
  t.match(body['endpoints'], address === null ? [] : [{ addresses: [address] }])
})
