/* SPDX-License-Identifier: MIT */
/*
 * What a terminal is shown: aligned by columns and not by bytes, and never
 * anything that acts on it (abuse J08, J09).
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "lib/js.h"
#include "tests/unit/check.h"

static char text[65536];

static void
capture(void (*fn)(void *), void *arg, int to)
{
	char name[] = "/tmp/rdv-out-XXXXXX";
	int fd = mkstemp(name), saved = dup(to);
	ssize_t n;

	assert_true(fd != -1);
	(void)unlink(name);
	(void)fflush(NULL);
	(void)dup2(fd, to);
	fn(arg);
	(void)fflush(NULL);
	(void)dup2(saved, to);
	(void)close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

static const struct out_col cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "SIZE", "size", OUT_BYTES },
	{ "STATE", "run.state", OUT_STATE },
	{ NULL, NULL, OUT_TEXT },
};

struct table {
	struct cli cli;
	struct js *rows;
};

static void
table_fn(void *arg)
{
	struct table *t = arg;

	out_table(&t->cli, cols, t->rows, "none");
}

static void
add(struct js *rows, const char *name, int64_t size, const char *state)
{
	struct js *row = js_object(), *run = js_object();

	js_add_str(row, "name", name);
	js_add_int(row, "size", size);
	js_add_str(run, "state", state);
	js_add(row, "run", run);
	js_push(rows, row);
}

static void
columns_line_up(void **state)
{
	struct table t = { .rows = js_array() };

	(void)state;
	add(t.rows, "a", 5, "running");
	add(t.rows, "\xc3\xa4\xe6\xbc\xa2", 2048, "failed");
	capture(table_fn, &t, STDOUT_FILENO);
	assert_string_equal(text, "NAME    SIZE  STATE\n"
				  "a          5  running\n"
				  "\xc3\xa4\xe6\xbc\xa2   2.0 KB  failed\n");
	t.cli.quiet = true;
	capture(table_fn, &t, STDOUT_FILENO);
	assert_null(strstr(text, "NAME"));
	t.cli.quiet = false;
	t.cli.color = true;
	capture(table_fn, &t, STDOUT_FILENO);
	assert_non_null(strstr(text, "\033[32mrunning\033[m\n"));
	js_free(t.rows);
}

static void
cells_do_not_act(void **state)
{
	struct table t = { .rows = js_array() };
	char lines = 0;
	const char *p;

	(void)state;
	t.cli.color = true;
	add(t.rows,
	    "x\033]0;gotcha\007\r\n\xc2\x9b"
	    "31m",
	    1, "\033[31mfailed");
	capture(table_fn, &t, STDOUT_FILENO);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\r'));
	assert_null(strchr(text, '\007'));
	assert_null(strstr(text, "\xc2\x9b"));
	for (p = text; *p != '\0'; p++)
		lines = (char)(lines + (*p == '\n'));
	assert_int_equal(lines, 2);
	js_free(t.rows);
}

static void
empty_is_a_note(void **state)
{
	struct table t = { .rows = js_array() };

	(void)state;
	capture(table_fn, &t, STDOUT_FILENO);
	assert_string_equal(text, "");
	capture(table_fn, &t, STDERR_FILENO);
	assert_string_equal(text, "rdv: none\n");
	t.cli.quiet = true;
	capture(table_fn, &t, STDERR_FILENO);
	assert_string_equal(text, "");
	js_free(t.rows);
}

static void
error_fn(void *arg)
{
	out_error(arg, "CODE", "%s: %s", "no \"branch\"", "a\033[2Jb\n%n");
}

static void
errors_have_two_forms(void **state)
{
	struct cli cli = { .quiet = true };
	struct js *v;
	char why[160];

	(void)state;
	capture(error_fn, &cli, STDERR_FILENO);
	assert_string_equal(text, "rdv: no \"branch\": a\\e[2Jb\\n%n\n");
	cli.json = true;
	capture(error_fn, &cli, STDERR_FILENO);
	v = js_parse(text, strlen(text), why, sizeof(why));
	assert_string_equal(js_str(v, "code", ""), "CODE");
	assert_string_equal(js_str(v, "error", ""),
	    "no \"branch\": a\033[2Jb\n%n");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	js_free(v);
}

static void
numbers_for_people(void **state)
{
	char s[32];

	(void)state;
#define BYTES(n, want) \
	(out_bytes(s, sizeof(s), n), assert_string_equal(s, want))
#define AGE(n, want) (out_age(s, sizeof(s), n), assert_string_equal(s, want))
	BYTES(0, "0");
	BYTES(1023, "1023");
	BYTES(1024, "1.0 KB");
	BYTES(20 << 20, "20 MB");
	BYTES(1LL << 50, "1024 TB");
	AGE(-5, "0s");
	AGE(59999, "59s");
	AGE(60000, "1m");
	AGE(3600000, "1h");
	AGE(86400000LL * 9, "9d");
}

static void
width_of_characters(void **state)
{
	(void)state;
	assert_int_equal(out_width("abc"), 3);
	assert_int_equal(out_width("\xc3\xa4"), 1);
	assert_int_equal(out_width("\xe6\xbc\xa2"), 2);
	assert_int_equal(out_width("e\xcc\x81"), 1);
	assert_int_equal(out_width(""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(cells_do_not_act),
		cmocka_unit_test(empty_is_a_note),
		cmocka_unit_test(errors_have_two_forms),
		cmocka_unit_test(numbers_for_people),
		cmocka_unit_test(width_of_characters),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return CHECK_RUN("out", tests);
}
