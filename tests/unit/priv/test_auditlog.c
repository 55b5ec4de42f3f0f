/* SPDX-License-Identifier: MIT */
/* What the log of privileged acts writes down, and what it only counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/auditcrypt.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/auditask.h"
#include "priv-helper/auditlog.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define ROOM (1 << 20)

static struct auditlog made;

static void
add(uint8_t act, enum audit_phase phase, const char *why)
{
	struct audit_msg m = { .act = act,
		.phase = (uint8_t)phase,
		.pid = 1,
		.result = PRIV_DENIED };
	char said[AUDIT_WHY] = "";

	(void)snprintf(m.why, sizeof(m.why), "%s", why);
	assert_int_equal(auditlog_add(&made, "ops", &m, said), 0);
}

/* How often `what` stands in the log. */
static unsigned
told(const char *what)
{
	char *text, *at;
	unsigned n = 0;
	size_t len;

	assert_int_equal(path_read_private(made.dir, "000001.log", ROOM, &text,
			     &len),
	    0);
	for (at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	free(text);
	return n;
}

/* A taken-over rdvd asks for what is refused, until that is only counted. */
static void
abuse_F17_refused_policy_is_told(void **state)
{
	char dir[64], why[256];
	int i, fd = tmpdir_new(dir);

	(void)state;
	assert_true(fd >= 0);
	assert_true(auditcrypt_load(why, sizeof(why)));
	(void)str_copy(made.boot, "unknown", sizeof(made.boot));
	auditlog_open(&made, fd);
	assert_string_equal(made.broken, "");
	for (i = 0; i < 400; i++)
		add(AUDIT_SPAWN, AUDIT_REFUSED, "");
	assert_true(made.left_out > 0);
	assert_true(told("act=spawn phase=refused") < 400);
	add(AUDIT_POLICY, AUDIT_REFUSED, "line 1");
	assert_int_equal(told("act=policy phase=refused"), 1);
	assert_int_equal(told("omitted="), 1);
	/* What it says of one that is in force reads as a record, too. */
	add(AUDIT_POLICY, AUDIT_NEWS, "");
	assert_int_equal(told(" listbefore="), 1);
	(void)close(made.file);
	auditlog_open(&made, fd);
	assert_string_equal(made.broken, "");
	(void)close(made.file);
	(void)close(fd);
	tmpdir_remove(dir);
}

static void
policy_told(const struct accounts *before, const struct accounts *after,
    struct audit_msg *m)
{
	struct audit_link link = { .sock = -1 };
	uint8_t packet[SEQPKT_MAX];
	struct buf b;
	int pair[2];
	long n;

	assert_int_equal(seqpkt_pair(pair), 0);
	audit_connect(&link, pair[0]);
	audit_policy(&link, before, after, NULL);
	n = seqpkt_recv(pair[1], packet, sizeof(packet), NULL);
	assert_true(n > 0);
	buf_wrap(&b, packet, (size_t)n);
	assert_true(auditmsg_get(&b, m));
	assert_int_equal(m->act, AUDIT_POLICY);
	audit_connect(&link, -1);
	(void)close(pair[1]);
}

/* Somebody has joined a group: the same text, and other rights. */
static void
abuse_F17_other_groups_on_record(void **state)
{
	static char text[] = "x = 1";
	static struct account one[2];
	const struct accounts before = { .list = &one[0],
		.n = 1,
		.policy = text,
		.npolicy = sizeof(text) - 1 };
	struct accounts after = before;
	struct audit_msg m;

	(void)state;
	one[0].ngroups = 1;
	one[1] = one[0];
	after.list = &one[1];
	policy_told(&before, &after, &m);
	assert_memory_equal(m.policy[0], m.policy[1], PRIV_HASH_LEN);
	assert_memory_equal(m.admitted[0], m.admitted[1], PRIV_HASH_LEN);
	auditmsg_done(&m);
	one[1].groups[one[1].ngroups++] = 27;
	policy_told(&before, &after, &m);
	assert_memory_equal(m.policy[0], m.policy[1], PRIV_HASH_LEN);
	assert_memory_not_equal(m.admitted[0], m.admitted[1], PRIV_HASH_LEN);
	auditmsg_done(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_F17_refused_policy_is_told),
		cmocka_unit_test(abuse_F17_other_groups_on_record),
	};

	return CHECK_RUN("auditlog", tests);
}
