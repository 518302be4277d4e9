/** Answers for src/addresses.ts. */
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import {
  cidrContains,
  endpointText,
  familyOf,
  isLoopback,
  parseAddress,
  parseCidr,
} from '../../src/addresses.ts'

const ADDRESSES: Readonly<Record<string, string | null>> = {
  '10.0.0.1': '10.0.0.1',
  '0.0.0.0': '0.0.0.0',
  '255.255.255.255': '255.255.255.255',
  '172.30.0.041': '172.30.0.41',
  '10.180.00.001': '10.180.0.1',
  '010.08.09.0000000255': '10.8.9.255',
  '::ffff:10.0.0.1': '10.0.0.1',
  '::ffff:010.0.0.001': '10.0.0.1',
  '::FFFF:a00:1': '10.0.0.1',
  '0:0:0:0:0:ffff:0a00:0001': '10.0.0.1',
  'FD00:0:0:0:0:0:0:1': 'fd00::1',
  'fd00::1': 'fd00::1',
  '::': '::',
  '::1': '::1',
  '0:0:0:0:0:0:0:0': '::',
  '1:0:0:2:3:0:0:4': '1::2:3:0:0:4',
  '1:0:0:2:0:0:0:4': '1:0:0:2::4',
  '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
  '1::3:4:5:6:7:8': '1:0:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
  '::2:3:4:5:6:7:8': '0:2:3:4:5:6:7:8',
  '00001::00ab': '1::ab',
  '::1.2.3.4': '::102:304',
  '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
  '1:2:3:4:5:6:1.2.3.4': '1:2:3:4:5:6:102:304',
  '': null,
  ' 10.0.0.1': null,
  '10.0.0.1 ': null,
  '10.0.0.1\n': null,
  '10.0.0': null,
  '10.0.0.1.2': null,
  '10.0.0.256': null,
  '10.0.0.300': null,
  '10.0.0.-1': null,
  '10.0.0.+1': null,
  '10.0.0.0x1': null,
  '10..0.1': null,
  '10.0.0.1:80': null,
  '10.0.0.1/32': null,
  '１0.0.0.1': null,
  'fe80::1%eth0': null,
  '[fd00::1]': null,
  'fd00::1 ': null,
  ':': null,
  ':::': null,
  ':1': null,
  '1:': null,
  '1::2::3': null,
  '1:2:3:4:5:6:7': null,
  '1:2:3:4:5:6:7:8:9': null,
  '1:2:3:4:5:6:7:8::': null,
  '1:2:3:4:5:6:7:1.2.3.4': null,
  '1.2.3.4::': null,
  '::1.2.3.4:5': null,
  '::10000': null,
  '::g': null,
  'example.com': null,
}

t.test('addresses in every accepted spelling', async t => {
  for (const [written, canonical] of Object.entries(ADDRESSES)) {
    const address = parseAddress(written)
    t.equal(address?.text ?? null, canonical, JSON.stringify(written))
    if (address !== null) t.equal(address.family, familyOf(address.text))
  }
})

const CIDRS: Readonly<Record<string, string | null>> = {
  '203.0.113.000/025': '203.0.113.0/25',
  '10.20.30.51/24': '10.20.30.0/24',
  '10.20.30.51/32': '10.20.30.51/32',
  '10.20.30.51/0': '0.0.0.0/0',
  '0.0.0.0/0': '0.0.0.0/0',
  '::/0': '::/0',
  'FD00:10:96::1/112': 'fd00:10:96::/112',
  'fd00::ffff/121': 'fd00::ff80/121',
  'fd00::1/128': 'fd00::1/128',
  '::ffff:10.1.2.3/104': '10.0.0.0/8',
  '::ffff:10.1.2.3/128': '10.1.2.3/32',
  '::ffff:10.1.2.3/96': '0.0.0.0/0',
  '::ffff:10.1.2.3/90': '::ffc0:0:0/90',
  '10.0.0.1': null,
  '10.0.0.0/': null,
  '/8': null,
  '10.0.0.0/33': null,
  '10.0.0.0/-1': null,
  '10.0.0.0/+8': null,
  '10.0.0.0/8/8': null,
  '10.0.0.0/255.0.0.0': null,
  'fd00::/129': null,
  'fd00::%eth0/64': null,
  ' 10.0.0.0/8': null,
  '10.0.0.0/8 ': null,
  '10.0.0.0 /8': null,
  '10.0.0.0/99999999999999999999': null,
}

t.test('ranges', async t => {
  for (const [written, canonical] of Object.entries(CIDRS)) {
    const cidr = parseCidr(written)
    t.equal(cidr?.text ?? null, canonical, JSON.stringify(written))
    if (cidr !== null) t.equal(`${cidr.address}/${cidr.length}`, cidr.text)
  }
})

t.test('what a range holds', async t => {
  t.ok(cidrContains('10.0.0.0/8', '10.255.255.255'))
  t.notOk(cidrContains('10.0.0.0/8', '11.0.0.0'))
  t.ok(cidrContains('192.0.2.7/32', '192.0.2.7'))
  t.ok(cidrContains('0.0.0.0/0', '203.0.113.1'))
  t.notOk(cidrContains('0.0.0.0/0', 'fd00::1'), 'not across families')
  t.notOk(cidrContains('::/0', '10.0.0.1'), 'not across families')
  t.ok(cidrContains('fd00::/63', 'fd00:0:0:1::9'))
  t.notOk(cidrContains('fd00::/64', 'fd00:0:0:1::9'))
  t.notOk(cidrContains('nonsense', '10.0.0.1'))
  t.notOk(cidrContains('10.0.0.0/8', 'nonsense'))
})

t.test('endpoint texts and loopback', async t => {
  t.equal(endpointText('10.0.0.1', 80), '10.0.0.1:80')
  t.equal(endpointText('fd00::1', 80), '[fd00::1]:80')
  for (const address of ['127.0.0.1', '127.255.0.3', '::1']) t.ok(isLoopback(address), address)
  for (const address of ['128.0.0.1', '1.127.0.0', '::', '::2'])
    t.notOk(isLoopback(address), address)
})

const anyGroup = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const anyGroups = fc.array(anyGroup, { minLength: 8, maxLength: 8 })
const written = fc.tuple(anyGroups, fc.boolean(), fc.nat(4)).map(([groups, upper, zeros]) => {
  const text = groups.map(group => group.toString(16).padStart(zeros, '0')).join(':')
  return upper ? text.toUpperCase() : text
})
const anyAddress = fc.oneof(fc.ipV4(), fc.ipV6(), written)

t.test('canonical is canonical again, and IPv6 reads as ipaddr.js reads it', async t => {
  fc.assert(
    fc.property(anyAddress, text => {
      const canonical = parseAddress(text)?.text
      return canonical !== undefined && parseAddress(canonical)?.text === canonical
    }),
  )
  fc.assert(
    fc.property(written, text => {
      const reference = ipaddr.IPv6.parse(text)
      const canonical = parseAddress(text)
      return reference.isIPv4MappedAddress()
        ? canonical?.text === reference.toIPv4Address().toString()
        : canonical?.text === reference.toRFC5952String()
    }),
  )
  t.pass('both laws hold')
})

t.test('a range is canonical again, holds its own address, and no text throws', async t => {
  const range = fc.tuple(anyAddress, fc.nat(128)).map(([address, length]) => `${address}/${length}`)
  fc.assert(
    fc.property(range, text => {
      const cidr = parseCidr(text)
      if (cidr === null) return Number(text.split('/')[1]) > 32
      return parseCidr(cidr.text)?.text === cidr.text && cidrContains(cidr.text, cidr.address)
    }),
  )
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:./ ]*$/)), text => {
      const address = parseAddress(text)
      parseCidr(text)
      return address === null || parseAddress(address.text)?.text === address.text
    }),
  )
  t.pass('both laws hold')
})
