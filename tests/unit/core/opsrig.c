/* SPDX-License-Identifier: MIT */
/* The rig for tests of the helper client and what stands on it. */
#include "tests/unit/core/opsrig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "daemon/loop.h"
#include "lib/str.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 60000

static void
rig_ready_cb(const struct priv_hello *hello, void *arg)
{
	struct opsrig *r = arg;

	r->ready++;
	r->generation = hello->generation;
}

static void
rig_lost_cb(void *arg)
{
	((struct opsrig *)arg)->lost++;
}

static void
rig_exited_cb(const struct priv_exit *ev, void *arg)
{
	struct opsrig *r = arg;

	r->exits++;
	r->exit = *ev;
}

static void
rig_ports_cb(const struct priv_ports *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

static void
rig_halted_cb(const struct priv_halted *ev, void *arg)
{
	struct opsrig *r = arg;

	r->halts++;
	r->halt = *ev;
}

static void
rig_stray_cb(uint64_t handle, void *arg)
{
	struct opsrig *r = arg;

	r->strays++;
	r->stray = handle;
}

static void
rig_gone_cb(void *arg)
{
	((struct opsrig *)arg)->gone++;
}

static const struct helper_ops rig_ops = {
	.ready = rig_ready_cb,
	.lost = rig_lost_cb,
	.exited = rig_exited_cb,
	.halted = rig_halted_cb,
	.ports = rig_ports_cb,
	.stray = rig_stray_cb,
};

static void
rig_turn_cb(void *arg)
{
	struct opsrig *r = arg;

	if (r->until != NULL && r->until(r->until_arg))
		loop_stop(r->loop);
}

static void
rig_late_cb(void *arg)
{
	struct opsrig *r = arg;

	r->late = true;
	loop_stop(r->loop);
}

void
opsrig_start_with(struct opsrig *r, struct loop *l,
    const struct helper_ops *ops, void (*gone)(void *), void *arg)
{
	int pair[2];

	memset(r, 0, sizeof(*r));
	r->loop = l;
	r->deadline = loop_timer_new(l, rig_late_cb, r);
	loop_at_turn_end(l, rig_turn_cb, r);
	assert_int_equal(seqpkt_pair(pair), 0);
	r->control = pair[0];
	r->ops = -1;
	r->helper = helper_new(l, pair[1], ops, gone, arg);
}

void
opsrig_start(struct opsrig *r)
{
	opsrig_start_with(r, loop_new(), &rig_ops, rig_gone_cb, r);
}

void
opsrig_done(struct opsrig *r)
{
	helper_free(r->helper);
	loop_timer_free(r->deadline);
	close(r->control);
	if (r->ops >= 0)
		close(r->ops);
	r->ops = r->control = -1;
}

void
opsrig_stop(struct opsrig *r)
{
	opsrig_done(r);
	loop_free(r->loop);
}

int
opsrig_setup(void **state)
{
	static struct opsrig r;

	opsrig_start(&r);
	*state = &r;
	return 0;
}

int
opsrig_teardown(void **state)
{
	opsrig_stop(*state);
	return 0;
}

void
opsrig_until(struct opsrig *r, bool (*cond)(void *arg), void *arg)
{
	if (cond(arg))
		return;
	r->until = cond;
	r->until_arg = arg;
	r->late = false;
	loop_timer_set(r->deadline, DEADLINE_MS);
	loop_run(r->loop);
	loop_timer_clear(r->deadline);
	r->until = NULL;
	assert_false(r->late);
}

static bool
rig_counted(void *arg)
{
	unsigned *left = arg;

	return (*left)-- == 0;
}

static void
rig_nothing_cb(void *arg)
{
	(void)arg;
}

void
opsrig_turns(struct opsrig *r, unsigned n)
{
	for (; n > 0; n--) {
		unsigned one = 1;

		loop_defer(r->loop, rig_nothing_cb, NULL);
		opsrig_until(r, rig_counted, &one);
	}
}

void
opsrig_connect(struct opsrig *r)
{
	struct seqpkt_fds fds = { .n = 1 };
	int pair[2];

	assert_int_equal(seqpkt_pair(pair), 0);
	fds.fd[0] = pair[1];
	assert_int_equal(seqpkt_send(r->control, "O", 1, &fds), 0);
	close(pair[1]);
	r->ops = pair[0];
}

struct incoming {
	struct opsrig *r;
	struct opsrig_packet *p;
};

static bool
rig_received(void *arg)
{
	struct incoming *in = arg;
	struct opsrig_packet *p = in->p;
	long n = seqpkt_recv(in->r->ops, p->space, sizeof(p->space), NULL);

	if (n == -EAGAIN)
		return false;
	assert_true(n > 0);
	buf_wrap(&p->body, p->space, (size_t)n);
	assert_true(priv_get_header(&p->body, &p->h));
	return true;
}

void
opsrig_get(struct opsrig *r, struct opsrig_packet *p)
{
	struct incoming in = { r, p };

	opsrig_until(r, rig_received, &in);
}

bool
opsrig_silent(struct opsrig *r)
{
	struct opsrig_packet p;
	struct incoming in = { r, &p };

	opsrig_turns(r, 3);
	return !rig_received(&in);
}

void
opsrig_put(struct opsrig *r, struct buf *b, const struct seqpkt_fds *fds)
{
	assert_true(buf_ok(b));
	assert_int_equal(seqpkt_send(r->ops, b->data, b->len, fds), 0);
	buf_done(b);
}

void
opsrig_hello(struct opsrig *r, const char *build, uint64_t generation)
{
	struct priv_hello m = {
		.pid = 7, .uid = 1000, .generation = generation
	};
	struct opsrig_packet p;
	struct buf b;

	opsrig_get(r, &p);
	assert_int_equal(p.h.op, PRIV_HELLO);
	assert_int_equal(p.h.kind, PRIV_REQUEST);
	(void)str_copy(m.build, build, sizeof(m.build));
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, p.h.id, PRIV_ANSWER, &m);
	opsrig_put(r, &b, NULL);
}

static bool
rig_is_ready(void *arg)
{
	return helper_ready(((struct opsrig *)arg)->helper);
}

void
opsrig_up(struct opsrig *r, uint64_t generation)
{
	opsrig_connect(r);
	opsrig_hello(r, RDV_BUILD, generation);
	opsrig_until(r, rig_is_ready, r);
}

static bool
rig_is_down(void *arg)
{
	return !helper_ready(((struct opsrig *)arg)->helper);
}

void
opsrig_die(struct opsrig *r)
{
	close(r->ops);
	r->ops = -1;
	opsrig_until(r, rig_is_down, r);
}

void
opsrig_hold(struct priv_hold *h, uint64_t output_max)
{
	if (output_max == 0)
		return;
	h->limits[PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES].by = PRIV_BY_RDVD;
	h->limits[PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES].max = output_max;
}

void
opsrig_spawned(struct opsrig *r, uint32_t id, uint64_t handle,
    const struct seqpkt_fds *fds, uint64_t output_max, uint32_t guards)
{
	struct priv_spawn_answer a = { .result = PRIV_DONE,
		.handle = handle,
		.pid = 42,
		.guards = guards,
		.hold = { .granted = "told by SPAWN" } };
	struct buf b;

	opsrig_hold(&a.hold, output_max);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, id, fds != NULL ? (uint8_t)fds->n : 0, &a);
	opsrig_put(r, &b, fds);
}

void
opsrig_not_there(struct opsrig *r, uint32_t id, bool program)
{
	const char *stage = program ? "P3 program" : "C12 chdir";
	struct priv_spawn_answer a = { .result = PRIV_FAILED, .err = ENOENT };
	struct buf b;

	(void)str_copy(a.stage, stage, sizeof(a.stage));
	(void)snprintf(a.why, sizeof(a.why), "%s: No such file or directory",
	    stage);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, id, 0, &a);
	opsrig_put(r, &b, NULL);
}

void
opsrig_denied(struct opsrig *r, uint32_t id, const char *why)
{
	struct priv_spawn_answer a = { .result = PRIV_DENIED };
	struct buf b;

	(void)str_copy(a.why, why, sizeof(a.why));
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, id, 0, &a);
	opsrig_put(r, &b, NULL);
}

void
opsrig_plain(struct opsrig *r, uint32_t id, enum priv_op op,
    enum priv_result result)
{
	struct priv_plain_answer a = { .result = (uint8_t)result };
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_plain_answer(&b, id, op, &a);
	opsrig_put(r, &b, NULL);
}

void
opsrig_exit(struct opsrig *r, uint64_t handle, int status)
{
	struct priv_exit ev = { .handle = handle,
		.status = status,
		.user_us = 5000,
		.sys_us = 3000,
		.maxrss_kb = 1234,
		.cut = r->cut };
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_exit(&b, 0, PRIV_NOTICE, &ev);
	opsrig_put(r, &b, NULL);
}

void
opsrig_halt(struct opsrig *r, uint64_t handle, enum priv_halt halt)
{
	const struct priv_halted ev = { .handle = handle,
		.halt = (uint8_t)halt };
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_halted(&b, &ev);
	opsrig_put(r, &b, NULL);
}

void
opsrig_pty(struct seqpkt_fds *fds, int *slave)
{
	int spool[2];

	assert_int_equal(openpty(&fds->fd[0], slave, NULL, NULL, NULL), 0);
	assert_int_equal(fcntl(fds->fd[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pipe2(spool, O_NONBLOCK), 0);
	fds->fd[1] = spool[0];
	fds->fd[2] = spool[1];
	fds->n = 3;
}

void
opsrig_pipes(struct seqpkt_fds *fds, int far[3])
{
	int p[2];

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pipe2(p, O_NONBLOCK), 0);
		fds->fd[i] = i == 0 ? p[1] : p[0];
		far[i] = i == 0 ? p[0] : p[1];
	}
	fds->n = 3;
}

unsigned
opsrig_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

bool
opsrig_is_gone(void *arg)
{
	return ((const struct opsrig *)arg)->gone > 0;
}

bool
opsrig_is_lost(void *arg)
{
	return ((const struct opsrig *)arg)->lost > 0;
}

struct rlimit
opsrig_leave_room(unsigned n)
{
	const int top = dup(0);
	struct rlimit old, low;

	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)top + n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	return old;
}
