/* SPDX-License-Identifier: MIT */
/*
 * [ops] as tests of runs and sessions meet it. Invariant: it answers as the
 * real one may, and every start, signal and end that it was asked for is kept
 * for the test to see.
 */
#include "tests/unit/core/coreops.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"

static void
put_login(struct corerig *r, struct opsrig_packet *p)
{
	const uint32_t id = p->h.id;
	struct priv_login_answer a = { .result = PRIV_DONE,
		.uid = 1000,
		.ttl_ms = 3600000,
		.home = "/home/somebody",
		.shell = "/bin/sh",
		.user = "somebody" };
	struct buf b;

	r->logins++;
	assert_true(priv_get_login(&p->body, &r->login));
	if (r->deny_login)
		a = (struct priv_login_answer){ .result = PRIV_DENIED,
			.why = "not admitted" };
	buf_init(&b, SEQPKT_MAX);
	priv_put_login_answer(&b, id, &a);
	opsrig_put(&r->ops, &b, NULL);
}

static void
keep_spawn(struct fake_run *f, const struct priv_spawn *m)
{
	size_t n = 0;

	(void)str_copy(f->label, m->label, sizeof(f->label));
	(void)str_copy(f->profile, m->profile, sizeof(f->profile));
	(void)str_copy(f->cwd, m->cwd, sizeof(f->cwd));
	(void)str_copy(f->argv0, m->argv[0], sizeof(f->argv0));
	if (m->argc > 1)
		(void)str_copy(f->argv1, m->argv[1], sizeof(f->argv1));
	for (unsigned i = 0; i < m->envc; i++)
		n += (size_t)snprintf(f->env + n, sizeof(f->env) - n, "%s\n",
		    m->envp[i]);
	f->io = m->io;
	f->output_bytes = m->output_bytes;
}

void
coreops_answer_spawn(struct corerig *r, uint32_t id, struct fake_run *f)
{
	int far[3];

	f->handle = r->generation + r->nruns;
	if (f->io == PRIV_IO_PTY)
		opsrig_pty(&f->fds, &f->far);
	else
		opsrig_pipes(&f->fds, far);
	opsrig_spawned(&r->ops, id, f->handle, &f->fds, r->output_max,
	    r->guards);
	if (f->io == PRIV_IO_PTY)
		return;
	/* [ops] keeps the output ends only. */
	close(f->fds.fd[0]);
	f->fds.fd[0] = f->fds.fd[1];
	f->fds.fd[1] = f->fds.fd[2];
	f->fds.n = 2;
	f->far = far[1];
	close(far[0]);
	close(far[2]);
}

static void
on_spawn(struct corerig *r, struct opsrig_packet *p)
{
	struct fake_run *f = &r->runs[r->nruns];
	const struct store_run *row;
	struct priv_spawn m;

	r->spawns++;
	assert_true(r->nruns < CORERIG_RUNS);
	assert_true(priv_get_spawn(&p->body, &m));
	memset(f, 0, sizeof(*f));
	f->far = -1;
	keep_spawn(f, &m);
	priv_spawn_done(&m);
	row = corerig_row(r, f->label);
	f->row_was_there = row != NULL && strcmp(row->state, "starting") == 0;
	if (r->deny_spawn != NULL) {
		opsrig_denied(&r->ops, p->h.id, r->deny_spawn);
		r->deny_spawn = NULL;
		return;
	}
	r->nruns += !r->fail_spawn;
	r->held = p->h.id;
	if (r->fail_spawn)
		opsrig_not_there(&r->ops, p->h.id, r->no_program);
	else if (!r->hold_spawn)
		coreops_answer_spawn(r, p->h.id, f);
}

static struct fake_run *
by_handle(struct corerig *r, uint64_t handle)
{
	for (unsigned i = 0; i < r->nruns; i++)
		if (r->runs[i].handle == handle && !r->runs[i].acked)
			return &r->runs[i];
	return NULL;
}

static void
on_signal(struct corerig *r, struct opsrig_packet *p)
{
	struct priv_signal m;
	struct fake_run *f;

	assert_true(priv_get_signal(&p->body, &m));
	f = by_handle(r, m.handle);
	if (r->busy > 0) {
		r->busy--;
		opsrig_plain(&r->ops, p->h.id, PRIV_SIGNAL, PRIV_BUSY);
		return;
	}
	opsrig_plain(&r->ops, p->h.id, PRIV_SIGNAL,
	    f != NULL ? PRIV_DONE : PRIV_NO_SUCH);
	if (f == NULL)
		return;
	f->signals++;
	f->all += m.all;
	f->sig = m.sig;
	if (m.all && r->exit_on_signal && !f->exited)
		corerig_exit(r, f, m.sig);
}

static struct fake_run *
next_item(struct corerig *r, uint64_t after)
{
	for (struct fake_run *f = r->runs; f < r->runs + r->nruns; f++)
		if (f->handle > after && !f->acked && f->fds.n > 0)
			return f;
	return NULL;
}

static void
on_inventory(struct corerig *r, struct opsrig_packet *p)
{
	struct priv_inventory_answer a = { .result = PRIV_NO_SUCH };
	struct priv_inventory m;
	struct fake_run *f;
	struct buf b;
	bool busy;

	assert_true(priv_get_inventory(&p->body, &m));
	if (r->mute_inventory)
		return;
	busy = r->busy_inventories > 0 && m.after >= r->busy_from;
	f = busy ? NULL : next_item(r, m.after);
	if (busy) {
		r->busy_inventories--;
		a.result = PRIV_BUSY;
	} else if (f != NULL) {
		a.result = PRIV_DONE;
		a.handle = f->handle;
		(void)str_copy(a.label, f->label, sizeof(a.label));
		a.io = f->io;
		a.state = f->exited ? PRIV_EXITED : PRIV_RUNNING;
		a.halt = (uint8_t)f->halt;
		a.status = f->status;
		a.uid = 1000;
		a.started_ms = 1;
		(void)str_copy(a.hold.granted, "told by INVENTORY",
		    sizeof(a.hold.granted));
		opsrig_hold(&a.hold, r->output_max);
	}
	if (r->cramped && r->files.rlim_cur == 0)
		r->files = opsrig_leave_room(1);
	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, p->h.id,
	    f != NULL ? (uint8_t)f->fds.n : 0, &a);
	opsrig_put(&r->ops, &b, f != NULL ? &f->fds : NULL);
}

static void
on_exit_request(struct corerig *r, struct opsrig_packet *p)
{
	const struct store_run *row;
	struct fake_run *f;
	struct priv_exit m;

	assert_true(priv_get_exit(&p->body, &m));
	f = by_handle(r, m.handle);
	opsrig_plain(&r->ops, p->h.id, PRIV_EXIT,
	    f != NULL ? PRIV_DONE : PRIV_NO_SUCH);
	if (f == NULL)
		return;
	assert_true(f->exited);
	/* The end is durable before the helper may forget. */
	row = corerig_row(r, f->label);
	assert_true(row == NULL || (strcmp(row->state, "starting") != 0 &&
				       strcmp(row->state, "running") != 0));
	f->acked = true;
	seqpkt_fds_close(&f->fds);
}

static void
on_packet(struct corerig *r, struct opsrig_packet *p)
{
	struct priv_hello hello = { .pid = 7, .generation = r->generation };
	struct buf b;

	if (p->h.op == PRIV_HELLO) {
		(void)str_copy(hello.build, RDV_BUILD, sizeof(hello.build));
		buf_init(&b, SEQPKT_MAX);
		priv_put_hello(&b, p->h.id, PRIV_ANSWER, &hello);
		opsrig_put(&r->ops, &b, NULL);
	} else if (p->h.op == PRIV_LOGIN) {
		put_login(r, p);
	} else if (p->h.op == PRIV_LOGOUT) {
		r->logouts++;
		r->logout = p->h.id;
		if (!r->mute_logout)
			opsrig_plain(&r->ops, p->h.id, PRIV_LOGOUT, PRIV_DONE);
	} else if (p->h.op == PRIV_SPAWN) {
		on_spawn(r, p);
	} else if (p->h.op == PRIV_SIGNAL) {
		on_signal(r, p);
	} else if (p->h.op == PRIV_INVENTORY) {
		on_inventory(r, p);
	} else if (p->h.op == PRIV_EXIT) {
		on_exit_request(r, p);
	}
}

bool
coreops_serve(struct corerig *r)
{
	struct opsrig_packet p;
	bool some = false;
	long n;

	while (r->ops.ops >= 0 && (n = seqpkt_recv(r->ops.ops, p.space,
				       sizeof(p.space), NULL)) > 0) {
		buf_wrap(&p.body, p.space, (size_t)n);
		assert_true(priv_get_header(&p.body, &p.h));
		on_packet(r, &p);
		some = true;
	}
	return some;
}
