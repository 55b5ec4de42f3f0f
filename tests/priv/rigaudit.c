/* SPDX-License-Identifier: MIT */
/*
 * The audit log as a test sees it: verified with both keys each time it is
 * read, and what [ops] does while no record can be made.
 */
#include "tests/priv/rigaudit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/auditdir.h"
#include "tests/unit/check.h"

char audit_text[1 << 20];

static bool
keep_text(const struct auditline *l, const char *line, size_t len,
    const char *file, void *arg)
{
	size_t *used = arg;

	(void)l;
	(void)file;
	assert_true(*used + len + 2 < sizeof(audit_text));
	memcpy(audit_text + *used, line, len);
	*used += len;
	audit_text[(*used)++] = '\n';
	audit_text[*used] = '\0';
	return true;
}

uint64_t
audit_verified(const struct rig *r)
{
	uint8_t pub[AUDIT_KEY], mac[AUDIT_KEY];
	struct audit_damage bad = { .line = 0 };
	struct auditdir d;
	size_t used = 0;
	char path[128];
	int dir, err;

	snprintf(path, sizeof(path), "%s/audit", r->base);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	memset(&d, 0, sizeof(d));
	assert_int_equal(auditdir_key(dir, AUDIT_PUBLIC, true, pub), 0);
	assert_int_equal(auditdir_key(dir, AUDIT_MAC, true, mac), 0);
	d.chain.pub = pub;
	d.chain.mac = mac;
	d.each = keep_text;
	d.arg = &used;
	err = auditdir_head(&d, dir, AUDIT_HEAD, AUDIT_MARK_BESIDE, &bad);
	/* Killed before it could sign for the first time. */
	assert_true(err == 0 || err == -ENOENT);
	err = auditdir_walk(&d, dir, 1, &bad);
	if (err != 0)
		print_message("%s line %d: %s\n", bad.file, (int)bad.line,
		    bad.what);
	assert_int_equal(err, 0);
	assert_int_equal(d.torn, 0);
	(void)close(dir);
	return d.chain.seq;
}

void
audit_expect(const struct rig *r, const char *want)
{
	const int64_t deadline = rig_deadline();

	while (audit_verified(r), strstr(audit_text, want) == NULL)
		if (rig_late(deadline))
			fail_msg("not in the log: %s", want);
}

void
audit_refused(struct rig *r, const char *why)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;

	rig_spawn(r, &s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, "P6 audit");
	assert_non_null(strstr(res.a.why, "audit: "));
	if (strstr(res.a.why, why) == NULL)
		fail_msg("%s instead of %s", res.a.why, why);
}

void
audit_allowed(struct rig *r)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	const int64_t deadline = rig_deadline();
	struct rig_result res;
	struct priv_exit end;

	for (;;) {
		rig_spawn(r, &s, &res);
		if (res.a.result == PRIV_DONE)
			break;
		assert_false(rig_late(deadline));
	}
	rig_exit(r, res.a.handle, &end);
	rig_close(&res);
}

void
audit_login_refused(struct rig *r)
{
	const struct priv_login m = { .kind = PRIV_LOGIN_UID, .uid = getuid() };
	struct priv_login_answer a;

	rig_ask_login(r, &m, &a);
	assert_int_equal(a.result, PRIV_FAILED);
	assert_non_null(strstr(a.why, "audit: "));
}

enum priv_result
audit_question(struct rig *r)
{
	const struct priv_logout m = { .grant = { 0 } };
	struct priv_plain_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_logout(&b, rig_id(r), &m);
	rig_send(r, b.data, b.len);
	buf_done(&b);
	rig_answer(r, &b, &h, &fds);
	assert_true(priv_get_plain_answer(&b, &a));
	buf_done(&b);
	assert_int_equal(a.result == PRIV_BUSY,
	    strncmp(a.why, "audit: ", 7) == 0);
	return a.result;
}
