/* SPDX-License-Identifier: MIT */
/*
 * How a run is held: the helper's record in words, in the run's row from its
 * start on, and the rule that refused where the helper would not start one.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "lib/err.h"
#include "tests/unit/core/corerig.h"

static void
test_words(void **state)
{
	const struct priv_hold h = { .lacked = PRIV_G_MEMORY |
					       PRIV_G_LL_TRUNCATE | 0x40000000u,
		.net = PRIV_NET_LIST,
		.landlock_abi = 2,
		.limits = { [PRIV_LIMIT_PROCESSES] = { PRIV_BY_CGROUP, 8192 },
		    [PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES] = { PRIV_BY_RDVD,
			16 << 20 },
		    [PRIV_LIMIT_RUN_SECONDS] = { PRIV_BY_HELPER, 600 },
		    [PRIV_LIMIT_OPEN_FILES] = { PRIV_BY_RLIMIT, 1024 },
		    [PRIV_LIMIT_CORE_BYTES] = { PRIV_BY_RLIMIT, 0 } },
		.admitted = "[access] users (F:1)",
		.granted = "[user.\"a\"] profiles (F:9)",
		.listed = "[profile.x] network_hosts (F:12)" };
	char *text = run_policy_json("script", PRIV_G_NNP | PRIV_G_CGROUP, &h);

	(void)state;
	assert_string_equal(text,
	    "{\"profile\":\"script\",\"admitted_by\":\"[access] users (F:1)\","
	    "\"granted_by\":\"[user.\\\"a\\\"] profiles (F:9)\","
	    "\"network\":\"list\","
	    "\"network_by\":\"[profile.x] network_hosts (F:12)\","
	    "\"landlock_abi\":2,"
	    "\"guards\":[\"no_new_privs\",\"cgroup\"],"
	    "\"lacked\":[\"cgroup_memory\",\"landlock_truncate\"],"
	    "\"limits\":["
	    "{\"name\":\"processes\",\"max\":8192,\"by\":\"cgroup\"},"
	    "{\"name\":\"memory_bytes\",\"max\":null,\"by\":\"nothing\"},"
	    "{\"name\":\"account_processes\",\"max\":null,\"by\":\"nothing\"},"
	    "{\"name\":\"account_memory_bytes\",\"max\":null,"
	    "\"by\":\"nothing\"},"
	    "{\"name\":\"account_output_bytes\",\"max\":16777216,"
	    "\"by\":\"rdvd\"},"
	    "{\"name\":\"open_files\",\"max\":1024,\"by\":\"rlimit\"},"
	    "{\"name\":\"data_bytes\",\"max\":null,\"by\":\"nothing\"},"
	    "{\"name\":\"file_bytes\",\"max\":null,\"by\":\"nothing\"},"
	    "{\"name\":\"core_bytes\",\"max\":0,\"by\":\"rlimit\"},"
	    "{\"name\":\"cpu_weight\",\"max\":null,\"by\":\"nothing\"},"
	    "{\"name\":\"account_cpu_percent\",\"max\":null,"
	    "\"by\":\"nothing\"},"
	    "{\"name\":\"run_seconds\",\"max\":600,\"by\":\"helper\"}]}");
	free(text);
}

static void
test_asked_of_the_network(void **state)
{
	(void)state;
	assert_int_equal(run_policy_net(NULL), PRIV_NET_PROFILE);
	assert_int_equal(run_policy_net("none"), PRIV_NET_NONE);
	assert_int_equal(run_policy_net("list"), PRIV_NET_LIST);
	assert_int_equal(run_policy_net("full"), PRIV_NET_FULL);
	assert_int_equal(run_policy_net("all"), PRIV_NET_NONE);
}

/* The longest rules there may be, each byte of which takes six in JSON. */
static void
test_longest(void **state)
{
	struct priv_hold h = { .lacked = UINT32_MAX };
	char *text;

	(void)state;
	memset(h.admitted, '\x01', PRIV_RULE_MAX);
	memset(h.granted, '\x01', PRIV_RULE_MAX);
	memset(h.listed, '\x01', PRIV_RULE_MAX);
	for (unsigned i = 0; i < PRIV_LIMITS; i++) {
		h.limits[i].by = PRIV_BY_CGROUP;
		h.limits[i].max = UINT64_MAX;
	}
	text = run_policy_json("script", UINT32_MAX, &h);
	assert_string_equal(text + strlen(text) - 3, "}]}");
	free(text);
}

struct state_wait {
	struct corerig *r;
	const char *run, *state;
};

static bool
has_state(void *arg)
{
	const struct state_wait *w = arg;
	const struct store_run *row = corerig_row(w->r, w->run);

	return row != NULL && strcmp(row->state, w->state) == 0;
}

static void
await_state(struct corerig *r, const char *run, const char *state)
{
	struct state_wait w = { r, run, state };

	corerig_until(r, has_state, &w);
	corerig_settle(r);
}

static void
told_by(struct corerig *r, const char *run, const char *verb)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "\"granted_by\":\"told by %s\"",
	    verb);
	assert_non_null(corerig_row(r, run)->policy_json);
	assert_non_null(strstr(corerig_row(r, run)->policy_json, text));
}

/*
 * What was so at the start stays so: what a later daemon is told is the same.
 */
static void
test_of_the_start(void **state)
{
	struct corerig *r = *state;
	const char *run;

	corerig_create(r, "one");
	assert_int_equal(r->err, 0);
	run = r->runs[0].label;
	told_by(r, run, "SPAWN");
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	corerig_settle(r);
	told_by(r, run, "SPAWN");
	corerig_exit(r, &r->runs[0], 0);
	await_state(r, run, "completed");
	told_by(r, run, "SPAWN");
}

static bool
was_asked(void *arg)
{
	return ((struct corerig *)arg)->spawns > 0;
}

/* Its daemon died before it heard how it was started. */
static void
test_of_an_adopted_start(void **state)
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct corerig *r = *state;
	struct session_who who = corerig_who(r, NULL);
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };
	const char *run = r->runs[0].label;

	r->hold_spawn = true;
	session_create(r->app.sessions, &who, &spec);
	corerig_until(r, was_asked, r);
	corerig_daemon_down(r);
	r->answers = 0;
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_null(corerig_row(r, run)->policy_json);
	r->runs[0].handle = r->generation + 1;
	opsrig_pty(&r->runs[0].fds, &r->runs[0].far);
	await_state(r, run, "running");
	told_by(r, run, "INVENTORY");
	corerig_exit(r, &r->runs[0], 0);
	await_state(r, run, "completed");
}

/* More than the policy grants: the rule that refused it reaches who asked. */
static void
test_E01_refused_by_a_rule(void **state)
{
	static const char rule[] = "this profile is not granted by the policy: "
				   "[group.dev] profiles "
				   "(/etc/rdv/helper.toml:12)";
	struct corerig *r = *state;
	const struct store_run *row;
	char run[UUID_TEXT];

	r->deny_spawn = rule;
	corerig_create(r, "one");
	assert_int_equal(r->err, RDV_E_DENIED);
	assert_string_equal(r->why, rule);
	(void)snprintf(run, sizeof(run), "%s",
	    corerig_session(r, r->id)->run_id);
	row = corerig_row(r, run);
	assert_string_equal(row->state, "failed");
	assert_string_equal(row->cause, rule);
	assert_null(row->policy_json);
	corerig_create(r, "two");
	assert_int_equal(r->err, 0);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_asked_of_the_network),
		cmocka_unit_test(test_longest),
		T(test_of_the_start),
		T(test_of_an_adopted_start),
		T(test_E01_refused_by_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
