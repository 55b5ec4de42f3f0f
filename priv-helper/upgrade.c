/* SPDX-License-Identifier: MIT */
/*
 * From one build to the next while everything runs. [main] becomes the new
 * program by execve(2): it stays the parent of whom it was, and the owner of
 * what it had. Before, that program has shown in a child of ours that it takes
 * all of that and that its rdvd could serve; afterwards runs are counted. When
 * anything differs, [main] becomes the old program again, which was held open.
 * What it started in between is ended as kill -9 would: nothing depends on
 * more.
 */
#include "priv-helper/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/auditask.h"
#include "priv-helper/auditmsg.h"
#include "priv-helper/kin.h"
#include "priv-helper/launch.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/doors.h"
#include "priv-helper/sockets.h"
#include "priv-helper/store.h"
#include "priv-helper/system.h"
#include "security/mutant.h"

/* A program that hangs is none. */
#define TRY_MS	  15000
#define LEAVE_MS  3000
#define SETTLE_MS 10000
#define AGAIN_MS  100
/* So long a service manager that is busy is waited for. */
#define FLUSH_MS 1000
/* Only a program that knows of this says so. */
#define PROOF "can take over"

void
upgrade_init(struct upgrade *u, const struct launch *l,
    const struct carry *from)
{
	*u = (struct upgrade){ .l = l, .next = PROGRAMS_NONE, .answer = -1 };
	if (from == NULL)
		return;
	u->from = *from;
	u->restart_by = from->restart_by;
	parked_carried(l->parked);
	u->phase = UPGRADE_LEAVING;
	u->due = clock_mono_ms() + LEAVE_MS;
}

/* The program that ends it writes this, which may be another one. */
static void
put_on_record(const struct upgrade *u, bool done, const char *text)
{
	struct audit_msg m;

	memset(&m, 0, sizeof(m));
	m.act = AUDIT_UPGRADE;
	m.phase = AUDIT_AFTER;
	m.result = done ? PRIV_DONE : PRIV_FAILED;
	(void)snprintf(m.why, sizeof(m.why), "%s", text);
	u->records->sock = u->audit->control;
	audit_tell(u->records, &m);
}

/* For whoever asked, for the log, and for the record. */
static void
say(const struct upgrade *u, bool done, const char *text)
{
	char line[CARRY_WHY + 64];
	int n = snprintf(line, sizeof(line), "%s %s\n",
	    done ? "upgraded" : "refused", text);

	if (done)
		log_info("upgrade", "%s", text);
	else
		log_errorx("upgrade", "%s", text);
	put_on_record(u, done, text);
	if (u->l->server >= 0)
		(void)path_write_private(u->l->server, UPGRADE_RESULT, line,
		    (size_t)n);
}

static void
drop(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
give_up(struct upgrade *u, const char *why)
{
	programs_close(&u->next);
	drop(&u->answer);
	u->phase = UPGRADE_NONE;
	say(u, false, why);
}

void
upgrade_stop(struct upgrade *u)
{
	if (u->phase == UPGRADE_NONE)
		return;
	if (u->phase == UPGRADE_TRYING)
		(void)kill(u->pid, SIGKILL);
	u->pid = 0;
	u->again = false;
	give_up(u, "rdv is stopping");
}

static struct carry_sock
carry_of(const struct sock *s)
{
	return (struct carry_sock){ s->fd, s->dev, s->ino };
}

static int
describe_mode(const struct launch *l, struct carry *c)
{
	if (l->system != NULL) {
		c->base = c->server = c->api.fd = c->terminal.fd = -1;
		return system_carry(l->system, &c->system);
	}
	c->base = l->dir;
	c->server = l->server;
	c->api = carry_of(l->socks[0]);
	c->terminal = carry_of(l->socks[1]);
	c->system.run = c->system.keep = -1;
	c->system.accounts = c->system.doors = -1;
	return 0;
}

/*
 * All of it as a memory file, or -errno; `c` is for become() and
 * system_uncarry().
 */
static int
describe(const struct upgrade *u, const char *why, struct carry *c)
{
	const struct launch *l = u->l;
	int fd;

	memset(c, 0, sizeof(*c));
	fd = describe_mode(l, c);
	if (fd != 0)
		return fd;
	c->nofile = l->nofile;
	c->restart_by = u->restart_by;
	c->lock = l->lock;
	c->main = getpid();
	c->audit = (struct carry_kin){ u->audit->pid, u->audit->control };
	c->ops = (struct carry_kin){ u->ops->pid, u->ops->control };
	c->daemon = (struct carry_kin){ u->daemon->pid, u->daemon->control };
	/* Back is to what we came from. */
	c->before = why[0] == '\0' ? l->programs : u->from.before;
	c->next = u->next;
	c->user = *l->user;
	(void)str_copy(c->bin, l->bin, sizeof(c->bin));
	(void)str_copy(c->build, RDV_BUILD, sizeof(c->build));
	(void)str_copy(c->why, why, sizeof(c->why));
	fd = carry_write(c, l->parked);
	if (fd < 0)
		system_uncarry(&c->system);
	return fd;
}

static void
inherit(const struct launch *l, const struct carry *c, bool on)
{
	carry_inherit(c, l->parked, on);
	if (l->system != NULL)
		doors_inherit(l->system->doors, on);
}

/* As we were called, but for what was for that time alone. */
static char **
argv_of(char *const *old, int carry, int answer)
{
	size_t n = 0, i;
	char **argv;

	while (old[n] != NULL)
		n++;
	argv = xcalloc(n + 5, sizeof(*argv));
	for (n = 0, i = 0; old[i] != NULL; i++)
		if (strcmp(old[i], "--carry") == 0 ||
		    strcmp(old[i], "--ready-fd") == 0)
			i += old[i + 1] != NULL;
		else
			argv[n++] = old[i];
	argv[n++] = xstrdup("--carry");
	argv[n++] = xasprintf("%d", carry);
	if (answer >= 0) {
		argv[n++] = xstrdup("--try");
		argv[n++] = xasprintf("%d", answer);
	}
	return argv;
}

/*
 * Returns when it cannot be; then it is the child that tries, or all is well.
 */
static void
become(const struct upgrade *u, int program, const struct carry *c, int carry,
    int answer)
{
	inherit(u->l, c, true);
	(void)fcntl(carry, F_SETFD, 0);
	if (answer >= 0)
		(void)fcntl(answer, F_SETFD, 0);
	(void)syscall(SYS_execveat, program, "",
	    argv_of(u->l->argv, carry, answer), notify_environment(),
	    AT_EMPTY_PATH);
	inherit(u->l, c, false);
}

/* Like an act of [ops]: without a record it is not done. */
static bool
is_on_record(struct upgrade *u, char *why, size_t size)
{
	struct audit_msg m;
	bool good;

	memset(&m, 0, sizeof(m));
	m.act = AUDIT_UPGRADE;
	u->records->sock = u->audit->control;
	good = audit_before(u->records, &m, why, size);
	/* Who is asked and gone is closed there. */
	u->audit->control = u->records->sock;
	return good;
}

static int
begin(struct upgrade *u, char *why, size_t size)
{
	struct carry c;
	const pid_t parent = getpid();
	int memory, fd[2], err;

	err = programs_next(&u->next, u->l->bin, why, size);
	if (err != 0)
		return err;
	memory = describe(u, "", &c);
	/* What the one that tries leaves may hold the other end for ever. */
	if (memory < 0)
		return memory;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0) {
		drop(&memory);
		system_uncarry(&c.system);
		return -EMFILE;
	}
	u->pid = fork();
	if (u->pid == 0) {
		if (launch_bound(parent))
			become(u, u->next.helper, &c, memory, fd[1]);
		_exit(126);
	}
	(void)close(memory);
	system_uncarry(&c.system);
	(void)close(fd[1]);
	u->answer = fd[0];
	return u->pid < 0 ? -EAGAIN : 0;
}

void
upgrade_ask(struct upgrade *u)
{
	char why[CARRY_WHY] = "the new program cannot be tried";

	u->again = u->phase != UPGRADE_NONE;
	if (u->again)
		return;
	if (!is_on_record(u, why, sizeof(why)) ||
	    begin(u, why, sizeof(why)) != 0) {
		give_up(u, why);
		return;
	}
	u->phase = UPGRADE_TRYING;
	u->due = clock_mono_ms() + TRY_MS;
}

/* In the place of the old program, with all it had at this moment. */
static void
go(struct upgrade *u, int program, const char *why)
{
	struct carry c;
	int memory;

	(void)parked_hear(u->l->parked, u->ops->control);
	if (u->l->store != NULL)
		store_flush(u->l->store, u->l->parked, FLUSH_MS);
	memory = describe(u, why, &c);
	if (memory < 0)
		return;
	become(u, program, &c, memory, -1);
	(void)close(memory);
	system_uncarry(&c.system);
}

bool
upgrade_tried(struct upgrade *u, pid_t pid, int status)
{
	char said[CARRY_WHY] = "";
	ssize_t n;

	if (u->phase != UPGRADE_TRYING || pid != u->pid)
		return false;
	n = read(u->answer, said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	u->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    strcmp(said, PROOF) == 0) {
		go(u, u->next.helper, "");
		(void)str_copy(said, "the new program cannot be executed",
		    sizeof(said));
	} else if (said[0] == '\0' || strcmp(said, PROOF) == 0) {
		(void)snprintf(said, sizeof(said),
		    "the new program failed (%s %d)",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
	}
	give_up(u, said);
	return true;
}

static int
refuse(int answer, const char *why)
{
	(void)!write(answer, why, strlen(why));
	return 1;
}

int
upgrade_try(const struct launch *l, int answer)
{
	char why[CARRY_WHY] = "the policy: ";
	const size_t at = strlen(why);
	int pair[2], status = -1;
	pid_t pid;

	if (l->system != NULL &&
	    !system_fits(l->system, why + at, sizeof(why) - at))
		return refuse(answer, why);
	if (store_abandons(l->store))
		return refuse(answer,
		    "what runs would not outlive a restart any more; the log "
		    "says why");
	if (seqpkt_pair(pair) != 0)
		return refuse(answer, "no socket for the new rdvd");
	pid = launch_try(l, pair[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return refuse(answer, "the new rdvd cannot be executed");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refuse(answer, "the new rdvd refuses; the log says why");
	(void)!write(answer, PROOF, sizeof(PROOF) - 1);
	return 0;
}

bool
upgrade_holds(const struct upgrade *u)
{
	return u->phase == UPGRADE_LEAVING &&
	       (u->audit->pid != 0 || u->ops->pid != 0 || u->daemon->pid != 0);
}

void
upgrade_left(struct upgrade *u)
{
	if (u->phase != UPGRADE_LEAVING)
		return;
	u->phase = UPGRADE_SETTLING;
	u->due = clock_mono_ms() + SETTLE_MS;
	u->expected = parked_live(u->l->parked);
}

/* To the program that was there before; what has begun here ends there. */
static void
go_back(struct upgrade *u, const char *why)
{
	log_errorx("upgrade", "%s; going back to %s", why, u->from.build);
	go(u, u->from.before.helper, why);
	log_errorx("upgrade", "and there is no way back");
	give_up(u, why);
}

static void
finish(struct upgrade *u)
{
	char text[CARRY_WHY + 64];
	bool done = u->from.why[0] == '\0';

	if (done)
		(void)snprintf(text, sizeof(text), "from %s to %s terminals=%u",
		    u->from.build, RDV_BUILD, u->expected);
	else
		(void)snprintf(text, sizeof(text), "%s: %s serves again",
		    u->from.why, RDV_BUILD);
	/* The way back ends here; who has gone it goes on with these. */
	if (done)
		programs_close(&u->from.before);
	u->phase = UPGRADE_NONE;
	say(u, done, text);
	if (u->again)
		upgrade_ask(u);
}

static void
settled(struct upgrade *u, const struct ctl_settled *m)
{
	char why[CARRY_WHY];

	if (u->phase != UPGRADE_SETTLING)
		return;
	if (m->found == u->expected || u->from.why[0] != '\0' ||
	    mutant("P01")) {
		finish(u);
		return;
	}
	(void)snprintf(why, sizeof(why),
	    "there were %u runs before and %u are found", u->expected,
	    m->found);
	go_back(u, why);
}

void
upgrade_hear(struct upgrade *u)
{
	uint8_t p[CTL_MAX];
	long n = seqpkt_recv(u->daemon->control, p, sizeof(p), NULL);
	struct ctl_settled m;
	struct buf b;

	if (n == -EAGAIN || n == -ECONNRESET)
		return;
	/*
	 * Who ends in order says so first, and its end is that of the process.
	 * Polled further, the socket of one that lives on would never rest.
	 */
	if (n == 0) {
		kin_close(u->daemon);
		return;
	}
	buf_wrap(&b, p + 1, n > 0 ? (size_t)n - 1 : 0);
	if (n > 0 && p[0] == CTL_SETTLED && ctl_get_settled(&b, &m)) {
		settled(u, &m);
		return;
	}
	log_errorx("main", "rdvd says what it never would; killing it");
	(void)kill(u->daemon->pid, SIGKILL);
}

/* rdvd first, which may have somebody to answer; the rest needs no time. */
static void
leave(struct upgrade *u)
{
	const char word = CTL_LEAVE;

	if (u->daemon->pid != 0) {
		if (clock_mono_ms() >= u->due)
			(void)kill(u->daemon->pid, SIGKILL);
		else if (!u->told &&
			 seqpkt_send(u->daemon->control, &word, 1, NULL) == 0)
			(void)kill(u->daemon->pid, SIGTERM);
		u->told = true;
		return;
	}
	if (u->ops->pid != 0) {
		(void)kill(u->ops->pid, SIGKILL);
		return;
	}
	/* The end of both is on record by then. */
	kin_close(u->audit);
	if (u->audit->pid != 0 && clock_mono_ms() >= u->due + LEAVE_MS)
		(void)kill(u->audit->pid, SIGKILL);
}

void
upgrade_step(struct upgrade *u)
{
	const bool late = clock_mono_ms() >= u->due;

	if (u->phase == UPGRADE_TRYING && late)
		(void)kill(u->pid, SIGKILL);
	if (u->phase == UPGRADE_LEAVING)
		leave(u);
	if (u->phase != UPGRADE_SETTLING)
		return;
	if (u->from.why[0] != '\0' && late)
		finish(u);
	else if (u->from.why[0] == '\0' && late)
		go_back(u, "the new rdvd does not find what runs");
	else if (u->from.why[0] == '\0' &&
		 (u->ops->pid == 0 || u->daemon->pid == 0))
		go_back(u, "the new program ended");
}

int64_t
upgrade_patience(const struct upgrade *u)
{
	const int64_t left = u->due - clock_mono_ms();

	if (u->phase == UPGRADE_NONE)
		return -1;
	/* Who is late was killed, and its end is what is waited for. */
	return left > 0 ? left : AGAIN_MS;
}
