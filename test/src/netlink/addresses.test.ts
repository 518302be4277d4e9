import t from 'tap'
import { getAddresses, getLinks, readAddress, readLink } from '../../../src/netlink/addresses.ts'
import type { Reply } from '../../../src/netlink/message.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

const reply = (type: number, text: string): Reply => ({
  type,
  flags: 2,
  sequence: 1,
  port: 0,
  body: bytes(text),
})

const ETH0 = reply(
  16,
  `00 00 01 00 | AF_UNSPEC, Ethernet
   02 00 00 00 | index 2
   02 10 00 00 | flags: down
   00 00 00 00 | change
   09 00 03 00 | len 9, IFLA_IFNAME
   65 74 68 30 | "eth0"
   00 00 00 00 |
   08 00 0d 00 | len 8, IFLA_TXQLEN
   e8 03 00 00 | 1000`,
)
const NAMES = new Map([[2, 'eth0']])

t.test('every link and address of every family is asked for', t => {
  t.strictSame([getLinks.type, getAddresses.type], [18, 22])
  t.match(dump(getLinks.body), /^(00 ?\n?)*$/)
  t.strictSame([getLinks.body.length, getAddresses.body.length], [16, 8])
  t.end()
})

t.test('a link has an index and a name', t => {
  t.strictSame(readLink(ETH0), [2, 'eth0'])
  t.equal(readLink({ ...ETH0, type: 24 }), undefined)
  t.end()
})

t.test('IFA_LOCAL is ours; IFA_ADDRESS is the peer, or ours when alone', t => {
  const peer = reply(
    20,
    `02 20 80 00 | AF_INET, /32, permanent
     02 00 00 00 | index 2
     08 00 01 00 | len 8, IFA_ADDRESS
     c6 33 64 02 | 198.51.100.2
     08 00 02 00 | len 8, IFA_LOCAL
     c6 33 64 01 | 198.51.100.1`,
  )
  t.strictSame(readAddress(peer, NAMES), { name: 'eth0', address: '198.51.100.1', family: 'IPv4' })
  const six = reply(
    20,
    `0a 40 80 00 | AF_INET6, /64, permanent
     02 00 00 00 | index 2
     14 00 01 00 | len 20, IFA_ADDRESS
     fd 00 00 00 | fd00::7
     00 00 00 00 |
     00 00 00 00 |
     00 00 00 07 |`,
  )
  t.strictSame(readAddress(six, NAMES), { name: 'eth0', address: 'fd00::7', family: 'IPv6' })
  t.end()
})

t.test('other families, other messages and interfaces that are gone are passed over', t => {
  const head = '02 00 00 00 08 00 02 00 0a 00 00 01'
  t.ok(readAddress(reply(20, `02 20 80 00 ${head}`), NAMES))
  t.equal(readAddress(reply(20, `07 20 80 00 ${head}`), NAMES), undefined)
  t.equal(readAddress(reply(21, `02 20 80 00 ${head}`), NAMES), undefined)
  t.equal(readAddress(reply(20, `02 20 80 00 ${head}`), new Map()), undefined)
  t.end()
})
