/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * netfilter.hook("…").pf("…"): packets at a place of the network stack, of the
 * first network namespace. A packet that finds the CPU's context taken goes on.
 */
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "runtime.h"

/* What a handler has of a packet: c->hit. */
struct stap_packet {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	unsigned int verdict;
};

static unsigned int stap_netfilter_hit(void *private, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct stap_probe *probe = private;
	struct stap_packet packet = { .skb = skb, .state = state, .verdict = NF_ACCEPT };
	struct stap_context *c = stap_enter(probe, STAP_RUNNING);

	if (c) {
		c->hit = &packet;
		stap_handle(c);
		stap_leave(c);
	}
	return packet.verdict;
}

static struct stap_packet *stap_packet(struct stap_context *c)
{
	return c->hit;
}

stap_long stap_netfilter_hooknum(struct stap_context *c)
{
	return stap_packet(c)->state->hook;
}

stap_long stap_netfilter_pf(struct stap_context *c)
{
	return stap_packet(c)->state->pf;
}

stap_long stap_netfilter_skb(struct stap_context *c)
{
	return (unsigned long)stap_packet(c)->skb;
}

stap_long stap_netfilter_in(struct stap_context *c)
{
	return (unsigned long)stap_packet(c)->state->in;
}

stap_long stap_netfilter_out(struct stap_context *c)
{
	return (unsigned long)stap_packet(c)->state->out;
}

stap_long stap_netfilter_verdict(struct stap_context *c)
{
	return stap_packet(c)->verdict;
}

void stap_netfilter_set_verdict(struct stap_context *c, stap_long verdict)
{
	stap_packet(c)->verdict = verdict;
}

#ifdef CONFIG_NETFILTER
struct stap_netfilter_site {
	struct nf_hook_ops ops;
	bool registered;
};

static int stap_netfilter_switch(const struct stap_probe *probe, struct stap_netfilter_site *site)
{
	bool wanted = !stap_is_held(probe);
	int rc = 0;

	if (wanted && !site->registered)
		rc = nf_register_net_hook(&init_net, &site->ops);
	else if (!wanted && site->registered)
		nf_unregister_net_hook(&init_net, &site->ops);
	if (!rc)
		site->registered = wanted;
	return rc;
}

static void stap_netfilter_settle(void)
{
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++) {
		const struct stap_probe *probe = &stap_script.probes[i];

		if (probe->family == &stap_netfilter && probe->site)
			stap_set_again(probe, stap_netfilter_switch(probe, probe->site));
	}
}

static int stap_netfilter_arm(struct stap_probe *probe)
{
	const struct stap_netfilter_place *place = probe->place;
	struct stap_netfilter_site *site = kzalloc(sizeof(*site), GFP_KERNEL);
	struct nf_hook_ops *ops;
	int rc;

	if (!site)
		return -ENOMEM;
	ops = &site->ops;
	ops->hook = stap_netfilter_hit;
	ops->priv = probe;
	ops->pf = place->protocol;
	ops->hooknum = place->hook;
	ops->priority = place->priority;
	rc = stap_netfilter_switch(probe, site);
	if (rc) {
		kfree(site);
		return rc;
	}
	stap_allocated += sizeof(*site);
	probe->site = site;
	return 0;
}

static void stap_netfilter_disarm(struct stap_probe *probe)
{
	struct stap_netfilter_site *site = probe->site;

	if (!site)
		return;
	if (site->registered)
		nf_unregister_net_hook(&init_net, &site->ops);
	synchronize_rcu(); /* packets that are in the handler */
	probe->site = NULL;
	kfree(site);
}
#else
static void stap_netfilter_settle(void)
{
}

static int stap_netfilter_arm(struct stap_probe *probe)
{
	return -EOPNOTSUPP;
}

static void stap_netfilter_disarm(struct stap_probe *probe)
{
}
#endif

const struct stap_unit STAP_UNIT(netfilter) = { .settle = stap_netfilter_settle };

const struct stap_family stap_netfilter = {
	.name = "netfilter", .type = "netfilter", .arm = stap_netfilter_arm, .disarm = stap_netfilter_disarm,
};
