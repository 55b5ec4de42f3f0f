/* SPDX-License-Identifier: MIT */
/*
 * Why a start failed, as the log has it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/upreport.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define LINE(level, msg) \
	"ts=2026-01-01T00:00:00.000Z level=" level " proc=rdvd mod=m " msg "\n"
#define STARTED LINE("info", "msg=\"started level=error \"")
#define ENDED	LINE("error", "msg=\"refuses to run\"")

static const struct {
	const char *log, *reason; /* NULL: none */
} cases[] = {
	{ "", NULL },
	{ STARTED, NULL },
	{ STARTED LINE("error", "req=r msg=\"no \\\"x\\\" in a\\\\b\"") ENDED,
	    "no \"x\" in a\\b" },
	/* Before it has a log a program says it as it is. */
	{ STARTED "rdvd: config.toml:1: wrong\n" ENDED,
	    "rdvd: config.toml:1: wrong" },
	{ "2026/01/01 00:00:00 [notice] 1#1: inherited\n"
	  "nginx: [emerg] no such file\n",
	    "nginx: [emerg] no such file" },
	/* Half a line is still being written. */
	{ STARTED "rdvd: conf", NULL },
	{ LINE("error", "broken"), "" },
	{ LINE("error", "msg=\"never closed\\"), "never closed\\" },
};

static void
the_first_complaint_is_the_reason(void **state)
{
	static const char before[] = "rdvd: of the start before\n";
	struct fake fake;
	char out[64], path[512], none[520];
	size_t i;
	int fd;

	(void)state;
	fake_dir(&fake);
	(void)snprintf(path, sizeof(path), "%s/l", fake.dir);
	(void)snprintf(none, sizeof(none), "%s-none", path);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_true(fd != -1);
		fake_write(fd, before, strlen(before));
		fake_write(fd, cases[i].log, strlen(cases[i].log));
		(void)close(fd);
		assert_int_equal(upreport_reason(path, (off_t)strlen(before),
				     out, sizeof(out)),
		    cases[i].reason != NULL);
		if (cases[i].reason != NULL)
			assert_string_equal(out, cases[i].reason);
	}
	assert_true(upreport_reason(path, 0, out, sizeof(out)));
	assert_string_equal(out, "rdvd: of the start before");
	assert_true(upreport_reason(path, 0, out, 5));
	assert_string_equal(out, "rdvd");
	assert_false(upreport_reason(none, 0, out, sizeof(out)));
	fake_stop(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_complaint_is_the_reason),
	};

	return CHECK_RUN("upreport", tests);
}
