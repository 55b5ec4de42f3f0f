/* SPDX-License-Identifier: MIT */
/*
 * The server runs in a process of its own, so that the code under test may
 * block as it does in life. What it was asked comes back over a pipe, each
 * request behind its length, and is therefore complete when it is read.
 */
#include "tests/unit/cli/fake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#define TOKEN	    "rdv_test-token"
#define DEADLINE_MS 60000

static void
put_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

void
fake_dir(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	f->listener = f->log = -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/rdv-cli-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	put_file(f->dir, "cli-token", TOKEN "\n", 0600);
	(void)snprintf(f->sock, sizeof(f->sock), "%s/api.sock", f->dir);
	assert_int_equal(setenv("RDV_HOME", f->dir, 1), 0);
}

static void
listen_here(struct fake *f)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", f->sock);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(f->listener != -1);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&sun,
			     sizeof(sun)),
	    0);
	assert_int_equal(chmod(f->sock, 0600), 0);
	assert_int_equal(listen(f->listener, 16), 0);
}

/* Head and body; short when the client stops in the middle. */
static size_t
read_request(int fd, char *buf, size_t size)
{
	size_t len = 0, want = 0;
	const char *end, *cl;
	ssize_t n;

	while (len < size - 1 && (want == 0 || len < want)) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
		end = strstr(buf, "\r\n\r\n");
		if (end == NULL || want != 0)
			continue;
		want = (size_t)(end - buf) + 4;
		cl = strcasestr(buf, "content-length: ");
		if (cl != NULL && cl < end)
			want += strtoul(cl + 16, NULL, 10);
	}
	buf[len] = '\0';
	return len;
}

static void
serve(struct fake *f, int log, fake_fn *fn)
{
	static char request[1 << 20];
	unsigned n;
	size_t len;
	int fd;

	for (n = 0;; n++) {
		fd = accept(f->listener, NULL, NULL);
		if (fd == -1)
			_exit(1);
		len = read_request(fd, request, sizeof(request));
		if (len > 0) {
			fake_write(log, &len, sizeof(len));
			fake_write(log, request, len);
		}
		fn(fd, request, n);
		(void)close(fd);
	}
}

void
fake_start(struct fake *f, fake_fn *fn)
{
	int fds[2];

	fake_dir(f);
	listen_here(f);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	f->pid = fork();
	assert_true(f->pid != -1);
	if (f->pid == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		serve(f, fds[1], fn);
	}
	(void)close(fds[1]);
	f->log = fds[0];
}

static void
remove_tree(const char *path)
{
	struct dirent *e;
	char sub[512];
	DIR *d = opendir(path);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (unlink(sub) == -1 && (errno == EISDIR || errno == EPERM))
			remove_tree(sub);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(path);
}

void
fake_end(struct fake *f)
{
	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
	}
	if (f->listener != -1)
		(void)close(f->listener);
	f->pid = 0;
	f->listener = -1;
}

void
fake_stop(struct fake *f)
{
	fake_end(f);
	if (f->log != -1)
		(void)close(f->log);
	remove_tree(f->dir);
	assert_int_equal(access(f->dir, F_OK), -1);
}

static bool
read_all(int fd, void *p, size_t len)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	char *at = p;
	ssize_t n;

	while (len > 0) {
		if (poll(&wait, 1, DEADLINE_MS) != 1)
			return false;
		n = read(fd, at, len);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

char *
fake_request(struct fake *f)
{
	size_t len;
	char *text;

	assert_true(read_all(f->log, &len, sizeof(len)));
	text = xcalloc(1, len + 1);
	assert_true(read_all(f->log, text, len));
	return text;
}

bool
fake_silent(struct fake *f)
{
	struct pollfd wait = { f->log, POLLIN, 0 };

	return poll(&wait, 1, 0) == 0;
}

void
fake_write(int fd, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

void
fake_json(int fd, int status, const char *body)
{
	char head[256];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    status, strlen(body));
	fake_write(fd, head, (size_t)n);
	fake_write(fd, body, strlen(body));
}

static void
slurp(int fd, char *out, size_t size)
{
	ssize_t n = pread(fd, out, size - 1, 0);

	out[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

static int
redirect(int to, int *saved)
{
	char name[] = "/tmp/rdv-out-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd != -1);
	(void)unlink(name);
	*saved = dup(to);
	assert_int_equal(dup2(fd, to), to);
	return fd;
}

void
run_cmd(struct ran *r, const char *const *argv)
{
	int out, err, old_out, old_err, argc = 0;
	struct cmd_call call;
	struct cli cli;
	char why[256];

	while (argv[argc] != NULL)
		argc++;
	r->rc = cmd_parse(&call, argc, (char **)argv, why, sizeof(why));
	if (r->rc != CMD_OK) {
		r->out[0] = '\0';
		(void)snprintf(r->err, sizeof(r->err), "%s", why);
		return;
	}
	assert_int_equal(cli_init(&cli, &call, why, sizeof(why)), 0);
	call.cli = &cli;
	(void)fflush(NULL);
	out = redirect(STDOUT_FILENO, &old_out);
	err = redirect(STDERR_FILENO, &old_err);
	r->rc = call.cmd->run(&call);
	(void)fflush(NULL);
	(void)dup2(old_out, STDOUT_FILENO);
	(void)dup2(old_err, STDERR_FILENO);
	(void)close(old_out);
	(void)close(old_err);
	cli_done(&cli);
	slurp(out, r->out, sizeof(r->out));
	slurp(err, r->err, sizeof(r->err));
}
