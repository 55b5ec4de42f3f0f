/* SPDX-License-Identifier: MIT */
/*
 * The helper's record of how a run is held, in words. It is written once, into
 * the row, so that what is shown of a run years later is what was so then, by
 * the names it had then.
 */
#include "daemon/core/runpolicy.h"

#include <string.h>

#include "daemon/core/guard.h"
#include "lib/buf.h"
#include "lib/host.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* Three rules of the policy, each byte as six at most, and the words here. */
#define TEXT_MAX (18 * (PRIV_RULE_MAX + 1) + 4096)

static const char *const nets[] = {
	[PRIV_NET_NONE] = "none",
	[PRIV_NET_LIST] = "list",
	[PRIV_NET_FULL] = "full",
};

static const char *const keepers[PRIV_BY_MAX] = {
	[PRIV_BY_NOTHING] = "nothing",
	[PRIV_BY_RLIMIT] = "rlimit",
	[PRIV_BY_CGROUP] = "cgroup",
	[PRIV_BY_RDVD] = "rdvd",
	[PRIV_BY_HELPER] = "helper",
};

static const char *const limits[PRIV_LIMITS] = {
	[PRIV_LIMIT_PROCESSES] = "processes",
	[PRIV_LIMIT_MEMORY_BYTES] = "memory_bytes",
	[PRIV_LIMIT_ACCOUNT_PROCESSES] = "account_processes",
	[PRIV_LIMIT_ACCOUNT_MEMORY_BYTES] = "account_memory_bytes",
	[PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES] = "account_output_bytes",
	[PRIV_LIMIT_OPEN_FILES] = "open_files",
	[PRIV_LIMIT_DATA_BYTES] = "data_bytes",
	[PRIV_LIMIT_FILE_BYTES] = "file_bytes",
	[PRIV_LIMIT_CORE_BYTES] = "core_bytes",
	[PRIV_LIMIT_CPU_WEIGHT] = "cpu_weight",
	[PRIV_LIMIT_ACCOUNT_CPU_PERCENT] = "account_cpu_percent",
	[PRIV_LIMIT_RUN_SECONDS] = "run_seconds",
};

static struct js *
guards_json(uint32_t set)
{
	struct js *list = js_array();
	const char *name;

	for (unsigned i = 0; (name = guard_name(set, i)) != NULL; i++)
		js_push_str(list, name);
	return list;
}

static struct js *
limits_json(const struct priv_hold *h)
{
	struct js *list = js_array(), *o;

	for (unsigned i = 0; i < PRIV_LIMITS; i++) {
		o = js_object();
		js_add_str(o, "name", limits[i]);
		if (h->limits[i].by == PRIV_BY_NOTHING)
			js_add_str(o, "max", NULL);
		else
			js_add_int(o, "max", (int64_t)h->limits[i].max);
		js_add_str(o, "by", keepers[h->limits[i].by]);
		js_push(list, o);
	}
	return list;
}

char *
run_policy_json(const char *profile, uint32_t guards, const struct priv_hold *h)
{
	struct js *o = js_object();
	struct buf b;
	char *text;

	js_add_str(o, "profile", profile);
	js_add_str(o, "admitted_by", h->admitted);
	js_add_str(o, "granted_by", h->granted);
	js_add_str(o, "network", nets[h->net]);
	js_add_str(o, "network_by", *h->listed != '\0' ? h->listed : NULL);
	js_add_int(o, "landlock_abi", h->landlock_abi);
	js_add(o, "guards", guards_json(guards));
	js_add(o, "lacked", guards_json(h->lacked));
	js_add(o, "limits", limits_json(h));
	buf_init(&b, TEXT_MAX);
	js_finish(o, &b);
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

enum priv_net
run_policy_net(const char *word)
{
	enum priv_net net = PRIV_NET_FULL;

	if (word == NULL)
		return PRIV_NET_PROFILE;
	/* A word that is none of them, which no row has, gets the least. */
	while (net > PRIV_NET_NONE && strcmp(word, nets[net]) != 0)
		net--;
	return net;
}

const char *
run_policy_judge_hosts(const char *network, const char *const *hosts)
{
	if (hosts != NULL && hosts[0] != NULL && network != NULL &&
	    strcmp(network, "list") != 0)
		return "network_hosts: only with the network \"list\"";
	for (; hosts != NULL && *hosts != NULL; hosts++)
		if (!host_port_ok(*hosts))
			return "network_hosts: HOST:PORT with a name, IPv4 or "
			       "[IPv6]";
	return NULL;
}
