/* SPDX-License-Identifier: MIT */
/*
 * Where a run listens is what its own processes hold, however far they went
 * from it, and nothing that another of the same account has open; what only
 * looks like a socket is none (abuse M13, M06). Who asks without end has nobody
 * busy with looking (E01).
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

/* It says the port when it listens there, and waits. */
#define LISTENS                                                       \
	"socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, " \
	"INADDR_LOOPBACK)); listen(S, 1); $| = 1; "                   \
	"print((sockaddr_in(getsockname(S)))[0], qq(\\n)); "
#define PERL(text) \
	((const char *const[]){ "/usr/bin/perl", "-MSocket", "-e", text, NULL })

static const char *const profiles[] = { "login", "script" };

static enum priv_result
ask_once(struct rig *r, uint64_t handle)
{
	const struct priv_ports m = { .handle = handle };
	struct priv_plain_answer a;
	struct priv_header h;
	struct seqpkt_fds fds;
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_ports(&b, rig_id(r), PRIV_REQUEST, &m);
	rig_send(r, b.data, b.len);
	buf_done(&b);
	rig_answer(r, &b, &h, &fds);
	assert_int_equal(h.op, PRIV_PORTS);
	assert_true(priv_get_plain_answer(&b, &a));
	buf_done(&b);
	return (enum priv_result)a.result;
}

static enum priv_result
ask(struct rig *r, uint64_t handle)
{
	const unsigned before = r->nports;
	const enum priv_result result = ask_once(r, handle);

	/* The notice comes before the answer to what is asked next. */
	while (result == PRIV_DONE && r->nports == before)
		(void)rig_signal(r, handle, SIGCONT, false);
	return result;
}

static bool
has(const struct rig *r, unsigned port)
{
	for (unsigned i = 0; i < r->ports.n; i++)
		if ((unsigned)(r->ports.at[i][16] << 8 | r->ports.at[i][17]) ==
		    port)
			return true;
	return false;
}

/* A socket of ours, which is none of a run's. */
static int
listen_here(unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static unsigned long
inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void
end(struct rig *r, struct rig_result *res)
{
	struct priv_exit e;

	assert_int_equal(rig_signal(r, res->a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(r, res->a.handle, &e);
	assert_int_equal(ask(r, res->a.handle), PRIV_NO_SUCH);
	assert_int_equal(rig_ack(r, res->a.handle), PRIV_DONE);
	rig_close(res);
}

static void
begin(struct rig *r, const char *profile, const char *const *argv,
    struct rig_result *res)
{
	const struct rig_spawn s = { .profile = profile, .argv = argv };

	rig_spawn(r, &s, res);
	assert_int_equal(res->a.result, PRIV_DONE);
}

static void
abuse_M13_its_own(void **state)
{
	/*
	 * As a daemon does: another session, and nobody's child. Of who is just
	 * ending the kernel shows nothing, so that one has ended before.
	 */
	static const char away[] =
	    "use POSIX qw(setsid); if (fork) { sleep 600 } setsid; $p = $$; "
	    "exit if fork; 1 while getppid == $p; " LISTENS "sleep 600";
	struct rig_result res;
	unsigned port, others;
	struct rig r;
	bool blind;
	int fd;

	(void)state;
	fd = listen_here(&others);
	rig_start(&r, NULL);
	for (unsigned i = 0; i < 2; i++) {
		begin(&r, profiles[i], PERL(away), &res);
		port = (unsigned)rig_read_pid(res.fds.fd[1]);
		assert_int_equal(ask(&r, res.a.handle), PRIV_DONE);
		/* Of root's own login it may not look, and says so. */
		blind = geteuid() == 0 && i == 0;
		assert_int_equal(r.ports.unsure, blind);
		assert_int_equal(r.ports.n, !blind);
		assert_true(blind || has(&r, port));
		assert_false(has(&r, others));
		end(&r, &res);
	}
	(void)close(fd);
	rig_stop(&r);
}

/* Whether it is told that a run listens where only we do. */
static bool
is_fooled(const char *mutant)
{
	static const char fakes[] =
	    "my ($name) = @ARGV; chdir $ENV{TMPDIR}; open(A, q(>), $name); "
	    "socket(U, PF_UNIX, SOCK_STREAM, 0); bind(U, sockaddr_un(q(u))); "
	    "listen(U, 1); $0 = $name; $| = 1; print qq(1\\n); sleep 600";
	char name[64];
	const char *argv[] = { "/usr/bin/perl", "-MSocket", "-e", fakes, name,
		NULL };
	struct rig_result res;
	unsigned others;
	struct rig r;
	bool fooled;
	int fd;

	fd = listen_here(&others);
	(void)snprintf(name, sizeof(name), "socket:[%lu]", inode_of(fd));
	rig_start(&r, mutant);
	begin(&r, "script", argv, &res);
	assert_int_equal(rig_read_pid(res.fds.fd[1]), 1);
	assert_int_equal(ask(&r, res.a.handle), PRIV_DONE);
	fooled = has(&r, others);
	assert_true(fooled || r.ports.n == 0);
	end(&r, &res);
	(void)close(fd);
	rig_stop(&r);
	return fooled;
}

static void
abuse_M06_not_others(void **state)
{
	(void)state;
	assert_false(is_fooled(NULL));
}

static void
abuse_M06_bites(void **state)
{
	(void)state;
	assert_true(is_fooled("ports of others"));
}

struct flood {
	unsigned told, busy;
	int64_t ms;
};

/* What one hears that asks without end, until it was told twice. */
static struct flood
flood(const char *mutant)
{
	static const char *const argv[] = { "/bin/sleep", "600", NULL };
	const int64_t began = clock_mono_ms();
	struct flood f = { 0, 0, 0 };
	struct rig_result res;
	struct rig r;

	rig_start(&r, mutant);
	begin(&r, "login", argv, &res);
	for (unsigned i = 0; i < 500 || r.nports < 2; i++) {
		f.busy += ask_once(&r, res.a.handle) == PRIV_BUSY;
		assert_true(clock_mono_ms() - began < RIG_MS);
	}
	f.told = r.nports;
	f.ms = clock_mono_ms() - began;
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
	return f;
}

static void
abuse_E01_rate(void **state)
{
	const struct flood f = flood(NULL);

	(void)state;
	assert_true(f.busy > 0);
	assert_true(f.told <= (unsigned)(f.ms / 100) + 1);
}

static void
abuse_E01_rate_bites(void **state)
{
	const struct flood f = flood("ports rate");

	(void)state;
	/* Each question was let through, or waited for the same answer. */
	assert_int_equal(f.busy, 0);
}

/* Of no run that may be named: nobody's, a spare one's, one that is over. */
static void
abuse_E01_handles(void **state)
{
	static const char *const argv[] = { "/bin/sleep", "600", NULL };
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	begin(&r, "script", argv, &res);
	assert_int_equal(ask(&r, res.a.handle), PRIV_DONE);
	assert_int_equal(ask(&r, 0), PRIV_NO_SUCH);
	assert_int_equal(ask(&r, UINT64_MAX), PRIV_NO_SUCH);
	/* One made ahead has the next number, or the one after. */
	for (uint64_t i = 1; i < 16; i++)
		assert_int_equal(ask(&r, res.a.handle + i), PRIV_NO_SUCH);
	end(&r, &res);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_M13_its_own),
		cmocka_unit_test(abuse_M06_not_others),
		cmocka_unit_test(abuse_M06_bites),
		cmocka_unit_test(abuse_E01_rate),
		cmocka_unit_test(abuse_E01_rate_bites),
		cmocka_unit_test(abuse_E01_handles),
	};

	return CHECK_RUN("ports", tests);
}
