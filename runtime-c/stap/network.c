/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Packets that are lost, late, there twice or not as they were sent: at __dev_queue_xmit(), where a packet of any
 * protocol is handed to its device, and belongs to nobody else.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include "defer.h"

/* The ports of a packet of TCP, UDP or the like, the sender's first; false: it has none. */
static bool stap_packet_ports(const struct sk_buff *skb, __be16 *ports)
{
	unsigned int protocol;

	if (!skb_transport_header_was_set(skb))
		return false;
	if (skb->protocol == htons(ETH_P_IP))
		protocol = ip_hdr(skb)->protocol;
	else if (skb->protocol == htons(ETH_P_IPV6))
		protocol = ipv6_hdr(skb)->nexthdr;
	else
		return false;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE && protocol != IPPROTO_SCTP)
		return false;
	return !skb_copy_bits(skb, skb_transport_offset(skb), ports, 2 * sizeof(*ports));
}

stap_long stap_packet_port(stap_long packet, int destination)
{
	__be16 ports[2];

	return stap_packet_ports((const struct sk_buff *)packet, ports) ? ntohs(ports[destination]) : -1;
}

/* The bytes behind the headers. */
static unsigned int stap_packet_payload(const struct sk_buff *skb)
{
	unsigned int offset;

	if (!skb_transport_header_was_set(skb))
		return 0;
	offset = skb_transport_offset(skb) + (skb->protocol == htons(ETH_P_IP) && ip_hdr(skb)->protocol == IPPROTO_TCP ? tcp_hdrlen(skb) : 8);
	return offset < skb->len ? offset : 0;
}

/* It gets the packet and zeros. */
#ifdef STAP_EXPORTED___dev_queue_xmit
#define stap_queue_xmit __dev_queue_xmit
#else
#define stap_queue_xmit dev_queue_xmit
#endif

static bool stap_packet_send(struct stap_context *c, struct sk_buff *skb)
{
	const unsigned long arguments[STAP_DEFERRED_ARGUMENTS] = { (unsigned long)skb };

	if (!skb)
		return false; /* no memory: nothing happens */
	if (stap_defer_function(c, 0, (stap_deferred_call *)stap_queue_xmit, arguments))
		return true;
	dev_kfree_skb_any(skb);
	return false;
}

void stap_packet_drop(struct stap_context *c, stap_long packet)
{
	dev_kfree_skb_any((struct sk_buff *)packet);
	stap_override_return(c, NET_XMIT_SUCCESS);
}

void stap_packet_duplicate(struct stap_context *c, stap_long packet)
{
	stap_packet_send(c, skb_clone((struct sk_buff *)packet, GFP_ATOMIC));
}

/* A copy goes out in which a bit is turned, behind the headers where there is something. */
void stap_packet_corrupt(struct stap_context *c, stap_long packet, stap_long n)
{
	struct sk_buff *skb = (struct sk_buff *)packet, *copy = skb_copy(skb, GFP_ATOMIC);
	unsigned int from = stap_packet_payload(skb);

	if (copy && copy->len > from)
		copy->data[from + (unsigned int)n % (copy->len - from)] ^= 1 << (n & 7);
	if (stap_packet_send(c, copy))
		stap_packet_drop(c, packet);
}
