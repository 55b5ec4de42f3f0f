/* SPDX-License-Identifier: MIT */
/*
 * Grants in system mode: asked for with what a caller has shown and with
 * nothing else, and forgotten when the helper knows them no more.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/core/grant.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"

#define UID 1000

struct got {
	unsigned n;
	int err;
	char why[256];
};

/* Who still waits at the end of a test is answered as well. */
static struct got got;

static void
got_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct got *to = arg;

	to->n++;
	to->err = err;
	(void)snprintf(to->why, sizeof(to->why), "%s", why != NULL ? why : "");
	if (err == 0)
		assert_int_equal(g->uid, UID);
}

static bool
answered(void *arg)
{
	return ((struct got *)arg)->n > 0;
}

static int
system_setup(void **state)
{
	struct corerig *r;
	int status = corerig_setup(state);

	got.n = 0;
	r = *state;
	corerig_daemon_down(r);
	r->conf.system = true;
	corerig_daemon_up(r);
	return status;
}

/* A claim is worth nothing: without a credential nothing is asked. */
static void
waits_for_a_credential(void **state)
{
	struct corerig *r = *state;

	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_settle(r);
	assert_int_equal(r->logins, 0);
	assert_int_equal(got.n, 0);
	grant_offer(r->app.grants, UID, true, "the text");
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, 0);
	assert_int_equal(r->logins, 1);
	assert_int_equal(r->login.kind, PRIV_LOGIN_TOKEN);
	assert_int_equal(r->login.uid, 0);
	assert_string_equal(r->login.secret, "the text");
}

/* The usual order: a request shows it, and then needs the grant. */
static void
shown_before_it_is_needed(void **state)
{
	struct corerig *r = *state;

	grant_offer(r->app.grants, UID, false, "the proxy's");
	corerig_settle(r);
	/* Looking at something takes no grant. */
	assert_int_equal(r->logins, 0);
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, 0);
	assert_int_equal(r->login.kind, PRIV_LOGIN_SERVICE);
	assert_int_equal(r->login.uid, UID);
	assert_string_equal(r->login.secret, "the proxy's");
	/* It is kept; what the next request shows is not even looked at. */
	grant_offer(r->app.grants, UID, true, "the text");
	got.n = 0;
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_until(r, answered, &got);
	assert_int_equal(r->logins, 1);
}

/* What one user shows brings no grant for another. */
static void
of_another_user(void **state)
{
	struct corerig *r = *state;

	grant_offer(r->app.grants, UID + 1, true, "another's text");
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_settle(r);
	assert_int_equal(r->logins, 0);
	/* Even if the helper's answer were for somebody else. */
	got.n = 0;
	grant_get(r->app.grants, UID + 1, got_cb, &got);
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, RDV_E_DENIED);
}

static void
refused_by_the_helper(void **state)
{
	struct corerig *r = *state;

	r->deny_login = true;
	grant_offer(r->app.grants, UID, false, "the proxy's");
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, RDV_E_DENIED);
	assert_string_equal(got.why, "not admitted");
	/* Spent: it is not shown to the helper again. */
	got.n = 0;
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_settle(r);
	assert_int_equal(r->logins, 1);
	assert_int_equal(got.n, 0);
	r->deny_login = false;
	grant_offer(r->app.grants, UID, true, "the text");
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, 0);
}

static void
lives_no_longer_than_one_may_wait(void **state)
{
	struct corerig *r = *state;

	grant_offer(r->app.grants, UID, true, "the text");
	grant_get(r->app.grants, UID + 1, got_cb, &got);
	corerig_settle(r);
	clock_shift(10000, 0);
	corerig_until(r, answered, &got);
	assert_int_equal(got.err, RDV_E_UNAVAILABLE);
	assert_non_null(strstr(got.why, "no credential"));
	got.n = 0;
	grant_get(r->app.grants, UID, got_cb, &got);
	corerig_settle(r);
	assert_int_equal(r->logins, 0);
	clock_shift(0, 0);
}

/* A grant that the helper does not know any more is asked for anew. */
static void
forgotten_when_denied(void **state)
{
	struct corerig *r = *state;

	grant_offer(r->app.grants, UID, true, "the text");
	corerig_create(r, "one");
	assert_int_equal(r->err, 0);
	assert_int_equal(r->logins, 1);
	r->deny_spawn = "no such grant, or it has expired";
	corerig_create(r, "two");
	assert_int_not_equal(r->err, 0);
	/* Given back, in case it is known after all. */
	corerig_settle(r);
	assert_int_equal(r->logouts, 1);
	grant_offer(r->app.grants, UID, true, "another text");
	corerig_create(r, "three");
	assert_int_equal(r->err, 0);
	assert_int_equal(r->logins, 2);
	assert_string_equal(r->login.secret, "another text");
}

#define T(f) cmocka_unit_test_setup_teardown(f, system_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(waits_for_a_credential),
		T(shown_before_it_is_needed),
		T(of_another_user),
		T(refused_by_the_helper),
		T(lives_no_longer_than_one_may_wait),
		T(forgotten_when_denied),
	};

	return CHECK_RUN("grant", tests);
}
