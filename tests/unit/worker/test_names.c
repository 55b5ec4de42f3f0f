/* SPDX-License-Identifier: MIT */
/*
 * A look at some names says of the tree what a look at all of it says: random
 * changes, each with git's own numbers beside those of the worker, whose state
 * is carried on from look to look. And who is told of changes alone has what
 * there is.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "tests/unit/worker/served.h"

#define MS    60000
#define STEPS 250

static uint32_t seed;

static uint32_t
pick(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Known ones, unknown ones, ignored ones, and those that are now and then. */
static const char *const names[] = { "a", "b", "x", "l", "d/c", "d/e/f",
	"d/new", "d/e/new", "n/one", "n/m/two", "n/m/y.o", "new", "y.o",
	"d/z.o", "ign/z", "-rf", "d/a b", "d-e", "d.o/x", "d/crlf.txt" };
#define NNAMES (sizeof(names) / sizeof(names[0]))

/* $1 and $2 are files. */
static const char *const quiet[] = {
	"echo $$ >>\"./$1\"",
	"printf 'one\\n' >\"./$1\"",
	"printf 'two\\r\\n' >\"./$1\"",
	": >\"./$1\"",
	"rm -f \"./$1\"",
	"test -d \"./$1\" || chmod +x \"./$1\"",
	"test -d \"./$1\" || chmod -x \"./$1\"",
	"touch -h \"./$1\"",
	"touch -h -d '2001-02-03' \"./$1\"",
	"mv -f \"./$1\" \"./$2\"",
	"rm -f \"./$1\"; ln -s b \"./$1\"",
	"cp -fP \"./$1\" \"./$2\"",
	"git cat-file -p \"HEAD:$1\" >\"./$1\"",
};
static const char *const loud[] = {
	"git add -A",
	"git add -f \"./$1\"",
	"git reset -q",
	"git commit -q -m x",
	"git checkout -q -- \"./$1\"",
	"git rm -q --cached \"./$1\"",
	"git rm -q -f \"./$1\"",
	"git add -N \"./$1\"",
	"git stash -q",
	"git update-index --assume-unchanged \"./$1\"",
	"git update-index --no-assume-unchanged \"./$1\"",
	"echo '*.o' >.gitignore",
	"printf 'ign/\\n*.o\\n' >.gitignore",
	"echo '*.txt text' >.gitattributes",
	"rm -rf n",
	"rm -rf d/e",
	"mkdir -p n/m d/e",
	"mv d d-e",
	"rm -f \"./$1\"; mkdir \"./$1\"",
	"rm -rf \"./$1\"; ln -s d \"./$1\"",
};
#define NQUIET (sizeof(quiet) / sizeof(quiet[0]))
#define NLOUD  (sizeof(loud) / sizeof(loud[0]))

/* What cannot be done just now is nothing that happens. */
static void
change(char *said, size_t size)
{
	const bool is_loud = pick(12) == 0;
	const char *what = is_loud ? loud[pick(NLOUD)] : quiet[pick(NQUIET)];

	(void)snprintf(said, size,
	    "set -- '%s' '%s'\n( %s ) 2>/dev/null || :", names[pick(NNAMES)],
	    names[pick(NNAMES)], what);
	served_sh(said);
}

static void
same(const struct js *v, const char *key, int64_t is, const char *what, int i)
{
	if (js_int(v, key, -1) != is)
		fail_msg("step %d, %s: %s is %lld, not %lld%s", i, what, key,
		    (long long)js_int(v, key, -1), (long long)is,
		    js_bool(v, "narrow", false) ? " (some names)" : "");
}

/* Whether only some names were looked at. */
static bool
as_git_says(const char *what, int i)
{
	struct arena *a = arena_new();
	struct js *v = served_ask(MS);
	struct wt_status s;
	bool narrow;

	served_cli(a, &s);
	same(v, "untracked", s.untracked, what, i);
	same(v, "modified", s.modified, what, i);
	same(v, "staged", s.staged, what, i);
	narrow = js_bool(v, "narrow", false);
	js_free(v);
	arena_free(a);
	return narrow;
}

static void
begin_random(void)
{
	const char *given = getenv("RDV_SEED");

	seed = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 20261127u;
	served_sh("mkdir -p n/m d.o && printf 'two\\r\\n' >d/crlf.txt && "
		  "echo '*.txt text=auto' >.gitattributes && "
		  "git -c core.autocrlf=false add . 2>/dev/null && "
		  "git commit -q -m more");
}

static void
random_changes(void **state)
{
	char what[512] = "";
	int narrow = 0;

	(void)state;
	begin_random();
	served_start();
	for (int i = 0; i < STEPS; i++) {
		served_settle();
		for (unsigned n = pick(3) + 1; n-- > 0;)
			change(what, sizeof(what));
		narrow += as_git_says(what, i);
	}
	assert_true(narrow > STEPS / 4);
	assert_int_equal(served_stop(), 0);
}

/* The result of one question; freed by the caller with the answer. */
static struct js *
answer_of(const char *op, const char *args, int ms)
{
	struct js *v;

	(void)served_question_of(op, args, ms);
	v = served_get();
	assert_non_null(v);
	if (js_get(v, "result") == NULL)
		fail_msg("%s: %s", op, js_str(v, "why", "nothing"));
	return v;
}

/* With their numbers, as one text that the caller frees. */
static char *
files_of(const struct js *v, bool *narrow)
{
	const struct js *result = js_get(v, "result");
	char head[80], *text;
	struct buf b;

	*narrow = js_bool(result, "narrow", false);
	(void)snprintf(head, sizeof(head), "+%lld -%lld %s ",
	    (long long)js_int(result, "added", -1),
	    (long long)js_int(result, "removed", -1),
	    js_str(result, "from", "nothing"));
	buf_init(&b, 1 << 20);
	buf_put_text(&b, head);
	js_dump(js_get(result, "files"), &b);
	text = strdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

/* A question with a base is never one about some names. */
static bool
differs_as_git_says(const char *what, int i)
{
	struct js *v = answer_of("diffstat", NULL, MS);
	struct js *all = answer_of("diffstat", "{\"base\":\"HEAD\"}", MS);
	bool narrow, none;
	char *is = files_of(v, &narrow), *want = files_of(all, &none);

	assert_false(none);
	if (strcmp(is, want) != 0)
		fail_msg("step %d, %s: %s, not %s%s", i, what, is, want,
		    narrow ? " (some names)" : "");
	free(is);
	free(want);
	js_free(v);
	js_free(all);
	return narrow;
}

/* Whether anybody has asked for the status in between, or not. */
static void
random_differences(void **state)
{
	char what[512] = "";
	int narrow = 0;

	(void)state;
	begin_random();
	served_start();
	for (int i = 0; i < STEPS; i++) {
		if (pick(4) != 0)
			served_settle();
		for (unsigned n = pick(3) + 1; n-- > 0;)
			change(what, sizeof(what));
		narrow += differs_as_git_says(what, i);
		/* Nothing has happened, and it is told again. */
		if (pick(4) == 0)
			(void)differs_as_git_says("nothing", i);
	}
	if (narrow < STEPS / 25)
		fail_msg("only %d were about some names", narrow);
	assert_int_equal(served_stop(), 0);
}

/* What a client has made of all that it was told. */
#define MODEL_MAX 200
static struct known {
	char *key, *text;
} model[MODEL_MAX];
static size_t nmodel;

static void
model_drop(const char *key)
{
	for (size_t i = 0; i < nmodel; i++) {
		if (strcmp(model[i].key, key) != 0)
			continue;
		free(model[i].key);
		free(model[i].text);
		model[i] = model[--nmodel];
		return;
	}
}

static const char *
key_of(const struct js *file)
{
	return js_str(file, "path_base64", js_str(file, "path", ""));
}

static char *
text_of(const struct js *v)
{
	struct buf b;
	char *text;

	buf_init(&b, 65536);
	js_dump(v, &b);
	text = strdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void
model_put(const struct js *file)
{
	model_drop(key_of(file));
	assert_true(nmodel < MODEL_MAX);
	model[nmodel++] = (struct known){ strdup(key_of(file)), text_of(file) };
}

/* Of one that is no UTF-8. */
static const char *
key_of_gone(const char *key)
{
	return strncmp(key, "//", 2) == 0 ? key + 2 : key;
}

static void
model_take(const struct js *result)
{
	const struct js *gone = js_get(result, "gone");
	const struct js *files = js_get(result, "files");

	while (js_bool(result, "whole", false) && nmodel > 0)
		model_drop(model[0].key);
	for (size_t i = 0; i < js_len(gone); i++)
		model_drop(key_of_gone(js_text(js_at(gone, i))));
	for (size_t i = 0; i < js_len(files); i++)
		model_put(js_at(files, i));
}

static bool
model_has(const struct js *file)
{
	char *text = text_of(file);
	bool has = false;

	for (size_t i = 0; i < nmodel; i++)
		has = has || strcmp(model[i].text, text) == 0;
	free(text);
	return has;
}

/* One that was taken out of the index and is still there is told twice. */
static bool
comes_again(const struct js *files, size_t i)
{
	const char *key = key_of(js_at(files, i));

	for (size_t k = i + 1; k < js_len(files); k++)
		if (strcmp(key_of(js_at(files, k)), key) == 0)
			return true;
	return false;
}

static void
model_is(const struct js *result, const char *what, int step)
{
	const struct js *files = js_get(result, "files");
	size_t n = 0;

	for (size_t i = 0; i < js_len(files); i++) {
		if (comes_again(files, i))
			continue;
		n++;
		if (!model_has(js_at(files, i)))
			fail_msg("step %d, %s: %s is told otherwise", step,
			    what, text_of(js_at(files, i)));
	}
	if (n != nmodel)
		fail_msg("step %d, %s: %zu are told, not %zu", step, what,
		    nmodel, n);
}

static void
take_from(int64_t *token)
{
	struct js *v;
	char args[80];

	/* Now, and not a moment later. */
	js_free(answer_of("follow", "{\"base\":\"start\",\"totals\":true}",
	    MS));
	(void)snprintf(args, sizeof(args),
	    "{\"base\":\"start\",\"since\":%lld}", (long long)*token);
	v = answer_of("follow", args, 0);
	*token = js_int(js_get(v, "result"), "token", -1);
	model_take(js_get(v, "result"));
	js_free(v);
}

static void
random_follow(void **state)
{
	char what[512];
	int64_t token = 0;
	struct js *v;

	(void)state;
	begin_random();
	served_sh("git branch start HEAD~1");
	served_start();
	for (int i = 0; i < STEPS / 2; i++) {
		for (unsigned n = pick(3) + 1; n-- > 0;)
			change(what, sizeof(what));
		take_from(&token);
		v = answer_of("diffstat", "{\"base\":\"start\"}", MS);
		model_is(js_get(v, "result"), what, i);
		js_free(v);
	}
	while (nmodel > 0)
		model_drop(model[0].key);
	assert_int_equal(served_stop(), 0);
}

/* Who waits hears of a change, and of what has not changed in the end. */
static void
who_waits_is_told(void **state)
{
	struct js *v, *r;
	char args[80];

	(void)state;
	served_start();
	served_settle();
	v = answer_of("follow", NULL, MS);
	r = js_get(v, "result");
	assert_true(js_bool(r, "whole", false));
	assert_int_equal(js_int(r, "total", -1), 0);
	(void)snprintf(args, sizeof(args), "{\"since\":%lld}",
	    (long long)js_int(r, "token", -1));
	js_free(v);
	(void)served_question_of("follow", args, MS);
	served_sh("echo more >>a");
	v = served_get();
	r = js_get(v, "result");
	assert_false(js_bool(r, "whole", true));
	assert_int_equal(js_int(r, "added", -1), 1);
	assert_int_equal(js_len(js_get(r, "files")), 1);
	js_free(v);
	/* The token of before: told at once. */
	v = answer_of("follow", args, MS);
	(void)snprintf(args, sizeof(args), "{\"since\":%lld}",
	    (long long)js_int(js_get(v, "result"), "token", -1));
	js_free(v);
	v = answer_of("follow", args, 50);
	assert_int_equal(js_len(js_get(js_get(v, "result"), "files")), 0);
	js_free(v);
	(void)served_question_of("follow", args, MS);
	served_sh("git commit -q -a -m two");
	v = served_get();
	assert_int_equal(js_int(js_get(v, "result"), "total", -1), 0);
	js_free(v);
	(void)served_question_of("follow", args, MS);
	v = served_get();
	js_free(v);
	(void)served_question_of("follow", "{\"since\":0,\"base\":\"nothing\"}",
	    MS);
	v = served_get();
	assert_string_equal(js_str(v, "error", ""), "question");
	js_free(v);
	assert_int_equal(served_stop(), 0);
}

/* Nobody tells of what another repository inside does: it is found. */
static void
who_waits_where_nobody_tells(void **state)
{
	struct js *v;
	char args[80];

	(void)state;
	served_sh("git init -q inner && "
		  "git -C inner commit -q --allow-empty -m i");
	served_start();
	v = answer_of("follow", NULL, MS);
	(void)snprintf(args, sizeof(args), "{\"since\":%lld}",
	    (long long)js_int(js_get(v, "result"), "token", -1));
	js_free(v);
	(void)served_question_of("follow", args, MS);
	served_sh("echo more >>a");
	v = served_get();
	assert_int_equal(js_len(js_get(js_get(v, "result"), "files")), 1);
	js_free(v);
	assert_int_equal(served_stop(), 0);
}

/* Whether the next look is one at some names. */
static bool
is_narrow(const char *command)
{
	served_settle();
	served_sh(command);
	return as_git_says(command, 0);
}

static void
what_needs_all(void **state)
{
	(void)state;
	served_start();
	assert_true(is_narrow("echo more >>a"));
	assert_true(is_narrow("echo >d/new && rm d/c && chmod -x x"));
	assert_true(is_narrow("git show :a >a"));
	assert_false(is_narrow("echo a >.gitignore"));
	assert_true(is_narrow("mkdir -p more/n && echo >more/n/x"));
	assert_true(is_narrow("echo >more/n/y && echo >more/x"));
	assert_false(is_narrow("mv more moved"));
	assert_true(is_narrow("mkdir more && echo >more/x"));
	assert_true(is_narrow("echo >more/y && rm more/x"));
	assert_false(is_narrow("git add a"));
	assert_false(is_narrow("rm a && ln -s b a"));
	assert_false(is_narrow("seq 100 | xargs touch"));
	assert_false(is_narrow("git update-index --index-version 4"));
	assert_false(is_narrow("echo more >>b"));
	assert_false(is_narrow("git update-index --index-version 2"));
	assert_true(is_narrow("echo more >>b"));
	assert_int_equal(served_stop(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes, served_setup,
		    served_teardown),
		cmocka_unit_test_setup_teardown(random_differences,
		    served_setup, served_teardown),
		cmocka_unit_test_setup_teardown(random_follow, served_setup,
		    served_teardown),
		cmocka_unit_test_setup_teardown(who_waits_is_told, served_setup,
		    served_teardown),
		cmocka_unit_test_setup_teardown(who_waits_where_nobody_tells,
		    served_setup, served_teardown),
		cmocka_unit_test_setup_teardown(what_needs_all, served_setup,
		    served_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
