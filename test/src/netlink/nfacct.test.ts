import t from 'tap'
import { getCounter, newCounter } from '../../../src/netlink/nfacct.ts'
import { bytes, dump } from '../../support/wire-bytes.ts'

const BODY = bytes(`
  00 00 00 00 | any family
  0c 00 01 00 | len 12, NFACCT_NAME
  64 72 6f 70 | "dropped"
  70 65 64 00 |`)

t.test('making a counter and asking for one', t => {
  const make = newCounter('dropped')
  t.equal(dump(make.body), dump(BODY))
  t.strictSame([make.type, make.flags], [0x0700, 0x600], 'ACCT_NEW, CREATE and EXCL')
  const ask = getCounter('dropped')
  t.equal(dump(ask.body), dump(BODY))
  t.strictSame([ask.type, ask.flags], [0x0701, 0])
  t.end()
})

t.test('names have a limit', t => {
  t.doesNotThrow(() => newCounter('x'.repeat(31)))
  t.throws(() => newCounter('x'.repeat(32)), /1 to 31 bytes/)
  t.throws(() => newCounter(''), /1 to 31 bytes/)
  t.end()
})
