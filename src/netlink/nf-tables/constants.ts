/**
 * Numbers of nf_tables in the kernel's spelling: linux/netfilter/nf_tables.h, linux/netfilter.h, nf_nat.h. Only those
 * that mean something to a caller; attribute numbers stand beside the encoders that use them.
 */

// linux/netfilter.h
export const NFPROTO_INET = 1
export const NFPROTO_IPV4 = 2
export const NFPROTO_IPV6 = 10
export const NF_INET_PRE_ROUTING = 0
export const NF_INET_LOCAL_IN = 1
export const NF_INET_FORWARD = 2
export const NF_INET_LOCAL_OUT = 3
export const NF_INET_POST_ROUTING = 4
export const NF_DROP = 0
export const NF_ACCEPT = 1

// enum nft_verdicts
export const NFT_CONTINUE = -1
export const NFT_BREAK = -2
export const NFT_JUMP = -3
export const NFT_GOTO = -4
export const NFT_RETURN = -5

// enum nft_registers: the verdict, and sixteen registers of four bytes
export const NFT_REG_VERDICT = 0
export const NFT_REG32_00 = 8
export const NFT_REG32_COUNT = 16

// enum nft_table_flags; persist since kernel 6.9
export const NFT_TABLE_F_DORMANT = 0x1
export const NFT_TABLE_F_OWNER = 0x2
export const NFT_TABLE_F_PERSIST = 0x4

// enum nft_set_flags
export const NFT_SET_ANONYMOUS = 0x1
export const NFT_SET_CONSTANT = 0x2
export const NFT_SET_INTERVAL = 0x4
export const NFT_SET_MAP = 0x8
export const NFT_SET_TIMEOUT = 0x10
export const NFT_SET_EVAL = 0x20
export const NFT_SET_OBJECT = 0x40
export const NFT_SET_CONCAT = 0x80

// enum nft_set_elem_flags
export const NFT_SET_ELEM_INTERVAL_END = 0x1
export const NFT_SET_ELEM_CATCHALL = 0x2

/** enum nft_data_types: the data type of a verdict map. */
export const NFT_DATA_VERDICT = 0xffffff00

// enum nft_payload_bases
export const NFT_PAYLOAD_NETWORK_HEADER = 1
export const NFT_PAYLOAD_TRANSPORT_HEADER = 2

// enum nft_meta_keys
export const NFT_META_MARK = 3
export const NFT_META_IIF = 4
export const NFT_META_OIF = 5
export const NFT_META_IIFNAME = 6
export const NFT_META_OIFNAME = 7
export const NFT_META_NFPROTO = 15
export const NFT_META_L4PROTO = 16

// enum nft_ct_keys; linux/netfilter/nf_conntrack_common.h: the directions, the status bits
export const NFT_CT_STATE = 0
export const NFT_CT_STATUS = 2
export const NFT_CT_MARK = 3
export const NFT_CT_PROTOCOL = 10
export const NFT_CT_PROTO_SRC = 11
export const NFT_CT_PROTO_DST = 12
export const NFT_CT_SRC_IP = 19
export const NFT_CT_DST_IP = 20
export const NFT_CT_SRC_IP6 = 21
export const NFT_CT_DST_IP6 = 22
export const IP_CT_DIR_ORIGINAL = 0
export const IP_CT_DIR_REPLY = 1
export const IPS_SRC_NAT = 0x10
export const IPS_DST_NAT = 0x20

// enum nft_cmp_ops
export const NFT_CMP_EQ = 0
export const NFT_CMP_NEQ = 1
export const NFT_CMP_LT = 2
export const NFT_CMP_LTE = 3
export const NFT_CMP_GT = 4
export const NFT_CMP_GTE = 5

// enum nft_range_ops
export const NFT_RANGE_EQ = 0
export const NFT_RANGE_NEQ = 1

// enum nft_nat_types; linux/netfilter/nf_nat.h
export const NFT_NAT_SNAT = 0
export const NFT_NAT_DNAT = 1
export const NF_NAT_RANGE_MAP_IPS = 0x1
export const NF_NAT_RANGE_PROTO_SPECIFIED = 0x2
export const NF_NAT_RANGE_PROTO_RANDOM = 0x4
export const NF_NAT_RANGE_PERSISTENT = 0x8
export const NF_NAT_RANGE_PROTO_RANDOM_FULLY = 0x10

// enum nft_reject_types; linux/icmp.h, linux/icmpv6.h: port unreachable
export const NFT_REJECT_ICMP_UNREACH = 0
export const NFT_REJECT_TCP_RST = 1
export const NFT_REJECT_ICMPX_UNREACH = 2
export const ICMP_PORT_UNREACH = 3
export const ICMPV6_PORT_UNREACH = 4

// enum nft_ng_types
export const NFT_NG_INCREMENTAL = 0
export const NFT_NG_RANDOM = 1

// enum nft_fib_result, nft_fib_flags; linux/rtnetlink.h: the type of a local address
export const NFT_FIB_RESULT_OIF = 1
export const NFT_FIB_RESULT_OIFNAME = 2
export const NFT_FIB_RESULT_ADDRTYPE = 3
export const NFTA_FIB_F_SADDR = 0x1
export const NFTA_FIB_F_DADDR = 0x2
export const NFTA_FIB_F_IIF = 0x8
export const RTN_LOCAL = 2

// enum nft_dynset_ops
export const NFT_DYNSET_OP_ADD = 0
export const NFT_DYNSET_OP_UPDATE = 1
export const NFT_DYNSET_OP_DELETE = 2

/** enum nfnetlink_groups: every change of any table. */
export const NFNLGRP_NFTABLES = 7

/** The types of nft's userland (datatype.h), packed six bits a field into the key type of a concatenation. */
export const TYPE_INTEGER = 4
export const TYPE_IPADDR = 7
export const TYPE_IP6ADDR = 8
export const TYPE_INET_PROTOCOL = 12
export const TYPE_INET_SERVICE = 13
export const TYPE_MARK = 19
