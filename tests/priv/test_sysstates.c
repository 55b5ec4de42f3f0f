/* SPDX-License-Identifier: MIT */
/*
 * Every state of the protocol and every verb in system mode: rdvd, taken over,
 * has a person's grant at best, and asks for what is another's. Each cell says
 * what comes of it, in a table like that of test_states.c; nothing that is
 * refused is done, and nobody loses what they had.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

#define ENDS -1 /* no answer: [ops] has ended itself */

/* How far this rdvd has come: it never has more than the first person. */
enum state { MUTE, GREETED, GRANTED, RUNNING, ENDED, STATES };
enum person { ANN, BOB };

struct scene {
	struct rigops o;
	uint64_t handle; /* of a run of the first person, or of none */
	struct rig_result run;
	/* A token of the second, and a proof of theirs for another. */
	char bobs[RIGOPS_TEXT], proof[256];
	uint8_t bobs_sum[PRIV_HASH_LEN], proved[PRIV_HASH_LEN];
};

static void
begin(struct scene *s, enum state state)
{
	const struct rig_spawn program = { .argv = ARGV("cat") };
	char text[RIGOPS_TEXT];

	memset(s, 0, sizeof(*s));
	s->handle = 7;
	rigops_start(&s->o, NULL);
	rigops_enrol(&s->o, BOB, 0, s->bobs, s->bobs_sum);
	rigops_token(&s->o, text, s->proved);
	rigops_proof(&s->o, BOB, s->proved, s->proof);
	if (state == MUTE)
		rigops_mute(&s->o);
	if (state < GRANTED)
		return;
	rigops_enter(&s->o, ANN);
	if (state < RUNNING)
		return;
	rig_spawn(&s->o.rig, &program, &s->run);
	assert_int_equal(s->run.a.result, PRIV_DONE);
	s->handle = s->run.a.handle;
	if (state == RUNNING)
		return;
	/* The end of its input is the end of cat(1). */
	rig_close(&s->run);
	rig_exit(&s->o.rig, s->handle, &s->o.rig.notices[0]);
}

/* What the second person had is there, and no more than that. */
static void
finish(struct scene *s)
{
	assert_int_equal(access(s->proof, F_OK), 0);
	assert_int_equal(rigops_login(&s->o, PRIV_LOGIN_TOKEN, 0, s->bobs),
	    PRIV_DONE);
	assert_int_equal(s->o.rig.login.uid, s->o.who[BOB].uid);
	rigops_control(&s->o, BOB);
	rig_close(&s->run);
	rigops_stop(&s->o);
}

static void
put_hello(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_hello m = { .pid = 1 };

	(void)s;
	snprintf(m.build, sizeof(m.build), "%s", RDV_BUILD);
	priv_put_hello(b, id, PRIV_REQUEST, &m);
}

static void
put_login(struct buf *b, uint32_t id, uint8_t kind, uid_t uid, const char *text)
{
	struct priv_login m = { .kind = kind, .uid = uid };

	snprintf(m.secret, sizeof(m.secret), "%s", text);
	priv_put_login(b, id, &m);
}

static void
put_claim(struct buf *b, uint32_t id, const struct scene *s)
{
	put_login(b, id, PRIV_LOGIN_UID, s->o.who[ANN].uid, "");
}

static void
put_root(struct buf *b, uint32_t id, const struct scene *s)
{
	put_login(b, id, PRIV_LOGIN_SERVICE, 0, s->o.service);
}

/* The web may not act for this one. */
static void
put_no_web(struct buf *b, uint32_t id, const struct scene *s)
{
	put_login(b, id, PRIV_LOGIN_SERVICE, s->o.who[BOB].uid, s->o.service);
}

static void
put_guess(struct buf *b, uint32_t id, const struct scene *s)
{
	put_login(b, id, PRIV_LOGIN_TOKEN, s->o.who[BOB].uid, "rdv_guess");
}

/* It is somebody's, but not hers. */
static void
put_other_token(struct buf *b, uint32_t id, const struct scene *s)
{
	put_login(b, id, PRIV_LOGIN_TOKEN, s->o.who[ANN].uid, s->bobs);
}

static void
put_spawn(struct buf *b, uint32_t id, const struct scene *s)
{
	char path[256], root[] = "/", touch[] = "/bin/touch";
	char *argv[] = { touch, path, NULL };
	struct priv_spawn m = {
		.io = PRIV_IO_PIPES, .cwd = root, .argv = argv, .argc = 2
	};

	snprintf(path, sizeof(path), "%.200s/canary", s->o.who[BOB].home);
	snprintf(m.profile, sizeof(m.profile), "login");
	/* Of nobody. */
	memset(m.grant, 0x5a, sizeof(m.grant));
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
put_ports(struct buf *b, uint32_t id, const struct scene *s)
{
	const struct priv_ports m = { .handle = s->handle };

	priv_put_ports(b, id, PRIV_REQUEST, &m);
}

static void
put_enroll(struct buf *b, uint32_t id, uid_t uid, int64_t expires,
    const struct scene *s)
{
	struct priv_enroll m = { .uid = uid, .expires_ms = expires };

	memcpy(m.sha256, s->proved, sizeof(m.sha256));
	priv_put_enroll(b, id, &m);
}

/* With the proof of somebody else. */
static void
put_enroll_other(struct buf *b, uint32_t id, const struct scene *s)
{
	put_enroll(b, id, s->o.who[ANN].uid, 0, s);
}

static void
put_enroll_root(struct buf *b, uint32_t id, const struct scene *s)
{
	put_enroll(b, id, 0, 0, s);
}

static void
put_enroll_late(struct buf *b, uint32_t id, const struct scene *s)
{
	put_enroll(b, id, s->o.who[BOB].uid, clock_wall_ms() - 1, s);
}

/* Its proof has been used up. */
static void
put_enroll_again(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_enroll m = { .uid = s->o.who[BOB].uid };

	memcpy(m.sha256, s->bobs_sum, sizeof(m.sha256));
	priv_put_enroll(b, id, &m);
}

static void
put_revoke_other(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_revoke m;

	memcpy(m.grant, s->o.rig.login.grant, sizeof(m.grant));
	memcpy(m.sha256, s->bobs_sum, sizeof(m.sha256));
	priv_put_revoke(b, id, &m);
}

static void
put_revoke_of_nobody(struct buf *b, uint32_t id, const struct scene *s)
{
	struct priv_revoke m;

	memset(m.grant, 0x5a, sizeof(m.grant));
	memcpy(m.sha256, s->bobs_sum, sizeof(m.sha256));
	priv_put_revoke(b, id, &m);
}

#define DENIED                                                           \
	{                                                                \
		ENDS, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED, PRIV_DENIED \
	}
#define NO_SUCH                                                              \
	{                                                                    \
		ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_NO_SUCH \
	}
#define NO_CLAIM                                                            \
	{                                                                   \
		ENDS, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED, PRIV_UNSUPPORTED, \
		    PRIV_UNSUPPORTED                                        \
	}

/* In each state, as in test_states.c. */
static const struct verb {
	const char *name;
	void (*put)(struct buf *b, uint32_t id, const struct scene *s);
	int want[STATES];
} verbs[] = {
	{ "LOGIN by claim", put_claim, NO_CLAIM },
	{ "LOGIN of root by the web", put_root, DENIED },
	{ "LOGIN of who is not for the web", put_no_web, DENIED },
	{ "LOGIN by a guess", put_guess, DENIED },
	{ "LOGIN by another's token", put_other_token, DENIED },
	{ "SPAWN", put_spawn, DENIED },
	{ "SIGNAL", put_signal,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DENIED, PRIV_DENIED } },
	{ "LOGOUT", put_logout, NO_SUCH },
	{ "INVENTORY", put_inventory,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DONE, PRIV_DONE } },
	{ "PORTS", put_ports,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DONE, PRIV_NO_SUCH } },
	{ "ENROLL by another's proof", put_enroll_other, DENIED },
	{ "ENROLL of root", put_enroll_root, DENIED },
	{ "ENROLL of what has ended", put_enroll_late, DENIED },
	{ "ENROLL once more", put_enroll_again, DENIED },
	{ "REVOKE of another's", put_revoke_other,
	    { ENDS, PRIV_DENIED, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_NO_SUCH } },
	{ "REVOKE without a grant", put_revoke_of_nobody, DENIED },
	{ "EXIT", put_exit,
	    { ENDS, PRIV_NO_SUCH, PRIV_NO_SUCH, PRIV_DENIED, PRIV_DONE } },
	{ "HELLO", put_hello, { PRIV_DONE, ENDS, ENDS, ENDS, ENDS } },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void
write_packet(struct scene *s, const struct verb *v, struct buf *b)
{
	buf_init(b, SEQPKT_MAX);
	v->put(b, rig_id(&s->o.rig), s);
	assert_true(buf_ok(b));
}

/* The first byte of every answer but HELLO's. */
static int
result_of(struct scene *s, const struct verb *v)
{
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;
	uint8_t result;

	write_packet(s, v, &b);
	rig_send(&s->o.rig, b.data, b.len);
	buf_done(&b);
	rig_answer(&s->o.rig, &b, &h, &fds);
	seqpkt_fds_close(&fds);
	assert_int_equal(h.kind, PRIV_ANSWER);
	result = h.op == PRIV_HELLO ? PRIV_DONE : b.data[b.off];
	buf_done(&b);
	return result;
}

static void
expect_no_act(const struct scene *s)
{
	char path[256];

	snprintf(path, sizeof(path), "%.200s/canary", s->o.who[BOB].home);
	assert_int_equal(access(path, F_OK), -1);
}

/* The run goes on without [ops], to the end that its input has. */
static void
end_run(struct scene *s)
{
	const pid_t pid = (pid_t)s->run.a.pid;
	pid_t reaper;

	if (s->run.fds.n == 0)
		return;
	reaper = rig_parent(pid);
	rig_close(&s->run);
	rig_gone(pid);
	rig_gone(reaper);
}

/* A packet that has no right to an answer. */
static void
ends(enum state state, const struct verb *v, int resize)
{
	struct scene s;
	struct buf b;

	print_message("# %d %s (%+d)\n", state, v->name, resize);
	begin(&s, state);
	write_packet(&s, v, &b);
	if (resize > 0)
		buf_put_u8(&b, 0);
	else
		b.len -= (size_t)-resize;
	rig_send(&s.o.rig, b.data, b.len);
	buf_done(&b);
	assert_true(rig_closed(s.o.rig.ops));
	expect_no_act(&s);
	assert_int_equal(access(s.proof, F_OK), 0);
	end_run(&s);
	rigops_ended(&s.o);
}

/* Cells that are answered, one after the other. */
static void
each_verb(enum state state)
{
	struct scene s;
	size_t i;
	int got;

	begin(&s, state);
	for (i = 0; i < VERBS; i++) {
		if (verbs[i].want[state] == ENDS)
			continue;
		got = result_of(&s, &verbs[i]);
		if (got != verbs[i].want[state])
			fail_msg("%d %s: %d", state, verbs[i].name, got);
	}
	expect_no_act(&s);
	finish(&s);
}

static void
abuse_E01_E09_system_every_state(void **state)
{
	size_t i;
	int at;

	(void)state;
	rigops_need();
	for (at = 0; at < STATES; at++)
		each_verb(at);
	for (at = 0; at < STATES; at++)
		for (i = 0; i < VERBS; i++)
			if (verbs[i].want[at] == ENDS)
				ends(at, &verbs[i], 0);
}

/* A byte more or less, of the verbs that system mode adds. */
static void
abuse_E02_system_lengths(void **state)
{
	size_t i;

	(void)state;
	rigops_need();
	for (i = 0; i < VERBS; i++)
		if (strncmp(verbs[i].name, "ENROLL", 6) == 0 ||
		    strncmp(verbs[i].name, "REVOKE", 6) == 0)
			ends(GREETED + i % (STATES - 1), &verbs[i],
			    i % 2 == 0 ? 1 : -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_E09_system_every_state),
		cmocka_unit_test(abuse_E02_system_lengths),
	};

	return cmocka_run_group_tests_name("sysstates", tests, rigops_accounts,
	    rigops_no_accounts);
}
