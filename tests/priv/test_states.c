/* SPDX-License-Identifier: MIT */
/*
 * Every state of the protocol, every verb, and what may be wrong with it, as
 * one table: rdvd, taken over, asks a live [ops], and each cell says what comes
 * of it. What is malformed ends [ops] in every state, whatever else is in the
 * packet; what is well formed is answered as the state allows, and nothing that
 * is refused is done (abuse E01, E02, E04, E08, E09).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define ENDS -1 /* no answer: [ops] has ended itself */

/* How far this rdvd has come. */
enum state { MUTE, GREETED, GRANTED, RUNNING, ENDED, STATES };

static char out[1 << 16];

/* A rig in that state; `handle` is that of its run, or of none. */
struct scene {
	struct rig r;
	enum state state;
	uint64_t handle;
	struct rig_result run;
};

static void
answer_of(struct scene *s, struct buf *b, struct priv_header *h,
    struct seqpkt_fds *fds)
{
	rig_answer(&s->r, b, h, fds);
	seqpkt_fds_close(fds);
}

static void
greet(struct scene *s)
{
	struct priv_hello m = { .pid = 1 };
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	snprintf(m.build, sizeof(m.build), "%s", RDV_BUILD);
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, rig_id(&s->r), PRIV_REQUEST, &m);
	rig_send(&s->r, b.data, b.len);
	buf_done(&b);
	answer_of(s, &b, &h, &fds);
	buf_done(&b);
}

static void
begin(struct scene *s, enum state state)
{
	const struct rig_spawn program = { .argv = ARGV("cat") };

	memset(s, 0, sizeof(*s));
	s->state = state;
	s->handle = 7;
	rig_prepare(&s->r);
	rig_launch(&s->r, NULL);
	rig_daemon(&s->r);
	rig_ops(&s->r);
	if (state == GREETED)
		greet(s);
	if (state < GRANTED)
		return;
	rig_login(&s->r);
	if (state < RUNNING)
		return;
	rig_spawn(&s->r, &program, &s->run);
	assert_int_equal(s->run.a.result, PRIV_DONE);
	s->handle = s->run.a.handle;
	if (state == RUNNING)
		return;
	/* The end of its input is the end of cat(1). */
	rig_close(&s->run);
	rig_exit(&s->r, s->handle, &s->r.notices[0]);
}

/* Another [ops] is there, and a proper rdvd is served. */
static void
served(struct scene *s)
{
	const struct rig_spawn echo = { .argv = ARGV("echo", "served") };
	struct priv_exit end;

	rig_login(&s->r);
	rig_run(&s->r, &echo, out, sizeof(out), &end);
	assert_string_equal(out, "served\n");
}

static void
finish(struct scene *s, bool ended)
{
	if (ended) {
		assert_true(rig_closed(s->r.ops));
		rig_ops(&s->r);
		s->r.nnotices = 0;
		served(s);
	}
	rig_close(&s->run);
	rig_stop(&s->r);
}

/*
 * The verbs as a proper rdvd would say them, with this state's grant and run.
 */
static void
put_hello(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_hello m = { .pid = 1 };

	(void)s;
	snprintf(m.build, sizeof(m.build), "%s", RDV_BUILD);
	priv_put_hello(b, id, PRIV_REQUEST, &m);
}

static void
put_login(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_login m = { .kind = PRIV_LOGIN_UID,
		.uid = getuid() + 1 };

	(void)s;
	priv_put_login(b, id, &m);
}

static void
put_spawn(struct buf *b, uint32_t id, const struct scene *s)
{
	char path[128], root[] = "/", touch[] = "/bin/touch";
	char *argv[] = { touch, path, NULL };
	struct priv_spawn m = {
		.io = PRIV_IO_PIPES, .cwd = root, .argv = argv, .argc = 2
	};

	/* Of nobody, so that it is refused where the state would allow it. */
	snprintf(path, sizeof(path), "%s/canary", s->r.dir);
	snprintf(m.profile, sizeof(m.profile), "login");
	priv_put_spawn(b, id, &m);
}

static void
put_signal(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_signal m = { .handle = s->handle, .sig = SIGSEGV };

	priv_put_signal(b, id, &m);
}

static void
put_logout(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_logout m;

	(void)s;
	memset(&m, 0x5a, sizeof(m));
	priv_put_logout(b, id, &m);
}

static void
put_inventory(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_inventory m = { .most = SEQPKT_MANY_MAX };

	(void)s;
	priv_put_inventory(b, id, &m);
}

static void
put_exit(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_exit m = { .handle = s->handle };

	priv_put_exit(b, id, PRIV_REQUEST, &m);
}

static void
put_enroll(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_enroll m = { .uid = getuid() };

	(void)s;
	priv_put_enroll(b, id, &m);
}

static void
put_revoke(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_revoke m = { .sha256 = { 1 } };

	memcpy(m.grant, s->r.login.grant, sizeof(m.grant));
	priv_put_revoke(b, id, &m);
}

static void
put_ports(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_ports m = { .handle = s->handle };

	priv_put_ports(b, id, PRIV_REQUEST, &m);
}

/*
 * In each state: MUTE, GREETED, GRANTED, RUNNING, ENDED. HELLO is refused where
 * it has been said, everything else where it has not. EXIT stands last, because
 * it is the one that changes something.
 */
static const struct verb {
	const char *name;
	void (*put)(struct buf *b, uint32_t id, const struct scene *s);
	int want[STATES];
} verbs[] = {
	{ "LOGIN", put_login,
	    { ENDS, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED } },
	{ "SPAWN", put_spawn,
	    { ENDS, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED } },
	{ "SIGNAL", put_signal,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DENIED, PRIV_DENIED } },
	{ "LOGOUT", put_logout,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_NO_SUCH } },
	{ "INVENTORY", put_inventory,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DONE, PRIV_DONE } },
	{ "PORTS", put_ports,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DONE, PRIV_NO_SUCH } },
	{ "ENROLL", put_enroll,
	    { ENDS, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED,
		PRIV_UNSUPPORTED } },
	{ "REVOKE", put_revoke,
	    { ENDS, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED,
		PRIV_UNSUPPORTED } },
	{ "EXIT", put_exit,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DENIED, PRIV_DONE } },
	{ "HELLO", put_hello, { PRIV_DONE, ENDS, ENDS, ENDS, ENDS } },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))
/* Of those of the protocol, 0 is none and HALT is only ever told. */
_Static_assert(VERBS == PRIV_OP_MAX - 2, "a verb without a row");

static void
ask(struct scene *s, const struct verb *v)
{
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	v->put(&b, rig_id(&s->r), s);
	assert_true(buf_ok(&b));
	rig_send(&s->r, b.data, b.len);
	buf_done(&b);
}

/* The first byte of every answer but HELLO's. */
static int
result_of(struct scene *s, const struct verb *v)
{
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;
	uint8_t result;

	ask(s, v);
	answer_of(s, &b, &h, &fds);
	assert_int_equal(h.kind, PRIV_ANSWER);
	result = h.op == PRIV_HELLO ? PRIV_DONE : b.data[b.off];
	buf_done(&b);
	return result;
}

static void
expect_no_act(const struct scene *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/canary", s->r.dir);
	assert_int_equal(access(path, F_OK), -1);
}

/* Cells that are answered, one after the other; then those that end it. */
static void
each_verb(enum state state)
{
	struct scene s;
	size_t i;

	begin(&s, state);
	for (i = 0; i < VERBS; i++)
		if (verbs[i].want[state] != ENDS) {
			print_message("# %d %s\n", state, verbs[i].name);
			assert_int_equal(result_of(&s, &verbs[i]),
			    verbs[i].want[state]);
		}
	expect_no_act(&s);
	finish(&s, false);
	for (i = 0; i < VERBS; i++) {
		if (verbs[i].want[state] != ENDS)
			continue;
		print_message("# %d %s\n", state, verbs[i].name);
		begin(&s, state);
		ask(&s, &verbs[i]);
		expect_no_act(&s);
		finish(&s, true);
	}
}

static void
abuse_E01_E09_every_state(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < STATES; i++)
		each_verb(i);
}

/*
 * What may be done to a packet that is good otherwise: bytes of it set, its
 * length changed, or something put beside it. None has a right to an answer.
 */
enum beside { NOTHING, NULL_FD, ITSELF, MANY };

static const struct trick {
	const char *name;
	unsigned at;
	uint8_t set; /* in the byte `at`, when that is not 0 */
	int resize;
	enum beside beside;
} tricks[] = {
	{ "version", 4, 9, 0, NOTHING },
	{ "a verb that is none", 6, PRIV_OP_MAX, 0, NOTHING },
	{ "a verb far beyond", 7, 0x80, 0, NOTHING },
	{ "a verb that is only told", 6, PRIV_HALT, 0, NOTHING },
	{ "length", 15, 0xff, 0, NOTHING },
	{ "descriptors promised", 16, 1, 0, NOTHING },
	{ "an answer", 17, PRIV_ANSWER, 0, NOTHING },
	{ "a notice", 17, PRIV_NOTICE, 0, NOTHING },
	{ "no such kind", 17, 0xff, 0, NOTHING },
	{ "a byte too few", 0, 0, -1, NOTHING },
	{ "a byte too many", 0, 0, 1, NOTHING },
	{ "a descriptor", 0, 0, 0, NULL_FD },
	{ "the socket itself", 0, 0, 0, ITSELF },
	{ "many descriptors", 0, 0, 0, MANY },
};

/* Single fields of a verb beyond what the protocol gives them. */
static const struct field {
	const char *verb;
	unsigned at;
	uint8_t set;
} fields[] = {
	{ "LOGIN", PRIV_HEADER, PRIV_LOGIN_SERVICE + 1 },
	{ "LOGIN", PRIV_HEADER, 0xff },
	{ "LOGIN", PRIV_HEADER + 6, 0xff },  /* the secret's length */
	{ "SPAWN", PRIV_HEADER + 32, 0xff }, /* the profile's */
	{ "SPAWN", PRIV_HEADER + 34, 0 },    /* a NUL in it */
	{ "SPAWN", PRIV_HEADER + 39, 0xff }, /* the label's length */
	{ "SPAWN", PRIV_HEADER + 41, PRIV_IO_TALK + 1 },
	{ "SPAWN", PRIV_HEADER + 46, PRIV_NET_FULL + 1 },
	{ "SPAWN", PRIV_HEADER + 55, 0xff }, /* that of cwd */
	{ "SPAWN", PRIV_HEADER + 58, 0xff }, /* how many arguments */
	{ "SIGNAL", PRIV_HEADER + 8, 2 },    /* `all` */
	{ "SIGNAL", PRIV_HEADER + 8, 0xff },
	{ "INVENTORY", PRIV_HEADER + 8, SEQPKT_MANY_MAX + 1 },
	{ "PORTS", PRIV_HEADER + 8, 2 }, /* `unsure` */
	{ "PORTS", PRIV_HEADER + 9, PRIV_PORTS_MAX + 1 },
};

static void
send_beside(struct scene *s, const struct buf *b, enum beside beside)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = b->data, .iov_len = b->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t n = beside == MANY ? 64 : 1, i;
	int fds[64];

	for (i = 0; i < n; i++)
		fds[i] = beside == ITSELF ? s->r.ops : STDIN_FILENO;
	if (beside != NOTHING) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(s->r.ops, &msg, MSG_NOSIGNAL), b->len);
}

static void
play(enum state state, const struct verb *v, const struct trick *t)
{
	struct scene s;
	struct buf b;

	begin(&s, state);
	buf_init(&b, SEQPKT_MAX);
	v->put(&b, rig_id(&s.r), &s);
	if (t->at > 0)
		b.data[t->at] = t->set;
	if (t->resize > 0)
		buf_put_u8(&b, 0);
	else
		b.len -= (size_t)-t->resize;
	print_message("# %d %s: %s\n", state, v->name, t->name);
	send_beside(&s, &b, t->beside);
	buf_done(&b);
	expect_no_act(&s);
	finish(&s, true);
}

static const struct verb *
verb_named(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	fail_msg("no verb %s", name);
	return NULL;
}

/*
 * Each trick with each verb, and each of both in every state, though not all
 * three with each other: which of them it is, nothing has looked at yet when
 * the packet is turned down.
 */
static void
abuse_E02_E04_E08_every_trick(void **state)
{
	size_t t, v;

	(void)state;
	for (t = 0; t < sizeof(tricks) / sizeof(tricks[0]); t++)
		for (v = 0; v < VERBS; v++)
			play((enum state)((t + v) % STATES), &verbs[v],
			    &tricks[t]);
}

static void
abuse_E01_every_field(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		play((enum state)(GREETED + i % (STATES - 1)),
		    verb_named(fields[i].verb),
		    &(struct trick){
			"a field", fields[i].at, fields[i].set, 0, NOTHING });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_E09_every_state),
		cmocka_unit_test(abuse_E02_E04_E08_every_trick),
		cmocka_unit_test(abuse_E01_every_field),
	};

	return CHECK_RUN("states", tests);
}
