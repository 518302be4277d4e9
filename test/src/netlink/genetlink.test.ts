import t from 'tap'
import { u16host, u32host } from '../../../src/netlink/attributes.ts'
import { familyId, genericMessage, getFamily, readGeneric } from '../../../src/netlink/genetlink.ts'
import { encodeMessage, NLM_F_ACK } from '../../../src/netlink/message.ts'
import { NetlinkSocket } from '../../../src/netlink/socket.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

t.test('asking for a family', t => {
  const got = encodeMessage(getFamily('IPVS'), { sequence: 1, flags: NLM_F_ACK })
  const want = bytes(`
    20 00 00 00 | 32 bytes
    10 00 05 00 | GENL_ID_CTRL; REQUEST, ACK
    01 00 00 00 | sequence
    00 00 00 00 |
    03 02 00 00 | CTRL_CMD_GETFAMILY, version 2
    09 00 02 00 | len 9, CTRL_ATTR_FAMILY_NAME
    49 50 56 53 | "IPVS"
    00 00 00 00 | zero, pad`)
  t.equal(dump(got), dump(want))
  t.end()
})

t.test('command and attributes come back', t => {
  const message = genericMessage({
    family: 28,
    command: 4,
    version: 1,
    attributes: [u32host(3, 7)],
  })
  t.equal(message.type, 28)
  const { command, attributes } = readGeneric(message)
  t.equal(command, 4)
  t.equal(attributes.u32host(3), 7)
  t.throws(() => readGeneric({ ...message, body: bytes('04 01') }), /2 bytes/)
  t.end()
})

t.test('the answer has the number of the family', async t => {
  const answer = (attribute: number) =>
    genericMessage({ family: 16, command: 1, version: 2, attributes: [u16host(attribute, 28)] })
  const connect = (attribute: number): NetlinkSocket => {
    const queue = [
      encodeMessage(answer(attribute), { sequence: 1 }),
      encodeMessage({ type: 2, flags: 0, body: new Uint8Array(20) }, { sequence: 1 }),
    ]
    return new NetlinkSocket(() => ({
      send: () => {},
      receive: () => {
        const next = queue.shift()
        return next && { bytes: next, isCut: false }
      },
      join: () => {},
      close: () => {},
      sendBuffer: 4096,
      receiveBuffer: 4096,
    }))
  }
  t.equal(await familyId(connect(1), 'IPVS'), 28)
  await t.rejects(familyId(connect(9), 'IPVS'), /IPVS: the answer has no id/)
})
