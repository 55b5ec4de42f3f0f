/* SPDX-License-Identifier: MIT */
/* What a start writes to has been copied before it, not in its middle. */
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "priv-helper/ops.h"
#include "priv-helper/warm.h"
#include "tests/unit/check.h"

#define DEEP (32 * 1024)
#define PAGE 4096

static struct ops o;
static struct run run;
static struct buf packet;

static long
faults(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_minflt;
}

__attribute__((noinline)) static void
go_deep(void)
{
	char room[DEEP];

	explicit_bzero(room, sizeof(room));
}

static void
decode(void)
{
	struct priv_header h;
	struct priv_spawn m;
	struct buf b;

	memset(&m, 0, sizeof(m));
	buf_wrap(&b, packet.data, packet.len);
	assert_true(priv_get_header(&b, &h) && priv_get_spawn(&b, &m));
	priv_spawn_done(&m);
	buf_done(&b);
}

/* Pages that are copied when a start begins right behind a fork. */
static long
copied(bool warm)
{
	int hold[2], status;
	long before, n;
	char c;
	pid_t pid;

	assert_int_equal(pipe(hold), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(hold[1]);
		_exit(read(hold[0], &c, 1) == 0 ? 0 : 1);
	}
	if (warm)
		warm_up(&o, &run);
	before = faults();
	decode();
	go_deep();
	n = faults() - before;
	(void)close(hold[0]);
	(void)close(hold[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return n;
}

static int
begin(void **state)
{
	static char dir[] = "/", program[] = "/bin/true";
	char *argv[] = { program, NULL };
	const struct priv_spawn m = { .cwd = dir, .argv = argv, .argc = 1 };

	(void)state;
	o.audit.sock = -1;
	buf_init(&packet, SEQPKT_MAX);
	priv_put_spawn(&packet, 1, &m);
	/* The code is there from the first time on. */
	(void)copied(true);
	return buf_ok(&packet) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	buf_done(&packet);
	return 0;
}

static void
a_start_copies_no_pages(void **state)
{
	const long cold = copied(false), warm = copied(true);

	(void)state;
#ifdef RDV_SANITIZED
	/* It has stacks and heaps of its own. */
	assert_true(warm <= cold);
#else
	assert_true(cold >= DEEP / PAGE);
	assert_true(warm < DEEP / PAGE / 2);
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_start_copies_no_pages, begin,
		    end),
	};

	return CHECK_RUN("warm", tests);
}
