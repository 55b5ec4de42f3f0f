/* SPDX-License-Identifier: MIT */
/*
 * What rdvd is told of an account has an end as well, wherever it was cut off
 * because rdvd took no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/ctlproto.h"
#include "priv-helper/accounts.h"
#include "priv-helper/carry.h"
#include "priv-helper/doors.h"
#include "tests/unit/check.h"

#define SOMEBODY 65534

static int
listener(void)
{
	const struct sockaddr any = { .sa_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* An address that the kernel chooses. */
	assert_int_equal(bind(fd, &any, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* One account that has all limits, in the directory `run`. */
static struct doors *
one_account(int run)
{
	struct doors *d;
	struct buf b;
	int fd;

	buf_init(&b, 4096);
	buf_put_u32(&b, 1);
	buf_put_str(&b, "ann");
	buf_put_u32(&b, SOMEBODY);
	buf_put_u32(&b, SOMEBODY);
	buf_put_u8(&b, 0);
	buf_put_u8(&b, 1);
	buf_put_u64(&b, 1 << 20);
	for (int i = 0; i < CTL_WHATS; i++) {
		buf_put_u64(&b, 5);
		buf_put_str(&b, "[default] a limit (FILE:1)");
	}
	buf_put_u32(&b, (uint32_t)dup(run));
	for (int i = 0; i < CTL_KIND_MAX; i++) {
		buf_put_u32(&b, (uint32_t)listener());
		buf_put_u64(&b, 7);
		buf_put_u64(&b, 8);
	}
	fd = carry_memory(&b);
	buf_done(&b);
	d = doors_take("/run/rdv", run, fd);
	(void)close(fd);
	assert_non_null(d);
	/* Of a rdvd that knows none of them. */
	doors_untold(d);
	return d;
}

/* With packets as long as those of limits, so that each has one's place. */
static void
fill(int control)
{
	static const char word[40];

	while (send(control, word, sizeof(word), 0) == sizeof(word))
		continue;
	assert_int_equal(errno, EAGAIN);
}

/* The first byte of the last packet that waits; 0: there was none. */
static char
drain(int rdvd)
{
	char packet[CTL_MAX], last = 0;

	while (recv(rdvd, packet, sizeof(packet), 0) > 0)
		last = packet[0];
	return last;
}

static void
ends_when(int run, int limits_told)
{
	static const struct accounts nobody;
	struct doors *d = one_account(run);
	char packet[CTL_MAX];
	int control[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     control),
	    0);
	fill(control[0]);
	for (int i = 0; i < limits_told; i++)
		assert_true(recv(control[1], packet, sizeof(packet), 0) > 0);
	/* Of its limits so many were told, and of its sockets none. */
	assert_int_equal(doors_tell(d, control[0]), -EAGAIN);
	assert_int_equal(drain(control[1]), limits_told > 0 ? CTL_LIMIT : 0);
	doors_follow(d, &nobody);
	assert_int_equal(doors_tell(d, control[0]), 0);
	assert_int_equal(drain(control[1]), CTL_UNLISTEN);
	doors_free(d);
	(void)close(control[0]);
	(void)close(control[1]);
}

static void
limits_that_were_told_have_an_end(void **state)
{
	char path[] = "/tmp/rdv-test-doors-XXXXXX";
	int run;

	(void)state;
	if (geteuid() != 0) {
		print_message("only root acts as somebody\n");
		skip();
	}
	assert_non_null(mkdtemp(path));
	run = open(path, O_PATH | O_DIRECTORY);
	ends_when(run, 0);
	ends_when(run, 1);
	ends_when(run, CTL_WHATS);
	(void)close(run);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_that_were_told_have_an_end),
	};

	return CHECK_RUN("rootdoors", tests);
}
