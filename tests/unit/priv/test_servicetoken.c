/* SPDX-License-Identifier: MIT */
/* nginx's token of system mode: at any moment one that stands is honoured. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "priv-helper/carry.h"
#include "priv-helper/servicetoken.h"
#include "priv-helper/system.h"
#include "priv-helper/tokens.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define GRACE 60000

static char dir[64];
static int fd;

static int
setup(void **state)
{
	(void)state;
	fd = tmpdir_new(dir);
	return fd < 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(fd);
	tmpdir_remove(dir);
	clock_shift(0, 0);
	return 0;
}

/* The text that stands there, without its end. */
static void
stands(char text[64])
{
	char *got;
	size_t len;

	assert_int_equal(path_read_private(fd, TOKENS_SERVICE, 63, &got, &len),
	    0);
	assert_int_equal(len, 45);
	(void)snprintf(text, 64, "%.44s", got);
	free(got);
}

static bool
honoured(const char *text)
{
	struct tokens t;
	uint8_t sum[SHA256_LEN];
	char why[200];
	bool yes;

	assert_int_equal(tokens_open(&t, dir, why, sizeof(why)), 0);
	sha256(text, strlen(text), sum);
	yes = tokens_is_service(&t, sum, clock_wall_ms());
	tokens_close(&t);
	return yes;
}

static void
made_once(void **state)
{
	char text[64], again[64];

	(void)state;
	assert_int_equal(servicetoken_made(fd), 0);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(text);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(again);
	assert_string_equal(text, again);
	assert_true(llabs(servicetoken_made(fd) - clock_wall_ms()) < 60000);
	assert_true(honoured(text));
	assert_false(honoured(""));
}

/* What may have become of it while nobody ran, and while somebody did. */
static void
abuse_N07_a_harmed_one_grants_nothing(void **state)
{
	static const char *const harmed[] = { "", "\n", "short\n", NULL,
		"not base64: this is forty-four bytes long .\n" };
	char text[64], was[64], cut[32];
	int file;

	(void)state;
	assert_int_equal(servicetoken_make(fd), 0);
	for (size_t i = 0; i < sizeof(harmed) / sizeof(harmed[0]); i++) {
		stands(was);
		(void)snprintf(cut, sizeof(cut), "%.22s\n", was);
		file = openat(fd, TOKENS_SERVICE, O_WRONLY | O_TRUNC);
		assert_true(file >= 0);
		assert_true(dprintf(file, "%s",
				harmed[i] != NULL ? harmed[i] : cut) >= 0);
		(void)close(file);
		assert_int_equal(servicetoken_make(fd), 0);
		stands(text);
		assert_int_equal(strlen(text), 44);
		assert_string_not_equal(text, was);
		assert_true(honoured(text));
		assert_false(honoured(was));
		cut[22] = '\0';
		assert_false(honoured(cut));
	}
	/* One that others may read is none of ours to mend. */
	assert_int_equal(fchmodat(fd, TOKENS_SERVICE, 0644, 0), 0);
	assert_int_equal(servicetoken_make(fd), RDV_E_DENIED);
}

static void
expect_told(int sock, const char *text, const char *before)
{
	struct seqpkt_fds fds = { .n = 0 };
	struct ctl_service m;
	uint8_t p[CTL_MAX], sum[SHA256_LEN];
	char got[64] = "";
	struct buf b;
	long n = seqpkt_recv(sock, p, sizeof(p), &fds);

	assert_true(n > 1);
	assert_int_equal(p[0], CTL_SERVICE);
	buf_wrap(&b, p + 1, (size_t)n - 1);
	assert_true(ctl_get_service(&b, &m));
	assert_int_equal(fds.n, 1);
	assert_true(pread(fds.fd[0], got, sizeof(got) - 1, 0) >= 44);
	assert_memory_equal(got, text, 44);
	seqpkt_fds_close(&fds);
	if (before == NULL) {
		assert_int_equal(m.until, 0);
		return;
	}
	sha256(before, strlen(before), sum);
	assert_memory_equal(m.previous, sum, SHA256_LEN);
	assert_true(llabs(m.until - clock_wall_ms() - GRACE) < GRACE / 2);
}

static void
replaced(void **state)
{
	char one[64], two[64], three[64];
	uint8_t sum[SHA256_LEN];
	int pair[2];
	bool told;

	(void)state;
	assert_int_equal(seqpkt_pair(pair), 0);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(one);
	assert_int_equal(servicetoken_tell(fd, pair[0]), 0);
	expect_told(pair[1], one, NULL);
	assert_int_equal(servicetoken_rotate(fd, GRACE, pair[0], sum, &told),
	    0);
	stands(two);
	assert_string_not_equal(one, two);
	expect_told(pair[1], two, one);
	assert_true(honoured(one) && honoured(two));
	assert_true(told);
	/* To another rdvd the same is said. */
	assert_int_equal(servicetoken_tell(fd, pair[0]), 0);
	expect_told(pair[1], two, one);
	/* Nobody has to be there to be told. */
	assert_int_equal(servicetoken_rotate(fd, GRACE, -1, sum, &told), 0);
	stands(three);
	assert_false(told);
	assert_false(honoured(one));
	assert_true(honoured(two) && honoured(three));
	clock_shift(0, GRACE + 1);
	assert_false(honoured(two));
	assert_true(honoured(three));
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Who reads no more is told nothing, and nothing changes. */
static void
not_told_not_replaced(void **state)
{
	char one[64], now[64], junk = 'x';
	uint8_t sum[SHA256_LEN];
	int pair[2];
	bool told;

	(void)state;
	assert_int_equal(seqpkt_pair(pair), 0);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(one);
	while (seqpkt_send(pair[0], &junk, 1, NULL) == 0)
		;
	assert_int_equal(servicetoken_rotate(fd, GRACE, pair[0], sum, &told),
	    -EAGAIN);
	stands(now);
	assert_string_equal(one, now);
	assert_int_equal(faccessat(fd, TOKENS_SERVICE_UNTIL, F_OK, 0), -1);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* An rdvd that has closed its end keeps root from nothing. */
static void
abuse_C13_not_held_up_by_a_closed_end(void **state)
{
	char one[64], two[64];
	uint8_t sum[SHA256_LEN];
	int pair[2];
	bool told;

	(void)state;
	assert_int_equal(seqpkt_pair(pair), 0);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(one);
	(void)close(pair[1]);
	assert_int_equal(servicetoken_rotate(fd, GRACE, pair[0], sum, &told),
	    0);
	assert_false(told);
	stands(two);
	assert_string_not_equal(one, two);
	assert_true(honoured(one) && honoured(two));
	(void)close(pair[0]);
}

/* And one that reads nothing, not for long. */
static void
abuse_C13_not_held_up_by_a_deaf_one(void **state)
{
	struct system s = { .places = { .keep_fd = fd },
		.accounts = { .grace_ms = GRACE } };
	char one[64], now[64], junk = 'x';
	uint8_t sum[SHA256_LEN];
	int i, pair[2];

	(void)state;
	assert_int_equal(seqpkt_pair(pair), 0);
	assert_int_equal(servicetoken_make(fd), 0);
	stands(one);
	while (seqpkt_send(pair[0], &junk, 1, NULL) == 0)
		;
	system_ask_rotation(&s);
	assert_int_equal(system_rotate(&s, pair[0], sum), -EAGAIN);
	stands(now);
	assert_string_equal(one, now);
	for (i = 0; i < 50 && system_rotate(&s, pair[0], sum) != 0; i++)
		assert_true(s.rotation_asked);
	assert_in_range(i, 10, 49);
	assert_true(s.token_untold && !s.rotation_asked);
	stands(now);
	assert_string_not_equal(one, now);
	/* The next one has as much time again. */
	assert_int_equal(system_rotate(&s, pair[0], sum), -EAGAIN);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* After an upgrade it goes on: no sooner, and on record once. */
static void
abuse_C13_a_rotation_goes_through_an_upgrade(void **state)
{
	struct system s = { .places = { .keep_fd = fd },
		.accounts = { .grace_ms = GRACE } };
	struct system next = { .places = { .keep_fd = fd },
		.accounts = { .rotation_ms = INT64_MAX } };
	struct carry_system c = { .run = -1 };
	uint8_t sum[SHA256_LEN];
	int i;

	(void)state;
	assert_int_equal(servicetoken_make(fd), 0);
	assert_int_equal(system_rotate(&s, -1, sum), 0);
	for (i = 0; i < 2; i++) {
		s.rotating = i == 0;
		system_carry_rotation(&s, &c);
		system_take_rotation(&next, &c);
		assert_int_equal(next.rotating, i == 0);
		assert_int_equal(next.rotated_at, s.rotated_at);
		assert_false(next.rotation_asked);
	}
	system_ask_rotation(&s);
	assert_true(system_patience(&s) > 1000);
	assert_false(system_rotation_due(&s));
	system_carry_rotation(&s, &c);
	system_take_rotation(&next, &c);
	assert_true(next.rotation_asked);
	assert_true(system_patience(&next) > 1000);
	assert_false(system_rotation_due(&next));
	/* Control: when it is time it is due. */
	next.look_at = 0;
	assert_true(system_rotation_due(&next));
}

/* The end of the old one is there and the new one is not: it still stands. */
static void
a_crash_in_between(void **state)
{
	char one[64];
	uint8_t sum[SHA256_LEN];
	bool told;

	(void)state;
	assert_int_equal(servicetoken_make(fd), 0);
	stands(one);
	assert_int_equal(servicetoken_rotate(fd, GRACE, -1, sum, &told), 0);
	assert_int_equal(unlinkat(fd, TOKENS_SERVICE, 0), 0);
	assert_int_equal(path_write_private(fd, TOKENS_SERVICE, one, 44), 0);
	clock_shift(0, GRACE + 1);
	assert_true(honoured(one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_N07_a_harmed_one_grants_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(not_told_not_replaced, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_C13_not_held_up_by_a_closed_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_C13_not_held_up_by_a_deaf_one, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_C13_a_rotation_goes_through_an_upgrade, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_crash_in_between, setup,
		    teardown),
	};

	return CHECK_RUN("servicetoken", tests);
}
