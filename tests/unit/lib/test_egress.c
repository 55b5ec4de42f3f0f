/* SPDX-License-Identifier: MIT */
/*
 * The page of a run that is held to a list, as it is read by who trusts nobody
 * who writes in it.
 */
#include "tests/unit/check.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/egress.h"
#include "lib/str.h"

static struct egress_page page, out;

static bool
reads_back(size_t size)
{
	int fd = memfd_create("page", MFD_CLOEXEC);
	bool ok;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &page, size, 0), size);
	ok = egress_read(fd, &out);
	(void)close(fd);
	return ok;
}

static void
fill(void)
{
	memset(&page, 0, sizeof(page));
	page.n = 2;
	(void)str_copy(page.rule, "[profile.x] network_hosts",
	    sizeof(page.rule));
	(void)str_copy(page.rows[0].host, "a.example:443", EGRESS_HOST_MAX);
	(void)str_copy(page.rows[1].host, "[::1]:80", EGRESS_HOST_MAX);
	page.rows[1].count[EGRESS_SENT] = 7;
}

static void
test_as_written(void **state)
{
	(void)state;
	fill();
	assert_true(reads_back(sizeof(page)));
	assert_memory_equal(&page, &out, sizeof(page));
	page.n = 0;
	assert_true(reads_back(sizeof(page)));
}

static void
abuse_I13_no_page(void **state)
{
	(void)state;
	fill();
	assert_false(reads_back(sizeof(page) - 1));
	assert_false(reads_back(0));
	assert_false(egress_read(-1, &out));
	page.n = EGRESS_HOSTS + 1;
	assert_false(reads_back(sizeof(page)));
	page.n = UINT32_MAX;
	assert_false(reads_back(sizeof(page)));
	/* Names are shown: what is none is not. */
	fill();
	(void)str_copy(page.rows[1].host, "a.example:443\x1b[2J",
	    EGRESS_HOST_MAX);
	assert_false(reads_back(sizeof(page)));
	page.rows[1].host[0] = '\0';
	assert_false(reads_back(sizeof(page)));
	memset(page.rows[1].host, 'a', sizeof(page.rows[1].host));
	assert_false(reads_back(sizeof(page)));
	fill();
	memset(page.rule, 'a', sizeof(page.rule));
	assert_false(reads_back(sizeof(page)));
}

static bool
is_silent(uint32_t beat)
{
	int fd = memfd_create("page", MFD_CLOEXEC);
	bool silent;

	assert_true(fd >= 0);
	page.beat = beat;
	assert_int_equal(write(fd, &page, sizeof(page)), sizeof(page));
	silent = egress_silent(fd);
	(void)close(fd);
	return silent;
}

static void
abuse_O11_who_is_silent(void **state)
{
	uint32_t now;

	(void)state;
	fill();
	egress_beat(&page);
	now = page.beat;
	assert_true(now != 0);
	assert_false(is_silent(now));
	assert_false(is_silent(now - EGRESS_SILENT_S + 2));
	assert_true(is_silent(now - EGRESS_SILENT_S - 1));
	/* It does not say so at all, or is ahead of our clock. */
	assert_false(is_silent(0));
	assert_false(is_silent(now + 5));
	assert_true(egress_silent(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_written),
		cmocka_unit_test(abuse_I13_no_page),
		cmocka_unit_test(abuse_O11_who_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
