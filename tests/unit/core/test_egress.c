/* SPDX-License-Identifier: MIT */
/*
 * What a run has had of the hosts of its list, in words, and that it changes
 * when a count does.
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/core/egress.h"
#include "lib/egress.h"
#include "lib/str.h"

static struct egress_page page;

static int
page_of(void)
{
	int fd = memfd_create("page", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &page, sizeof(page), 0), sizeof(page));
	return fd;
}

static void
test_words(void **state)
{
	int fd;
	char *text;

	(void)state;
	memset(&page, 0, sizeof(page));
	page.n = 2;
	(void)str_copy(page.rows[0].host, "a.example:443", EGRESS_HOST_MAX);
	(void)str_copy(page.rows[1].host, "[::1]:80", EGRESS_HOST_MAX);
	for (unsigned i = 0; i < EGRESS_COUNTS; i++)
		page.rows[0].count[i] = i + 1;
	page.rows[1].count[EGRESS_SENT] = UINT64_MAX;
	page.rows[2].count[EGRESS_REFUSED] = 9;
	fd = page_of();
	text = egress_json(fd);
	assert_string_equal(text,
	    "{\"hosts\":[{\"host\":\"a.example:443\",\"sent\":1,"
	    "\"received\":2,\"connections\":3,\"refused\":4,\"failed\":5},"
	    "{\"host\":\"[::1]:80\",\"sent\":9223372036854775807,"
	    "\"received\":0,\"connections\":0,\"refused\":0,\"failed\":0}],"
	    "\"refused\":9}");
	free(text);
	(void)close(fd);
}

static void
test_all_of_the_longest(void **state)
{
	char *text;
	int fd;

	(void)state;
	memset(&page, 0xff, sizeof(page));
	page.n = EGRESS_HOSTS;
	page.rule[0] = '\0';
	for (unsigned i = 0; i < EGRESS_HOSTS; i++) {
		char *h = page.rows[i].host;

		memset(h, 'a', 253);
		for (unsigned k = 63; k < 253; k += 64)
			h[k] = '.';
		memcpy(h + 253, ":65535", 7);
	}
	fd = page_of();
	text = egress_json(fd);
	assert_non_null(text);
	assert_true(strlen(text) > EGRESS_HOSTS * 300u);
	assert_int_equal(text[strlen(text) - 1], '}');
	free(text);
	(void)close(fd);
}

static void
test_sum(void **state)
{
	uint64_t before = 0, now;
	int fd;

	(void)state;
	memset(&page, 0, sizeof(page));
	page.n = 1;
	(void)str_copy(page.rows[0].host, "a.example:443", EGRESS_HOST_MAX);
	for (unsigned i = 0; i < 2 * EGRESS_COUNTS; i++) {
		page.rows[i / EGRESS_COUNTS].count[i % EGRESS_COUNTS]++;
		fd = page_of();
		now = egress_sum(fd);
		assert_true(now > before);
		before = now;
		(void)close(fd);
	}
	assert_int_equal(egress_sum(-1), 0);
	assert_null(egress_json(-1));
	assert_null(egress_json(STDIN_FILENO));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_all_of_the_longest),
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
