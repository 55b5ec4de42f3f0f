/* SPDX-License-Identifier: MIT */
/*
 * Whose rdv-egress is (abuse E01, H01, I12): nobody's but [ops]', whatever rdvd
 * writes where it is to read, and whatever its account does to it. What it lets
 * through is on record.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auditcrypt.h"
#include "lib/egress.h"
#include "lib/privproto.h"
#include "lib/sha256.h"
#include "lib/str.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigaudit.h"
#include "tests/unit/check.h"

#define PYTHON "/usr/bin/python3"
/* Nobody is there: what is let through is answered with 502. */
#define LISTED "127.0.0.2:1"
#define OTHER  "127.0.0.3:1"

static const char asks[] =
    "import socket, sys\n"
    "sys.stdin.readline()\n"
    "for to in sys.argv[1:]:\n"
    "    s = socket.create_connection(('127.0.0.1', 3128), 20)\n"
    "    s.sendall(f'CONNECT {to} HTTP/1.1\\r\\n\\r\\n'.encode())\n"
    "    print(s.recv(4096).decode().split(' ')[1])\n";

/* False where runs have no namespaces, as root's: there is no list then. */
static bool
begin(struct rig *r, struct rig_result *res)
{
	const struct rig_spawn run = { .profile = "script",
		.cwd = "/",
		.argv = (const char *const[]){ PYTHON, "-c", asks, LISTED,
		    OTHER, NULL },
		.hosts = (const char *const[]){ LISTED, NULL },
		.net = PRIV_NET_LIST };

	if (access(PYTHON, X_OK) != 0)
		skip();
	rig_start(r, NULL);
	rig_spawn(r, &run, res);
	if ((r->hello.features & PRIV_F_USERNS) != 0) {
		assert_int_equal(res->a.result, PRIV_DONE);
		return true;
	}
	assert_string_equal(res->a.stage, "C8b namespaces");
	rig_stop(r);
	return false;
}

/* What the program was answered to each, and its end. */
static void
expect(struct rig *r, struct rig_result *res, const char *wanted)
{
	char out[256];
	size_t n;

	assert_int_equal(write(res->fds.fd[0], "\n", 1), 1);
	n = rig_read_all(res->fds.fd[1], out, sizeof(out) - 1);
	out[n] = '\0';
	assert_string_equal(out, wanted);
	rig_exit(r, res->a.handle, &(struct priv_exit){ 0 });
	rig_close(res);
}

/*
 * A descriptor that only reads can be opened anew for writing by whoever may
 * write the file: nobody, until its owner, as here, says otherwise. Root may
 * at once.
 */
static void
rewrite_list(int look, const char *host)
{
	struct egress_page page;
	char path[64];
	int fd;

	assert_true(egress_read(look, &page));
	assert_string_equal(page.rows[0].host, LISTED);
	(void)snprintf(page.rows[0].host, sizeof(page.rows[0].host), "%s",
	    host);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", look);
	if (geteuid() != 0) {
		assert_int_equal(open(path, O_RDWR | O_CLOEXEC), -1);
		assert_int_equal(errno, EACCES);
	}
	assert_int_equal(fchmod(look, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &page, sizeof(page), 0), sizeof(page));
	(void)close(fd);
}

/* What was granted decides. */
static void
abuse_E01_the_list_is_not_rdvds(void **state)
{
	struct rig_result res;
	struct rig r;

	(void)state;
	if (!begin(&r, &res))
		return;
	rewrite_list(res.fds.fd[3], OTHER);
	expect(&r, &res, "502\n403\n");
	rig_stop(&r);
}

/* Which list that was, is told by more than what rdvd keeps. */
static void
abuse_I12_the_list_is_on_record(void **state)
{
	static const char all[] = LISTED;
	char want[128] = "network=list hosts=1 listed=";
	uint8_t sum[SHA256_LEN];
	char out[256];
	struct rig_result res;
	struct rig r;

	(void)state;
	if (!begin(&r, &res))
		return;
	assert_true(auditcrypt_load(out, sizeof(out)));
	sha256(all, sizeof(all), sum);
	str_hex(want + strlen(want), sum, sizeof(sum));
	audit_expect(&r, want);
	expect(&r, &res, "502\n403\n");
	rig_stop(&r);
}

static void
read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(text, 1, size - 1, f) : 0;

	text[n] = '\0';
	if (f != NULL)
		(void)fclose(f);
}

/* The rdv-egress among the children of [ops]. */
static pid_t
proxy_of(const struct rig *r)
{
	char path[64], text[512] = "", comm[16], *at = text;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/children",
	    r->hello.pid, r->hello.pid);
	read_text(path, text, sizeof(text));
	while ((pid = (pid_t)strtol(at, &at, 10)) > 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		read_text(path, comm, sizeof(comm));
		if (strcmp(comm, "rdv-egress\n") == 0)
			return pid;
	}
	return 0;
}

/* That of the only run, which its account has stopped. */
static pid_t
stopped(const struct rig *r)
{
	const pid_t pid = proxy_of(r);

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

/* Stopped by its account it cannot end itself; no place is held by that. */
static void
abuse_H01_a_stopped_one_is_ended(void **state)
{
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	if (!begin(&r, &res))
		return;
	pid = stopped(&r);
	assert_int_equal(kill((pid_t)res.a.pid, SIGKILL), 0);
	rig_exit(&r, res.a.handle, &(struct priv_exit){ 0 });
	assert_true(rig_alive(pid));
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_gone(pid);
	rig_close(&res);
	rig_stop(&r);
}

static void
kill_ops(struct rig *r)
{
	assert_int_equal(kill((pid_t)r->hello.pid, SIGKILL), 0);
	rig_ops(r);
	r->nnotices = 0;
	rig_login(r);
}

/* It goes on as its run does, and what it counts is told in the end. */
static void
abuse_H01_outlives_ops_and_ends_with_its_run(void **state)
{
	struct priv_inventory_answer a;
	struct egress_page page;
	struct rig_result res;
	struct seqpkt_fds fds;
	struct rig r;
	pid_t pid;

	(void)state;
	if (!begin(&r, &res))
		return;
	pid = proxy_of(&r);
	assert_true(pid > 0);
	kill_ops(&r);
	assert_int_equal(rig_parent(pid), r.helper);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(fds.n, 3);
	expect(&r, &res, "502\n403\n");
	assert_true(egress_read(fds.fd[2], &page));
	assert_int_equal(page.rows[0].count[EGRESS_FAILED], 1);
	assert_int_equal(page.rows[1].count[EGRESS_REFUSED], 1);
	seqpkt_fds_close(&fds);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_gone(pid);
	rig_stop(&r);
}

/* By then it is [main]'s, which nobody has to ask. */
static void
abuse_H01_a_stopped_one_outlives_ops_alone(void **state)
{
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	if (!begin(&r, &res))
		return;
	pid = stopped(&r);
	kill_ops(&r);
	assert_true(rig_alive(pid));
	assert_int_equal(kill((pid_t)res.a.pid, SIGKILL), 0);
	rig_exit(&r, res.a.handle, &(struct priv_exit){ 0 });
	rig_gone(pid);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

/* Of a run that nobody ends, and of one that the dead [ops] had begun with. */
static void
abuse_H01_none_is_left_of_rdv(void **state)
{
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	if (!begin(&r, &res))
		return;
	pid = stopped(&r);
	kill_ops(&r);
	assert_true(rig_alive(pid));
	rig_close(&res);
	rig_stop(&r);
	rig_gone(pid);
}

/* Without [main] [ops] ends all runs, and then itself. */
static void
abuse_H01_none_is_left_without_main(void **state)
{
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	if (!begin(&r, &res))
		return;
	pid = stopped(&r);
	assert_int_equal(kill(r.helper, SIGKILL), 0);
	(void)rig_wait(&r);
	rig_gone(pid);
	rig_gone((pid_t)r.hello.pid);
	rig_close(&res);
	rig_kill_daemon(&r);
	rig_cleanup(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_the_list_is_not_rdvds),
		cmocka_unit_test(abuse_I12_the_list_is_on_record),
		cmocka_unit_test(abuse_H01_a_stopped_one_is_ended),
		cmocka_unit_test(abuse_H01_outlives_ops_and_ends_with_its_run),
		cmocka_unit_test(abuse_H01_a_stopped_one_outlives_ops_alone),
		cmocka_unit_test(abuse_H01_none_is_left_of_rdv),
		cmocka_unit_test(abuse_H01_none_is_left_without_main),
	};

	return cmocka_run_group_tests_name("egressown", tests, NULL, NULL);
}
