/* SPDX-License-Identifier: MIT */
/*
 * A taken-over rdvd against [ops]: packets in any order and state, with fields
 * out of range, cut, changed or with descriptors, while reapers report, the
 * audit log fails and time passes. What every answer must be is in ops_model.c;
 * here is what one input says to do, byte by byte.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "lib/sha256.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ops_model.h"
#include "tests/fuzz/ops_world.h"

/* The bytes still to be acted out; zeros when there are none. */
static const uint8_t *at;
static size_t left;

static uint8_t
take(void)
{
	if (left == 0)
		return 0;
	left--;
	return *at++;
}

#define RELOADS_MAX 3
static unsigned reloads;

/* What is done to the next packet. */
static struct {
	uint8_t flip;
	unsigned flip_at;
	int resize;
	unsigned fds;
} trick;

static const uint8_t *
some_grant(void)
{
	static uint8_t made[PRIV_GRANT_LEN];
	const uint8_t which = take();

	if (which < 0xc0 && model.ngrants > 0)
		return model.grant[which % model.ngrants].token;
	memset(made, which & 1 ? take() : 0, sizeof(made));
	return made;
}

static uint64_t
some_handle(void)
{
	const uint8_t which = take();

	if (which < 0xc0 && world.nfar > 0)
		return world.far[which % world.nfar].handle +
		       (which >= 0xb0 ? 1 : 0);
	return model.generation + which;
}

static void
say_hello(struct buf *b, uint32_t id)
{
	struct priv_hello m = { .pid = 1 };

	(void)str_copy(m.build, take() == 0xff ? "other" : RDV_BUILD,
	    sizeof(m.build));
	priv_put_hello(b, id, PRIV_REQUEST, &m);
}

static void
say_login(struct buf *b, uint32_t id)
{
	const uint8_t who = take();
	struct priv_login m = { .kind = who >> 6,
		.uid = WORLD_UID + (who >> 4 & 3) };

	if (m.kind != PRIV_LOGIN_UID)
		(void)str_copy(m.secret, world_token[(who & 7) % WORLD_TOKENS],
		    sizeof(m.secret));
	if (m.kind == PRIV_LOGIN_TOKEN && (who & 8) == 0)
		m.uid = 0;
	priv_put_login(b, id, &m);
}

static void
say_spawn(struct buf *b, uint32_t id)
{
	static const char *const names[] = { "login", "script", "git", "root" };
	static char root[] = "/", tmp[] = "/tmp", relative[] = "tmp",
		    up[] = "/a/../b", sh[] = "sh", none[] = "", env[] = "A=1",
		    host[] = "a.example:443";
	static char *const cwds[] = { root, tmp, relative, up };
	const uint8_t *grant = some_grant();
	const uint8_t how = take(), more = take();
	char *argv[] = { more & 0x80 ? none : sh, NULL };
	char *envp[] = { env, NULL }, *paths[] = { tmp, NULL };
	char *hosts[] = { host, NULL };
	struct priv_spawn m = { .io = how & 1,
		.cols = how & 2 ? 80 : more,
		.rows = how & 2 ? 24 : 5000,
		.cwd = cwds[how >> 2 & 3],
		.argv = argv,
		.envp = envp,
		.paths = paths,
		.argc = more & 0x40 ? 0 : 1,
		.envc = more & 1,
		.pathc = more >> 1 & 1,
		.net = how >> 6,
		.hosts = hosts,
		.hostc = more >> 5 & 1 };

	memcpy(m.grant, grant, sizeof(m.grant));
	(void)str_copy(m.profile, names[how >> 4 & 3], sizeof(m.profile));
	memset(m.label, 'l', more >> 2 & 7);
	priv_put_spawn(b, id, &m);
}

static void
say_signal(struct buf *b, uint32_t id)
{
	struct priv_signal m = { .handle = some_handle() };

	m.sig = (int8_t)take();
	m.all = take() & 1;
	priv_put_signal(b, id, &m);
}

static void
say_logout(struct buf *b, uint32_t id)
{
	struct priv_logout m;

	memcpy(m.grant, some_grant(), sizeof(m.grant));
	priv_put_logout(b, id, &m);
}

static void
say_inventory(struct buf *b, uint32_t id)
{
	const uint8_t how = take();
	const struct priv_inventory m = { .after = how & 1 ? some_handle() : 0,
		.most = how & 2 ? how : SEQPKT_MANY_MAX };

	priv_put_inventory(b, id, &m);
}

static void
say_exit(struct buf *b, uint32_t id)
{
	const struct priv_exit m = { .handle = some_handle(),
		.status = take() };

	priv_put_exit(b, id, PRIV_REQUEST, &m);
}

static void
say_enroll(struct buf *b, uint32_t id)
{
	const uint8_t what = take();
	const char *text = world_token[(what & 7) % WORLD_TOKENS];
	struct priv_enroll m = { .uid = WORLD_UID + (what >> 3 & 3) };

	if (what & 0x20)
		m.expires_ms = what & 0x80 ? clock_wall_ms() + 20000 : 1;
	world.proof = what & 0x40 ? m.uid : what & 0x80 ? m.uid + 1 : 0;
	sha256(text, strlen(text), m.sha256);
	priv_put_enroll(b, id, &m);
}

static void
say_revoke(struct buf *b, uint32_t id)
{
	struct priv_revoke m;
	const char *text;

	memcpy(m.grant, some_grant(), sizeof(m.grant));
	text = world_token[take() % WORLD_TOKENS];
	sha256(text, strlen(text), m.sha256);
	priv_put_revoke(b, id, &m);
}

/* No message at all, or one written by the fuzzer itself. */
static void
say_anything(struct buf *b, uint32_t id)
{
	unsigned n = take();

	(void)id;
	while (n-- > 0)
		buf_put_u8(b, take());
}

static void
attach(struct msghdr *msg, void *control)
{
	struct cmsghdr *c = control;
	int fds[4] = { 0, 0, 0, 0 };
	const size_t size = (1 + trick.fds % 4) * sizeof(int);

	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(size);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), fds, size);
}

static void
play_tricks(struct buf *b)
{
	if (b->len > 0 && trick.flip != 0)
		b->data[trick.flip_at % b->len] ^= trick.flip;
	for (; trick.resize > 0; trick.resize--)
		buf_put_u8(b, 0);
	if (trick.resize < 0)
		b->len -= (size_t)-trick.resize < b->len ? (size_t)-trick.resize
							 : b->len;
}

/* Says it, as it is by now, unless an earlier packet waits to be read. */
static void
say(void (*what)(struct buf *, uint32_t))
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct buf b;

	if (!model_may_ask())
		return;
	/* What these change the model learns from their answers alone. */
	if (model.deaf && (what == say_enroll || what == say_revoke))
		return;
	buf_init(&b, 2 * SEQPKT_MAX);
	what(&b, ++model.id);
	if (buf_ok(&b)) {
		play_tricks(&b);
		if (trick.fds > 0)
			attach(&msg, &control);
		iov = (struct iovec){ b.data, b.len };
		FUZZ_CHECK(sendmsg(world.rdvd, &msg, MSG_NOSIGNAL) ==
			   (ssize_t)b.len);
		model_asked(b.data, b.len, trick.fds > 0);
		memset(&trick, 0, sizeof(trick));
	}
	buf_done(&b);
}

static void
do_flip(void)
{
	trick.flip_at = take();
	trick.flip = take();
}

static void
do_resize(void)
{
	const uint8_t by = take();

	trick.resize = by == 0xff ? SEQPKT_MAX : (int8_t)by;
}

static void
do_fds(void)
{
	trick.fds = 1 + take();
}

static void
do_id(void)
{
	model.id += (uint32_t)(int8_t)take() << (take() & 31);
}

static void
do_connect(void)
{
	world_connect();
	model_connected();
}

static void
do_deaf(void)
{
	model.deaf = !model.deaf;
}

static void
do_time(void)
{
	static const int64_t steps[] = { 1, 10000, GRANT_TTL_MS / 2,
		GRANT_TTL_MS };

	world.shift += steps[take() & 3];
}

/*
 * What its grants come to the model knows from answers that are all heard. Few,
 * as each costs as much as all else that an input does.
 */
static void
do_reload(void)
{
	const unsigned policy = take() % POLICIES;

	if (model.deaf || reloads == RELOADS_MAX)
		return;
	reloads++;
	world_reload(policy);
	model_reloaded();
}

static void
do_scribe(void)
{
	world.scribe = take() % SCRIBE_MODES;
}

static void
do_ending(void)
{
	world.ops.ending = true;
}

/* News of a reaper: what it is made to say, true or not, whole or not. */
static void
do_reaper(void)
{
	struct reaper_report report = { .pid = 1 };
	const uint8_t what = take();
	struct far *f;

	f = world.nfar > 0 ? &world.far[take() % world.nfar] : NULL;
	if (f == NULL || f->control < 0)
		return;
	report.news = what & 7;
	report.swept = what;
	f->news = true;
	/* What is none of the other words is taken for the end. */
	f->ended |=
	    (report.news != REAPER_STARTED && report.news != REAPER_HALTED &&
		report.news != REAPER_GOES_ON) ||
	    what > 0xf0;
	if (report.news != 7)
		(void)send(f->control, &report,
		    what > 0xf0 ? 3 : sizeof(report), MSG_NOSIGNAL);
	else
		(void)close(f->control);
	if (report.news == 7)
		f->control = -1;
}

/* The program has begun, or has failed to at some stage. */
static void
do_status(void)
{
	struct drop_report report = { 0 };
	const uint8_t what = take();
	struct far *f;

	f = world.nfar > 0 ? &world.far[take() % world.nfar] : NULL;
	if (f == NULL || f->status < 0)
		return;
	f->news = true;
	report.stage = what;
	report.err = what & 2 ? ENOENT : 0;
	if (what & 1)
		(void)!write(f->status, &report,
		    what > 0xf0 ? 1 : sizeof(report));
	(void)close(f->status);
	f->status = -1;
}

/* First what rdvd says, then what happens beside it. */
static void (*const words[])(struct buf *, uint32_t) = { say_hello, say_login,
	say_spawn, say_signal, say_logout, say_inventory, say_exit,
	say_anything };
static void (*const deeds[])(void) = { do_reaper, do_status, do_flip, do_resize,
	do_fds, do_id, do_connect, do_deaf, do_time, do_scribe, do_ending };
/* Those that came later, so that older inputs mean what they meant. */
static void (*const more[])(struct buf *, uint32_t) = { say_enroll,
	say_revoke };
static void (*const last[])(void) = { do_reload };
#define WORDS (sizeof(words) / sizeof(words[0]))
#define DEEDS (sizeof(deeds) / sizeof(deeds[0]))
#define MORE  (sizeof(more) / sizeof(more[0]))
#define LAST  (sizeof(last) / sizeof(last[0]))

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t what;

	at = data;
	left = size;
	memset(&trick, 0, sizeof(trick));
	reloads = 0;
	/* A first byte of 0xff is system mode, and no deed. */
	world_begin(size > 0 && *data == 0xff && take() == 0xff);
	model_begin();
	do_connect();
	while (left > 0 && !world.broken && !model.confused) {
		what = take() % (WORDS + DEEDS + MORE + LAST);
		if (what < WORDS)
			say(words[what]);
		else if (what < WORDS + DEEDS)
			deeds[what - WORDS]();
		else if (what < WORDS + DEEDS + MORE)
			say(more[what - WORDS - DEEDS]);
		else
			last[what - WORDS - DEEDS - MORE]();
		model_turn();
	}
	model_end();
	world_end();
	return 0;
}
