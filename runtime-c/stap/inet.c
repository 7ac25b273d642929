/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Addresses of the Internet and of devices as text, and where a packet has its headers. */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include "access.h"
#include "runtime.h"

/* How many headers between IPv6's and the transport's are looked at. */
#define STAP_EXTENSIONS 8

void stap_ipv4_text(char *dst, stap_long address)
{
	__be32 bytes = (__force __be32)address;

	scnprintf(dst, MAXSTRINGLEN, "%pI4", &bytes);
}

void stap_ipv6_text(struct stap_context *c, char *dst, stap_long address)
{
	struct in6_addr bytes;

	dst[0] = 0;
	if (stap_read_kernel(&bytes, address, sizeof(bytes)))
		stap_error(c, "read fault [man error::fault] at 0x%llx", address);
	else
		scnprintf(dst, MAXSTRINGLEN, "%pI6c", &bytes);
}

/* So many bytes in hexadecimal, as many as the string holds; separator: between two of them, or 0. */
void stap_hex_text(struct stap_context *c, char *dst, stap_long address, stap_long length, int separator)
{
	char *at = dst, *end = dst + MAXSTRINGLEN - 4;
	unsigned char bytes[32];
	stap_long i = 0, n, left;

	for (; i < length && at < end; i += n) {
		left = length - i;
		n = left < (stap_long)sizeof(bytes) ? left : (stap_long)sizeof(bytes);
		if (stap_read_kernel(bytes, address + i, n)) {
			stap_error(c, "read fault [man error::fault] at 0x%llx", address + i);
			break;
		}
		for (left = 0; left < n && at < end; left++) {
			if (separator && at > dst)
				*at++ = separator;
			at = hex_byte_pack(at, bytes[left]);
		}
	}
	*at = 0;
}

/* The same bytes as characters, a dot for what cannot be printed. */
void stap_printable_text(struct stap_context *c, char *dst, stap_long address, stap_long length)
{
	stap_long n = length < 0 ? 0 : length < MAXSTRINGLEN ? length : MAXSTRINGLEN - 1, i;

	if (stap_read_kernel(dst, address, n)) {
		stap_error(c, "read fault [man error::fault] at 0x%llx", address);
		n = 0;
	}
	for (i = 0; i < n; i++)
		if (dst[i] < ' ' || dst[i] > '~')
			dst[i] = '.';
	dst[n] = 0;
}

/* What is behind the header of IPv6 and those that extend it; 0: not known. */
static unsigned long stap_ipv6_transport(unsigned long header, int *protocol)
{
	struct ipv6hdr first;
	unsigned char next[8];
	unsigned long at = header + sizeof(first);
	int i;

	if (stap_read_kernel(&first, header, sizeof(first)))
		return 0;
	*protocol = first.nexthdr;
	for (i = 0; i < STAP_EXTENSIONS; i++) {
		bool fragment = *protocol == IPPROTO_FRAGMENT, authentication = *protocol == IPPROTO_AH;

		if (!fragment && !authentication && *protocol != IPPROTO_HOPOPTS && *protocol != IPPROTO_ROUTING && *protocol != IPPROTO_DSTOPTS)
			return at;
		if (stap_read_kernel(next, at, sizeof(next)))
			return 0;
		*protocol = next[0];
		if (fragment && (next[2] || next[3] & 0xf8))
			return 0; /* not the first one */
		at += fragment ? 8 : authentication ? (next[1] + 2) * 4 : (next[1] + 1) * 8;
	}
	return 0;
}

static unsigned long stap_transport(unsigned long header, int *protocol)
{
	struct iphdr ip;

	*protocol = -1;
	if (stap_read_kernel(&ip, header, sizeof(ip)))
		return 0;
	if (ip.version == 6)
		return stap_ipv6_transport(header, protocol);
	if (ip.version != 4)
		return 0;
	*protocol = ip.protocol;
	return ip.frag_off & htons(0x1fff) ? 0 : header + ip.ihl * 4;
}

/* The protocol of what the packet with that header of IP carries; -1: it is no such header. */
stap_long stap_ip_protocol(stap_long header)
{
	int protocol;

	stap_transport(header, &protocol);
	return protocol;
}

/*
 * Where the packet has its header of that protocol, with so many bytes; 0: it has
 * none, or that is not in the packet's first piece of memory.
 */
stap_long stap_packet_header(stap_long packet, stap_long header, stap_long wanted, stap_long size)
{
	int protocol;
	unsigned long at = stap_transport(header, &protocol);
	struct {
		unsigned int length, apart;
		unsigned char *data;
	} has;
	const struct sk_buff *skb = (const struct sk_buff *)packet;

	if (!at || protocol != wanted || stap_read_kernel(&has.length, (unsigned long)&skb->len, sizeof(has.length)) ||
	    stap_read_kernel(&has.apart, (unsigned long)&skb->data_len, sizeof(has.apart)) ||
	    stap_read_kernel(&has.data, (unsigned long)&skb->data, sizeof(has.data)))
		return 0;
	return at + size <= (unsigned long)has.data + has.length - has.apart ? at : 0;
}

stap_long stap_jiffies_us(stap_long ticks)
{
	return jiffies_to_usecs(ticks);
}
