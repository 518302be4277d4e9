import t from 'tap'
import { chainHash } from '../../../backends/iptables/names.ts'

// Spec iptables, section 3.2.
const HASHES: Readonly<Record<string, string>> = {
  'ns1/svc1:p80tcp': 'XPGD46QRK7WJZT7O',
  'ns1/svc1:p80tcp10.180.0.1:80': 'SXIVWICOYRO3J4NJ',
  'ns1/svc1:p80sctp': 'GFCIFIA5VTFSTMSM',
  'ns1/svc1:p80sctp10.180.0.1:80': 'RFW33Y6OHVBQ4W3M',
  'ns5/svc5:p80tcp': 'NUKIZ6OKUXPJNT4C',
  'default/kubernetes:httpstcp': 'NPX46M4PTMTKRN6Y',
  'default/kubernetes:httpstcp192.168.0.2:6443': 'CQRAHCCC7XPEWYB2',
  'kube-system/kube-dns:dnsudp': 'TCOU7JCQXEZGVUNU',
  'kube-system/kube-dns:dns-tcptcp': 'ERIFXISQEP7F7OF4',
  'kube-system/kube-dns:dnsudp[fd00:10::a]:53': 'HHXFMMOOX5N6IQJJ',
  'default/webtcp': 'LOLE4ISW44XBNF3G',
  'default/webtcp10.0.1.2:8080': 'CLJD2HVAOG7NX5JI',
  'default/webtcp[fd00:10:180::1]:8080': 'XD7QP2YVA6GYDKLD',
}

t.test('chain names are those of kube-proxy', async t => {
  for (const [text, hash] of Object.entries(HASHES)) t.equal(chainHash(text), hash, text)
})
