/* SPDX-License-Identifier: MIT */
/* What a test does with a service that is started again, step by step. */
#include "tests/priv/rigstore.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigkeep.h"
#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

/* Each of them has come to us, by whom it was left. */
void
rigstore_ended(pid_t pid)
{
	const int64_t deadline = rig_deadline();

	while (waitpid(pid, NULL, WNOHANG) == 0)
		assert_false(rig_late(deadline));
	assert_false(rig_alive(pid));
}

void
rigstore_begin(struct rigsys *s, struct rigkeep *k, const char *mutant)
{
	rigsys_prepare(s);
	rigsys_policy(s, "[access]\ngroups = [\"%s\"]\n[default]\nweb = true\n",
	    s->group);
	s->keep = k;
	rigkeep_open(k, s->rig.dir);
	rigsys_start(s, mutant);
	rigsys_login(s, 0);
	rigkeep_hear(k);
}

void
rigstore_end(struct rigsys *s, struct rigkeep *k)
{
	rigsys_stop(s);
	rigkeep_hear(k);
	/* The next knows no ghost. */
	assert_int_equal(k->n, 0);
	rigkeep_close(k);
}

/* As systemd does it, with whoever is in the cgroup of the service. */
void
rigstore_kill_main(struct rigsys *s, struct rigkeep *k)
{
	struct rig *r = &s->rig;
	const pid_t ops = (pid_t)r->hello.pid;

	assert_int_equal(kill(r->helper, SIGKILL), 0);
	(void)rig_wait(r);
	rig_kill_daemon(r);
	rigstore_ended(r->daemon);
	rigstore_ended(ops);
	rigkeep_hear(k);
}

void
rigstore_another(struct rigsys *s, const char *mutant)
{
	s->rig.nnotices = 0;
	rigsys_start(s, mutant);
	rigsys_login(s, 0);
}

/* How many runs there are; `a` is the last. */
unsigned
rigstore_inventory(struct rig *r, struct priv_inventory_answer *a)
{
	struct priv_inventory_answer next;
	struct seqpkt_fds fds;
	uint64_t after = 0;
	unsigned n = 0;

	while (rig_inventory(r, after, &next, &fds) == PRIV_DONE) {
		seqpkt_fds_close(&fds);
		after = next.handle;
		*a = next;
		n++;
	}
	return n;
}

enum priv_halt
rigstore_halt(struct rig *r)
{
	const int64_t deadline = rig_deadline();
	struct priv_inventory_answer a;

	do {
		assert_false(rig_late(deadline));
		assert_int_equal(rigstore_inventory(r, &a), 1);
	} while (a.halt == PRIV_HALT_UNKNOWN);
	return (enum priv_halt)a.halt;
}

void
rigstore_spawn(struct rigsys *s, const char *const *argv,
    struct rig_result *res)
{
	const struct rig_spawn sp = { .argv = argv, .label = "kept" };

	rig_spawn(&s->rig, &sp, res);
	assert_int_equal(res->a.result, PRIV_DONE);
}

void
rigstore_expect_end(struct rigsys *s, uint64_t handle, int status)
{
	struct priv_exit e;

	rig_exit(&s->rig, handle, &e);
	assert_int_equal(e.status, status);
	assert_int_equal(rig_ack(&s->rig, handle), PRIV_DONE);
}
