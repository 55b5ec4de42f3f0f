/* SPDX-License-Identifier: MIT */
/*
 * What must hold of [ops], whatever rdvd says: a malformed packet ends it
 * before anything is done; one request has one answer; nothing is done without
 * a live grant of this connection, nor without a record before it; a reaper is
 * ordered only what was asked for; a handle that was confirmed is never heard
 * of again. It is told by the answers alone, and decodes as a second opinion.
 */
#include "tests/fuzz/ops_model.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ops_right.h"

struct model model;

void
model_begin(void)
{
	memset(&model, 0, sizeof(model));
	if (world.system) {
		model.token[WORLD_ANN].owner = WORLD_UID;
		model.token[WORLD_BOB].owner = WORLD_UID + 1;
	}
}

void
model_connected(void)
{
	unsigned i;

	for (i = 0; i < model.ngrants; i++)
		model.grant[i].end = 0;
	model.hello = model.deaf = model.unread = false;
	model.last_id = 0;
	model.nasked = 0;
}

bool
model_may_ask(void)
{
	return !model.unread && model.nasked < MODEL_ASKED &&
	       world.ops.daemon >= 0;
}

/* Whom a live grant is for; 0: there is none like it. */
static uid_t
granted_to(const uint8_t *token)
{
	uid_t uid = 0;
	unsigned i;

	for (i = 0; i < model.ngrants; i++)
		if (model.grant[i].end > clock_mono_ms() &&
		    memcmp(model.grant[i].token, token, PRIV_GRANT_LEN) == 0)
			uid = model.grant[i].uid;
	return uid;
}

/* Which of the texts a hash is of, or -1. */
static int
token_of(const uint8_t sum[SHA256_LEN])
{
	uint8_t one[SHA256_LEN];
	int i;

	for (i = 0; i < WORLD_TOKENS; i++) {
		sha256(world_token[i], strlen(world_token[i]), one);
		if (memcmp(one, sum, sizeof(one)) == 0)
			return i;
	}
	return -1;
}

static struct far *
far_of(uint64_t handle)
{
	unsigned i;

	for (i = 0; i < world.nfar; i++)
		if (world.far[i].handle == handle)
			return &world.far[i];
	return NULL;
}

static bool
decode(struct buf *b, uint16_t op, union ops_request *m)
{
	switch (op) {
	case PRIV_HELLO:
		return priv_get_hello(b, &m->hello) &&
		       strcmp(m->hello.build, RDV_BUILD) == 0;
	case PRIV_LOGIN:
		return priv_get_login(b, &m->login);
	case PRIV_SPAWN:
		return priv_get_spawn(b, &m->spawn);
	case PRIV_SIGNAL:
		return priv_get_signal(b, &m->signal);
	case PRIV_LOGOUT:
		return priv_get_logout(b, &m->logout);
	case PRIV_INVENTORY:
		return priv_get_inventory(b, &m->inventory);
	case PRIV_ENROLL:
		return priv_get_enroll(b, &m->enroll);
	case PRIV_REVOKE:
		return priv_get_revoke(b, &m->revoke);
	default:
		return priv_get_exit(b, &m->exit);
	}
}

static bool
well_formed(struct model_asked *a, const uint8_t *p, size_t len)
{
	struct buf b;

	if (len > SEQPKT_MAX)
		return false;
	buf_wrap(&b, p, len);
	if (!priv_get_header(&b, &a->h) || a->h.kind != PRIV_REQUEST ||
	    (a->h.op == PRIV_HELLO) == model.hello ||
	    (model.hello && (int32_t)(a->h.id - model.last_id) <= 0) ||
	    !decode(&b, a->h.op, &a->m))
		return false;
	if (a->h.op == PRIV_SPAWN) {
		/* Of its strings only their number is asked for later. */
		struct priv_spawn copy = a->m.spawn;

		priv_spawn_done(&copy);
	}
	return true;
}

void
model_asked(const uint8_t *p, size_t len, bool fds)
{
	struct model_asked *a = &model.next;
	unsigned i;

	memset(a, 0, sizeof(*a));
	a->empty = len == 0;
	a->must_end = a->empty && !fds;
	a->must_break = fds || (len > 0 && !well_formed(a, p, len));
	for (i = 0; i < model.nasked; i++)
		model.confused |= model.asked[i].h.id == a->h.id;
	model.unread = true;
}

static void
heard_hello(struct buf *b, const struct priv_header *h,
    const struct model_asked *q)
{
	struct priv_hello m;

	(void)q;
	FUZZ_CHECK(priv_get_hello(b, &m) && h->nfds == 0);
	FUZZ_CHECK(model.generation == 0 || model.generation == m.generation);
	model.generation = m.generation;
}

static void
heard_login(struct buf *b, const struct priv_header *h,
    const struct model_asked *q)
{
	struct priv_login_answer a;
	int from;

	FUZZ_CHECK(priv_get_login_answer(b, &a) && h->nfds == 0);
	if (a.result != PRIV_DONE) {
		FUZZ_CHECK(a.home[0] == '\0' && a.uid == 0);
		return;
	}
	from = right_login(q, a.uid);
	FUZZ_CHECK(q->recorded && granted_to(a.grant) == 0);
	if (model.ngrants == MODEL_GRANTS)
		return;
	memcpy(model.grant[model.ngrants].token, a.grant, PRIV_GRANT_LEN);
	model.grant[model.ngrants].uid = a.uid;
	model.grant[model.ngrants].from = from;
	model.grant[model.ngrants++].end = right_end(from, q->now);
}

static void
heard_spawn(struct buf *b, const struct priv_header *h,
    const struct model_asked *q)
{
	struct priv_spawn_answer a;
	struct far *f;

	FUZZ_CHECK(priv_get_spawn_answer(b, &a));
	FUZZ_CHECK(h->nfds == (a.result == PRIV_DONE ? 3 : 0));
	if (a.result != PRIV_DONE)
		return;
	f = far_of(a.handle);
	FUZZ_CHECK(f != NULL && !f->told && !f->confirmed);
	FUZZ_CHECK(a.handle >> 32 == model.generation >> 32);
	FUZZ_CHECK(q->granted != 0 && q->recorded);
	f->told = true;
}

/* How many descriptors it brings. */
static unsigned
heard_run(const struct priv_inventory_answer *a, uint64_t after)
{
	struct far *f = far_of(a->handle);

	FUZZ_CHECK(f != NULL && !f->confirmed);
	FUZZ_CHECK(a->handle > after);
	FUZZ_CHECK(a->state == PRIV_RUNNING || f->ended || f->control < 0);
	f->told = true;
	return a->io == PRIV_IO_PTY ? 3 : 2;
}

static void
heard_inventory(struct buf *b, const struct priv_header *h,
    const struct model_asked *q)
{
	uint64_t after = q->m.inventory.after;
	struct priv_inventory_answer a;
	unsigned nfds = 0;

	do {
		FUZZ_CHECK(priv_get_inventory_answer(b, &a));
		if (a.result != PRIV_DONE)
			break;
		nfds += heard_run(&a, after);
		after = a.handle;
	} while (buf_left(b) > 0);
	FUZZ_CHECK(h->nfds == nfds && buf_end(b));
	if (a.result != PRIV_DONE)
		FUZZ_CHECK(a.handle == 0);
}

static void
after_logout(const struct priv_plain_answer *a, const struct model_asked *q)
{
	FUZZ_CHECK((a->result == PRIV_DONE) == (q->granted != 0));
}

static void
after_signal(const struct priv_plain_answer *a, const struct model_asked *q)
{
	const struct far *f = far_of(q->m.signal.handle);

	if (a->result == PRIV_DONE)
		FUZZ_CHECK(f != NULL && !f->confirmed && q->recorded);
	else
		FUZZ_CHECK(a->why[0] != '\0');
}

static void
after_exit(const struct priv_plain_answer *a, const struct model_asked *q)
{
	struct far *f = far_of(q->m.exit.handle);

	if (a->result != PRIV_DONE)
		return;
	FUZZ_CHECK(f != NULL && !f->confirmed);
	FUZZ_CHECK(f->ended || f->control < 0);
	f->confirmed = true;
	/* Nobody is left to read what the run would still write. */
	FUZZ_CHECK(write(f->output, "x", 1) < 0);
}

static void
after_enroll(const struct priv_plain_answer *a, const struct model_asked *q)
{
	const struct priv_enroll *m = &q->m.enroll;
	const int i = token_of(m->sha256);

	if (a->result != PRIV_DONE)
		return;
	FUZZ_CHECK(world.system && q->proof == m->uid && q->recorded);
	/* And it has been used up. */
	FUZZ_CHECK(world.proof == 0);
	FUZZ_CHECK(right_of(m->uid) != NULL);
	FUZZ_CHECK(m->expires_ms == 0 ||
		   m->expires_ms > q->now - WORLD_MONO + WORLD_WALL);
	FUZZ_CHECK(right_tokens(m->uid, q->now) < TOKENS_EACH);
	if (i < 0)
		return;
	FUZZ_CHECK(right_owner(i, q->now) == 0);
	model.token[i].owner = m->uid;
	model.token[i].until =
	    m->expires_ms == 0 ? 0 : m->expires_ms - WORLD_WALL + WORLD_MONO;
}

static void
after_revoke(const struct priv_plain_answer *a, const struct model_asked *q)
{
	const int i = token_of(q->m.revoke.sha256);
	unsigned g;

	if (a->result != PRIV_DONE)
		return;
	FUZZ_CHECK(world.system && q->granted != 0 && q->recorded);
	/* Those that have no text here are the second account's. */
	if (i < 0)
		return;
	FUZZ_CHECK(right_owner(i, q->now) == q->granted);
	model.token[i].owner = 0;
	for (g = 0; g < model.ngrants; g++)
		if (model.grant[g].from == i)
			model.grant[g].end = 0;
}

static void
heard_plain(struct buf *b, const struct priv_header *h,
    const struct model_asked *q)
{
	static void (*const after[PRIV_OP_MAX])(
	    const struct priv_plain_answer *, const struct model_asked *) = {
		[PRIV_LOGOUT] = after_logout,
		[PRIV_SIGNAL] = after_signal,
		[PRIV_EXIT] = after_exit,
		[PRIV_ENROLL] = after_enroll,
		[PRIV_REVOKE] = after_revoke,
	};
	struct priv_plain_answer a;

	FUZZ_CHECK(priv_get_plain_answer(b, &a) && h->nfds == 0);
	after[h->op](&a, q);
}

static void (*const heard[PRIV_OP_MAX])(struct buf *,
    const struct priv_header *, const struct model_asked *) = {
	[PRIV_HELLO] = heard_hello,
	[PRIV_LOGIN] = heard_login,
	[PRIV_SPAWN] = heard_spawn,
	[PRIV_SIGNAL] = heard_plain,
	[PRIV_LOGOUT] = heard_plain,
	[PRIV_INVENTORY] = heard_inventory,
	[PRIV_EXIT] = heard_plain,
	[PRIV_ENROLL] = heard_plain,
	[PRIV_REVOKE] = heard_plain,
};

/* Only of what runs, as far as rdvd knows. */
static void
heard_halt(struct buf *b, const struct priv_header *h)
{
	const struct far *f;
	struct priv_halted m;

	FUZZ_CHECK(h->id == 0 && h->nfds == 0 && priv_get_halted(b, &m));
	f = far_of(m.handle);
	FUZZ_CHECK(f != NULL && !f->confirmed && m.halt != PRIV_HALT_UNKNOWN);
}

static void
heard_ports(struct buf *b, const struct priv_header *h)
{
	const struct far *f;
	struct priv_ports m;

	FUZZ_CHECK(h->id == 0 && h->nfds == 0 && priv_get_ports(b, &m));
	f = far_of(m.handle);
	FUZZ_CHECK(f != NULL && !f->confirmed && m.n <= PRIV_PORTS_MAX);
}

static void
heard_notice(struct buf *b, const struct priv_header *h)
{
	const struct far *f;
	struct priv_exit m;

	if (h->op == PRIV_HALT) {
		heard_halt(b, h);
		return;
	}
	if (h->op == PRIV_PORTS) {
		heard_ports(b, h);
		return;
	}
	FUZZ_CHECK(h->op == PRIV_EXIT && h->id == 0 && h->nfds == 0);
	FUZZ_CHECK(priv_get_exit(b, &m));
	f = far_of(m.handle);
	FUZZ_CHECK(f != NULL && !f->confirmed);
	FUZZ_CHECK(f->ended || f->control < 0);
}

/* The request that this answers, taken out of those that wait. */
static struct model_asked
answered(const struct priv_header *h)
{
	struct model_asked q;
	unsigned i;

	for (i = 0; i < model.nasked; i++)
		if (model.asked[i].h.id == h->id)
			break;
	FUZZ_CHECK(i < model.nasked && model.asked[i].h.op == h->op);
	q = model.asked[i];
	model.asked[i] = model.asked[--model.nasked];
	return q;
}

static void
listen_once(const uint8_t *p, size_t len, const struct seqpkt_many *fds)
{
	struct model_asked q;
	struct priv_header h;
	struct buf b;

	buf_wrap(&b, p, len);
	FUZZ_CHECK(priv_get_header(&b, &h) && h.nfds == fds->n);
	if (h.kind == PRIV_NOTICE) {
		heard_notice(&b, &h);
		return;
	}
	FUZZ_CHECK(h.kind == PRIV_ANSWER);
	q = answered(&h);
	heard[h.op](&b, &h, &q);
}

static void
listen_all(void)
{
	static uint8_t packet[SEQPKT_MAX];
	struct seqpkt_many fds;
	long n;

	while ((n = seqpkt_recv_many(world.rdvd, packet, sizeof(packet),
		    &fds)) > 0) {
		/* Its own copies go first: then a run's are the only ones. */
		const struct seqpkt_many count = { .n = fds.n };

		seqpkt_many_close(&fds);
		listen_once(packet, (size_t)n, &count);
	}
	world.ops.full = false;
}

static bool
may_be_sent(int sig)
{
	static const int allowed[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL,
		SIGUSR1, SIGUSR2, SIGTERM, SIGCONT, SIGSTOP, SIGTSTP,
		SIGWINCH };
	size_t i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i] == sig)
			return true;
	return false;
}

/*
 * Orders that reapers got since the last look: of this request, or for a start
 * that was given up.
 */
static void
look_at_orders(const struct model_asked *q)
{
	struct reaper_order order;
	const struct far *f;

	for (f = world.far; f < world.far + world.nfar; f++)
		while (f->control >= 0 &&
		       seqpkt_recv(f->control, &order, sizeof(order), NULL) ==
			   (long)sizeof(order)) {
			if (order.verb == REAPER_KILL && !f->told)
				continue;
			FUZZ_CHECK(q != NULL && q->h.op == PRIV_SIGNAL);
			FUZZ_CHECK(q->m.signal.handle == f->handle);
			FUZZ_CHECK(q->m.signal.sig == order.sig);
			FUZZ_CHECK(q->recorded && may_be_sent(order.sig));
			FUZZ_CHECK(!f->confirmed);
		}
}

/* It counts from the moment the request was read, heard or not. */
static void
forget_grant(const uint8_t *token)
{
	unsigned i;

	for (i = 0; i < model.ngrants; i++)
		if (memcmp(model.grant[i].token, token, PRIV_GRANT_LEN) == 0)
			model.grant[i].end = 0;
}

/* What was done about the request that has just been read. */
static void
look_at_acts(struct model_asked *q, unsigned starts)
{
	const struct priv_spawn *m = &q->m.spawn;

	q->recorded = world.before == 1;
	FUZZ_CHECK(world.before <= 1);
	if (q->must_break || q->must_end)
		FUZZ_CHECK(world.before == 0 && world.after == 0);
	if (world.starts != starts) {
		FUZZ_CHECK(world.starts == starts + 1 && !q->must_break);
		FUZZ_CHECK(q->h.op == PRIV_SPAWN && q->granted != 0);
		FUZZ_CHECK(world.started == q->granted);
		FUZZ_CHECK(profile_find(m->profile) >= 0 && m->argc > 0);
		FUZZ_CHECK(m->pathc == 0 || strcmp(m->profile, "login") != 0);
		FUZZ_CHECK(m->net != PRIV_NET_LIST ||
			   strcmp(m->profile, "script") == 0);
		FUZZ_CHECK(!world.ops.ending);
		right_start(m, q->granted);
	}
	/* A start's second record comes when its outcome is known. */
	if (q->h.op != PRIV_SPAWN)
		FUZZ_CHECK(world.after == world.before);
	if (q->h.op == PRIV_SIGNAL)
		look_at_orders(q);
}

/* Still in the socket: [ops] reads nothing that it could not answer. */
static bool
still_there(void)
{
	char byte;

	if (!world.ops.full || world.ops.daemon < 0)
		return false;
	/* An empty one has no answer, so it was not read. */
	return model.next.empty ||
	       recv(world.ops.daemon, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void
read_next(void)
{
	struct model_asked *q = &model.next;
	const unsigned starts = world.starts;

	q->now = clock_mono_ms();
	/* A request that has one begins with it, whichever it is. */
	q->granted = granted_to(q->m.logout.grant);
	q->proof = world.proof;
	world.before = world.after = 0;
	world_read();
	if (!world.broken && still_there())
		return;
	model.unread = false;
	FUZZ_CHECK(world.broken == q->must_break);
	look_at_acts(q, starts);
	FUZZ_CHECK(q->must_end == (world.ops.daemon < 0));
	if (world.broken || q->must_end)
		return;
	model.hello = true;
	model.last_id = q->h.id;
	if (q->h.op == PRIV_LOGOUT)
		forget_grant(q->m.logout.grant);
	model.asked[model.nasked++] = *q;
}

void
model_turn(void)
{
	if (model.confused)
		return;
	if (model.unread && !world.ops.full)
		read_next();
	if (world.broken)
		return;
	world_step();
	if (!model.deaf && world.ops.daemon >= 0)
		listen_all();
}

void
model_end(void)
{
	look_at_orders(NULL);
}
