/* SPDX-License-Identifier: MIT */
/*
 * git through the helper: answered once, bounded in bytes, time and number,
 * and honest about a helper that has died.
 */
#include "tests/unit/check.h"

#include <signal.h>
#include <string.h>

#include "daemon/conf.h"
#include "daemon/core/git.h"
#include "daemon/core/worktreeop.h"
#include "daemon/helper.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/live.h"
#include "tests/unit/core/ran.h"

static const char *const head[] = { "rev-parse", "--abbrev-ref", "HEAD", NULL };

static void
it_runs_and_answers(void **state)
{
	static const char *const wrong[] = { "rev-parse", "--verify",
		"--end-of-options", "nothing", NULL };
	struct ran x = ran_run(live.repo, head, 4096);

	(void)state;
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
	assert_string_equal(x.out, "main\n");
	x = ran_run(live.repo, wrong, 4096);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 128);
	assert_string_equal(x.complaint, "Needed a single revision");
	x = ran_run(live_path("missing"), head, 4096);
	assert_int_equal(x.err, RDV_E_SPAWN);
	assert_non_null(strstr(x.why, "chdir"));
}

static void
what_it_says_is_bounded(void **state)
{
	static const char *const cat[] = { "cat-file", "blob", ":large", NULL };
	const char *noisy[104] = { "ls-files", "--error-unmatch", "--" };
	struct ran x;

	(void)state;
	for (int i = 3; i < 103; i++)
		noisy[i] = live_path("missing%d", i) + strlen(live.scratch) + 1;
	assert_int_equal(live_sh(live.repo,
			     "head -c 3000000 /dev/zero | tr '\\0' x >large && "
			     "git add large"),
	    0);
	x = ran_run(live.repo, cat, 1000);
	assert_int_equal(x.err, RDV_E_TOO_BIG);
	x = ran_run(live.repo, cat, 3000000);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
	assert_int_equal(x.outlen, 3000000);
	/* Complaints are cut without an error. */
	x = ran_run(live.repo, noisy, 1 << 20);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 1);
	assert_int_equal(x.errlen, 4096);
}

/* A configuration that includes a FIFO: git waits for a writer for ever. */
static void
hang(bool on)
{
	assert_int_equal(
	    live_sh(live.repo,
		on ? "mkfifo .git/never && "
		     "printf '[include]\\npath = never\\n' "
		     ">>.git/config"
		   : "dd if=/dev/null of=.git/never oflag=nonblock "
		     "2>/dev/null; rm .git/never && sed -i -e '/include/d' "
		     "-e '/never/d' .git/config"),
	    0);
}

static void
abuse_G26_it_has_a_deadline(void **state)
{
	int64_t was = live.app.conf->git_timeout_ms, t0;
	struct ran x, y;

	(void)state;
	hang(true);
	live.app.conf->git_timeout_ms = 300;
	t0 = clock_mono_ms();
	ran_start(&x, live.repo, head, 4096);
	ran_start(&y, live.repo, head, 4096);
	live_until(&x.done);
	live_until(&y.done);
	assert_int_equal(x.err, RDV_E_TIMEOUT);
	assert_int_equal(y.err, RDV_E_TIMEOUT);
	assert_true(clock_mono_ms() - t0 < was / 2);
	live.app.conf->git_timeout_ms = was;
	hang(false);
	x = ran_run(live.repo, head, 4096);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
}

static void
denied_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	(void)r;
	(void)why;
	*(int *)arg = err;
}

static bool
is_told(const void *arg)
{
	return *(const int *)arg != 0;
}

/* More than may run at once, and none of them goes on: the next user's does. */
static void
abuse_G26_one_account_holds_up_no_other(void **state)
{
	int64_t was = live.app.conf->git_timeout_ms;
	const struct git_call other = {
		.uid = live.who.uid + 1, .dir = "/", .argv = head, .max = 4096
	};
	static struct ran x[20];
	int err = 0;

	(void)state;
	hang(true);
	live.app.conf->git_timeout_ms = 3000;
	for (int i = 0; i < 20; i++)
		ran_start(&x[i], live.repo, head, 4096);
	git_run(live.app.worktrees->git, &other, denied_cb, &err);
	live_wait(is_told, &err);
	/* In user mode nobody acts for another, but it had its turn. */
	assert_int_equal(err, RDV_E_DENIED);
	for (int i = 0; i < 20; i++)
		assert_false(x[i].done);
	for (int i = 0; i < 20; i++)
		live_until(&x[i].done);
	live.app.conf->git_timeout_ms = was;
	hang(false);
}

static void
many_wait_and_too_many_do_not(void **state)
{
	static struct ran x[700];
	unsigned busy = 0, good = 0;

	(void)state;
	for (int i = 0; i < 700; i++)
		ran_start(&x[i], live.repo, head, 4096);
	assert_true(git_pending(live.app.worktrees->git) <= 520);
	for (int i = 0; i < 700; i++) {
		live_until(&x[i].done);
		busy += x[i].err == RDV_E_BUSY;
		good += x[i].err == 0 && x[i].status == 0;
	}
	assert_int_equal(busy + good, 700);
	assert_true(good >= 500 && busy > 0);
	assert_int_equal(git_pending(live.app.worktrees->git), 0);
}

static bool
helper_has_answered(const void *arg)
{
	struct helper_stats s;

	helper_stats(live.app.helper, &s);
	return s.sent > *(const uint64_t *)arg && s.outstanding == 0;
}

static bool
helper_is_back(const void *arg)
{
	return helper_ready(live.app.helper) &&
	       helper_generation(live.app.helper) != *(const uint64_t *)arg;
}

static void
without_the_helper_it_says_so(void **state)
{
	uint64_t before = helper_generation(live.app.helper);
	struct helper_stats s;
	struct ran x;
	uint64_t sent;

	(void)state;
	helper_stats(live.app.helper, &s);
	sent = s.sent;
	hang(true);
	ran_start(&x, live.repo, head, 4096);
	live_wait(helper_has_answered, &sent);
	helper_stats(live.app.helper, &s);
	assert_int_equal(kill((pid_t)s.pid, SIGKILL), 0);
	live_until(&x.done);
	assert_int_equal(x.err, RDV_E_UNAVAILABLE);
	assert_true(x.told);
	live_wait(helper_is_back, &before);
	hang(false);
	x = ran_run(live.repo, head, 4096);
	assert_int_equal(x.err, 0);
	assert_string_equal(x.out, "main\n");
}

/* At the end of rdvd those that wait are known to have done nothing. */
static void
who_waited_was_told_nothing(void **state)
{
	static struct ran x[20];
	unsigned told = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		ran_start(&x[i], live.repo, head, 4096);
	git_end(live.app.worktrees->git);
	for (int i = 0; i < 20; i++) {
		if (x[i].done) {
			assert_int_equal(x[i].err, RDV_E_UNAVAILABLE);
			told += x[i].told;
		}
	}
	assert_true(x[19].done);
	assert_int_equal(told, 0);
	for (int i = 0; i < 20; i++)
		live_until(&x[i].done);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(it_runs_and_answers),
		T(what_it_says_is_bounded),
		T(abuse_G26_it_has_a_deadline),
		T(abuse_G26_one_account_holds_up_no_other),
		T(many_wait_and_too_many_do_not),
		T(without_the_helper_it_says_so),
		T(who_waited_was_told_nothing),
	};

	return CHECK_RUN("core/git", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
