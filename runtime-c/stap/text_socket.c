/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on sockets. */
#include "stap.h"

#define FAMILY_NAMES(N) \
	N(AF_UNSPEC, 0) N(AF_UNIX, 1) N(AF_INET, 2) N(AF_AX25, 3) N(AF_IPX, 4) N(AF_APPLETALK, 5) N(AF_NETROM, 6) \
	N(AF_BRIDGE, 7) N(AF_ATMPVC, 8) N(AF_X25, 9) N(AF_INET6, 10) N(AF_ROSE, 11) N(AF_DECnet, 12) N(AF_NETBEUI, 13) \
	N(AF_SECURITY, 14) N(AF_KEY, 15) N(AF_NETLINK, 16) N(AF_PACKET, 17) N(AF_ASH, 18) N(AF_ECONET, 19) N(AF_ATMSVC, 20) \
	N(AF_RDS, 21) N(AF_SNA, 22) N(AF_IRDA, 23) N(AF_PPPOX, 24) N(AF_WANPIPE, 25) N(AF_LLC, 26) N(AF_IB, 27) \
	N(AF_MPLS, 28) N(AF_CAN, 29) N(AF_TIPC, 30) N(AF_BLUETOOTH, 31) N(AF_IUCV, 32) N(AF_RXRPC, 33) N(AF_ISDN, 34) \
	N(AF_PHONET, 35) N(AF_IEEE802154, 36) N(AF_CAIF, 37) N(AF_ALG, 38) N(AF_NFC, 39) N(AF_VSOCK, 40) N(AF_KCM, 41) \
	N(AF_QIPCRTR, 42) N(AF_SMC, 43) N(AF_XDP, 44) N(AF_MCTP, 45)
const struct stap_names stap_family_names = STAP_NAMES(FAMILY_NAMES, STAP_ONE_OF);

#define SOCKET_TYPE_NAMES(N) \
	N(SOCK_STREAM, 0x1) N(SOCK_DGRAM, 0x2) N(SOCK_RAW, 0x3) N(SOCK_RDM, 0x4) N(SOCK_SEQPACKET, 0x5) N(SOCK_DCCP, 0x6) \
	N(SOCK_PACKET, 0xa) N(SOCK_NONBLOCK, 0x800) N(SOCK_CLOEXEC, 0x80000)
const struct stap_names stap_socket_type_names = STAP_NAMES(SOCKET_TYPE_NAMES, 0xf);

#define ACCEPT_NAMES(N) \
	N(SOCK_NONBLOCK, 0x800) N(SOCK_CLOEXEC, 0x80000)
const struct stap_names stap_accept_names = STAP_NAMES(ACCEPT_NAMES, 0);

#define IP_PROTOCOL_NAMES(N) \
	N(IPPROTO_IP, 0) N(IPPROTO_ICMP, 1) N(IPPROTO_IGMP, 2) N(IPPROTO_IPIP, 4) N(IPPROTO_TCP, 6) N(IPPROTO_EGP, 8) \
	N(IPPROTO_PUP, 12) N(IPPROTO_UDP, 17) N(IPPROTO_IDP, 22) N(IPPROTO_TP, 29) N(IPPROTO_DCCP, 33) N(IPPROTO_IPV6, 41) \
	N(IPPROTO_ROUTING, 43) N(IPPROTO_FRAGMENT, 44) N(IPPROTO_RSVP, 46) N(IPPROTO_GRE, 47) N(IPPROTO_ESP, 50) \
	N(IPPROTO_AH, 51) N(IPPROTO_ICMPV6, 58) N(IPPROTO_NONE, 59) N(IPPROTO_DSTOPTS, 60) N(IPPROTO_MTP, 92) \
	N(IPPROTO_BEETPH, 94) N(IPPROTO_ENCAP, 98) N(IPPROTO_PIM, 103) N(IPPROTO_COMP, 108) N(IPPROTO_SCTP, 132) \
	N(IPPROTO_MH, 135) N(IPPROTO_UDPLITE, 136) N(IPPROTO_MPLS, 137) N(IPPROTO_ETHERNET, 143) N(IPPROTO_RAW, 255) \
	N(IPPROTO_MPTCP, 262)
const struct stap_names stap_ip_protocol_names = STAP_NAMES(IP_PROTOCOL_NAMES, STAP_ONE_OF);

#define NETLINK_PROTOCOL_NAMES(N) \
	N(NETLINK_ROUTE, 0) N(NETLINK_USERSOCK, 2) N(NETLINK_FIREWALL, 3) N(NETLINK_SOCK_DIAG, 4) N(NETLINK_NFLOG, 5) \
	N(NETLINK_XFRM, 6) N(NETLINK_SELINUX, 7) N(NETLINK_ISCSI, 8) N(NETLINK_AUDIT, 9) N(NETLINK_FIB_LOOKUP, 10) \
	N(NETLINK_CONNECTOR, 11) N(NETLINK_NETFILTER, 12) N(NETLINK_IP6_FW, 13) N(NETLINK_DNRTMSG, 14) \
	N(NETLINK_KOBJECT_UEVENT, 15) N(NETLINK_GENERIC, 16) N(NETLINK_SCSITRANSPORT, 18) N(NETLINK_ECRYPTFS, 19) \
	N(NETLINK_RDMA, 20) N(NETLINK_CRYPTO, 21) N(NETLINK_SMC, 22)
const struct stap_names stap_netlink_protocol_names = STAP_NAMES(NETLINK_PROTOCOL_NAMES, STAP_ONE_OF);

#define MESSAGE_NAMES(N) \
	N(MSG_OOB, 0x1) N(MSG_PEEK, 0x2) N(MSG_DONTROUTE, 0x4) N(MSG_CTRUNC, 0x8) N(MSG_PROXY, 0x10) N(MSG_TRUNC, 0x20) \
	N(MSG_DONTWAIT, 0x40) N(MSG_EOR, 0x80) N(MSG_WAITALL, 0x100) N(MSG_FIN, 0x200) N(MSG_SYN, 0x400) \
	N(MSG_CONFIRM, 0x800) N(MSG_RST, 0x1000) N(MSG_ERRQUEUE, 0x2000) N(MSG_NOSIGNAL, 0x4000) N(MSG_MORE, 0x8000) \
	N(MSG_WAITFORONE, 0x10000) N(MSG_BATCH, 0x40000) N(MSG_ZEROCOPY, 0x4000000) N(MSG_FASTOPEN, 0x20000000) \
	N(MSG_CMSG_CLOEXEC, 0x40000000)
const struct stap_names stap_message_names = STAP_NAMES(MESSAGE_NAMES, 0);

#define SHUTDOWN_NAMES(N) \
	N(SHUT_RD, 0) N(SHUT_WR, 1) N(SHUT_RDWR, 2)
const struct stap_names stap_shutdown_names = STAP_NAMES(SHUTDOWN_NAMES, STAP_ONE_OF);

#define SOCKET_CALL_NAMES(N) \
	N(SYS_SOCKET, 1) N(SYS_BIND, 2) N(SYS_CONNECT, 3) N(SYS_LISTEN, 4) N(SYS_ACCEPT, 5) N(SYS_GETSOCKNAME, 6) \
	N(SYS_GETPEERNAME, 7) N(SYS_SOCKETPAIR, 8) N(SYS_SEND, 9) N(SYS_RECV, 10) N(SYS_SENDTO, 11) N(SYS_RECVFROM, 12) \
	N(SYS_SHUTDOWN, 13) N(SYS_SETSOCKOPT, 14) N(SYS_GETSOCKOPT, 15) N(SYS_SENDMSG, 16) N(SYS_RECVMSG, 17) \
	N(SYS_ACCEPT4, 18) N(SYS_RECVMMSG, 19) N(SYS_SENDMMSG, 20)
const struct stap_names stap_socket_call_names = STAP_NAMES(SOCKET_CALL_NAMES, STAP_ONE_OF);

#define STAP_FAMILY_UNIX 1
#define STAP_FAMILY_INET 2
#define STAP_FAMILY_INET6 10
#define STAP_FAMILY_NETLINK 16
#define STAP_FAMILY_PACKET 17

static unsigned int stap_big_endian(const unsigned char *bytes, int n)
{
	unsigned int value = 0;
	int i;

	for (i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void stap_text_inet(struct stap_text *t, const unsigned char *address)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i)
			stap_text_put(t, ".", 1);
		stap_text_unsigned(t, address[i]);
	}
}

/* The longest run of zero groups is left out (RFC 5952). */
static void stap_text_inet6(struct stap_text *t, const unsigned char *address)
{
	int best = -1, length = 1, i, n;

	for (i = 0; i < 8; i++) {
		for (n = 0; i + n < 8 && !stap_big_endian(address + 2 * (i + n), 2); n++)
			;
		if (n > length) {
			best = i;
			length = n;
		}
	}
	for (i = 0; i < 8; i++) {
		if (i == best) {
			stap_text_put(t, "::", 2);
			i += length - 1;
			continue;
		}
		if (i == 6 && !best && (length == 6 || (length == 5 && stap_big_endian(address + 10, 2) == 0xffff))) {
			stap_text_inet(t, address + 12); /* as in ::ffff:1.2.3.4 */
			return;
		}
		stap_text_hex_digits(t, stap_big_endian(address + 2 * i, 2), 1);
		if (i < 7 && i + 1 != best)
			stap_text_put(t, ":", 1);
	}
}

/* The name of a local socket: a path, or, behind a NUL, a name of its own. */
static void stap_text_local_name(struct stap_text *t, const char *path, unsigned int length)
{
	unsigned int n = 0;

	if (!length)
		return;
	stap_text_next(t);
	if (!path[0] && length > 1) {
		stap_text_put(t, "@", 1);
		stap_text_bytes(t, path + 1, length - 1);
		return;
	}
	while (n < length && path[n])
		n++;
	stap_text_bytes(t, path, n);
}

static void stap_text_address(struct stap_text *t, const unsigned char *address, unsigned int length)
{
	unsigned int family = *(const unsigned short *)address, value;

	stap_text_open(t, "{");
	stap_text_flags(t, family, &stap_family_names);
	if (family == STAP_FAMILY_INET && length >= 8) {
		stap_text_next(t);
		stap_text_inet(t, address + 4);
		stap_text_next(t);
		stap_text_unsigned(t, stap_big_endian(address + 2, 2));
	} else if (family == STAP_FAMILY_INET6 && length >= 24) {
		stap_text_next(t);
		stap_text_inet6(t, address + 8);
		stap_text_next(t);
		stap_text_unsigned(t, stap_big_endian(address + 2, 2));
	} else if (family == STAP_FAMILY_UNIX) {
		stap_text_local_name(t, (const char *)address + 2, length - 2);
	} else if (family == STAP_FAMILY_NETLINK && length >= 12) {
		__builtin_memcpy(&value, address + 4, 4);
		stap_text_name(t, "pid");
		stap_text_unsigned(t, value);
		__builtin_memcpy(&value, address + 8, 4);
		stap_text_name(t, "groups");
		stap_text_hex_digits(t, value, 8);
	} else if (family == STAP_FAMILY_PACKET && length >= 12) {
		__builtin_memcpy(&value, address + 4, 4);
		stap_text_name(t, "protocol");
		stap_text_hex(t, stap_big_endian(address + 2, 2));
		stap_text_name(t, "ifindex");
		stap_text_decimal(t, (int)value);
	} else if (length > 2) {
		stap_text_next(t);
		stap_text_bytes(t, (const char *)address + 2, length - 2);
	}
	stap_text_close(t, "}");
}

/* Of an address, one part; nothing of a family that has none. */
static unsigned int stap_read_sockaddr(unsigned char *bytes, stap_long address, unsigned int size)
{
	unsigned short family;

	if (!stap_text_read(&family, address, 2))
		return 0;
	if (family == STAP_FAMILY_INET && size > 16)
		size = 16;
	return stap_text_read(bytes, address, size) ? family : 0;
}

void stap_text_socket_family(struct stap_text *t, stap_long address)
{
	stap_ulong family;

	if (stap_text_read_number(&family, address, 2))
		stap_text_flags(t, family, &stap_family_names);
}

void stap_text_socket_host(struct stap_text *t, stap_long address)
{
	unsigned char bytes[28] __attribute__((aligned(8)));

	switch (stap_read_sockaddr(bytes, address, sizeof(bytes))) {
	case STAP_FAMILY_INET: stap_text_inet(t, bytes + 4); break;
	case STAP_FAMILY_INET6: stap_text_inet6(t, bytes + 8); break;
	}
}

void stap_text_socket_port(struct stap_text *t, stap_long address)
{
	unsigned char bytes[4] __attribute__((aligned(8)));
	unsigned int family = stap_read_sockaddr(bytes, address, sizeof(bytes));

	if (family == STAP_FAMILY_INET || family == STAP_FAMILY_INET6)
		stap_text_unsigned(t, stap_big_endian(bytes + 2, 2));
}

void stap_text_socket_flow(struct stap_text *t, stap_long address)
{
	unsigned char bytes[28] __attribute__((aligned(8)));

	if (stap_read_sockaddr(bytes, address, sizeof(bytes)) == STAP_FAMILY_INET6)
		stap_text_unsigned(t, stap_big_endian(bytes + 4, 4));
}

void stap_text_socket_scope(struct stap_text *t, stap_long address)
{
	unsigned char bytes[28] __attribute__((aligned(8)));

	if (stap_read_sockaddr(bytes, address, sizeof(bytes)) == STAP_FAMILY_INET6)
		stap_text_unsigned(t, *(const unsigned int *)(bytes + 24));
}

void stap_text_sockaddr(struct stap_text *t, stap_long address, stap_long length)
{
	unsigned char bytes[128] __attribute__((aligned(8)));

	if (!address) {
		stap_text_pointer(t, address);
	} else if ((int)length < 2 || (int)length > (int)sizeof(bytes) || !stap_text_read(bytes, address, (int)length)) {
		stap_text_hex(t, address);
	} else {
		stap_text_address(t, bytes, (int)length);
	}
}

/* The protocol, which is the family's own. */
void stap_text_protocol(struct stap_text *t, stap_long protocol, stap_long family)
{
	if ((int)family == STAP_FAMILY_INET || (int)family == STAP_FAMILY_INET6)
		stap_text_flags(t, (unsigned int)protocol, &stap_ip_protocol_names);
	else if ((int)family == STAP_FAMILY_NETLINK)
		stap_text_flags(t, (unsigned int)protocol, &stap_netlink_protocol_names);
	else
		stap_text_decimal(t, (int)protocol);
}

static void stap_text_control_data(struct stap_text *t, stap_ulong address, stap_ulong length, int level, int type)
{
	static const struct stap_field credentials[] = {
		STAP_FIELD("pid", STAP_S32), STAP_FIELD("uid", STAP_U32), STAP_FIELD("gid", STAP_U32), STAP_FIELDS_END
	};

	stap_text_name(t, "cmsg_data");
	if (level == 1 && type == 1)
		stap_text_numbers(t, address, length / 4, STAP_S32, stap_text_decimal);
	else if (level == 1 && type == 2 && length >= 12)
		stap_text_struct(t, address, credentials);
	else
		stap_text_buffer(t, address, length);
}

/* Messages about a message: file descriptors and the like. */
static void stap_text_control(struct stap_text *t, stap_ulong address, stap_ulong size)
{
	static const char *const types[] = { "0", "SCM_RIGHTS", "SCM_CREDENTIALS", "SCM_SECURITY", "SCM_PIDFD" };
	unsigned int word = stap_text_word();
	stap_ulong at, length, level, type;
	int n;

	stap_text_open(t, "[");
	for (at = 0, n = 0; n < 8 && at + word + 8 <= size; n++) {
		if (!stap_text_read_number(&length, address + at, word) || !stap_text_read_number(&level, address + at + word, 4) ||
		    !stap_text_read_number(&type, address + at + word + 4, 4))
			break;
		stap_text_next(t);
		stap_text_open(t, "{");
		stap_text_name(t, "cmsg_len");
		stap_text_unsigned(t, length);
		stap_text_name(t, "cmsg_level");
		stap_text_flags(t, level, &stap_option_level_names);
		stap_text_name(t, "cmsg_type");
		if (level == 1 && type < sizeof(types) / sizeof(*types))
			stap_text_plain(t, types[type]);
		else
			stap_text_hex(t, type);
		if (length > word + 8 && length <= size - at)
			stap_text_control_data(t, address + at + word + 8, length - word - 8, level, type);
		stap_text_close(t, "}");
		if (length < word + 8)
			break;
		at += (length + word - 1) / word * word;
	}
	stap_text_close(t, "]");
}

/* Of a message to send. */
void stap_text_message(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word();
	stap_ulong name, name_length, vector, count, control, control_length, flags;

	if (!address || !stap_text_read_number(&name, address, word) || !stap_text_read_number(&name_length, address + word, 4) ||
	    !stap_text_read_number(&vector, address + 2 * word, word) || !stap_text_read_number(&count, address + 3 * word, word) ||
	    !stap_text_read_number(&control, address + 4 * word, word) ||
	    !stap_text_read_number(&control_length, address + 5 * word, word) ||
	    !stap_text_read_number(&flags, address + 6 * word, 4)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "msg_name");
	stap_text_sockaddr(t, name, name_length);
	stap_text_name(t, "msg_namelen");
	stap_text_decimal(t, (int)name_length);
	stap_text_name(t, "msg_iov");
	stap_text_vector(t, vector, count);
	stap_text_name(t, "msg_iovlen");
	stap_text_unsigned(t, count);
	if (control_length) {
		stap_text_name(t, "msg_control");
		stap_text_control(t, control, control_length);
	}
	stap_text_name(t, "msg_controllen");
	stap_text_unsigned(t, control_length);
	stap_text_name(t, "msg_flags");
	stap_text_flags(t, flags, &stap_message_names);
	stap_text_close(t, "}");
}

static void stap_text_counted_message(struct stap_text *t, stap_long address)
{
	stap_text_open(t, "{");
	stap_text_name(t, "msg_hdr");
	stap_text_message(t, address);
	stap_text_close(t, "}");
}

/* Of sendmmsg(2). */
void stap_text_messages(struct stap_text *t, stap_long address, stap_long count)
{
	stap_text_array(t, address, (unsigned int)count, stap_text_word() == 8 ? 64 : 32, stap_text_counted_message);
}

/* The arguments of a call by socketcall(2), which are words. */
void stap_text_socket_arguments(struct stap_text *t, stap_long address, stap_long call)
{
	static const unsigned char counts[] = { 0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4 };

	stap_text_numbers(t, address, (stap_ulong)call < sizeof(counts) ? counts[call] : 0, STAP_WORD, stap_text_hex);
}
