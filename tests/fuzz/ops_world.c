/* SPDX-License-Identifier: MIT */
/*
 * The world around [ops] for a fuzzer: its own decoder, verbs, grants, policy
 * and table of runs are the product's; the audit log, the fork and the reapers
 * are played here, because a fuzzer wants them without processes. What would
 * end the process comes back as `broken`.
 */
#include "tests/fuzz/ops_world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "priv-helper/auditask.h"
#include "priv-helper/auditmsg.h"
#include "priv-helper/child.h"
#include "priv-helper/follow.h"
#include "priv-helper/peer.h"
#include "priv-helper/proof.h"
#include "priv-helper/served.h"
#include "tests/fuzz/fuzz.h"

/* So few that an rdvd that does not read is soon felt. */
#define SOCKET_BYTES 8192

struct world world;
/* The one account of user mode, and what it may do. */
static struct policy_rights rights;
static struct account own = { .uid = WORLD_UID, .name = "ann", .home = "/" };
static struct token tokens[TOKENS_MAX];
static char old_service[160];
static int people[POLICIES];

const char *const world_token[WORLD_TOKENS] = { "ann-1", "bob-1", "new-1",
	"new-2", "new-3", "never", "service", "service-old" };

static jmp_buf ended;
static bool inside;
static int null = -1;
static off_t open_before;

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __wrap_path_write_private(int dirfd, const char *name, const void *p,
    size_t len);
int __wrap_path_read_private(int dirfd, const char *name, size_t max, char **p,
    size_t *len);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_wall_ms(void);

/* [ops] ends itself over a malformed packet: here, that packet's turn ends. */
_Noreturn void
__wrap__exit(int status)
{
	if (inside)
		longjmp(ended, 1);
	__real__exit(status);
}

int64_t
__wrap_clock_mono_ms(void)
{
	return WORLD_MONO + world.shift;
}

int64_t
__wrap_clock_wall_ms(void)
{
	return WORLD_WALL + world.shift;
}

static bool
written(struct audit_msg *m)
{
	struct audit_msg back;
	struct buf b, in;
	bool fits;

	buf_init(&b, SEQPKT_MAX);
	auditmsg_put(&b, m);
	fits = buf_ok(&b);
	if (fits) {
		/* [audit] would end over one that it cannot read. */
		buf_wrap(&in, b.data, b.len);
		FUZZ_CHECK(auditmsg_get(&in, &back));
		FUZZ_CHECK(back.act == m->act && back.handle == m->handle);
		auditmsg_done(&back);
	}
	buf_done(&b);
	return fits;
}

void
audit_connect(struct audit_link *a, int sock)
{
	a->sock = sock;
}

bool
audit_begin(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize)
{
	(void)a;
	if (written(m) && world.scribe == SCRIBE_WRITES) {
		world.before += m->act != AUDIT_ASK;
		return true;
	}
	(void)str_copy(why, "audit: no", whysize);
	return world.scribe == SCRIBE_REFUSES;
}

bool
audit_wait(struct audit_link *a, char *why, size_t whysize)
{
	(void)a;
	if (world.scribe == SCRIBE_WRITES)
		return true;
	(void)str_copy(why, "audit: no", whysize);
	return false;
}

bool
audit_before(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize)
{
	m->phase = AUDIT_BEFORE;
	return audit_begin(a, m, why, whysize) && audit_wait(a, why, whysize);
}

bool
audit_well(struct audit_link *a)
{
	return !audit_absent(a);
}

bool
audit_absent(struct audit_link *a)
{
	(void)a;
	return world.scribe != SCRIBE_WRITES;
}

void
audit_tell(struct audit_link *a, struct audit_msg *m)
{
	(void)a;
	FUZZ_CHECK(written(m));
	world.after += m->phase == AUDIT_AFTER;
}

bool
child_unrecorded(struct child_error *e)
{
	e->result = PRIV_FAILED;
	e->stage = "P6 audit";
	e->err = EIO;
	return false;
}

/* What a run's descriptors are to rdvd: this one can be told to be gone. */
static void
give_descriptors(struct run *r, struct far *f)
{
	int out[2];

	FUZZ_CHECK(pipe2(out, O_CLOEXEC | O_NONBLOCK) == 0);
	f->output = out[1];
	r->fds.fd[0] = fcntl(null, F_DUPFD_CLOEXEC, 0);
	r->fds.fd[1] = out[0];
	r->fds.fd[2] = fcntl(null, F_DUPFD_CLOEXEC, 0);
	r->fds.n = 3;
}

static void
give_channels(struct run *r, struct far *f)
{
	int control[2], status[2];

	FUZZ_CHECK(seqpkt_pair(control) == 0);
	FUZZ_CHECK(pipe2(status, O_CLOEXEC | O_NONBLOCK) == 0);
	r->control = control[0];
	f->control = control[1];
	r->status = status[0];
	f->status = status[1];
}

/* A proof is there or not; how one is judged has its own tests. */
int
proof_look(const char *run_dir, const struct account *a, bool privileged,
    const uint8_t sum[SHA256_LEN], char *why, size_t whysize)
{
	(void)run_dir;
	(void)privileged;
	(void)sum;
	if (world.proof == a->uid)
		return 0;
	(void)str_copy(why, "no proof", whysize);
	return RDV_E_DENIED;
}

int
proof_take(const char *run_dir, const struct account *a, bool privileged,
    const uint8_t sum[SHA256_LEN], char *why, size_t whysize)
{
	const int err = proof_look(run_dir, a, privileged, sum, why, whysize);

	world.proof = 0;
	return err;
}

/* Where the product would write its tokens down. */
int
__wrap_path_write_private(int dirfd, const char *name, const void *p,
    size_t len)
{
	(void)dirfd;
	(void)name;
	(void)p;
	(void)len;
	return 0;
}

/* Where it would look for the service token, and the one before. */
int
__wrap_path_read_private(int dirfd, const char *name, size_t max, char **p,
    size_t *len)
{
	(void)dirfd;
	(void)max;
	*p = strdup(strcmp(name, TOKENS_SERVICE) == 0
			? world_token[WORLD_SERVICE]
			: old_service);
	FUZZ_CHECK(*p != NULL);
	*len = strlen(*p);
	return 0;
}

/* Where the product would fork; what it judges before that is its own. */
bool
child_start(struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r, struct child_error *e)
{
	struct far *f;

	world.starts++;
	world.started = user->uid;
	world.net = r->net;
	/* The product waits for the record where this stands. */
	if (!audit_wait(&o->audit, e->why, sizeof(e->why)))
		return child_unrecorded(e);
	if (world.nfar == FAR_MAX) {
		e->result = PRIV_FAILED;
		e->stage = "P7 fork";
		e->err = EAGAIN;
		return false;
	}
	f = &world.far[world.nfar++];
	memset(f, 0, sizeof(*f));
	f->handle = r->handle;
	f->uid = user->uid;
	f->pty = m->io == PRIV_IO_PTY;
	give_descriptors(r, f);
	give_channels(r, f);
	r->reaper = 1;
	r->io = m->io;
	(void)str_copy(r->label, m->label, sizeof(r->label));
	r->deadline = clock_mono_ms() + 10000;
	return true;
}

/* None is made before it is asked for. */
bool
child_ahead(struct ops *o, const struct account *user, struct run *r,
    const struct ahead_guess *guess)
{
	(void)o;
	(void)user;
	(void)r;
	(void)guess;
	return false;
}

static void
make_tokens(struct tokens *t)
{
	size_t i;

	t->dir = -1;
	t->list = tokens;
	if (!world.system)
		return;
	t->n = 2 + WORLD_BOBS;
	memset(tokens, 0, t->n * sizeof(tokens[0]));
	tokens[0].uid = WORLD_UID;
	sha256(world_token[WORLD_ANN], 5, tokens[0].sha256);
	sha256(world_token[WORLD_BOB], 5, tokens[1].sha256);
	for (i = 1; i < t->n; i++)
		tokens[i].uid = WORLD_UID + 1;
	for (i = 2; i < t->n; i++)
		tokens[i].sha256[0] = (uint8_t)i;
}

static void
make_ops(struct ops *o)
{
	memset(o, 0, sizeof(*o));
	o->main = o->daemon = o->signals = -1;
	o->audit.sock = -1;
	o->system = world.system;
	/* Room for a few more starts than may be under way at once. */
	o->run_fds = 40 * RUN_FDS;
	make_tokens(&o->tokens);
	runs_init(&o->runs);
	if (world.system) {
		served_reload(o, people[0]);
		FUZZ_CHECK(o->accounts.n == 2);
		return;
	}
	o->accounts.list = &own;
	o->accounts.n = 1;
	o->rights = &rights;
}

/* How many are open: the size of this directory, since Linux 6.2. */
static off_t
count_open(void)
{
	struct stat st;

	FUZZ_CHECK(stat("/proc/self/fd", &st) == 0);
	return st.st_size;
}

static void
make_rights(void)
{
	const char *const none[] = { NULL };
	const struct policy_account a = { .uid = own.uid,
		.name = own.name,
		.home = own.home,
		.groups = none };
	struct policy policy;
	char why[256];

	policy_own(&policy, own.uid);
	FUZZ_CHECK(policy_for(&policy, &a, &rights, why, sizeof(why)) == 0);
	policy_done(&policy);
}

static void
make_service(void)
{
	uint8_t sum[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	sha256(world_token[WORLD_OLD], strlen(world_token[WORLD_OLD]), sum);
	str_hex(hex, sum, sizeof(sum));
	(void)snprintf(old_service, sizeof(old_service), "%s %lld\n", hex,
	    (long long)(WORLD_WALL + WORLD_OLD_MS));
}

/* What is made once and stays. */
static void
prepare(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	FUZZ_CHECK(null >= 0);
	log_init("fuzz", null, LOG_ERROR);
	make_rights();
	make_service();
	people_make(people);
}

void
world_begin(bool system)
{
	if (null < 0)
		prepare();
	open_before = count_open();
	memset(&world, 0, sizeof(world));
	world.system = system;
	make_ops(&world.ops);
	world.rdvd = -1;
}

static void
forget_people(struct ops *o)
{
	size_t i;

	if (!world.system)
		return;
	for (i = 0; i < o->accounts.n; i++)
		policy_rights_done(&o->rights[i]);
	free(o->rights);
	accounts_done(&o->accounts);
}

void
world_reload(unsigned policy)
{
	served_reload(&world.ops, people[policy]);
	if (world.system && policy != POLICY_BROKEN)
		world.policy = policy;
}

static void
close_far(struct far *f)
{
	const int fds[] = { f->control, f->status, f->output };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

void
world_end(void)
{
	struct run *r, *next;
	unsigned i;

	if (world.rdvd >= 0)
		(void)close(world.rdvd);
	peer_disconnect(&world.ops);
	TAILQ_FOREACH_SAFE (r, &world.ops.runs.list, entry, next)
		run_free(&world.ops.runs, r);
	for (i = 0; i < world.nfar; i++)
		close_far(&world.far[i]);
	forget_people(&world.ops);
	/* [ops] keeps descriptors of nothing that is over, and of no packet. */
	FUZZ_CHECK(count_open() == open_before);
}

void
world_connect(void)
{
	const int bytes = SOCKET_BYTES;
	int pair[2];

	if (world.rdvd >= 0)
		(void)close(world.rdvd);
	FUZZ_CHECK(seqpkt_pair(pair) == 0);
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	world.rdvd = pair[1];
	peer_connect(&world.ops, pair[0]);
}

void
world_read(void)
{
	inside = true;
	if (setjmp(ended) == 0)
		peer_read(&world.ops);
	else
		world.broken = true;
	inside = false;
}

static void
follow(struct run *r)
{
	if (r->control >= 0)
		follow_reaper(&world.ops, r);
	if (r->status >= 0)
		follow_start(r);
	/* The reaper has been waited for. */
	if (r->control < 0)
		r->reaper = 0;
}

void
world_step(void)
{
	struct far *f;
	struct run *r;

	for (f = world.far; f < world.far + world.nfar; f++) {
		if (!f->news)
			continue;
		TAILQ_FOREACH (r, &world.ops.runs.list, entry)
			if (r->handle == f->handle)
				follow(r);
		f->news = false;
	}
	follow_step(&world.ops, false);
}
