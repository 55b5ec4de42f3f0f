/* SPDX-License-Identifier: MIT */
/* Sessions: what may be asked of them and what follows. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/grant.h"
#include "daemon/core/run.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"
#include "tests/unit/core/typing.h"

static struct session_spec
plain_spec(void)
{
	return (struct session_spec){
		.name = "one", .profile = "login", .cols = 80, .rows = 24
	};
}

static void
create(struct corerig *r, const struct session_spec *spec)
{
	struct session_who who = corerig_who(r, NULL);

	session_create(r->app.sessions, &who, spec);
	corerig_answer(r);
}

static struct fake_run *
newest(struct corerig *r)
{
	return &r->runs[r->nruns - 1];
}

/* Abuse H13: names are shown and never used as a target. */
static void
test_H13_names(void **state)
{
	static const char *const good[] = { "a", "try-1", "a:b.c%1@1{last}",
		"caf\xc3\xa9", "$(id)", "x=y", "a/b", " " };
	static const char *const bad[] = { "", "-x", "=x", "a\nb", "a\x1b[m",
		"\x7f", "a\xc2\x9bq", "bad\xff", "\xed\xa0\x80" };
	char longest[102];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(session_name_ok(good[i], &why));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(session_name_ok(bad[i], &why));
	memset(longest, 'x', sizeof(longest));
	longest[100] = '\0';
	assert_true(session_name_ok(longest, &why));
	longest[100] = 'x';
	longest[101] = '\0';
	assert_false(session_name_ok(longest, &why));
}

/* Abuse H14: the same name in the same second. */
static void
test_H14_same_name_twice(void **state)
{
	struct corerig *r = *state;
	char first[UUID_TEXT];
	struct session_who who;

	corerig_create(r, "same");
	(void)snprintf(first, sizeof(first), "%s", r->id);
	corerig_create(r, "same");
	assert_string_not_equal(first, r->id);
	assert_int_equal(r->nruns, 2);
	/* What is typed into one does not reach the other. */
	who = corerig_who(r, first);
	assert_int_equal(typing(r, &who, "x\n", false), 0);
	assert_int_equal(read(r->runs[0].far, first, 8), 2);
}

static void
test_refusals(void **state)
{
	static const char *const rdv_env[] = { "RDV_SESSION_ID", "x", NULL };
	static const char *const argv[] = { "/bin/x", NULL };
	static const char *const no_argv[] = { "", NULL };
	struct corerig *r = *state;
	struct {
		struct session_spec spec;
		int err;
		const char *about;
	} rows[12];
	size_t n = 0;

#define ROW(error, text, ...)        \
	rows[n].spec = plain_spec(); \
	rows[n].err = error;         \
	rows[n].about = text;        \
	rows[n++].spec.__VA_ARGS__
	ROW(RDV_E_INVALID, "name", name = "-x");
	ROW(RDV_E_INVALID, "project_path", project_path = "relative");
	ROW(RDV_E_INVALID, "project_path", project_path = "/a/../b");
	ROW(RDV_E_INVALID, "repo_path", repo_path = "~/x");
	ROW(RDV_E_INVALID, "repo_path", create_worktree = true);
	ROW(RDV_E_INVALID, "environment", env = rdv_env);
	ROW(RDV_E_INVALID, "command", argv = no_argv);
	ROW(RDV_E_NOT_FOUND, "folder", folder_id = "nowhere");
	ROW(RDV_E_INVALID, "shell_command", argv = argv);
	rows[n - 1].spec.shell_command = "also";
	ROW(RDV_E_INVALID, "worktree_branch", create_worktree = true);
	rows[n - 1].spec.repo_path = "/repo";
	for (size_t i = 0; i < n; i++) {
		create(r, &rows[i].spec);
		assert_int_equal(r->err, rows[i].err);
		if (strstr(r->why, rows[i].about) == NULL)
			fail_msg("row %zu says \"%s\"", i, r->why);
	}
	assert_int_equal(r->spawns, 0);
	/* And without any of that it works. */
	rows[0].spec = plain_spec();
	create(r, &rows[0].spec);
	assert_int_equal(r->err, 0);
}

static void
test_what_is_started(void **state)
{
	static const char *const env[] = { "LANG", "C", "EMPTY", "", NULL };
	struct corerig *r = *state;
	struct session_spec spec = plain_spec();

	/* The login shell, at home. */
	create(r, &spec);
	assert_string_equal(newest(r)->argv0, "/bin/sh");
	assert_string_equal(newest(r)->argv1, "-l");
	assert_string_equal(newest(r)->cwd, "/home/somebody");
	assert_int_equal(newest(r)->io, PRIV_IO_PTY);
	spec.shell_command = "echo $((1+1))";
	spec.project_path = "/srv/x";
	spec.env = env;
	spec.io = PRIV_IO_PIPES;
	spec.profile = "script";
	create(r, &spec);
	assert_string_equal(newest(r)->argv0, "/bin/sh");
	assert_string_equal(newest(r)->argv1, "-c");
	assert_string_equal(newest(r)->cwd, "/srv/x");
	assert_string_equal(newest(r)->profile, "script");
	assert_int_equal(newest(r)->io, PRIV_IO_PIPES);
	assert_non_null(strstr(newest(r)->env, "LANG=C\nEMPTY=\n"));
	assert_non_null(strstr(newest(r)->env, "RDV_PROJECT_PATH=/srv/x\n"));
}

static void
test_as_many_as_allowed(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	char first[UUID_TEXT];

	r->conf.max_sessions = 2;
	corerig_create(r, "one");
	(void)snprintf(first, sizeof(first), "%s", r->id);
	corerig_create(r, "two");
	assert_int_equal(r->err, 0);
	corerig_create(r, "three");
	assert_int_equal(r->err, RDV_E_FULL);
	r->exit_on_signal = true;
	who = corerig_who(r, first);
	session_close(r->app.sessions, &who);
	corerig_answer(r);
	corerig_create(r, "four");
	assert_int_equal(r->err, 0);
}

typedef void verb_fn(struct sessions *s, const struct session_who *who);

static void
call(struct corerig *r, verb_fn *verb, const char *id, int err)
{
	struct session_who who = corerig_who(r, id);

	verb(r->app.sessions, &who);
	corerig_answer(r);
	assert_int_equal(r->err, err);
}

static void
expect_status(struct corerig *r, const char *id, const char *status)
{
	assert_string_equal(corerig_session(r, id)->status, status);
}

static void
test_states(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	call(r, session_suspend, id, 0);
	expect_status(r, id, "suspended");
	call(r, session_suspend, id, 0);
	call(r, session_resume, id, 0);
	expect_status(r, id, "active");
	call(r, session_resume, id, 0);
	/* The program noticed nothing of all that. */
	assert_int_equal(r->spawns, 1);
	assert_int_equal(r->runs[0].signals, 0);
	r->exit_on_signal = true;
	call(r, session_close, id, 0);
	expect_status(r, id, "closed");
	call(r, session_close, id, 0);
	call(r, session_suspend, id, RDV_E_STATE);
	call(r, session_resume, id, RDV_E_STATE);
	expect_status(r, id, "closed");
	assert_int_equal(corerig_events(r, "session.closed", id), 1);
	call(r, session_close, "01a1fc02-e49e-70d6-829f-cc5ba764db67",
	    RDV_E_NOT_FOUND);
}

static bool
none_live(void *arg)
{
	return runs_live(((struct corerig *)arg)->app.runs) == 0;
}

/* And no more: the record of that is still to be made. */
static bool
one_has_ended(void *arg)
{
	struct corerig *r = arg;
	const struct store_run *row = corerig_row(r, newest(r)->label);

	return strcmp(row->state, "completed") == 0;
}

/* After a death: another run of the same thing in the same session. */
static void
test_resume_after_death(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT], run[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	(void)snprintf(run, sizeof(run), "%s", corerig_session(r, id)->run_id);
	call(r, session_suspend, id, 0);
	corerig_exit(r, newest(r), 0);
	corerig_until(r, none_live, r);
	call(r, session_resume, id, 0);
	expect_status(r, id, "active");
	assert_string_not_equal(corerig_session(r, id)->run_id, run);
	assert_int_equal(r->nruns, 2);
	assert_string_equal(newest(r)->argv0, "/bin/prog");
	assert_string_equal(newest(r)->argv1, "arg");
	assert_string_equal(newest(r)->cwd, r->runs[0].cwd);
	/* The old log stands, the new one is empty. */
	assert_string_equal(corerig_row(r, run)->state, "completed");
}

/* Both asked for before either is durable. */
static void
both(struct corerig *r, const char *id, verb_fn *first, verb_fn *second)
{
	struct session_who who = corerig_who(r, id);

	first(r->app.sessions, &who);
	second(r->app.sessions, &who);
}

/* A program that ended a moment ago is replaced once, however many ask. */
static void
test_two_resumes_make_one_run(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT];

	/* Its end is on the way to the disk, or it is there. */
	for (int gone = 0; gone < 2; gone++) {
		corerig_create(r, "one");
		(void)snprintf(id, sizeof(id), "%s", r->id);
		r->spawns = 0;
		corerig_exit(r, newest(r), 0);
		corerig_until(r, gone ? none_live : one_has_ended, r);
		both(r, id, session_resume, session_resume);
		assert_int_equal(r->answers, 0);
		corerig_settle(r);
		assert_int_equal(r->answers, 2);
		assert_int_equal(r->err, 0);
		r->answers = 0;
		assert_int_equal(r->spawns, 1);
		assert_int_equal(runs_live(r->app.runs), 1);
		assert_string_equal(newest(r)->label,
		    corerig_session(r, id)->run_id);
		corerig_exit(r, newest(r), 0);
		corerig_until(r, none_live, r);
	}
}

/* Whichever comes first: a session that is closed has no program. */
static void
test_close_races_resume(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT];

	r->exit_on_signal = true;
	for (unsigned i = 0; i < 6; i++) {
		bool close_first = i % 2 == 0;
		unsigned before;

		corerig_create(r, "one");
		(void)snprintf(id, sizeof(id), "%s", r->id);
		/* It lives, or its end is on the way, or it is gone. */
		if (i >= 2)
			corerig_exit(r, newest(r), 0);
		if (i >= 2)
			corerig_until(r, i < 4 ? one_has_ended : none_live, r);
		before = r->spawns;
		both(r, id, close_first ? session_close : session_resume,
		    close_first ? session_resume : session_close);
		corerig_until(r, none_live, r);
		corerig_settle(r);
		assert_int_equal(r->answers, 2);
		r->answers = 0;
		expect_status(r, id, "closed");
		assert_int_equal(corerig_events(r, "session.closed", id), 1);
		assert_int_equal(runs_live(r->app.runs), 0);
		/* At most the run that a first resume had asked for. */
		assert_int_equal(r->spawns, before);
	}
}

/* What is so already is told when it is durable, not when it is read. */
static void
test_same_again_waits_for_the_disk(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	both(r, id, session_suspend, session_suspend);
	assert_int_equal(r->answers, 0);
	db_settle(r->app.db);
	assert_int_equal(r->answers, 2);
	r->answers = 0;
	both(r, id, session_resume, session_resume);
	assert_int_equal(r->answers, 0);
	db_settle(r->app.db);
	assert_int_equal(r->answers, 2);
	r->answers = 0;
}

static void
test_resume_that_fails_leaves_the_session(void **state)
{
	struct corerig *r = *state;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	corerig_exit(r, newest(r), 0);
	corerig_until(r, none_live, r);
	r->fail_spawn = true;
	call(r, session_resume, id, RDV_E_SPAWN);
	expect_status(r, id, "active");
	r->fail_spawn = false;
	call(r, session_resume, id, 0);
}

static unsigned made;

static void
made_cb(const struct store_session *s, const struct store_run *run, void *arg)
{
	const struct corerig *r = arg;

	made++;
	assert_int_equal(r->answers, 0);
	assert_string_equal(s->name, "renamed");
	assert_string_equal(run->id, s->run_id);
	assert_string_equal(run->state, "running");
}

static void
test_update(void **state)
{
	struct session_patch p = { .has_name = true, .name = "renamed" };
	struct corerig *r = *state;
	struct session_who who;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	who = corerig_who(r, id);
	made = 0;
	session_update(r->app.sessions, &who, &p, made_cb);
	assert_int_equal(made, 1);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	assert_string_equal(corerig_session(r, id)->name, "renamed");
	p.name = "=x";
	session_update(r->app.sessions, &who, &p, made_cb);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_INVALID);
	p = (struct session_patch){ .has_folder = true, .folder_id = "none" };
	session_update(r->app.sessions, &who, &p, made_cb);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_NOT_FOUND);
	assert_string_equal(corerig_session(r, id)->name, "renamed");
	assert_int_equal(made, 1);
	p.folder_id = NULL;
	session_update(r->app.sessions, &who, &p, made_cb);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
}

/* Somebody else's session is none, whatever is asked. */
static void
test_other_user(void **state)
{
	static verb_fn *const verbs[] = { session_suspend, session_resume,
		session_close };
	struct corerig *r = *state;
	struct session_who who;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	who = corerig_who(r, id);
	who.user_id = "01a1fc02-e433-70ac-8a89-72843e2e928b";
	for (size_t i = 0; i < 3; i++) {
		verbs[i](r->app.sessions, &who);
		corerig_answer(r);
		assert_int_equal(r->err, RDV_E_NOT_FOUND);
	}
	session_signal(r->app.sessions, &who, SIGKILL, true);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_NOT_FOUND);
	assert_int_equal(typing(r, &who, "x", false), RDV_E_NOT_FOUND);
	expect_status(r, id, "active");
	assert_int_equal(newest(r)->signals, 0);
}

static void
test_reorder_is_all_or_nothing(void **state)
{
	struct corerig *r = *state;
	struct session_who who = corerig_who(r, NULL);
	const char *ids[4] = { NULL };
	char a[UUID_TEXT], b[UUID_TEXT];

	corerig_create(r, "a");
	(void)snprintf(a, sizeof(a), "%s", r->id);
	corerig_create(r, "b");
	(void)snprintf(b, sizeof(b), "%s", r->id);
	assert_int_equal(corerig_session(r, b)->tab_order, 1);
	ids[0] = b;
	ids[1] = a;
	session_reorder(r->app.sessions, &who, ids);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	assert_int_equal(corerig_session(r, b)->tab_order, 0);
	ids[0] = a;
	ids[1] = "unknown";
	session_reorder(r->app.sessions, &who, ids);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_NOT_FOUND);
	assert_string_equal(r->why, "unknown");
	assert_int_equal(corerig_session(r, a)->tab_order, 1);
}

static void
test_input_and_its_end(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	char id[UUID_TEXT], got[8];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	who = corerig_who(r, id);
	assert_int_equal(typing(r, &who, "ls\r", false), 0);
	/* A terminal's input has no end of its own. */
	assert_int_equal(typing(r, &who, "", true), RDV_E_STATE);
	/* And what goes with such an end is not typed either. */
	assert_int_equal(typing(r, &who, "rm\r", true), RDV_E_STATE);
	assert_int_equal(typing(r, &who, "\r", false), 0);
	assert_int_equal(read(newest(r)->far, got, sizeof(got)), 3);
	assert_memory_equal(got, "ls\n", 3);
	assert_string_equal(r->typed.run_id, newest(r)->label);
	assert_int_equal(read(newest(r)->far, got, sizeof(got)), 1);
	assert_int_equal(got[0], '\n');
	corerig_exit(r, newest(r), 0);
	corerig_until(r, none_live, r);
	assert_int_equal(typing(r, &who, "ls\r", false), RDV_E_STATE);
}

struct got {
	int err;
	unsigned calls;
};

static void
grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct got *got = arg;

	(void)why;
	got->err = err;
	got->calls++;
	assert_int_equal(g == NULL, err != 0);
	if (g != NULL)
		assert_string_equal(g->home, "/home/somebody");
}

static bool
got_it(void *arg)
{
	return ((struct got *)arg)->calls > 0;
}

/* One LOGIN for everybody, until the helper is another one. */
static void
test_grants_are_kept(void **state)
{
	struct corerig *r = *state;
	struct got a = { 0, 0 }, b = { 0, 0 };
	unsigned before = r->logins;

	grant_get(r->app.grants, 1000, grant_cb, &a);
	grant_get(r->app.grants, 1000, grant_cb, &b);
	assert_int_equal(a.calls, 0);
	corerig_until(r, got_it, &a);
	corerig_until(r, got_it, &b);
	assert_int_equal(r->logins, before + 1);
	opsrig_die(&r->ops);
	r->generation += UINT64_C(1) << 32;
	opsrig_connect(&r->ops);
	a = (struct got){ 0, 0 };
	grant_get(r->app.grants, 1000, grant_cb, &a);
	corerig_until(r, got_it, &a);
	assert_int_equal(a.err, 0);
	assert_int_equal(r->logins, before + 2);
}

static void
test_grants_of_nobody(void **state)
{
	struct corerig *r = *state;
	struct got a = { 0, 0 };

	/* The scripted helper answers with a grant for somebody else. */
	grant_get(r->app.grants, 4711, grant_cb, &a);
	corerig_until(r, got_it, &a);
	assert_int_equal(a.err, RDV_E_DENIED);
	assert_int_equal(a.calls, 1);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_H13_names),
		T(test_H14_same_name_twice),
		T(test_refusals),
		T(test_what_is_started),
		T(test_as_many_as_allowed),
		T(test_states),
		T(test_resume_after_death),
		T(test_two_resumes_make_one_run),
		T(test_close_races_resume),
		T(test_same_again_waits_for_the_disk),
		T(test_resume_that_fails_leaves_the_session),
		T(test_update),
		T(test_other_user),
		T(test_reorder_is_all_or_nothing),
		T(test_input_and_its_end),
		T(test_grants_are_kept),
		T(test_grants_of_nobody),
	};

	return CHECK_RUN("session", tests);
}
