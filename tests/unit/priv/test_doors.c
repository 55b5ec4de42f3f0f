/* SPDX-License-Identifier: MIT */
/*
 * The listening sockets of accounts as one program of [main] leaves them to the
 * next: the same ones, or none when anything is not as it was written. And
 * whether the next could judge by the policy.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/ctlproto.h"
#include "priv-helper/carry.h"
#include "priv-helper/doors.h"
#include "priv-helper/system.h"
#include "tests/unit/check.h"

/* What is wrong with the second of two. */
struct wrong {
	const char *name;
	int dir, sock; /* 0: those of the first */
	unsigned cut, more;
	uint8_t web;
	uint64_t limit; /* without a rule */
};

static int dir, sock[2];

static int
set_up(void **state)
{
	int i;

	(void)state;
	dir = open("/", O_PATH | O_DIRECTORY);
	for (i = 0; i < 2; i++) {
		sock[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		/* An address that the kernel chooses. */
		assert_int_equal(bind(sock[i],
				     &(struct sockaddr){ .sa_family = AF_UNIX },
				     sizeof(sa_family_t)),
		    0);
		assert_int_equal(listen(sock[i], 1), 0);
	}
	return dir < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(dir);
	(void)close(sock[0]);
	(void)close(sock[1]);
	return 0;
}

static void
put(struct buf *b, const struct wrong *w)
{
	int i;

	buf_put_str(b, w->name != NULL ? w->name : "ann");
	buf_put_u32(b, 1001);
	buf_put_u32(b, 1002);
	buf_put_u8(b, w->web);
	buf_put_u8(b, 1);
	buf_put_u64(b, 1 << 20);
	for (i = 0; i < CTL_WHATS; i++) {
		buf_put_u64(b, w->limit);
		buf_put_str(b, "");
	}
	buf_put_u32(b, (uint32_t)(w->dir != 0 ? w->dir : dir));
	for (i = 0; i < CTL_KIND_MAX; i++) {
		buf_put_u32(b, (uint32_t)(w->sock != 0 ? w->sock : sock[i]));
		buf_put_u64(b, 7);
		buf_put_u64(b, 8);
	}
}

static int
file_of(const struct wrong *w)
{
	static const struct wrong none;
	struct buf b;
	int fd;

	buf_init(&b, 4096);
	buf_put_u32(&b, 2);
	put(&b, &none);
	put(&b, w);
	if (w->more > 0)
		buf_put_u8(&b, 0);
	b.len -= w->cut;
	fd = carry_memory(&b);
	assert_true(fd >= 0);
	buf_done(&b);
	return fd;
}

static bool
takes(const struct wrong *w)
{
	int fd = file_of(w);
	struct doors *d = doors_take("/run/rdv", dir, fd);

	(void)close(fd);
	if (d == NULL)
		return false;
	doors_forget(d);
	return true;
}

static void
they_come_back(void **state)
{
	char one[4096], two[4096];
	int fd = file_of(&(struct wrong){ .name = "bob" }), again;
	ssize_t n = pread(fd, one, sizeof(one), 0);
	struct doors *taken = doors_take("/run/rdv", dir, fd);

	(void)state;
	assert_non_null(taken);
	assert_int_equal(fcntl(sock[1], F_GETFD), FD_CLOEXEC);
	doors_inherit(taken, true);
	assert_int_equal(fcntl(sock[1], F_GETFD), 0);
	assert_int_equal(fcntl(dir, F_GETFD), 0);
	doors_inherit(taken, false);
	assert_int_equal(fcntl(dir, F_GETFD), FD_CLOEXEC);
	again = doors_put(taken);
	assert_true(n > 0);
	assert_int_equal(pread(again, two, sizeof(two), 0), n);
	assert_memory_equal(one, two, (size_t)n);
	(void)close(fd);
	(void)close(again);
	doors_forget(taken);
}

static void
abuse_P02_sockets_that_are_not_understood(void **state)
{
	const int other = dup(dir), closed = 900;
	const int deaf = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_true(takes(&(struct wrong){ .name = "bob" }));
	assert_false(takes(&(struct wrong){ .name = "../bob" }));
	assert_false(takes(&(struct wrong){ .dir = closed }));
	assert_false(takes(&(struct wrong){ .sock = closed }));
	/* It is open, and nobody could connect to it. */
	assert_false(takes(&(struct wrong){ .sock = other }));
	assert_false(takes(&(struct wrong){ .sock = deaf }));
	assert_false(takes(&(struct wrong){ .web = 2 }));
	assert_false(takes(&(struct wrong){ .limit = 1 }));
	assert_false(takes(&(struct wrong){ .cut = 1 }));
	assert_false(takes(&(struct wrong){ .more = 1 }));
	(void)close(other);
	(void)close(deaf);
}

static void
abuse_P02_a_policy_that_is_not_understood(void **state)
{
	char good[] = "[access]\n", bad[] = "[of another build]\n";
	char source[] = "/etc/rdv/helper.toml", why[256] = "";
	struct system s = { .accounts = { .policy = good,
				.npolicy = strlen(good),
				.source = source } };

	(void)state;
	assert_true(system_fits(&s, why, sizeof(why)));
	s.accounts.policy = bad;
	s.accounts.npolicy = strlen(bad);
	assert_false(system_fits(&s, why, sizeof(why)));
	assert_non_null(strstr(why, source));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_come_back, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    abuse_P02_sockets_that_are_not_understood, set_up,
		    tear_down),
		cmocka_unit_test(abuse_P02_a_policy_that_is_not_understood),
	};

	return CHECK_RUN("doors", tests);
}
