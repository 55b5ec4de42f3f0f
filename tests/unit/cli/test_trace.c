/* SPDX-License-Identifier: MIT */
/*
 * What is taken from a log for the story of a run: the lines that name it or
 * its request, whole words only, and in the order of time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/logline.h"
#include "cli/trace.h"
#include "lib/js.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define MINE  "01a21c7b-0628-70ad-b7c2-d69e1746591a"
#define ASKED "9b8698abf0e9caec-1"
#define LINE(sec, proc, rest) \
	"ts=2026-01-01T00:00:" sec "Z level=info proc=" proc " mod=m" rest "\n"

static const char story[] = LINE("02.000", "rdvd",
    " msg=\"ended run=" MINE " cause=\\\"it \\\\ was\\\"\"")
    LINE("01.500", "rdv-ops", " msg=\"of run " MINE ", and more\"")
	LINE("01.000", "rdvd", " req=" ASKED " msg=\"POST\"")
    /* Of others: a longer id begins with ours. */
    LINE("01.100", "rdvd", " req=" ASKED "2 msg=\"POST\"")
	LINE("01.200", "rdvd", " msg=\"running run=" MINE "b\"")
	    LINE("01.300", "rdvd", " msg=\"running run=x-" MINE "\"")
    /* What programs write there need have no form. */
    "prompt> " MINE "\n"
    "ts=yesterday proc=rdvd msg=\"" MINE "\"\n"
    "ts=2026-01-01T00:00:03.000Z " MINE "\n";

static const struct {
	int64_t at;
	const char *after, *from, *what;
} expected[] = {
	{ 1767225601000, "+0.000 s", "rdvd", "m: POST" },
	{ 1767225601500, "+0.500 s", "rdv-ops",
	    "m: of run " MINE ", and more" },
	{ 1767225601500, "+0.500 s", "own", "the same time, added later" },
	{ 1767225602000, "+1.000 s", "rdvd",
	    "m: ended run=" MINE " cause=\"it \\ was\"" },
	{ 1767225603000, "+2.000 s", "", ": " },
};

static void
a_log_is_put_in_order(void **state)
{
	struct trace t = { .run = MINE, .request = ASKED };
	const size_t n = sizeof(expected) / sizeof(expected[0]);
	struct fake fake;
	struct js *steps;
	char path[512];
	int fd;

	(void)state;
	fake_dir(&fake);
	(void)snprintf(path, sizeof(path), "%s/l", fake.dir);
	assert_int_equal(trace_log(&t, path), -ENOENT);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	fake_write(fd, story, strlen(story));
	(void)close(fd);
	assert_int_equal(trace_log(&t, path), 0);
	trace_add(&t, expected[2].at, expected[2].from, expected[2].what);
	assert_int_equal(trace_audit(&t, path), -ENOTDIR);
	steps = trace_finish(&t);
	assert_int_equal(js_len(steps), n);
	for (size_t i = 0; i < n; i++) {
		struct js *s = js_at(steps, i);

		assert_int_equal(js_int(s, "at", 0), expected[i].at);
		assert_string_equal(js_str(s, "after", ""), expected[i].after);
		assert_string_equal(js_str(s, "from", ""), expected[i].from);
		assert_string_equal(js_str(s, "what", ""), expected[i].what);
	}
	js_free(steps);
	fake_stop(&fake);
}

static void
times_and_words_have_one_form(void **state)
{
	static const char line[] =
	    LINE("00.000", "rdv-ops-and-on", " req=a msg=\" req=b\"");
	char word[8];

	(void)state;
	assert_int_equal(logline_time("1970-01-01T00:00:01.002Z", 24), 1002);
	assert_int_equal(logline_time("1970-01-01T00:00:01.002Z", 23), -1);
	assert_int_equal(logline_time("1970-01-01 00:00:01.002Zx", 25), -1);
	logline_word(word, sizeof(word), line, "req");
	assert_string_equal(word, "a");
	logline_word(word, sizeof(word), line, "none");
	assert_string_equal(word, "");
	/* As much as there is room for. */
	logline_word(word, sizeof(word), line, "proc");
	assert_string_equal(word, "rdv-ops");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_put_in_order),
		cmocka_unit_test(times_and_words_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
