/* SPDX-License-Identifier: MIT */
/*
 * From the terminal to the log without passing through this process. What is
 * small is passed on at once; a flood takes turns with others (flood.c).
 * Invariant: `spooled` counts what is in the spool, and no byte leaves a pipe
 * but into the log.
 */
#include "daemon/term/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/splice.h"

/*
 * The kernel's terminals hand over a page at most, at some 100 bytes a
 * microsecond, and asking for the next page at once waits until the kernel has
 * moved it up. So a turn is one page: the next one comes meanwhile.
 */
#define SIP	   4096
#define FLOOD	   4095	 /* a turn that moved this much was no echo */
#define PIPE_BYTES 65536 /* so much of a log is written at once */
/*
 * Of several floods, spooled in several turns before it is logged and shown:
 * fewer, larger.
 */
#define BATCH 65536
/*
 * One flood alone is logged in such pieces, which begin at a multiple of that:
 * what straddles two pages of a file takes the file system twice the work.
 */
#define LOG_PIECE 16384
/*
 * While somebody types a flood shows four pages at once, and lets who has them
 * go ahead (floods_shown()).
 */
#define TYPED_SHOW (4 * FLOOD)
#define BLOCKED_MS 500
#define HUNG_MS	   200
/*
 * After the run's end nobody of its own holds the terminal open. A process of
 * another run may (abuse H08): the wait ends when it is silent for so long, and
 * in any case after LINGER_MS.
 */
#define QUIET_MS  2000
#define LINGER_MS 10000

static void pump_readable_cb(int, short, void *);
static void pump_timer_cb(void *);
static size_t pump_turn_cb(void *);

void
pump_init(struct pump *p, struct loop *l, struct runlog *log,
    struct pump_load *load, const struct pump_ops *ops, void *arg)
{
	memset(p, 0, sizeof(*p));
	p->loop = l;
	p->log = log;
	p->load = load;
	p->ops = ops;
	p->arg = arg;
	p->flood.turn = pump_turn_cb;
	p->flood.arg = p;
	p->src[0].fd = p->src[1].fd = p->spool_r = p->spool_w = -1;
}

static void
source_open(struct pump *p, unsigned i, int fd, uint8_t stream)
{
	struct pump_source *s = &p->src[i];

	s->fd = fd;
	s->stream = stream;
	s->watch = loop_watch_new(p->loop, fd, LOOP_READ, pump_readable_cb, p);
}

static void
source_close(struct pump_source *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

static void
watch(struct pump *p, bool on)
{
	for (unsigned i = 0; i < 2; i++) {
		if (p->src[i].watch == NULL)
			continue;
		if (on)
			loop_watch_enable(p->src[i].watch);
		else
			loop_watch_disable(p->src[i].watch);
	}
}

static const int64_t state_us[] = {
	[PUMP_BLOCKED] = BLOCKED_MS * 1000,
	[PUMP_HUNG] = HUNG_MS * 1000,
	[PUMP_DONE] = 0,
};

static void
leave(struct pump *p)
{
	if (p->state == PUMP_BLOCKED)
		p->load->blocked--;
	flood_leave(&p->load->floods, &p->flood);
}

static void
enter(struct pump *p, enum pump_state s)
{
	enum pump_state was = p->state;

	if (was != s) {
		leave(p);
		p->state = s;
		if (s == PUMP_FLOOD)
			flood_join(&p->load->floods, &p->flood);
		if (s == PUMP_BLOCKED) {
			p->load->blocked++;
			p->load->blocks++;
			log_warnx("term", "no room for output; retrying");
		}
		if (s == PUMP_WATCH || was == PUMP_WATCH)
			watch(p, s == PUMP_WATCH);
	}
	if (state_us[s] > 0)
		loop_timer_set_us(p->timer, state_us[s]);
	else
		loop_timer_clear(p->timer);
}

void
pump_start(struct pump *p, enum priv_io io, const int *fd)
{
	int n = 0, size;

	p->io = io;
	p->timer = loop_timer_new(p->loop, pump_timer_cb, p);
	source_open(p, 0, fd[0], RUNLOG_OUT);
	if (io != PRIV_IO_PTY) {
		source_open(p, 1, fd[1], RUNLOG_ERR);
	} else {
		p->spool_r = fd[1];
		p->spool_w = fd[2];
		size = fcntl(p->spool_w, F_GETPIPE_SZ);
		p->spool_size = size > 0 ? (size_t)size : SIP;
		if (ioctl(p->spool_r, FIONREAD, &n) == 0 && n > 0)
			p->spooled = (size_t)n;
	}
	p->state = PUMP_WATCH;
	/* What is left in the spool makes nothing readable. */
	if (p->spooled > 0)
		enter(p, PUMP_FLOOD);
}

/* Terminal to spool, once. Bytes, 0 for none now, or -EIO at the end. */
static long
sip(struct pump *p)
{
	long n = splice_now(p->src[0].fd, p->spool_w, NULL, SIP);

	if (n > 0) {
		p->spooled += (size_t)n;
		return n;
	}
	return n == -EAGAIN ? 0 : -EIO;
}

/* Spool to log, all but `keep` bytes. 0 or -errno of the log. */
static int
empty_spool(struct pump *p, size_t keep)
{
	while (p->spooled > keep) {
		long n = runlog_splice(p->log, p->spool_r, p->spooled - keep,
		    p->src[0].stream);

		if (n == 0 || n == -EAGAIN)
			p->spooled = 0; /* a count that was wrong heals */
		else if (n < 0)
			return (int)n;
		else
			p->spooled -= (size_t)n;
	}
	return 0;
}

/* What one turn of a pump came to. */
struct turn {
	size_t moved;  /* out of the terminal or the pipes */
	size_t logged; /* into the log */
	bool end;      /* nobody holds the other side */
	bool blocked;  /* the log took no more */
};

static void
log_spool(struct pump *p, size_t keep, struct turn *t)
{
	uint64_t before = p->log->size;

	t->blocked = empty_spool(p, keep) != 0;
	t->logged += (size_t)(p->log->size - before);
}

/*
 * How much of what came is logged with what comes next, where more is sure to
 * come. Of one flood alone it is what does not fill a piece of the log.
 */
static size_t
kept_back(const struct pump *p, long n)
{
	const struct floods *fs = &p->load->floods;
	size_t over;

	if (p->ending != PUMP_LIVES || n < FLOOD ||
	    p->spooled + SIP > p->spool_size / 2)
		return 0;
	if (fs->n > 1)
		return p->spooled < BATCH ? p->spooled : 0;
	if (p->state != PUMP_FLOOD || !fs->calm || fs->left == 0)
		return 0;
	over = (size_t)((p->log->size + p->spooled) % LOG_PIECE);
	return over < p->spooled ? over : p->spooled;
}

/*
 * Whether what was logged is shown with what comes next. One flood alone has a
 * round for that, or a few pages. It is logged meanwhile all the same: while
 * that is done the kernel moves the next page up, and asking for it need not
 * sleep.
 */
static bool
shows_later(const struct pump *p, const struct turn *t)
{
	const struct floods *fs = &p->load->floods;

	if (p->state != PUMP_FLOOD || p->ending != PUMP_LIVES || t->end ||
	    t->blocked || t->moved < FLOODS_LITTLE)
		return false;
	if (fs->calm)
		return fs->left > 0;
	return fs->typed && p->log->size - p->shown < TYPED_SHOW;
}

/*
 * One flood alone has its turns within one, page by page: what is done for each
 * turn would be done for each page.
 */
static bool
goes_on(const struct pump *p, const struct turn *t, long n)
{
	return p->state == PUMP_FLOOD && p->ending == PUMP_LIVES && !t->end &&
	       !t->blocked && floods_another(&p->load->floods, (size_t)n);
}

static void
turn_pty(struct pump *p, struct turn *t)
{
	long n;

	if (p->state == PUMP_BLOCKED)
		log_spool(p, 0, t);
	if (t->blocked)
		return;
	do {
		n = sip(p);
		t->moved += n > 0 ? (size_t)n : 0;
		t->end = n < 0;
		/* At the end the bytes come before the end does. */
		log_spool(p, kept_back(p, n), t);
	} while (goes_on(p, t, n));
}

static void
turn_pipe(struct pump *p, struct pump_source *s, struct turn *t)
{
	long n = runlog_splice(p->log, s->fd, PIPE_BYTES, s->stream);

	if (n == 0)
		source_close(s);
	else if (n > 0)
		t->moved += (size_t)n;
	else if (n != -EAGAIN)
		t->blocked = true;
	t->logged = t->moved;
}

/*
 * Only a pipe that has something is spliced: the index record of the stream
 * is written before it is known whether bytes will follow.
 */
static void
turn_pipes(struct pump *p, struct turn *t)
{
	struct pollfd fd[2];
	int i, n;

	for (i = 0; i < 2; i++)
		fd[i] = (struct pollfd){ .fd = p->src[i].fd, .events = POLLIN };
	n = poll(fd, 2, 0);
	for (i = 0; i < 2 && n > 0; i++)
		if (fd[i].fd >= 0 && fd[i].revents != 0)
			turn_pipe(p, &p->src[i], t);
	t->end = p->src[0].fd < 0 && p->src[1].fd < 0;
}

static void
finished(struct pump *p)
{
	enter(p, PUMP_DONE);
	p->ops->drained(p->arg);
}

/* The other side is held by nobody. Is that the end? */
static void
next_at_end(struct pump *p)
{
	/*
	 * A program may open its terminal again while it lives, and who lost
	 * the helper does not know whether it lives: look twice.
	 */
	if (p->ending == PUMP_EXITED ||
	    (p->ending == PUMP_ORPHAN && p->state == PUMP_HUNG))
		finished(p);
	else
		enter(p, PUMP_HUNG);
}

/* The run is over, but something holds the other side and may still write. */
static bool
overdue(struct pump *p, const struct turn *t)
{
	int64_t now = clock_mono_ms();

	if (p->end_by == 0)
		p->end_by = now + LINGER_MS;
	if (t->moved > 0 || p->quiet_by == 0)
		p->quiet_by = now + QUIET_MS;
	return now >= p->quiet_by || now >= p->end_by;
}

static void
next(struct pump *p, const struct turn *t)
{
	bool exited = p->ending == PUMP_EXITED;

	if (t->blocked) {
		/* It is the disk that was waited for, and not a stranger. */
		p->quiet_by = p->end_by = 0;
		enter(p, PUMP_BLOCKED);
	} else if (t->end)
		next_at_end(p);
	else if (exited && overdue(p, t))
		finished(p);
	else if (p->held && p->ending == PUMP_LIVES)
		enter(p, PUMP_HELD);
	else if (t->moved >= FLOOD || (p->state == PUMP_FLOOD && t->moved > 0))
		enter(p, PUMP_FLOOD);
	else {
		enter(p, PUMP_WATCH);
		if (exited)
			loop_timer_set(p->timer, QUIET_MS);
	}
}

static void
show(struct pump *p)
{
	p->unshown = false;
	p->shown = p->log->size;
	p->ops->grown(p->arg);
	if (p->state == PUMP_FLOOD)
		floods_shown(&p->load->floods);
}

static size_t
pump_turn_cb(void *arg)
{
	struct pump *p = arg;
	struct turn t = { 0 };

	/* What a run has left when it ends is no more than a pipe holds. */
	if (p->ending == PUMP_LIVES && !p->ops->room(p->arg))
		t.blocked = true;
	else if (p->io != PRIV_IO_PTY)
		turn_pipes(p, &t);
	else
		turn_pty(p, &t);
	p->load->bytes += t.logged;
	p->unshown = p->unshown || t.logged > 0;
	if (p->unshown && !shows_later(p, &t))
		show(p);
	next(p, &t);
	return t.moved;
}

static void
pump_readable_cb(int fd, short what, void *arg)
{
	struct pump *p = arg;
	bool expected = p->expected;

	(void)fd;
	(void)what;
	p->expected = false;
	(void)pump_turn_cb(p);
	if (!expected)
		return;
	floods_release(&p->load->floods, &p->flood);
	busypoll_end(&p->load->busypoll, clock_mono_us());
}

static void
pump_timer_cb(void *arg)
{
	(void)pump_turn_cb(arg);
}

void
pump_expect(struct pump *p)
{
	if (p->state != PUMP_WATCH)
		return;
	p->expected = true;
	floods_hold(&p->load->floods, &p->flood);
	busypoll_begin(&p->load->busypoll, clock_mono_us());
}

void
pump_hold(struct pump *p, bool on)
{
	p->held = on;
	/* It leaves by itself then, in the turn that has been asked for. */
	if (p->ending != PUMP_LIVES)
		return;
	if (on && (p->state == PUMP_WATCH || p->state == PUMP_FLOOD))
		enter(p, PUMP_HELD);
	else if (!on && p->state == PUMP_HELD)
		enter(p,
		    p->spooled > 0 || p->unshown ? PUMP_FLOOD : PUMP_WATCH);
}

void
pump_finish(struct pump *p, enum pump_ending why)
{
	if (p->state == PUMP_IDLE || p->state == PUMP_DONE)
		return;
	p->ending = why;
	/* From the timer, as the caller does not expect `drained` yet. */
	if (p->state != PUMP_BLOCKED)
		loop_timer_set_us(p->timer, 0);
}

void
pump_done(struct pump *p)
{
	leave(p);
	p->state = PUMP_DONE;
	source_close(&p->src[0]);
	source_close(&p->src[1]);
	if (p->spool_r >= 0)
		(void)close(p->spool_r);
	if (p->spool_w >= 0)
		(void)close(p->spool_w);
	p->spool_r = p->spool_w = -1;
	loop_timer_free(p->timer);
	p->timer = NULL;
}
