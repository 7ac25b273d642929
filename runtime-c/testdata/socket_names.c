/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* socket.c as an ordinary program: its numbers are those of the C library's headers, its names go there and back. */
#include <linux/net.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "socket.c"

void stap_string_copy(char *dst, const char *src)
{
	strcpy(dst, src);
}

void stap_string_append(char *dst, const char *src)
{
	strcat(dst, src);
}

int stap_string_compare(const char *x, const char *y)
{
	return strcmp(x, y);
}

char *stap_write_long(char *at, stap_long value)
{
	return at + sprintf(at, "%lld", value);
}

static void same(enum stap_socket_names names, const char *name, long number)
{
	char text[MAXSTRINGLEN];

	stap_socket_name(text, names, number);
	if (strcmp(text, name) || stap_socket_number(names, name) != number)
		printf("%s is %ld: %s, %lld\n", name, number, text, stap_socket_number(names, name));
}


#define FAMILY(n) same(STAP_SOCKET_FAMILY, #n, AF_##n)
#define PROTOCOL(n) same(STAP_SOCKET_PROTOCOL, #n, IPPROTO_##n)
#define TYPE(n) same(STAP_SOCKET_TYPE, #n, SOCK_##n)
#define OPTION(n) same(STAP_TCP_OPTION, #n, n)
#define OPTION6(n) same(STAP_IPV6_OPTION, #n, n)
#define MESSAGE(n) do { stap_socket_bits(text, STAP_MESSAGE_FLAG, (unsigned int)n); if (strcmp(text, #n)) printf(#n " %s\n", text); } while (0)

int main(void)
{
	char text[MAXSTRINGLEN];

	FAMILY(LOCAL); FAMILY(INET); FAMILY(INET6); FAMILY(NETLINK); FAMILY(PACKET); FAMILY(VSOCK); FAMILY(ALG); FAMILY(CAN); FAMILY(BLUETOOTH); FAMILY(XDP);
	FAMILY(TIPC); FAMILY(PHONET); FAMILY(RDS); FAMILY(KEY); FAMILY(APPLETALK); FAMILY(X25); FAMILY(IPX); FAMILY(AX25); FAMILY(LLC); FAMILY(SMC);
	PROTOCOL(IP); PROTOCOL(ICMP); PROTOCOL(IGMP); PROTOCOL(IPIP); PROTOCOL(TCP); PROTOCOL(EGP); PROTOCOL(PUP); PROTOCOL(UDP); PROTOCOL(IDP); PROTOCOL(TP);
	PROTOCOL(DCCP); PROTOCOL(IPV6); PROTOCOL(RSVP); PROTOCOL(GRE); PROTOCOL(ESP); PROTOCOL(AH); PROTOCOL(MTP); PROTOCOL(BEETPH); PROTOCOL(ENCAP);
	PROTOCOL(PIM); PROTOCOL(COMP); PROTOCOL(SCTP); PROTOCOL(UDPLITE); PROTOCOL(MPLS); PROTOCOL(RAW); PROTOCOL(ROUTING); PROTOCOL(FRAGMENT);
	PROTOCOL(ICMPV6); PROTOCOL(NONE); PROTOCOL(DSTOPTS); PROTOCOL(MH);
	TYPE(STREAM); TYPE(DGRAM); TYPE(RAW); TYPE(RDM); TYPE(SEQPACKET); TYPE(DCCP); TYPE(PACKET);
	OPTION(TCP_NODELAY); OPTION(TCP_MAXSEG); OPTION(TCP_CORK); OPTION(TCP_INFO); OPTION(TCP_QUICKACK); OPTION(TCP_CONGESTION); OPTION(TCP_MD5SIG);
	OPTION(TCP_USER_TIMEOUT); OPTION(TCP_REPAIR); OPTION(TCP_FASTOPEN); OPTION(TCP_TIMESTAMP); OPTION(TCP_SAVED_SYN); OPTION(TCP_ULP); OPTION(TCP_INQ);
	OPTION(TCP_TX_DELAY); OPTION(TCP_ZEROCOPY_RECEIVE);
	OPTION6(IPV6_ADDRFORM); OPTION6(IPV6_CHECKSUM); OPTION6(IPV6_UNICAST_HOPS); OPTION6(IPV6_V6ONLY); OPTION6(IPV6_RECVPKTINFO); OPTION6(IPV6_TCLASS);
	OPTION6(IPV6_MTU); OPTION6(IPV6_HOPLIMIT); OPTION6(IPV6_DONTFRAG); OPTION6(IPV6_MINHOPCOUNT); OPTION6(IPV6_TRANSPARENT); OPTION6(IPV6_FREEBIND);
	same(STAP_TCP_STATE, "TCP_ESTABLISHED", 1);
	same(STAP_TCP_STATE, "TCP_LISTEN", 10);
	same(STAP_SOCKET_STATE, "UNCONNECTED", SS_UNCONNECTED);
	same(STAP_SOCKET_STATE, "DISCONNECTING", SS_DISCONNECTING);
	MESSAGE(MSG_OOB); MESSAGE(MSG_PEEK); MESSAGE(MSG_DONTWAIT); MESSAGE(MSG_WAITALL); MESSAGE(MSG_ERRQUEUE); MESSAGE(MSG_NOSIGNAL); MESSAGE(MSG_MORE);
	MESSAGE(MSG_WAITFORONE); MESSAGE(MSG_ZEROCOPY); MESSAGE(MSG_FASTOPEN); MESSAGE(MSG_CMSG_CLOEXEC);
	same(STAP_SOCKET_FAMILY, "77", 77) /* has no name */;
	stap_socket_bits(text, STAP_MESSAGE_FLAG, MSG_PEEK | MSG_DONTWAIT | 1 << 17);
	puts(text);
	stap_socket_bits(text, STAP_SOCKET_FLAG, 0);
	puts(text);
	printf("%lld\n", stap_socket_number(STAP_SOCKET_PROTOCOL, "OSPFIGP"));
	return 0;
}
