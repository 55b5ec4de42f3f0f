/* SPDX-License-Identifier: MIT */
/* The helper client against an [ops] that does what it likes. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/opsrig.h"

#define GENERATION UINT64_C(0x1122334400000000)

struct outcome {
	unsigned calls;
	int err;
	uint8_t result;
	uint64_t handle;
	struct seqpkt_fds fds;
};

static int
opsrig_setup(void **state)
{
	static struct opsrig r;

	opsrig_start(&r);
	*state = &r;
	return 0;
}

static int
opsrig_teardown(void **state)
{
	opsrig_stop(*state);
	return 0;
}

static void
outcome_plain_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	assert_int_equal(a == NULL, err != 0);
	o->result = a != NULL ? a->result : 255;
}

static void
outcome_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	if (err != 0)
		return;
	o->result = a->result;
	o->handle = a->handle;
	o->fds = *fds;
	fds->n = 0;
}

static void
outcome_login_cb(int err, const struct priv_login_answer *a, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = err;
	if (err != 0)
		return;
	o->result = a->result;
	o->handle = a->uid;
}

static bool
outcome_is_there(void *arg)
{
	return ((const struct outcome *)arg)->calls > 0;
}

static bool
opsrig_is_gone(void *arg)
{
	return ((const struct opsrig *)arg)->gone > 0;
}

static bool
opsrig_is_lost(void *arg)
{
	return ((const struct opsrig *)arg)->lost > 0;
}

static void
outcome_spawn(struct opsrig *r, enum priv_io io, struct outcome *o)
{
	char program[] = "/bin/true", cwd[] = "/";
	char *argv[] = { program, NULL }, *none[] = { NULL };
	struct priv_spawn m = { .profile = "login",
		.label = "label",
		.io = (uint8_t)io,
		.cols = 80,
		.rows = 24,
		.cwd = cwd,
		.argv = argv,
		.envp = none,
		.paths = none,
		.argc = 1 };

	memset(o, 0, sizeof(*o));
	helper_spawn(r->helper, &m, outcome_spawn_cb, o);
}

static void
test_hello(void **state)
{
	struct opsrig *r = *state;

	assert_false(helper_ready(r->helper));
	assert_int_equal(helper_generation(r->helper), 0);
	opsrig_connect(r);
	opsrig_turns(r, 2);
	assert_false(helper_ready(r->helper));
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 2);
	assert_true(helper_ready(r->helper));
	assert_int_equal(r->ready, 1);
	assert_int_equal(r->generation, GENERATION);
	assert_int_equal(helper_generation(r->helper), GENERATION);
	assert_int_equal(r->gone, 0);
}

static void
test_other_build_is_the_end(void **state)
{
	struct opsrig *r = *state;

	opsrig_connect(r);
	opsrig_hello(r, "0.0.0-other", GENERATION);
	opsrig_until(r, opsrig_is_gone, r);
	assert_int_equal(r->gone, 1);
	assert_int_equal(r->ready, 0);
	assert_false(helper_ready(r->helper));
}

static void
test_without_helper_calls_fail_later(void **state)
{
	struct opsrig *r = *state;
	struct outcome a = { 0 }, b = { 0 };

	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &a);
	assert_int_equal(a.calls, 0);
	opsrig_until(r, outcome_is_there, &a);
	assert_int_equal(a.err, RDV_E_UNAVAILABLE);
	/* Connected is not ready. */
	opsrig_connect(r);
	opsrig_turns(r, 2);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &b);
	opsrig_until(r, outcome_is_there, &b);
	assert_int_equal(b.err, RDV_E_UNAVAILABLE);
	assert_int_equal(a.calls, 1);
}

static void
test_login(void **state)
{
	struct priv_login m = { .kind = PRIV_LOGIN_UID, .uid = 1000 };
	struct priv_login_answer a = { .result = PRIV_DONE, .uid = 1000 };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct outcome o = { 0 };
	struct priv_login got;
	struct buf b;

	opsrig_up(r, GENERATION);
	helper_login(r->helper, &m, outcome_login_cb, &o);
	opsrig_get(r, &p);
	assert_int_equal(p.h.op, PRIV_LOGIN);
	assert_true(priv_get_login(&p.body, &got));
	assert_int_equal(got.uid, 1000);
	buf_init(&b, SEQPKT_MAX);
	priv_put_login_answer(&b, p.h.id, &a);
	opsrig_put(r, &b, NULL);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.handle, 1000);
}

static void
test_spawn_hands_over_descriptors(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	int slave, far[3];

	opsrig_up(r, GENERATION);
	outcome_spawn(r, PRIV_IO_PTY, &o);
	opsrig_get(r, &p);
	opsrig_pty(&fds, &slave);
	opsrig_spawned(r, p.h.id, GENERATION + 1, &fds);
	seqpkt_fds_close(&fds);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.err, 0);
	assert_int_equal(o.handle, GENERATION + 1);
	assert_int_equal(o.fds.n, 3);
	assert_int_equal(fcntl(o.fds.fd[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	seqpkt_fds_close(&o.fds);
	close(slave);
	outcome_spawn(r, PRIV_IO_PIPES, &o);
	opsrig_get(r, &p);
	opsrig_pipes(&fds, far);
	opsrig_spawned(r, p.h.id, GENERATION + 2, &fds);
	seqpkt_fds_close(&fds);
	opsrig_until(r, outcome_is_there, &o);
	assert_int_equal(o.fds.n, 3);
	seqpkt_fds_close(&o.fds);
	for (unsigned i = 0; i < 3; i++)
		close(far[i]);
}

/* What may come in place of the three descriptors of a pty spawn. */
enum wrong { TOO_FEW, TOO_MANY, NONE, SWAPPED, A_FILE, OTHER_IO, WRONGS };

static void
make_wrong(enum wrong w, struct seqpkt_fds *fds, int *slave)
{
	int far[3], swap = 0;

	*slave = -1;
	if (w == OTHER_IO) {
		opsrig_pipes(fds, far);
		for (unsigned i = 0; i < 3; i++)
			close(far[i]);
		return;
	}
	opsrig_pty(fds, slave);
	switch (w) {
	case TOO_FEW:
		close(fds->fd[--fds->n]);
		break;
	case TOO_MANY:
		fds->fd[fds->n++] = dup(0);
		break;
	case NONE:
		seqpkt_fds_close(fds);
		break;
	case SWAPPED:
		swap = fds->fd[1];
		fds->fd[1] = fds->fd[2];
		fds->fd[2] = swap;
		break;
	default:
		close(fds->fd[1]);
		fds->fd[1] = open("/dev/null", O_RDONLY);
		break;
	}
}

/* Abuse E04 to E06: nothing is kept and the connection is not believed. */
static void
test_E04_wrong_descriptors(void **state)
{
	(void)state;
	for (enum wrong w = 0; w < WRONGS; w++) {
		struct priv_spawn_answer a = { .result = PRIV_DONE,
			.handle = GENERATION + 1 };
		struct opsrig_packet p;
		struct seqpkt_fds fds;
		struct outcome o;
		struct opsrig r;
		unsigned before;
		struct buf b;
		int slave;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		before = opsrig_fds();
		outcome_spawn(&r, PRIV_IO_PTY, &o);
		opsrig_get(&r, &p);
		make_wrong(w, &fds, &slave);
		/* The header tells the truth or a fourth fails by itself. */
		buf_init(&b, SEQPKT_MAX);
		priv_put_spawn_answer(&b, p.h.id,
		    fds.n > 3 ? 3 : (uint8_t)fds.n, &a);
		opsrig_put(&r, &b, &fds);
		seqpkt_fds_close(&fds);
		if (slave >= 0)
			close(slave);
		opsrig_until(&r, opsrig_is_gone, &r);
		if (w != TOO_MANY) {
			assert_int_equal(o.calls, 1);
			assert_int_equal(o.err, RDV_E_UNAVAILABLE);
		}
		assert_int_equal(opsrig_fds(), before);
		opsrig_stop(&r);
		assert_int_equal(o.calls, 1);
	}
}

static void
test_E04_descriptors_with_a_refusal(void **state)
{
	struct priv_spawn_answer a = { .result = PRIV_DENIED };
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct seqpkt_fds fds;
	struct outcome o;
	unsigned before;
	struct buf b;
	int slave;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	outcome_spawn(r, PRIV_IO_PTY, &o);
	opsrig_get(r, &p);
	opsrig_pty(&fds, &slave);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, p.h.id, 3, &a);
	opsrig_put(r, &b, &fds);
	seqpkt_fds_close(&fds);
	close(slave);
	opsrig_until(r, opsrig_is_gone, r);
	assert_int_equal(opsrig_fds(), before);
}

/* Abuse E09: reordered, doubled, unknown and foreign answers. */
static void
test_E09_answers_out_of_order(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet a, b;
	struct outcome first = { 0 }, second = { 0 };
	struct helper_stats s;

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &first);
	helper_signal(r->helper, 2, 15, false, outcome_plain_cb, &second);
	opsrig_get(r, &a);
	opsrig_get(r, &b);
	assert_int_not_equal(a.h.id, b.h.id);
	opsrig_plain(r, b.h.id, PRIV_SIGNAL, PRIV_NO_SUCH);
	opsrig_until(r, outcome_is_there, &second);
	assert_int_equal(second.result, PRIV_NO_SUCH);
	assert_int_equal(first.calls, 0);
	/* The same answer again, and one to a question never asked. */
	opsrig_plain(r, b.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_plain(r, b.h.id + 1, PRIV_SIGNAL, PRIV_DONE);
	opsrig_plain(r, a.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_until(r, outcome_is_there, &first);
	assert_int_equal(first.result, PRIV_DONE);
	assert_int_equal(second.calls, 1);
	helper_stats(r->helper, &s);
	assert_int_equal(s.stale, 2);
	assert_int_equal(r->gone, 0);
	assert_int_equal(r->strays, 0);
}

static void
test_E09_answer_to_another_verb(void **state)
{
	struct opsrig *r = *state;
	struct opsrig_packet p;
	struct outcome o = { 0 };

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
	opsrig_get(r, &p);
	opsrig_plain(r, p.h.id, PRIV_LOGOUT, PRIV_DONE);
	opsrig_until(r, opsrig_is_gone, r);
}

/* A spawn of a daemon now dead is answered to us: the process is a stray. */
static void
test_E09_late_spawn_is_a_stray(void **state)
{
	struct opsrig *r = *state;
	struct seqpkt_fds fds;
	unsigned before;
	int slave;

	opsrig_connect(r);
	opsrig_pty(&fds, &slave);
	/* Before HELLO it will stand in INVENTORY. */
	opsrig_spawned(r, 99, GENERATION + 1, &fds);
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 3);
	assert_true(helper_ready(r->helper));
	assert_int_equal(r->strays, 0);
	before = opsrig_fds();
	opsrig_spawned(r, 99, GENERATION + 2, &fds);
	opsrig_turns(r, 3);
	assert_int_equal(r->strays, 1);
	assert_int_equal(r->stray, GENERATION + 2);
	assert_int_equal(opsrig_fds(), before);
	assert_int_equal(r->gone, 0);
	seqpkt_fds_close(&fds);
	close(slave);
}

/* Abuse E10: one failure each, and nothing is said again to the next one. */
static void
test_E10_death_fails_each_once(void **state)
{
	struct opsrig *r = *state;
	struct outcome o[PRIV_OUTSTANDING + 10];
	struct opsrig_packet p;
	uint32_t old;

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	opsrig_get(r, &p);
	old = p.h.id;
	opsrig_die(r);
	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].err, RDV_E_UNAVAILABLE);
	}
	assert_int_equal(r->lost, 1);
	opsrig_up(r, GENERATION + (UINT64_C(1) << 40));
	assert_true(opsrig_silent(r));
	assert_int_equal(r->ready, 2);
	assert_int_equal(r->gone, 0);
	/* An answer with the old id means nothing to the new connection. */
	opsrig_plain(r, old, PRIV_SIGNAL, PRIV_DONE);
	opsrig_turns(r, 3);
	assert_int_equal(o[0].calls, 1);
}

static void
test_E10_killed_in_a_loop(void **state)
{
	struct opsrig *r = *state;
	unsigned before = 0;

	for (unsigned i = 1; i <= 50; i++) {
		struct outcome o = { 0 };

		opsrig_up(r, GENERATION + i);
		helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
		opsrig_die(r);
		opsrig_until(r, outcome_is_there, &o);
		assert_int_equal(o.calls, 1);
		assert_int_equal(r->lost, i);
		if (i == 1)
			before = opsrig_fds();
	}
	assert_int_equal(opsrig_fds(), before);
}

/* [main] may bring the next socket before the end of the last is seen. */
static void
test_replaced_connection(void **state)
{
	struct opsrig *r = *state;
	struct outcome o = { 0 };
	int old;

	opsrig_up(r, GENERATION);
	helper_signal(r->helper, 1, 15, false, outcome_plain_cb, &o);
	old = r->ops;
	opsrig_up(r, GENERATION + 1);
	assert_int_equal(o.err, RDV_E_UNAVAILABLE);
	assert_int_equal(r->lost, 1);
	assert_int_equal(r->ready, 2);
	close(old);
	opsrig_turns(r, 3);
	assert_true(helper_ready(r->helper));
}

static void
test_bounds(void **state)
{
	struct opsrig *r = *state;
	static struct outcome o[PRIV_OUTSTANDING + 1024 + 5];
	struct opsrig_packet p;
	struct helper_stats s;
	unsigned travelling = 0;
	size_t i;

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	opsrig_until(r, outcome_is_there, &o[i - 1]);
	assert_int_equal(o[i - 1].err, RDV_E_BUSY);
	assert_int_equal(o[PRIV_OUTSTANDING + 1023].calls, 0);
	helper_stats(r->helper, &s);
	assert_int_equal(s.outstanding, PRIV_OUTSTANDING);
	assert_int_equal(s.waiting, 1024);
	for (; travelling < PRIV_OUTSTANDING; travelling++)
		opsrig_get(r, &p);
	assert_true(opsrig_silent(r));
	opsrig_plain(r, p.h.id, PRIV_SIGNAL, PRIV_DONE);
	opsrig_get(r, &p);
	assert_int_equal(p.h.op, PRIV_SIGNAL);
}

static void
exit_cb(const struct priv_exit *ev, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->err = ev == NULL;
	o->handle = ev != NULL ? ev->handle : 0;
}

static void
test_exits(void **state)
{
	struct opsrig *r = *state;
	struct outcome own = { 0 }, never = { 0 };

	opsrig_connect(r);
	opsrig_exit(r, GENERATION + 9, 0); /* INVENTORY has that one */
	opsrig_hello(r, RDV_BUILD, GENERATION);
	opsrig_turns(r, 3);
	assert_int_equal(r->exits, 0);
	helper_on_exit(r->helper, GENERATION + 1, exit_cb, &own);
	helper_on_exit(r->helper, GENERATION + 2, exit_cb, &never);
	opsrig_exit(r, GENERATION + 3, 256);
	opsrig_exit(r, GENERATION + 1, 0);
	opsrig_until(r, outcome_is_there, &own);
	assert_int_equal(own.handle, GENERATION + 1);
	assert_int_equal(r->exits, 1);
	assert_int_equal(r->exit.handle, GENERATION + 3);
	assert_int_equal(r->exit.status, 256);
	/* Once: the next notice of that handle is everybody's. */
	opsrig_exit(r, GENERATION + 1, 0);
	opsrig_turns(r, 3);
	assert_int_equal(own.calls, 1);
	assert_int_equal(r->exits, 2);
	opsrig_die(r);
	assert_int_equal(never.calls, 1);
	assert_int_equal(never.err, 1);
}

static void
send_raw(struct opsrig *r, const void *p, size_t len)
{
	assert_int_equal(send(r->ops, p, len, MSG_NOSIGNAL), len);
}

static void
test_E02_malformed_packets(void **state)
{
	uint8_t packet[64];
	struct buf b;

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		struct priv_exit ev = { .handle = 1 };
		struct opsrig r;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		buf_init(&b, SEQPKT_MAX);
		if (kind == 4) /* only we ask questions */
			priv_put_exit(&b, 5, PRIV_REQUEST, &ev);
		else
			priv_put_exit(&b, 0, PRIV_NOTICE, &ev);
		memcpy(packet, b.data, b.len);
		packet[0] ^= kind == 0;		   /* magic */
		packet[4] ^= kind == 1 ? 0x40 : 0; /* version */
		if (kind == 3)
			packet[16] = 1; /* claims a descriptor */
		send_raw(&r, packet, kind == 2 ? b.len - 1 : b.len);
		buf_done(&b);
		opsrig_until(&r, opsrig_is_gone, &r);
		assert_int_equal(r.exits, 0);
		opsrig_stop(&r);
	}
}

struct inventory {
	unsigned items, ends;
	int err;
	uint64_t handles[8];
	unsigned fds;
};

static void
inventory_cb(int err, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct inventory *v = arg;

	if (a == NULL) {
		v->ends++;
		v->err = err;
		return;
	}
	assert_int_equal(v->ends, 0);
	v->handles[v->items++] = a->handle;
	v->fds += fds->n;
	/* Left to be closed. */
}

static bool
inventory_ended(void *arg)
{
	return ((const struct inventory *)arg)->ends > 0;
}

static void
put_item(struct opsrig *r, uint32_t id, uint64_t handle)
{
	struct priv_inventory_answer a = { .result = PRIV_NO_SUCH,
		.io = PRIV_IO_PTY };
	struct seqpkt_fds fds = { .n = 0 };
	int slave = -1;
	struct buf b;

	if (handle != 0) {
		a.result = PRIV_DONE;
		a.handle = handle;
		opsrig_pty(&fds, &slave);
	}
	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, id, (uint8_t)fds.n, &a);
	opsrig_put(r, &b, &fds);
	seqpkt_fds_close(&fds);
	if (slave >= 0)
		close(slave);
}

static void
test_inventory(void **state)
{
	struct inventory v = { 0 };
	struct opsrig *r = *state;
	struct priv_inventory m;
	struct opsrig_packet p;
	unsigned before;

	opsrig_up(r, GENERATION);
	before = opsrig_fds();
	helper_inventory(r->helper, inventory_cb, &v);
	for (uint64_t i = 0; i <= 3; i++) {
		opsrig_get(r, &p);
		assert_int_equal(p.h.op, PRIV_INVENTORY);
		assert_true(priv_get_inventory(&p.body, &m));
		assert_int_equal(m.after, i == 0 ? 0 : GENERATION + i);
		put_item(r, p.h.id, i < 3 ? GENERATION + i + 1 : 0);
	}
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(v.err, 0);
	assert_int_equal(v.items, 3);
	assert_int_equal(v.fds, 9);
	assert_int_equal(v.handles[2], GENERATION + 3);
	assert_int_equal(opsrig_fds(), before);
}

/* "Cannot tell" is never "gone": an answer cut short is no answer. */
static void
test_inventory_cut_short(void **state)
{
	struct inventory v = { 0 };
	struct opsrig *r = *state;
	struct opsrig_packet p;

	opsrig_up(r, GENERATION);
	helper_inventory(r->helper, inventory_cb, &v);
	opsrig_get(r, &p);
	put_item(r, p.h.id, GENERATION + 1);
	opsrig_get(r, &p);
	opsrig_die(r);
	opsrig_until(r, inventory_ended, &v);
	assert_int_equal(v.items, 1);
	assert_int_equal(v.ends, 1);
	assert_int_equal(v.err, RDV_E_UNAVAILABLE);
}

static void
test_control_socket(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct seqpkt_fds fds = { .n = 1 };
		struct opsrig r;
		unsigned before;

		opsrig_start(&r);
		opsrig_up(&r, GENERATION);
		before = opsrig_fds();
		fds.fd[0] = STDIN_FILENO;
		if (kind == 0) { /* [main] is gone */
			assert_int_equal(shutdown(r.control, SHUT_RDWR), 0);
		} else if (kind == 1) { /* the byte without a socket */
			seqpkt_send(r.control, "O", 1, NULL);
		} else if (kind == 2) { /* another byte */
			seqpkt_send(r.control, "x", 1, &fds);
		} else { /* two sockets */
			fds.n = 2;
			fds.fd[1] = STDOUT_FILENO;
			seqpkt_send(r.control, "O", 1, &fds);
		}
		opsrig_until(&r, opsrig_is_gone, &r);
		assert_int_equal(r.gone, 1);
		assert_int_equal(opsrig_fds(), before);
		opsrig_stop(&r);
	}
}

/* The end of rdvd: everybody is told, once, and nobody afterwards. */
static void
test_free_answers_everybody(void **state)
{
	struct opsrig *r = *state;
	struct outcome o[40];

	memset(o, 0, sizeof(o));
	opsrig_up(r, GENERATION);
	for (size_t i = 0; i < 40; i++)
		helper_signal(r->helper, i + 1, 15, false, outcome_plain_cb,
		    &o[i]);
	helper_free(r->helper);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].err, RDV_E_UNAVAILABLE);
	}
	assert_int_equal(r->lost, 1);
	r->helper = NULL;
	opsrig_turns(r, 2);
	assert_true(opsrig_is_lost(r));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, opsrig_setup, opsrig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_hello),
		T(test_other_build_is_the_end),
		T(test_without_helper_calls_fail_later),
		T(test_login),
		T(test_spawn_hands_over_descriptors),
		cmocka_unit_test(test_E04_wrong_descriptors),
		T(test_E04_descriptors_with_a_refusal),
		T(test_E09_answers_out_of_order),
		T(test_E09_answer_to_another_verb),
		T(test_E09_late_spawn_is_a_stray),
		T(test_E10_death_fails_each_once),
		T(test_E10_killed_in_a_loop),
		T(test_replaced_connection),
		T(test_bounds),
		T(test_exits),
		cmocka_unit_test(test_E02_malformed_packets),
		T(test_inventory),
		T(test_inventory_cut_short),
		cmocka_unit_test(test_control_socket),
		T(test_free_answers_everybody),
	};

	return CHECK_RUN("helper", tests);
}
