/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Names of the numbers that sockets have: the kernel's interface to programs, the same in all kernels. */
#include "stap.h"

struct stap_number_name {
	int number;	/* of flags, the bit */
	const char *name;
};

static const struct stap_number_name stap_families[] = {
	{ 0, "UNSPEC" }, { 1, "LOCAL" }, { 1, "UNIX" }, { 2, "INET" }, { 3, "AX25" }, { 4, "IPX" }, { 5, "APPLETALK" }, { 6, "NETROM" },
	{ 7, "BRIDGE" }, { 8, "ATMPVC" }, { 9, "X25" }, { 10, "INET6" }, { 11, "ROSE" }, { 12, "DECnet" }, { 13, "NETBEUI" },
	{ 14, "SECURITY" }, { 15, "KEY" }, { 16, "NETLINK" }, { 16, "ROUTE" }, { 17, "PACKET" }, { 18, "ASH" }, { 19, "ECONET" },
	{ 20, "ATMSVC" }, { 21, "RDS" }, { 22, "SNA" }, { 23, "IRDA" }, { 24, "PPPOX" }, { 25, "WANPIPE" }, { 26, "LLC" }, { 27, "IB" },
	{ 28, "MPLS" }, { 29, "CAN" }, { 30, "TIPC" }, { 31, "BLUETOOTH" }, { 32, "IUCV" }, { 33, "RXRPC" }, { 34, "ISDN" },
	{ 35, "PHONET" }, { 36, "IEEE802154" }, { 37, "CAIF" }, { 38, "ALG" }, { 39, "NFC" }, { 40, "VSOCK" }, { 41, "KCM" },
	{ 42, "QIPCRTR" }, { 43, "SMC" }, { 44, "XDP" }, { 45, "MCTP" }, { -1, 0 },
};

/* What may stand in the header of IP, by the names of /etc/protocols and of the kernel. */
static const struct stap_number_name stap_protocols[] = {
	{ 0, "IP" }, { 1, "ICMP" }, { 2, "IGMP" }, { 3, "GGP" }, { 4, "IPIP" }, { 4, "IPENCAP" }, { 5, "ST" }, { 6, "TCP" }, { 8, "EGP" },
	{ 9, "IGP" }, { 12, "PUP" }, { 17, "UDP" }, { 20, "HMP" }, { 22, "IDP" }, { 22, "XNS-IDP" }, { 27, "RDP" }, { 29, "TP" },
	{ 29, "ISO-TP4" }, { 33, "DCCP" }, { 36, "XTP" }, { 37, "DDP" }, { 38, "IDPR-CMTP" }, { 41, "IPV6" }, { 43, "ROUTING" },
	{ 43, "IPV6-ROUTE" }, { 44, "FRAGMENT" }, { 44, "IPV6-FRAG" }, { 45, "IDRP" }, { 46, "RSVP" }, { 47, "GRE" }, { 50, "ESP" },
	{ 51, "AH" }, { 57, "SKIP" }, { 58, "ICMPV6" }, { 58, "IPV6-ICMP" }, { 59, "NONE" }, { 59, "IPV6-NONXT" }, { 60, "DSTOPTS" },
	{ 60, "IPV6-OPTS" }, { 73, "RSPF" }, { 81, "VMTP" }, { 88, "EIGRP" }, { 89, "OSPF" }, { 89, "OSPFIGP" }, { 92, "MTP" },
	{ 93, "AX.25" }, { 94, "BEETPH" }, { 97, "ETHERIP" }, { 98, "ENCAP" }, { 103, "PIM" }, { 108, "COMP" }, { 108, "IPCOMP" },
	{ 112, "VRRP" }, { 115, "L2TP" }, { 124, "ISIS" }, { 132, "SCTP" }, { 133, "FC" }, { 135, "MH" }, { 136, "UDPLITE" },
	{ 137, "MPLS" }, { 138, "MANET" }, { 139, "HIP" }, { 140, "SHIM6" }, { 141, "WESP" }, { 142, "ROHC" }, { 143, "ETHERNET" },
	{ 255, "RAW" }, { 256, "SMC" }, { 262, "MPTCP" }, { -1, 0 },
};

static const struct stap_number_name stap_types[] = {
	{ 1, "STREAM" }, { 2, "DGRAM" }, { 3, "RAW" }, { 4, "RDM" }, { 5, "SEQPACKET" }, { 6, "DCCP" }, { 10, "PACKET" }, { -1, 0 },
};

static const struct stap_number_name stap_states[] = {
	{ 0, "FREE" }, { 1, "UNCONNECTED" }, { 2, "CONNECTING" }, { 3, "CONNECTED" }, { 4, "DISCONNECTING" }, { -1, 0 },
};

static const struct stap_number_name stap_socket_flags[] = {
	{ 0, "ASYNC_NOSPACE" }, { 1, "ASYNC_WAITDATA" }, { 2, "NOSPACE" }, { 3, "PASSCRED" }, { 4, "PASSSEC" }, { 5, "SUPPORT_ZC" },
	{ 6, "CUSTOM_SOCKOPT" }, { 7, "PASSPIDFD" }, { -1, 0 },
};

static const struct stap_number_name stap_message_flags[] = {
	{ 0, "MSG_OOB" }, { 1, "MSG_PEEK" }, { 2, "MSG_DONTROUTE" }, { 3, "MSG_CTRUNC" }, { 4, "MSG_PROBE" }, { 5, "MSG_TRUNC" },
	{ 6, "MSG_DONTWAIT" }, { 7, "MSG_EOR" }, { 8, "MSG_WAITALL" }, { 9, "MSG_FIN" }, { 10, "MSG_SYN" }, { 11, "MSG_CONFIRM" },
	{ 12, "MSG_RST" }, { 13, "MSG_ERRQUEUE" }, { 14, "MSG_NOSIGNAL" }, { 15, "MSG_MORE" }, { 16, "MSG_WAITFORONE" },
	{ 18, "MSG_BATCH" }, { 26, "MSG_ZEROCOPY" }, { 27, "MSG_SPLICE_PAGES" }, { 29, "MSG_FASTOPEN" }, { 30, "MSG_CMSG_CLOEXEC" },
	{ 31, "MSG_CMSG_COMPAT" }, { -1, 0 },
};

static const struct stap_number_name stap_tcp_states[] = {
	{ 1, "TCP_ESTABLISHED" }, { 2, "TCP_SYN_SENT" }, { 3, "TCP_SYN_RECV" }, { 4, "TCP_FIN_WAIT1" }, { 5, "TCP_FIN_WAIT2" },
	{ 6, "TCP_TIME_WAIT" }, { 7, "TCP_CLOSE" }, { 8, "TCP_CLOSE_WAIT" }, { 9, "TCP_LAST_ACK" }, { 10, "TCP_LISTEN" },
	{ 11, "TCP_CLOSING" }, { 12, "TCP_NEW_SYN_RECV" }, { 13, "TCP_BOUND_INACTIVE" }, { -1, 0 },
};

static const struct stap_number_name stap_tcp_options[] = {
	{ 1, "TCP_NODELAY" }, { 2, "TCP_MAXSEG" }, { 3, "TCP_CORK" }, { 4, "TCP_KEEPIDLE" }, { 5, "TCP_KEEPINTVL" }, { 6, "TCP_KEEPCNT" },
	{ 7, "TCP_SYNCNT" }, { 8, "TCP_LINGER2" }, { 9, "TCP_DEFER_ACCEPT" }, { 10, "TCP_WINDOW_CLAMP" }, { 11, "TCP_INFO" },
	{ 12, "TCP_QUICKACK" }, { 13, "TCP_CONGESTION" }, { 14, "TCP_MD5SIG" }, { 15, "TCP_COOKIE_TRANSACTIONS" },
	{ 16, "TCP_THIN_LINEAR_TIMEOUTS" }, { 17, "TCP_THIN_DUPACK" }, { 18, "TCP_USER_TIMEOUT" }, { 19, "TCP_REPAIR" },
	{ 20, "TCP_REPAIR_QUEUE" }, { 21, "TCP_QUEUE_SEQ" }, { 22, "TCP_REPAIR_OPTIONS" }, { 23, "TCP_FASTOPEN" }, { 24, "TCP_TIMESTAMP" },
	{ 25, "TCP_NOTSENT_LOWAT" }, { 26, "TCP_CC_INFO" }, { 27, "TCP_SAVE_SYN" }, { 28, "TCP_SAVED_SYN" }, { 29, "TCP_REPAIR_WINDOW" },
	{ 30, "TCP_FASTOPEN_CONNECT" }, { 31, "TCP_ULP" }, { 32, "TCP_MD5SIG_EXT" }, { 33, "TCP_FASTOPEN_KEY" },
	{ 34, "TCP_FASTOPEN_NO_COOKIE" }, { 35, "TCP_ZEROCOPY_RECEIVE" }, { 36, "TCP_INQ" }, { 37, "TCP_TX_DELAY" },
	{ 38, "TCP_AO_ADD_KEY" }, { 39, "TCP_AO_DEL_KEY" }, { 40, "TCP_AO_INFO" }, { 41, "TCP_AO_GET_KEYS" }, { 42, "TCP_AO_REPAIR" },
	{ 43, "TCP_IS_MPTCP" }, { -1, 0 },
};

static const struct stap_number_name stap_ipv6_options[] = {
	{ 1, "IPV6_ADDRFORM" }, { 2, "IPV6_2292PKTINFO" }, { 3, "IPV6_2292HOPOPTS" }, { 4, "IPV6_2292DSTOPTS" }, { 5, "IPV6_2292RTHDR" },
	{ 6, "IPV6_2292PKTOPTIONS" }, { 7, "IPV6_CHECKSUM" }, { 8, "IPV6_2292HOPLIMIT" }, { 9, "IPV6_NEXTHOP" }, { 10, "IPV6_AUTHHDR" },
	{ 11, "IPV6_FLOWINFO" }, { 16, "IPV6_UNICAST_HOPS" }, { 17, "IPV6_MULTICAST_IF" }, { 18, "IPV6_MULTICAST_HOPS" },
	{ 19, "IPV6_MULTICAST_LOOP" }, { 20, "IPV6_ADD_MEMBERSHIP" }, { 21, "IPV6_DROP_MEMBERSHIP" }, { 22, "IPV6_ROUTER_ALERT" },
	{ 23, "IPV6_MTU_DISCOVER" }, { 24, "IPV6_MTU" }, { 25, "IPV6_RECVERR" }, { 26, "IPV6_V6ONLY" }, { 27, "IPV6_JOIN_ANYCAST" },
	{ 28, "IPV6_LEAVE_ANYCAST" }, { 29, "IPV6_MULTICAST_ALL" }, { 30, "IPV6_ROUTER_ALERT_ISOLATE" }, { 31, "IPV6_RECVERR_RFC4884" },
	{ 32, "IPV6_FLOWLABEL_MGR" }, { 33, "IPV6_FLOWINFO_SEND" }, { 34, "IPV6_IPSEC_POLICY" }, { 35, "IPV6_XFRM_POLICY" },
	{ 36, "IPV6_HDRINCL" }, { 49, "IPV6_RECVPKTINFO" }, { 50, "IPV6_PKTINFO" }, { 51, "IPV6_RECVHOPLIMIT" }, { 52, "IPV6_HOPLIMIT" },
	{ 53, "IPV6_RECVHOPOPTS" }, { 54, "IPV6_HOPOPTS" }, { 55, "IPV6_RTHDRDSTOPTS" }, { 56, "IPV6_RECVRTHDR" }, { 57, "IPV6_RTHDR" },
	{ 58, "IPV6_RECVDSTOPTS" }, { 59, "IPV6_DSTOPTS" }, { 60, "IPV6_RECVPATHMTU" }, { 61, "IPV6_PATHMTU" }, { 62, "IPV6_DONTFRAG" },
	{ 66, "IPV6_RECVTCLASS" }, { 67, "IPV6_TCLASS" }, { 70, "IPV6_AUTOFLOWLABEL" }, { 72, "IPV6_ADDR_PREFERENCES" },
	{ 73, "IPV6_MINHOPCOUNT" }, { 74, "IPV6_RECVORIGDSTADDR" }, { 75, "IPV6_TRANSPARENT" }, { 76, "IPV6_UNICAST_IF" },
	{ 77, "IPV6_RECVFRAGSIZE" }, { 78, "IPV6_FREEBIND" }, { -1, 0 },
};

static const struct stap_number_name *const stap_socket_tables[] = {
	[STAP_SOCKET_FAMILY] = stap_families, [STAP_SOCKET_PROTOCOL] = stap_protocols, [STAP_SOCKET_TYPE] = stap_types,
	[STAP_SOCKET_STATE] = stap_states, [STAP_SOCKET_FLAG] = stap_socket_flags, [STAP_MESSAGE_FLAG] = stap_message_flags,
	[STAP_TCP_STATE] = stap_tcp_states, [STAP_TCP_OPTION] = stap_tcp_options, [STAP_IPV6_OPTION] = stap_ipv6_options,
};

void stap_socket_name(char *dst, enum stap_socket_names names, stap_long number)
{
	const struct stap_number_name *n;

	for (n = stap_socket_tables[names]; n->name; n++)
		if (n->number == number) {
			stap_string_copy(dst, n->name);
			return;
		}
	*stap_write_long(dst, number) = 0;
}

stap_long stap_socket_number(enum stap_socket_names names, const char *name)
{
	const struct stap_number_name *n;

	for (n = stap_socket_tables[names]; n->name; n++)
		if (!stap_string_compare(n->name, name))
			return n->number;
	return -1;
}

void stap_socket_bits(char *dst, enum stap_socket_names names, stap_long bits)
{
	const struct stap_number_name *n;
	char rest[STAP_LONG_ROOM];

	dst[0] = 0;
	bits &= 0xffffffff;
	for (n = stap_socket_tables[names]; n->name; n++)
		if (bits >> n->number & 1) {
			bits &= ~(1LL << n->number);
			if (dst[0])
				stap_string_append(dst, "|");
			stap_string_append(dst, n->name);
		}
	if (!bits && dst[0])
		return;
	if (dst[0])
		stap_string_append(dst, "|");
	*stap_write_long(rest, bits) = 0;
	stap_string_append(dst, rest);
}
