/* SPDX-License-Identifier: MIT */
/*
 * Which texts are one simple command (abuse K04). What is taken is compared
 * with what sh(1) makes of it; what is refused is refused whatever it is.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/simplecmd.h"

#define WORDS 8

static const struct {
	const char *text;
	const char *words[WORDS];
} taken[] = {
	{ "git status", { "git", "status" } },
	{ "  git   status  ", { "git", "status" } },
	{ "git commit -m 'a; b && c | d > e'",
	    { "git", "commit", "-m", "a; b && c | d > e" } },
	{ "echo '$(rm x)' '`y`'", { "echo", "$(rm x)", "`y`" } },
	{ "echo \"a 'b' c\"", { "echo", "a 'b' c" } },
	{ "echo \"a\\\"b\\\\c\\d\"", { "echo", "a\"b\\c\\d" } },
	{ "echo \"\\$HOME \\`x\\`\"", { "echo", "$HOME `x`" } },
	{ "echo a\\ b\\;c \\#d", { "echo", "a b;c", "#d" } },
	{ "echo '' \"\" a''b", { "echo", "", "", "ab" } },
	{ "g'i't st\"at\"us", { "git", "status" } },
	{ "ls *.c a?b [ab]", { "ls", "*.c", "a?b", "[ab]" } },
	{ "make CC=clang a#b x~", { "make", "CC=clang", "a#b", "x~" } },
	{ "'if' x", { "if", "x" } },
	{ "printf \xc3\xa4", { "printf", "\xc3\xa4" } },
};

static const char *const refused[] = { "", "   ", "git status; rm -rf x",
	"git status;rm -rf x", "git status & rm x", "a && b", "a || b", "a | b",
	"a |& b", "ls $(x)", "ls `x`", "ls $x", "ls ${x}", "ls \"$x\"",
	"ls \"`x`\"", "ls \"$(x)\"", "ls $'a'", "ls $((1))", "VAR=1 cmd",
	"'VAR'=1 cmd", "VAR+=1 cmd", "a[1]=2 cmd", "cmd > f", "cmd>f",
	"cmd < f", "cmd 2>&1", "cmd >> f", "cmd << E", "cmd <<< E", "cmd <(x)",
	"(cmd)", "{ cmd; }", "{cmd,x}", "a {b,c}", "f() { x; }", "f() x",
	"! cmd", "if x", "while x", "for x", "time cmd", "function f",
	"[[ a ]]", "coproc x", "# x", "cmd # x", "cmd #", "cmd ~", "cmd ~/x",
	"~/cmd", "=cmd", "cmd =x", "cmd 'x", "cmd \"x", "cmd \\", "cmd\nrm x",
	"cmd 'a\nb'", "cmd\rx", "cmd\tx", "cmd \\\nx", "cmd \033[2K",
	"cmd \177", "cmd \xff", "cmd \xc0\xa0", "'' x", "\"\"" };

static void
same_words(const char *text, char **got, const char *const *want)
{
	size_t i;

	if (got == NULL)
		fail_msg("refused: %s", text);
	for (i = 0; i < WORDS && want[i] != NULL; i++) {
		assert_non_null(got[i]);
		assert_string_equal(got[i], want[i]);
	}
	assert_null(got[i]);
}

/* The shell's own idea of it: its words, a bar behind each. */
static void
sh_words(const char *text, struct buf *out)
{
	char script[1024], part[256];
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	(void)snprintf(script, sizeof(script),
	    "set -f; set -- %s; printf '%%s|' \"$@\"", text);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], part, sizeof(part))) > 0)
		buf_put(out, part, (size_t)n);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
as_sh(const char *text, char **words)
{
	struct buf want, said;

	buf_init(&want, 1024);
	buf_init(&said, 1024);
	for (; *words != NULL; words++)
		buf_printf(&want, "%s|", *words);
	sh_words(text, &said);
	assert_string_equal(buf_cstr(&said), buf_cstr(&want));
	buf_done(&want);
	buf_done(&said);
}

static void
test_taken(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		const char *text = taken[i].text;
		char **words = simplecmd_words(a, text, strlen(text));

		same_words(text, words, taken[i].words);
		as_sh(text, words);
	}
	arena_free(a);
}

static void
test_abuse_K04_refused(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (simplecmd_words(a, refused[i], strlen(refused[i])) != NULL)
			fail_msg("taken: %s", refused[i]);
	assert_null(simplecmd_words(a, "a\0b", 3));
	arena_free(a);
}

static void
test_bounds(void **state)
{
	struct arena *a = arena_new();
	char *text = malloc(SIMPLECMD_BYTES + 1);

	(void)state;
	memset(text, 'x', SIMPLECMD_BYTES + 1);
	assert_non_null(simplecmd_words(a, text, SIMPLECMD_BYTES));
	assert_null(simplecmd_words(a, text, SIMPLECMD_BYTES + 1));
	for (size_t i = 0; i < SIMPLECMD_WORDS + 1; i++)
		memcpy(text + 2 * i, "x ", 2);
	assert_non_null(simplecmd_words(a, text, 2 * SIMPLECMD_WORDS));
	assert_null(simplecmd_words(a, text, 2 * SIMPLECMD_WORDS + 2));
	free(text);
	arena_free(a);
}

#define W(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_abuse_K04_match(void **state)
{
	const char *const *exact = W("git", "status");
	const char *const *open = W("git", "log", "*");

	(void)state;
	assert_true(simplecmd_match(exact, W("git", "status")));
	assert_false(simplecmd_match(exact, W("git")));
	assert_false(simplecmd_match(exact, W("git", "status", "-s")));
	assert_false(simplecmd_match(exact, W("git", "statusx")));
	assert_true(simplecmd_match(open, W("git", "log")));
	assert_true(simplecmd_match(open, W("git", "log", "-p", "x")));
	assert_false(simplecmd_match(open, W("git", "logx")));
	assert_false(simplecmd_match(open, W("git", "push", "log")));
	/* A star within a word, or not the last word, is a star. */
	assert_false(simplecmd_match(W("git", "lo*"), W("git", "log")));
	assert_true(simplecmd_match(W("git", "lo*"), W("git", "lo*")));
	assert_false(simplecmd_match(W("git", "*", "x"), W("git", "y", "x")));
	assert_true(simplecmd_match(W("git", "*", "x"), W("git", "*", "x")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_abuse_K04_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_abuse_K04_match),
	};

	return CHECK_RUN("lib/simplecmd", tests);
}
