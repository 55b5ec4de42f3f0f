/* SPDX-License-Identifier: MIT */
/*
 * Which hosts a run is let through to. The policy's list is the most there can
 * be; a request may name fewer, and where the policy gives all of the network
 * it may name any, because that is less.
 */
#include "priv-helper/hosts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/egress.h"
#include "lib/host.h"
#include "lib/privproto.h"

static bool
no(char *why, size_t size, const char *host, const char *text)
{
	(void)snprintf(why, size, "network_hosts: %s%s%s", host,
	    *host != '\0' ? " " : "", text);
	return false;
}

static bool
listed(char *const *list, const char *host)
{
	for (; *list != NULL; list++)
		if (strcasecmp(*list, host) == 0)
			return true;
	return false;
}

static bool
judge_asked(const struct policy_hold *h, const struct priv_spawn *m, char *why,
    size_t size)
{
	for (unsigned i = 0; i < m->hostc; i++) {
		/* Not in the sentence: it can be anything. */
		if (!host_port_ok(m->hosts[i]))
			return no(why, size, "",
			    "HOST:PORT with a name, IPv4 or [IPv6]");
		if (h->net == POLICY_NET_LIST && !listed(h->hosts, m->hosts[i]))
			return no(why, size, m->hosts[i], h->hosts_rule);
	}
	return true;
}

bool
hosts_judge(const struct policy_rights *r, int profile, enum policy_net net,
    const struct priv_spawn *m, char *why, size_t size)
{
	const struct policy_hold *h = &r->profile[profile];

	if (net != POLICY_NET_LIST)
		return m->hostc == 0 ||
		       no(why, size, "", "without network = \"list\"");
	if (hosts_of(r, profile, m)[0] == NULL)
		return no(why, size, "",
		    "none is asked for, and the policy lists none");
	return judge_asked(h, m, why, size);
}

char *const *
hosts_of(const struct policy_rights *r, int profile, const struct priv_spawn *m)
{
	return m->hostc > 0 ? m->hosts : r->profile[profile].hosts;
}

void
hosts_rule(const struct policy_rights *r, int profile,
    const struct priv_spawn *m, char *out, size_t size)
{
	const struct policy_hold *h = &r->profile[profile];
	const char *rule = h->net == POLICY_NET_LIST ? h->hosts_rule : h->rule;

	(void)snprintf(out, size, "%s%s",
	    m->hostc > 0 ? "network_hosts as asked for, within " : "",
	    strstr(rule, ": ") + 2);
}
