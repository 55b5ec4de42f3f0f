/* SPDX-License-Identifier: MIT */
/* What came of requests to the helper client, for the tests of it. */
#include "tests/unit/core/outcome.h"

#include <string.h>

#include "tests/unit/check.h"

void
outcome_plain_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	assert_int_equal(a == NULL, err != 0);
	o->result = a != NULL ? a->result : 255;
}

void
outcome_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	if (err != 0)
		return;
	o->result = a->result;
	o->handle = a->handle;
	o->fds = *fds;
	fds->n = 0;
}

void
outcome_login_cb(int err, const struct priv_login_answer *a, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	if (err != 0)
		return;
	o->result = a->result;
	o->handle = a->uid;
}

bool
outcome_is_there(void *arg)
{
	return ((const struct outcome *)arg)->calls > 0;
}

void
outcome_spawn(struct opsrig *r, enum priv_io io, struct outcome *o)
{
	char program[] = "/bin/true", cwd[] = "/";
	char *argv[] = { program, NULL }, *none[] = { NULL };
	struct priv_spawn m = { .profile = "login",
		.label = "label",
		.io = (uint8_t)io,
		.cols = 80,
		.rows = 24,
		.cwd = cwd,
		.argv = argv,
		.envp = none,
		.paths = none,
		.argc = 1 };

	memset(o, 0, sizeof(*o));
	helper_spawn(r->helper, &m, outcome_spawn_cb, o);
}
