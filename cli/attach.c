/* SPDX-License-Identifier: MIT */
/*
 * rdv attach: keyboard, screen and signals around a view. One poll loop that
 * never blocks: signals come as bytes, the screen is written through a
 * non-blocking descriptor of its own, and both directions stop reading when
 * the other side does not take what is there. What a slow terminal would take
 * long for is dropped and its screen asked for. So a flood does not lock the
 * keyboard, a paste loses nothing, and memory has a bound.
 */
#include "cli/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/attachend.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/keys.h"
#include "cli/out.h"
#include "cli/tty.h"
#include "cli/view.h"
#include "cli/vt.h"
#include "cli/vtsafe.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

#define INPUT_MAX  65536
#define OUTPUT_LOW ((size_t)32 << 10) /* above it rdvd is made to wait */
/* The same for a terminal that took longer than SLOW_MS for what was there. */
#define SLOW_LOW 2048
#define SLOW_MS	 500
/*
 * What the kernel keeps for a terminal at most, measured with a pty: 14 KB, 20
 * when written in small pieces, and 4 on the reader's side. How much of that is
 * not yet taken it does not tell (TIOCOUTQ of a pty is 0).
 */
#define KERNEL_MAX 24576
/* A screen, the largest that rdvd sends, and what came with it. */
#define OUTPUT_MAX ((size_t)40 << 20)
#define FLUSH_MS   2000

struct attach {
	const struct attach_conf *conf;
	const char *name;
	struct view view;
	struct buf out;	  /* for the screen, not yet taken by it */
	uint64_t written; /* taken by it, in all */
	uint64_t mark;	  /* what was there at mark_at ends here */
	int64_t mark_at;  /* monotonic ms */
	uint64_t screens; /* of the view, when last looked */
	uint64_t whole;	  /* up to here a screen is shown, never skipped */
	bool slow;
	struct keys keys;
	char input[INPUT_MAX]; /* typed, not yet taken by rdvd */
	size_t input_len;
	int screen; /* non-blocking; the keyboard is STDIN_FILENO */
	int signals;
	int signal; /* that ends us, or 0 */
	bool detached;
	bool hung_up; /* the terminal is gone: nothing is written any more */
};

/*
 * Signals we turn into events: those that would end us where we stand, with the
 * terminal as it is, and in the last row some that mean something else. What a
 * bug of ours raises is cli/tty.c's, and SIGPIPE ignored.
 */
static const int handled[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1,
	SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR, SIGSTKFLT,
	SIGXCPU, SIGXFSZ, /* end us */
	SIGWINCH, SIGTSTP, SIGCONT };

static void
mask(sigset_t *set)
{
	size_t i;
	int signo;

	(void)sigemptyset(set);
	for (i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		(void)sigaddset(set, handled[i]);
	for (signo = SIGRTMIN; signo <= SIGRTMAX; signo++)
		(void)sigaddset(set, signo);
}

/* A window that says nothing keeps the size of before. */
static void
take_size(struct attach *a)
{
	unsigned cols, rows;

	if (tty_size(STDIN_FILENO, &cols, &rows))
		view_size(&a->view, cols, rows);
}

/* The title is the terminal's own again afterwards (xterm's stack of them). */
static void
enter_screen(struct attach *a)
{
	buf_put_text(&a->out, "\033[22;0t");
}

/*
 * The description of the screen is our own and does not block; what is left
 * stays in the buffer, which moves down once much of it is behind us.
 */
static void
write_screen(struct attach *a)
{
	struct buf *b = &a->out;
	ssize_t n;

	while (buf_left(b) > 0) {
		n = write(a->screen, b->data + b->off, buf_left(b));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EAGAIN) {
			a->hung_up = true;
			a->signal = SIGHUP;
		}
		if (n <= 0)
			break;
		b->off += (size_t)n;
		a->written += (uint64_t)n;
	}
	if (buf_left(b) == 0) {
		buf_reset(b);
	} else if (b->off > OUTPUT_LOW) {
		memmove(b->data, b->data + b->off, buf_left(b));
		b->len -= b->off;
		b->off = 0;
	}
}

static void
drain(struct attach *a)
{
	int64_t end = clock_mono_ms() + FLUSH_MS, left = FLUSH_MS;
	struct pollfd p = { a->screen, POLLOUT, 0 };

	while (buf_left(&a->out) > 0 && left > 0 && !a->hung_up) {
		write_screen(a);
		left = end - clock_mono_ms();
		if (buf_left(&a->out) > 0 && left > 0)
			(void)poll(&p, 1, (int)left);
	}
}

static void
drop_own(struct attach *a)
{
	a->written += buf_left(&a->out);
	buf_reset(&a->out);
	vt_doubt(a->view.vt);
}

/* What the terminal has not taken so far, here and in the kernel. */
static void
drop_output(struct attach *a)
{
	(void)tcflush(a->screen, TCOFLUSH);
	drop_own(a);
}

/*
 * All that was received is shown, if the terminal takes it, then its modes are
 * taken back. A slow one is owed these before all else: whoever leaves does not
 * wait for pages that nobody wants to see.
 */
static void
leave_screen(struct attach *a)
{
	if (a->view.end != VIEW_EXITED && a->slow)
		drop_output(a);
	drain(a);
	if (buf_left(&a->out) > 0) {
		drop_output(a);
		buf_put_text(&a->out, "\030\r\n");
	}
	vt_leave(a->view.vt, &a->out);
	buf_put_text(&a->out, "\033[23;0t");
	drain(a);
}

/*
 * As job control wants it: stop in cooked mode with nothing switched on. Who
 * continues us sends SIGCONT, which is blocked and waits for us to come back.
 */
static void
stop_for_a_while(struct attach *a)
{
	leave_screen(a);
	tty_restore();
	if (!a->hung_up)
		(void)raise(SIGSTOP);
}

/* Others wrote on this terminal and set its modes, whatever stopped us. */
static void
come_back(struct attach *a)
{
	(void)tty_raw(STDIN_FILENO);
	enter_screen(a);
	take_size(a);
	(void)view_redraw(&a->view);
}

static void
take_signal(struct attach *a)
{
	struct signalfd_siginfo si;

	while (read(a->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGWINCH)
			take_size(a);
		else if (si.ssi_signo == SIGTSTP)
			stop_for_a_while(a);
		else if (si.ssi_signo == SIGCONT)
			come_back(a);
		else
			a->signal = (int)si.ssi_signo;
	}
}

/*
 * Reading leaves room for what the detach key may have held back, so that it
 * can be put in front. Read-only input is dropped here, after the keys were
 * judged: who may not type may still detach.
 */
static void
take_keys(struct attach *a)
{
	char *at = a->input + a->input_len;
	ssize_t n;

	n = read(STDIN_FILENO, at, INPUT_MAX - a->input_len - KEYS_HELD);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* The terminal is gone, and with it who would detach. */
		a->hung_up = true;
		a->signal = SIGHUP;
		return;
	}
	a->input_len += keys_feed(&a->keys, at, (size_t)n);
	a->detached = a->keys.detach;
	if (a->view.read_only)
		a->input_len = 0;
}

static void
send_input(struct attach *a)
{
	size_t n;

	a->input_len += keys_tick(&a->keys, a->input + a->input_len);
	n = view_input(&a->view, a->input, a->input_len);
	memmove(a->input, a->input + n, a->input_len - n);
	a->input_len -= n;
}

/* Of two waits the shorter; negative is for ever. */
static int
sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/*
 * Ms until the terminal is slow, 0 now, -1 not for what is there. It is when
 * all it is given at some moment is not taken for SLOW_MS while rdvd has more.
 * A screen is always written in whole, or a very slow one would never see any.
 */
static int
slow_wait(struct attach *a)
{
	size_t left = buf_left(&a->out);
	int64_t now = clock_mono_ms(), due;

	/* A screen came in the place of some of it. */
	if (a->mark > a->written + left)
		a->mark = a->written + left;
	if (left == 0 || a->written >= a->mark) {
		a->slow = a->slow && left > 0;
		a->mark = a->written + left;
		a->mark_at = now;
	}
	if (left < (a->slow ? SLOW_LOW : OUTPUT_LOW) || a->view.skipping ||
	    a->view.drawing || a->written < a->whole)
		return -1;
	due = a->mark_at + SLOW_MS;
	return due > now ? (int)(due - now) : 0;
}

/* Before any of what has just come is written: it ends with that screen. */
static void
note_screen(struct attach *a)
{
	if (a->view.screens == a->screens)
		return;
	a->screens = a->view.screens;
	a->whole = a->written + a->view.whole;
}

/*
 * What it will not take in time is skipped, the screen is drawn instead. The
 * last one may still be in the kernel: then what is there is left alone, or a
 * line that is slower than one is drawn would never show a whole one.
 */
static void
skip_if_slow(struct attach *a)
{
	if (slow_wait(a) != 0 || !view_redraw(&a->view))
		return;
	if (a->screens == 0 || a->written - a->whole >= KERNEL_MAX)
		drop_output(a);
	else
		drop_own(a);
	a->slow = true;
}

enum { KEYBOARD, SIGNALS, SCREEN, VIEW, FDS };

static void
turn(struct attach *a)
{
	bool room = a->input_len + KEYS_HELD < INPUT_MAX;
	bool writing = buf_left(&a->out) > 0;
	size_t low = a->slow ? SLOW_LOW : OUTPUT_LOW;
	struct pollfd p[FDS] = {
		[KEYBOARD] = { room ? STDIN_FILENO : -1, POLLIN, 0 },
		[SIGNALS] = { a->signals, POLLIN, 0 },
		[SCREEN] = { writing ? a->screen : -1, POLLOUT, 0 },
	};
	int wait = sooner(view_tick(&a->view), keys_wait(&a->keys));

	if (a->view.has_screen)
		wait = sooner(wait, slow_wait(a));
	/* Room made by the last turn is not announced by any descriptor. */
	if (a->input_len > 0 && view_takes_input(&a->view))
		wait = 0;
	p[VIEW].fd = view_fd(&a->view,
	    buf_left(&a->out) < low || a->view.skipping, &p[VIEW].events);
	if (a->view.end != VIEW_ON || poll(p, FDS, wait) == -1)
		return;
	if (p[SIGNALS].revents != 0)
		take_signal(a);
	if (p[KEYBOARD].revents != 0)
		take_keys(a);
	send_input(a);
	if (p[VIEW].fd != -1)
		view_turn(&a->view, p[VIEW].revents);
	note_screen(a);
	view_tell_clipboard(&a->view, a->name);
	if (buf_left(&a->out) > 0)
		write_screen(a);
	skip_if_slow(a);
}

/*
 * The signals are blocked before the terminal becomes raw, so none can come
 * between that and the loop, which alone knows how to put it back.
 */
static void
run_loop(struct attach *a)
{
	sigset_t set, old;

	mask(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	a->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (a->signals == -1 || tty_raw(STDIN_FILENO) != 0) {
		a->view.end = VIEW_REFUSED;
		(void)snprintf(a->view.why, sizeof(a->view.why),
		    "cannot take over the terminal");
	} else {
		enter_screen(a);
		view_start(&a->view);
	}
	while (a->view.end == VIEW_ON && !a->detached && a->signal == 0)
		turn(a);
	leave_screen(a);
	view_done(&a->view);
	tty_restore();
	(void)close(a->signals);
	if (a->signal != 0) {
		/* Die of it, so that our parent sees what happened. */
		(void)signal(a->signal, SIG_DFL);
		(void)raise(a->signal);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Not by its name: that may be another session's by now. */
static void
refuse_closed(const struct attach_conf *conf, const char *status)
{
	const struct cli *cli = conf->call->cli;
	char *hint =
	    cli_hint(cli, "scrollback", js_str(conf->session, "id", "?"));

	out_error(cli, "INVALID_STATE",
	    "the session is %s; read what it wrote with: %s", status, hint);
	free(hint);
}

/*
 * A suspended session is not resumed on the way: that could start its program
 * anew, which nobody asked for who only wanted to look.
 */
static bool
openable(const struct attach_conf *conf)
{
	const struct cli *cli = conf->call->cli;
	const char *status = js_str(conf->session, "status", "");
	char *hint;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		out_error(cli, "NO_TERMINAL",
		    "attach needs a terminal as input and output");
		return false;
	}
	if (strcmp(status, "active") == 0)
		return true;
	if (strcmp(status, "suspended") == 0) {
		hint =
		    cli_hint(cli, "resume", js_str(conf->session, "name", "?"));
		out_error(cli, "INVALID_STATE",
		    "the session is suspended; take it up again with: %s",
		    hint);
		free(hint);
	} else {
		refuse_closed(conf, status);
	}
	return false;
}

int
attach_run(const struct attach_conf *conf)
{
	struct attach *a;
	int rc = CMD_FAILED;

	if (!openable(conf))
		return CMD_FAILED;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return CMD_FAILED;
	a->conf = conf;
	a->name = js_str(conf->session, "name", "session");
	a->screen = tty_reopen(STDOUT_FILENO);
	buf_init(&a->out, OUTPUT_MAX);
	a->view.cli = conf->call->cli;
	a->view.session = js_str(conf->session, "id", "");
	a->view.link = conf->link;
	a->view.ticket = conf->ticket;
	a->view.read_only = conf->read_only;
	a->view.follow = conf->follow;
	a->view.patience = conf->patience_ms;
	a->view.live = js_int(js_get(conf->session, "run"), "log_bytes", 0);
	a->view.vt = vt_new(VT_WATCH);
	a->view.out = &a->out;
	if (a->screen >= 0) {
		out_note(conf->call->cli, "%s: %sdetach with Ctrl-\\ twice",
		    a->name,
		    conf->read_only ? "read only, keys are not sent; " : "");
		take_size(a);
		run_loop(a);
		rc = attachend_report(conf, &a->view);
		(void)close(a->screen);
	} else {
		out_error(conf->call->cli, "NO_TERMINAL",
		    "cannot open the terminal: %s", strerror(-a->screen));
	}
	vt_free(a->view.vt);
	buf_done(&a->out);
	free(a);
	return rc;
}
