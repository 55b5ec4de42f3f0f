/* SPDX-License-Identifier: MIT */
/*
 * The worker that stays, and what is too much for it: long words of a
 * repository's, long answers, many questions, and a git that never ends. It
 * says so, and goes on.
 */
#include "tests/unit/check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "tests/unit/worker/served.h"

#define MS    60000
#define FILES 40

/* Freed by the caller. */
static struct js *
ask(const char *op, const char *args)
{
	int64_t id = served_question_of(op, args, MS);
	struct js *v = served_get();

	if (v == NULL)
		fail_msg("%s: the worker has ended", op);
	assert_int_equal(js_int(v, "id", 0), id);
	return v;
}

static struct js *
result_of(struct js *v)
{
	if (js_get(v, "result") == NULL)
		fail_msg("%s", js_str(v, "why", "no result"));
	return js_get(v, "result");
}

/* It is one that can go on. */
static void
still_answers(void)
{
	js_free(ask("log", NULL));
	assert_int_equal(served_stop(), 0);
}

static void
a_commit_of_long_words(void **state)
{
	const struct js *c;
	struct js *v;

	(void)state;
	served_sh("for i in $(seq 150); do "
		  "echo parent $(git commit-tree -m $i 'HEAD^{tree}'); done "
		  ">../parents");
	served_sh("{ echo tree $(git rev-parse 'HEAD^{tree}'); cat ../parents; "
		  "printf 'author '; head -c 3000 /dev/zero | tr '\\0' a; "
		  "echo ' <a> 1 +0000'; echo 'committer c <c> 1 +0000'; echo; "
		  "yes '\001' | head -n 900000 | tr '\\n' x; } >../commit && "
		  "git update-ref refs/heads/long "
		  "$(git hash-object -t commit -w ../commit)");
	served_start();
	v = ask("log", "{\"to\":\"long\",\"limit\":1}");
	c = js_at(js_get(result_of(v), "commits"), 0);
	assert_int_equal(strlen(js_str(c, "subject", "")), 4096);
	assert_int_equal(strlen(js_str(c, "author", "")), 1024);
	assert_in_range(js_len(js_get(c, "parents")), 64, 149);
	for (size_t i = 0; i < js_len(js_get(c, "parents")); i++)
		assert_int_equal(
		    strlen(js_text(js_at(js_get(c, "parents"), i))), 40);
	assert_true(js_bool(c, "cut", false));
	js_free(v);
	v = ask("log", "{\"to\":\"main\"}");
	c = js_at(js_get(result_of(v), "commits"), 0);
	assert_false(js_bool(c, "cut", true));
	js_free(v);
	still_answers();
}

static void
hunks_are_counted_too(void **state)
{
	struct js *v, *r;

	(void)state;
	served_sh("seq 20000 >many && git add many && git commit -q -m many && "
		  "seq 20000 | sed 's/[02468]$/&x/' >many");
	served_start();
	v = ask("diff", "{\"path\":\"many\",\"context\":0,\"limit\":20000}");
	r = result_of(v);
	assert_true(js_bool(r, "truncated", false));
	assert_in_range(js_len(js_get(r, "hunks")), 1000, 9999);
	js_free(v);
	still_answers();
}

/* What git is shown of a very large file goes with the answer. */
static void
windows_are_taken_away(void **state)
{
	const char *words[] = { "{\"path\":\"large\"}",
		"{\"path\":\"large\",\"context\":0}", NULL };
	const struct js *hunks;
	char dir[PATH_MAX];
	struct js *v;

	(void)state;
	served_sh("mkdir ../tmp && seq 1000000 6000000 >large && "
		  "git add large && git commit -q -m large && "
		  "sed -i -e '9s/$/x/' -e '900000s/$/x/' large");
	(void)snprintf(dir, sizeof(dir), "%s/tmp", served.dir);
	assert_int_equal(setenv("TMPDIR", dir, 1), 0);
	served_start();
	assert_int_equal(unsetenv("TMPDIR"), 0);
	for (size_t i = 0; words[i] != NULL; i++) {
		v = ask("diff", words[i]);
		assert_int_equal(js_int(result_of(v), "looked", 0), 8 << 20);
		hunks = js_get(result_of(v), "hunks");
		assert_int_equal(js_len(hunks), 1);
		assert_int_equal(js_int(js_at(hunks, 0), "old_start", 0),
		    i == 0 ? 6 : 9);
		js_free(v);
	}
	served_sh("test -z \"$(ls ../tmp)\"");
	still_answers();
}

#define FORGED                                                            \
	"x\\n@@ -1,2 +1,2 @@\\n-forged\\n+forged\\ndiff --git a/a b/a\\n" \
	"Binary files "

/* In a patch git quotes it, with -z as well. */
static void
a_name_of_many_lines(void **state)
{
	const struct js *r, *lines;
	struct js *v;

	(void)state;
	served_sh("n=$(printf '" FORGED "') && mkdir -p \"${n%/*}\" "
		  "\"b${n%/*}\" && echo one >\"$n\" && git add . && "
		  "git commit -q -m odd && echo two >\"$n\" && "
		  "git mv b \"b$n\"");
	served_start();
	v = ask("diff", "{\"path\":\"" FORGED "\"}");
	r = result_of(v);
	assert_false(js_bool(r, "binary", true));
	assert_int_equal(js_len(js_get(r, "hunks")), 1);
	lines = js_get(js_at(js_get(r, "hunks"), 0), "lines");
	assert_int_equal(js_len(lines), 2);
	assert_string_equal(js_text(js_at(lines, 0)), "-one");
	assert_string_equal(js_text(js_at(lines, 1)), "+two");
	js_free(v);
	v = ask("diff", "{\"path\":\"b" FORGED "\",\"old_path\":\"b\"}");
	r = result_of(v);
	assert_string_equal(js_str(r, "status", ""), "renamed");
	assert_false(js_bool(r, "binary", true));
	assert_int_equal(js_len(js_get(r, "hunks")), 0);
	js_free(v);
	/* A binary one is one whatever its name. */
	served_sh("printf 'x\\0' >\"$(printf '" FORGED "')\"");
	v = ask("diff", "{\"path\":\"" FORGED "\"}");
	assert_true(js_bool(result_of(v), "binary", false));
	assert_int_equal(js_len(js_get(result_of(v), "hunks")), 0);
	js_free(v);
	still_answers();
}

/* A name that no file has, and an index may. */
static void
what_fits_no_message(void **state)
{
	struct js *v;

	(void)state;
	served_sh("{ printf '100644 %s\\t' $(git hash-object a); "
		  "head -c 400000 /dev/zero | tr '\\0' '\\377'; echo; } "
		  ">../entry && git update-index --index-info <../entry");
	served_start();
	v = ask("changes", NULL);
	assert_string_equal(js_str(v, "error", ""), "big");
	js_free(v);
	still_answers();
}

/* A shell command about the worker, whose process id is $p there. */
static void
sh_of_worker(const char *command)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "p=%d; %s", served.pid, command);
	served_sh(line);
}

/* Each file has 8 MiB, and 256 KiB of it are told. */
static void
many_files_at_once(void **state)
{
	char args[64];

	(void)state;
	served_sh("yes text | head -c 8388608 >../blob && "
		  "o=$(git hash-object -w ../blob) && "
		  "for i in $(seq 40); do printf '100644 %s\\tf%d\\n' $o $i; "
		  "done | git update-index --index-info && "
		  "git commit -q -m files");
	served_start();
	for (int i = 1; i <= FILES; i++) {
		(void)snprintf(args, sizeof(args), "{\"path\":\"f%d\"}", i);
		(void)served_question_of("file", args, MS);
	}
	for (int i = 0; i < FILES; i++) {
		struct js *v = served_get();

		assert_non_null(v);
		assert_int_equal(js_int(result_of(v), "size", 0), 8388608);
		assert_true(js_bool(result_of(v), "truncated", false));
		js_free(v);
	}
	sh_of_worker("test $(awk '/^VmHWM/ {print $2}' /proc/$p/status) "
		     "-lt 120000");
	still_answers();
}

/* More than are at work at once, and each of them is answered. */
static void
many_at_once(void **state)
{
	char args[64];
	bool seen[64] = { false };
	int64_t first = 0, id;
	struct js *v;

	(void)state;
	served_start();
	for (int i = 0; i < 64; i++) {
		(void)snprintf(args, sizeof(args), "{\"offset\":%d}", i % 20);
		id = served_question_of(i % 2 ? "log" : "changes", args, MS);
		first = i == 0 ? id : first;
	}
	for (int i = 0; i < 64; i++) {
		v = served_get();
		assert_non_null(v);
		id = js_int(v, "id", 0) - first;
		assert_in_range(id, 0, 63);
		assert_false(seen[id]);
		seen[id] = true;
		(void)result_of(v);
		js_free(v);
	}
	still_answers();
}

#define EXCLUDE ".git/info/exclude"

/*
 * Behind an answer the worker looks for itself, and that git hangs. It has the
 * time of the question, and no more than whoever asks meanwhile.
 */
static void
hung_unasked(int ms)
{
	served_sh("mkfifo .git/info/e && mv .git/info/e " EXCLUDE);
	served_start();
	(void)served_question_of("diffstat",
	    "{\"from\":\"main\",\"to\":\"main\"}", ms);
	js_free(served_get());
	sh_of_worker(
	    "until pgrep -P $p -x git >/dev/null; do sleep 0.01; done");
}

static void
an_unasked_look_has_a_deadline(void **state)
{
	(void)state;
	hung_unasked(1000);
	sh_of_worker("for i in $(seq 2000); do "
		     "pgrep -P $p -x git >/dev/null || exit 0; sleep 0.01; "
		     "done; exit 1");
	still_answers();
}

static void
and_is_in_nobodys_way(void **state)
{
	struct js *v;

	(void)state;
	hung_unasked(MS);
	v = served_ask(100);
	assert_string_equal(js_str(v, "error", ""), "timeout");
	js_free(v);
	served_sh("rm " EXCLUDE);
	v = served_ask(20000);
	assert_string_equal(js_str(v, "error", "none"), "none");
	js_free(v);
	assert_int_equal(served_stop(), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, served_setup, served_teardown)
	const struct CMUnitTest tests[] = {
		T(a_commit_of_long_words),
		T(hunks_are_counted_too),
		T(windows_are_taken_away),
		T(a_name_of_many_lines),
		T(what_fits_no_message),
		T(many_files_at_once),
		T(many_at_once),
		T(an_unasked_look_has_a_deadline),
		T(and_is_in_nobodys_way),
	};

	return CHECK_RUN("worker/serve_much", tests);
}
