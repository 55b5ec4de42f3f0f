/* SPDX-License-Identifier: MIT */
/*
 * Commands against a server with a handful of answers: what they ask, what they
 * print, and the exit status each outcome has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define ID_A "01890000-0000-7000-8000-00000000000a"
#define ID_B "01890000-0000-7000-8000-00000000000b"
#define ID_C "01890001-0000-7000-8000-00000000000c"

/* Two sessions of one name, and one whose name would ring the bell. */
#define OPEN_SESSIONS                                                     \
	"[{\"id\":\"" ID_A "\",\"name\":\"twin\",\"status\":\"active\"}," \
	"{\"id\":\"" ID_B "\",\"name\":\"twin\",\"status\":\"active\"},"  \
	"{\"id\":\"" ID_C "\",\"name\":\"odd\\u0007\\u001b[31m\","        \
	"\"status\":\"suspended\"}]"

static const struct {
	const char *request;
	int status;
	const char *answer;
} answers[] = {
	{ "GET /api/sessions?status=active%2Csuspended ", 200, OPEN_SESSIONS },
	{ "GET /api/sessions?status=closed ", 200, "[]" },
	{ "GET /api/sessions?status=suspended ", 200, "[]" },
	{ "GET /api/sessions ", 200, OPEN_SESSIONS },
	{ "GET /api/sessions/" ID_A " ", 200,
	    "{\"id\":\"" ID_A "\",\"name\":\"twin\",\"run\":{\"id\":\"r\","
	    "\"argv\":[\"sh\",\"-c\",\"x\"],\"exit_code\":3}}" },
	{ "DELETE /api/sessions/" ID_C " ", 204, "" },
	{ "POST /api/sessions/" ID_C "/exec ", 202, "" },
	{ "POST /api/sessions/" ID_C "/keys ", 202,
	    "{\"run_id\":\"r1\",\"offset\":7}" },
	{ "POST /api/sessions ", 201,
	    "{\"id\":\"" ID_A "\",\"name\":\"n\",\"run\":{\"cwd\":\"/x\"}}" },
	{ "POST /api/sessions/" ID_C "/suspend ", 409,
	    "{\"error\":\"it is closed\",\"code\":\"INVALID_STATE\","
	    "\"request_id\":\"q1\"}" },
	{ "DELETE /api/worktrees ", 409,
	    "{\"error\":\"HAS_UNTRACKED_FILES: it has untracked files; "
	    "it has\\u001b commits\",\"code\":\"HAS_UNTRACKED_FILES\","
	    "\"details\":{\"reasons\":[\"HAS_UNTRACKED_FILES\","
	    "\"HAS_UNPUSHED_COMMITS\"]}}" },
	{ "GET /api/worktrees/trash ", 200,
	    "{\"items\":[{\"id\":\"" ID_A "\",\"path\":\"/w/a\",\"branch\":"
	    "\"a\",\"holds\":[\"HAS_UNTRACKED_FILES\"],\"bytes\":2048,"
	    "\"trashed_at\":1,\"expires_at\":2},{\"id\":\"" ID_C "\","
	    "\"path\":\"/w/c\",\"branch\":\"c\",\"holds\":[],\"bytes\":"
	    "null,\"trashed_at\":1,\"expires_at\":2}]}" },
	{ "DELETE /api/worktrees/trash/" ID_A " ", 409,
	    "{\"error\":\"something is mounted in it\","
	    "\"code\":\"INVALID_STATE\"}" },
	{ "DELETE /api/worktrees/trash/" ID_C " ", 204, "" },
	{ "GET /api/status ", 500,
	    "{\"error\":\"internal error\",\"code\":\"INTERNAL\","
	    "\"request_id\":\"q77\"}" },
	{ "GET /api/folders ", 401,
	    "{\"error\":\"unknown token\",\"code\":\"INVALID_TOKEN\"}" },
	{ "POST /api/folders ", 201, "{\"id\":\"f1\",\"name\":\"n\"}" },
	{ "POST /api/tokens ", 201,
	    "{\"id\":\"t1\",\"rawKey\":\"rdv_once\",\"keyPrefix\":\"rdv_o\"}" },
	{ "GET /api/tokens ", 200, "not json" },
	{ "GET /api/links ", 200,
	    "[{\"label\":\"Ann\"},{\"label\":\"\"},{\"label\":\"Bo\"}]" },
};

static struct fake fake;
static struct ran ran;

static void
answer_fn(int fd, const char *request, unsigned n)
{
	size_t i;

	(void)n;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strncmp(request, answers[i].request,
			strlen(answers[i].request)) == 0) {
			fake_json(fd, answers[i].status, answers[i].answer);
			return;
		}
	}
	fake_json(fd, 404,
	    "{\"error\":\"no such thing\",\"code\":\"NOT_"
	    "FOUND\"}");
}

static int
setup(void **state)
{
	(void)state;
	fake_start(&fake, answer_fn);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	return 0;
}

/* The body of the last request that the server has seen. */
static struct js *
body_sent(unsigned skip_requests)
{
	struct js *v;
	char *rq;

	while (skip_requests-- > 0)
		free(fake_request(&fake));
	rq = fake_request(&fake);
	v = js_parse(strstr(rq, "\r\n\r\n") + 4,
	    strlen(strstr(rq, "\r\n\r\n") + 4), ran.err, sizeof(ran.err));
	free(rq);
	assert_non_null(v);
	return v;
}

static void
tables_are_harmless(void **state)
{
	(void)state;
	RUN(&ran, "session", "ls");
	assert_int_equal(ran.rc, CMD_OK);
	assert_non_null(strstr(ran.out, "NAME"));
	assert_non_null(strstr(ran.out, "01890000-0000  twin"));
	assert_non_null(strstr(ran.out, "odd"));
	assert_null(strchr(ran.out, '\033'));
	assert_null(strchr(ran.out, '\007'));
}

/* To be pasted: this program is not "rdv" to a shell, and not in ~/.rdv. */
static void
none_says_how_to_make_one(void **state)
{
	char self[4096], hint[8192];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(n > 0);
	self[n] = '\0';
	(void)snprintf(hint, sizeof(hint),
	    "make one with: RDV_HOME=%s %s session new NAME\n", fake.dir, self);
	RUN(&ran, "session", "ls", "--status", "suspended");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, "");
	assert_non_null(strstr(ran.err, hint));
}

static void
json_is_the_object(void **state)
{
	struct js *v;
	char why[160];

	(void)state;
	RUN(&ran, "session", "ls", "--json");
	assert_int_equal(ran.rc, CMD_OK);
	v = js_parse(ran.out, strlen(ran.out), why, sizeof(why));
	assert_int_equal(js_len(v), 3);
	assert_string_equal(js_str(js_at(v, 2), "name", ""), "odd\007\033[31m");
	js_free(v);
	RUN(&ran, "show", ID_A, "--json");
	assert_int_equal(ran.rc, CMD_OK);
	v = js_parse(ran.out, strlen(ran.out), why, sizeof(why));
	assert_int_equal(js_int(js_get(v, "run"), "exit_code", 0), 3);
	js_free(v);
}

static void
show_prints_what_is_set(void **state)
{
	(void)state;
	RUN(&ran, "show", ID_A);
	assert_int_equal(ran.rc, CMD_OK);
	assert_non_null(strstr(ran.out, "sh -c x"));
	assert_non_null(strstr(ran.out, "exit code"));
	assert_null(strstr(ran.out, "branch"));
}

static void
words_for_sessions(void **state)
{
	(void)state;
	RUN(&ran, "close", "01890001");
	assert_int_equal(ran.rc, CMD_OK);
	RUN(&ran, "close", "odd\007\033[31m");
	assert_int_equal(ran.rc, CMD_OK);
	/* Two of one name, and a beginning of two ids: nothing is done. */
	RUN(&ran, "close", "twin");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, ID_A));
	assert_non_null(strstr(ran.err, ID_B));
	RUN(&ran, "close", "01890000");
	assert_int_equal(ran.rc, CMD_FAILED);
	RUN(&ran, "close", "018");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "there is no session 018"));
	RUN(&ran, "close", "nobody");
	assert_int_equal(ran.rc, CMD_FAILED);
}

static void
nothing_becomes_an_object(void **state)
{
	struct js *v;
	char why[160];

	(void)state;
	RUN(&ran, "close", ID_C, "--json");
	assert_int_equal(ran.rc, CMD_OK);
	v = js_parse(ran.out, strlen(ran.out), why, sizeof(why));
	assert_string_equal(js_str(v, "status", ""), "closed");
	js_free(v);
}

static void
refusals_keep_their_words(void **state)
{
	struct js *v;
	char why[160];

	(void)state;
	RUN(&ran, "suspend", ID_C);
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_string_equal(ran.out, "");
	assert_non_null(strstr(ran.err, "it is closed"));
	RUN(&ran, "suspend", ID_C, "--json");
	assert_int_equal(ran.rc, CMD_FAILED);
	v = js_parse(ran.err, strlen(ran.err), why, sizeof(why));
	assert_string_equal(js_str(v, "code", ""), "INVALID_STATE");
	assert_string_equal(js_str(v, "request_id", ""), "q1");
	js_free(v);
	RUN(&ran, "worktree", "rm", "/tmp");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_true(str_starts(ran.err, "rdv: it has untracked files; it has"));
	assert_null(strstr(ran.err, "HAS_"));
	assert_null(strchr(ran.err, '\033'));
	assert_non_null(strstr(ran.err, "with --force: move it to the trash"));
	RUN(&ran, "worktree", "rm", "/tmp", "--force");
	assert_null(strstr(ran.err, "with --force"));
	RUN(&ran, "worktree", "rm", "/tmp", "--json");
	assert_non_null(strstr(ran.err, "\"code\":\"HAS_UNTRACKED_FILES\""));
	assert_non_null(strstr(ran.err, "\"HAS_UNPUSHED_COMMITS\""));
}

static void
the_trash_is_emptied_by_who_says_so(void **state)
{
	(void)state;
	RUN(&ran, "trash", "ls");
	assert_int_equal(ran.rc, CMD_OK);
	assert_non_null(strstr(ran.out, "HAS_UNTRACKED_FILES"));
	RUN(&ran, "worktree", "trash");
	assert_non_null(strstr(ran.out, "/w/c"));
	/* Nobody is there who could be asked. */
	RUN(&ran, "trash", "empty", "c");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "add --yes"));
	assert_null(strstr(ran.err, "c is deleted"));
	RUN(&ran, "trash", "empty", "c", "--yes");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.err, "rdv: c is deleted\n");
	/* One that cannot be keeps nobody else. */
	RUN(&ran, "trash", "empty", "--yes");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "mounted in it"));
	assert_non_null(strstr(ran.err, "/w/c is deleted"));
}

static void
failures_say_where_to_look(void **state)
{
	(void)state;
	RUN(&ran, "status");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "q77"));
	RUN(&ran, "folder", "ls");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "cli-token is not accepted"));
	RUN(&ran, "token", "ls");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "no JSON"));
}

static void
unreachable_is_three(void **state)
{
	static const char *const each[] = { "status", "events", "open" };
	size_t i;

	(void)state;
	fake_end(&fake);
	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		RUN(&ran, each[i]);
		assert_int_equal(ran.rc, CMD_UNREACHABLE);
		assert_non_null(strstr(ran.err, " up"));
		assert_string_equal(ran.out, "");
	}
	RUN(&ran, "events", "--follow");
	assert_int_equal(ran.rc, CMD_UNREACHABLE);
	RUN(&ran, "doctor", "--json");
	assert_int_equal(ran.rc, CMD_UNREACHABLE);
}

static void
an_impostor_is_one(void **state)
{
	(void)state;
	assert_int_equal(chmod(fake.sock, 0666), 0);
	RUN(&ran, "session", "ls");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "nothing was sent"));
	assert_true(fake_silent(&fake));
	assert_int_equal(chmod(fake.sock, 0600), 0);
	RUN(&ran, "session", "ls");
	assert_int_equal(ran.rc, CMD_OK);
}

static void
new_sends_what_was_said(void **state)
{
	struct js *v;

	(void)state;
	RUN(&ran, "session", "new", "n", "--repo", "/tmp", "--branch", "b",
	    "--base", "main", "--env", "A=1=2", "--profile", "script", "--",
	    "make", "-k");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, ID_A "\n");
	v = body_sent(0);
	assert_string_equal(js_str(v, "name", ""), "n");
	assert_string_equal(js_str(v, "repo_path", ""), "/tmp");
	assert_string_equal(js_str(v, "worktree_branch", ""), "b");
	assert_string_equal(js_str(v, "base_branch", ""), "main");
	assert_true(js_bool(v, "create_worktree", false));
	assert_string_equal(js_str(js_get(v, "environment"), "A", ""), "1=2");
	assert_string_equal(js_str(v, "profile", ""), "script");
	assert_int_equal(js_len(js_get(v, "command")), 2);
	assert_string_equal(js_text(js_at(js_get(v, "command"), 1)), "-k");
	js_free(v);
}

static void
new_starts_here(void **state)
{
	char here[512];
	struct js *v;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	RUN(&ran, "session", "new", "n", "--quiet");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.err, "");
	v = body_sent(0);
	assert_string_equal(js_str(v, "project_path", ""), here);
	assert_null(js_get(v, "create_worktree"));
	assert_null(js_get(v, "command"));
	js_free(v);
}

static void
new_refuses_nonsense(void **state)
{
	(void)state;
	RUN(&ran, "session", "new", "n", "--branch", "b");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "session", "new", "n", "--repo", "/tmp", "--base", "x");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "session", "new", "n", "--env", "novalue");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "session", "new", "n", "--");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "session", "new", "n", "--dir", "/tmp/none/of/it");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_true(fake_silent(&fake));
}

static void
exec_types_literally(void **state)
{
	struct js *v;

	(void)state;
	RUN(&ran, "exec", "--no-enter", ID_C, "echo", "$HOME  x", "--json");
	assert_int_equal(ran.rc, CMD_OK);
	v = body_sent(0);
	assert_string_equal(js_str(v, "command", ""), "echo $HOME  x --json");
	assert_false(js_bool(v, "enter", true));
	js_free(v);
	RUN(&ran, "exec", ID_C, "ls");
	v = body_sent(0);
	assert_true(js_bool(v, "enter", false));
	js_free(v);
}

static void
keys_are_sent_as_words(void **state)
{
	struct js *v;

	(void)state;
	RUN(&ran, "send-keys", "--json", ID_C, "C-c", "-l", "Enter");
	assert_int_equal(ran.rc, CMD_OK);
	assert_non_null(strstr(ran.out, "\"offset\": 7"));
	v = body_sent(0);
	assert_int_equal(js_len(js_get(v, "keys")), 3);
	assert_string_equal(js_text(js_at(js_get(v, "keys"), 1)), "-l");
	assert_false(js_bool(v, "literal", true));
	js_free(v);
	RUN(&ran, "send-keys", ID_C, "-l", "C-c");
	assert_string_equal(ran.out, "");
	v = body_sent(0);
	assert_true(js_bool(v, "literal", false));
	js_free(v);
}

static void
an_id_is_printed_alone(void **state)
{
	struct js *v;

	(void)state;
	RUN(&ran, "folder", "new", "n", "--dir", "/");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, "f1\n");
	v = body_sent(0);
	assert_string_equal(js_str(v, "path", ""), "/");
	js_free(v);
	RUN(&ran, "folder", "mv", "f1");
	assert_int_equal(ran.rc, CMD_USAGE);
}

static void
a_token_is_printed_alone(void **state)
{
	struct js *v;

	(void)state;
	RUN(&ran, "token", "new", "ci", "--scope", "read", "--scope", "approve",
	    "--expires", "30d");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, "rdv_once\n");
	assert_null(strstr(ran.err, "rdv_once"));
	v = body_sent(0);
	assert_int_equal(js_len(js_get(v, "scopes")), 2);
	assert_true(js_int(v, "expiresAt", 0) > 1000LL * 86400 * 365);
	js_free(v);
	RUN(&ran, "token", "new", "agent", "--scope", "run", "--session",
	    "01900000-0000-7000-8000-00000000000a");
	assert_int_equal(ran.rc, CMD_OK);
	v = body_sent(0);
	assert_string_equal(js_str(v, "session_id", ""),
	    "01900000-0000-7000-8000-00000000000a");
	js_free(v);
	RUN(&ran, "token", "new", "ci", "--expires", "soon");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "token", "new", "ci", "--expires", "0d");
	assert_int_equal(ran.rc, CMD_USAGE);
	RUN(&ran, "token", "new", "ci", "--scope", "root");
	assert_int_equal(ran.rc, CMD_USAGE);
}

static void
completion_offers(void **state)
{
	(void)state;
	RUN(&ran, "__complete", "--", "att");
	assert_string_equal(ran.out, "attach\n");
	RUN(&ran, "__complete", "--", "session", "sus");
	assert_string_equal(ran.out, "suspend\n");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--pro");
	assert_string_equal(ran.out, "--profile\n");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--profile", "");
	assert_string_equal(ran.out, "login\nscript\nagent\nlsp\n");
	RUN(&ran, "__complete", "--", "attach", "--socket", fake.sock, "tw");
	assert_string_equal(ran.out, "twin\ntwin\n");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--dir", "");
	assert_string_equal(ran.out, "//dir\n");
	/* A verb or a session; and of links those that have a name. */
	RUN(&ran, "__complete", "--", "share", "--socket", fake.sock, "r");
	assert_string_equal(ran.out, "revoke\n");
	RUN(&ran, "__complete", "--", "share", "--socket", fake.sock, "tw");
	assert_string_equal(ran.out, "twin\ntwin\n");
	RUN(&ran, "__complete", "--", "share", "x", "--h");
	assert_string_equal(ran.out, "--history\n--help\n");
	RUN(&ran, "__complete", "--", "share", "revoke", "--socket", fake.sock,
	    "");
	assert_string_equal(ran.out, "Ann\nBo\n");
	/* Without a server: no names, no error, and still the commands. */
	fake_end(&fake);
	RUN(&ran, "__complete", "--", "attach", "");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err, "");
	RUN(&ran, "__complete", "--", "sta");
	assert_string_equal(ran.out, "status\n");
}

/* A value in the word of its option is offered with it. */
static void
completion_offers_behind_equals(void **state)
{
	(void)state;
	RUN(&ran, "__complete", "--", "session", "new", "x", "--profile=");
	assert_string_equal(ran.out,
	    "--profile=login\n--profile=script\n--profile=agent\n"
	    "--profile=lsp\n");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--profile=s");
	assert_string_equal(ran.out, "--profile=script\n");
	RUN(&ran, "__complete", "--", "session", "ls", "--status=closedx");
	assert_string_equal(ran.out, "");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--dir=/t");
	assert_string_equal(ran.out, "//dir\n");
	/* It is one word, so what follows is what follows the option. */
	RUN(&ran, "__complete", "--", "attach", "--socket=s", "tw");
	assert_string_equal(ran.out, "twin\ntwin\n");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--attach=");
	assert_string_equal(ran.out, "");
	RUN(&ran, "__complete", "--", "session", "new", "x", "--pro=");
	assert_string_equal(ran.out, "");
}

static void
a_directory_that_cannot_be_is_refused(void **state)
{
	(void)state;
	RUN(&ran, "folder", "new", "n", "--dir", "/dev/null/x");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "--dir /dev/null/x: "));
	assert_string_equal(ran.out, "");
	RUN(&ran, "folder", "new", "n", "--dir", "/tmp");
	assert_int_equal(ran.rc, CMD_OK);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tables_are_harmless),
		T(none_says_how_to_make_one),
		T(json_is_the_object),
		T(show_prints_what_is_set),
		T(words_for_sessions),
		T(nothing_becomes_an_object),
		T(refusals_keep_their_words),
		T(the_trash_is_emptied_by_who_says_so),
		T(failures_say_where_to_look),
		T(unreachable_is_three),
		T(an_impostor_is_one),
		T(new_sends_what_was_said),
		T(new_starts_here),
		T(new_refuses_nonsense),
		T(exec_types_literally),
		T(keys_are_sent_as_words),
		T(an_id_is_printed_alone),
		T(a_token_is_printed_alone),
		T(completion_offers),
		T(completion_offers_behind_equals),
		T(a_directory_that_cannot_be_is_refused),
	};

	return CHECK_RUN("commands", tests);
}
