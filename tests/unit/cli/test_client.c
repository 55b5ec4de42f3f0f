/* SPDX-License-Identifier: MIT */
/*
 * Requests against a server that answers, hesitates, breaks off or lies; and
 * before any of it, whether it may be talked to at all (abuse L12: each refusal
 * beside the case that passes).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/sock.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

static struct fake fake;
static struct client_reply reply;
static char why[512];

static int
teardown(void **state)
{
	(void)state;
	client_reply_done(&reply);
	fake_stop(&fake);
	return 0;
}

static int
ask(const char *method, const char *body, int64_t timeout_ms)
{
	static char token[] = "rdv_secret";
	struct client_request rq = { .socket = fake.sock,
		.token = token,
		.method = method,
		.target = "/api/x?y=1",
		.body = body,
		.timeout_ms = timeout_ms };

	client_reply_done(&reply);
	return client_do(&rq, &reply, why, sizeof(why));
}

static void
ok_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fake_json(fd, 200, "{\"a\":1}");
}

static void
a_request_is_complete(void **state)
{
	char *rq;

	(void)state;
	fake_start(&fake, ok_fn);
	assert_int_equal(ask("GET", NULL, 20000), 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(buf_cstr(&reply.body), "{\"a\":1}");
	rq = fake_request(&fake);
	assert_ptr_equal(strstr(rq, "GET /api/x?y=1 HTTP/1.1\r\nHost: rdv\r\n"),
	    rq);
	assert_non_null(strstr(rq, "\r\nAuthorization: Bearer rdv_secret\r\n"));
	assert_null(strstr(rq, "Content-Length"));
	assert_null(strstr(rq, "Idempotency-Key"));
	free(rq);
	assert_int_equal(ask("POST", "{\"b\":2}", 20000), 0);
	rq = fake_request(&fake);
	assert_non_null(strstr(rq, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(rq, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(rq, "\r\nIdempotency-Key: "));
	assert_string_equal(strstr(rq, "\r\n\r\n"), "\r\n\r\n{\"b\":2}");
	free(rq);
}

/* The first connection breaks as it does when rdvd is killed. */
static void
break_once_fn(int fd, const char *request, unsigned n)
{
	if (n > 0)
		ok_fn(fd, request, n);
}

static void
key_of(char out[64], const char *request)
{
	const char *key = strstr(request, "Idempotency-Key: ");

	assert_non_null(key);
	(void)snprintf(out, 64, "%.*s", (int)strcspn(key, "\r"), key);
}

static void
a_broken_request_is_repeated(void **state)
{
	char first[64], second[64], *rq;

	(void)state;
	fake_start(&fake, break_once_fn);
	assert_int_equal(ask("POST", "{}", 20000), 0);
	assert_int_equal(reply.status, 200);
	rq = fake_request(&fake);
	key_of(first, rq);
	free(rq);
	rq = fake_request(&fake);
	key_of(second, rq);
	free(rq);
	assert_string_equal(first, second);
}

static void
what_may_act_twice_is_not(void **state)
{
	(void)state;
	fake_start(&fake, break_once_fn);
	assert_int_equal(ask("DELETE", NULL, 20000), RDV_E_MALFORMED);
	free(fake_request(&fake));
	assert_true(fake_silent(&fake));
	/* The server was able to answer: this one is the second. */
	assert_int_equal(ask("DELETE", NULL, 20000), 0);
}

static void
half_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fake_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", 43);
}

static void
half_an_answer_is_none(void **state)
{
	(void)state;
	fake_start(&fake, half_fn);
	assert_int_equal(ask("GET", NULL, 20000), RDV_E_MALFORMED);
	free(fake_request(&fake));
	/* An answer had begun: what it would have done may be done. */
	assert_true(fake_silent(&fake));
}

static void
silent_fn(int fd, const char *request, unsigned n)
{
	char byte;

	(void)request;
	(void)n;
	(void)!read(fd, &byte, 1);
}

static void
silence_has_a_deadline(void **state)
{
	int64_t start = clock_mono_ms();

	(void)state;
	fake_start(&fake, silent_fn);
	assert_int_equal(ask("GET", NULL, 50), RDV_E_TIMEOUT);
	assert_true(clock_mono_ms() - start >= 50);
	assert_non_null(strstr(why, "in time"));
}

static bool
count_cb(const char *p, size_t len, void *arg)
{
	(void)p;
	*(size_t *)arg += len;
	return *(size_t *)arg < 4;
}

static void
abuse_N08_a_sink_takes_200_only(void **state)
{
	size_t seen = 0;
	char token[] = "t";
	struct client_request rq = { .socket = fake.sock,
		.token = token,
		.method = "GET",
		.target = "/",
		.timeout_ms = 20000,
		.sink = count_cb,
		.arg = &seen };

	(void)state;
	fake_start(&fake, ok_fn);
	assert_int_equal(client_do(&rq, &reply, why, sizeof(why)), 0);
	assert_true(reply.stopped);
	assert_true(seen >= 4);
	assert_int_equal(reply.body.len, 0);
	assert_int_equal(token[0], '\0');
}

static int
open_path(const char *path)
{
	int fd = -1, rc;

	rc = sock_open(&fd, path, 5000, NULL, why, sizeof(why));
	if (rc == 0)
		(void)close(fd);
	return rc;
}

static void
only_our_private_socket(void **state)
{
	char link[128];
	pid_t pid = 0;
	int fd;

	(void)state;
	fake_start(&fake, ok_fn);
	assert_int_equal(open_path(fake.sock), 0);
	assert_int_equal(chmod(fake.sock, 0660), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_DENIED);
	assert_int_equal(chmod(fake.sock, 0600), 0);
	assert_int_equal(chmod(fake.dir, 0755), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_DENIED);
	assert_int_equal(ask("GET", NULL, 20000), RDV_E_DENIED);
	assert_int_equal(chmod(fake.dir, 0700), 0);
	(void)snprintf(link, sizeof(link), "%s/link.sock", fake.dir);
	assert_int_equal(symlink(fake.sock, link), 0);
	assert_int_equal(open_path(link), RDV_E_DENIED);
	(void)snprintf(link, sizeof(link), "%s/cli-token", fake.dir);
	assert_int_equal(open_path(link), RDV_E_DENIED);
	/* In none of these was a single byte sent. */
	assert_true(fake_silent(&fake));
	assert_int_equal(sock_open(&fd, fake.sock, 5000, &pid, why,
			     sizeof(why)),
	    0);
	(void)close(fd);
	/* The process that called listen(), not the one that accepts. */
	assert_int_equal(pid, getpid());
}

/* Another user's directory: made by chown as root, at hand otherwise. */
static void
a_stranger_is_refused(void **state)
{
	(void)state;
	fake_start(&fake, ok_fn);
	assert_int_equal(open_path(fake.sock), 0);
	if (geteuid() != 0) {
		assert_int_equal(open_path("/none.sock"), RDV_E_DENIED);
		assert_non_null(strstr(why, "another user"));
		return;
	}
	assert_int_equal(chown(fake.sock, 12345, 12345), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_DENIED);
	assert_int_equal(chown(fake.sock, 0, 0), 0);
	/* The socket is ours, but whoever listens there now is not. */
	assert_int_equal(seteuid(12345), 0);
	assert_int_equal(listen(fake.listener, 16), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_DENIED);
	assert_non_null(strstr(why, "process listens"));
	assert_int_equal(listen(fake.listener, 16), 0);
	assert_int_equal(open_path(fake.sock), 0);
	assert_int_equal(chown(fake.dir, 12345, 12345), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_DENIED);
	assert_int_equal(chown(fake.dir, 0, 0), 0);
}

static void
nobody_there(void **state)
{
	char path[128];

	(void)state;
	fake_start(&fake, ok_fn);
	(void)snprintf(path, sizeof(path), "%s/none.sock", fake.dir);
	assert_int_equal(open_path(path), RDV_E_UNAVAILABLE);
	assert_int_equal(open_path("/nowhere/at/all.sock"), RDV_E_UNAVAILABLE);
	assert_int_equal(open_path(fake.sock), 0);
	/* A socket left behind by a server that is gone. */
	fake_end(&fake);
	assert_int_equal(access(fake.sock, F_OK), 0);
	assert_int_equal(open_path(fake.sock), RDV_E_UNAVAILABLE);
}

static void
a_token_file_is_private(void **state)
{
	char path[128], *token = NULL;

	(void)state;
	fake_dir(&fake);
	(void)snprintf(path, sizeof(path), "%s/cli-token", fake.dir);
	assert_int_equal(sock_token(&token, fake.dir, "cli-token", why,
			     sizeof(why)),
	    0);
	assert_string_equal(token, "rdv_test-token");
	free(token);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(sock_token(&token, fake.dir, "cli-token", why,
			     sizeof(why)),
	    RDV_E_DENIED);
	assert_null(strstr(why, "rdv_test"));
	assert_int_equal(sock_token(&token, fake.dir, "none", why, sizeof(why)),
	    RDV_E_UNAVAILABLE);
}

/* A token with a line break in it would be a header of its own. */
static void
a_token_is_one_word(void **state)
{
	static const char *const bad[] = { "", "\n", "a b\n", "a\tb", "\x01" };
	char path[128], *token = NULL;
	size_t i;
	int fd;

	(void)state;
	fake_dir(&fake);
	(void)snprintf(path, sizeof(path), "%s/bad", fake.dir);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, bad[i], strlen(bad[i])),
		    (int)strlen(bad[i]));
		(void)close(fd);
		assert_int_not_equal(sock_token(&token, fake.dir, "bad", why,
					 sizeof(why)),
		    0);
	}
}

static void
a_long_path_works(void **state)
{
	char dir[256], path[320], old[96];
	size_t i;

	(void)state;
	fake_start(&fake, ok_fn);
	(void)snprintf(dir, sizeof(dir), "%s/%0150d", fake.dir, 1);
	assert_int_equal(mkdir(dir, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/api.sock", dir);
	assert_true(strlen(path) > 108);
	(void)snprintf(old, sizeof(old), "%s", fake.sock);
	assert_int_equal(rename(old, path), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(open_path(path), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_is_complete),
		T(a_broken_request_is_repeated),
		T(what_may_act_twice_is_not),
		T(half_an_answer_is_none),
		T(silence_has_a_deadline),
		T(abuse_N08_a_sink_takes_200_only),
		T(only_our_private_socket),
		T(a_stranger_is_refused),
		T(nobody_there),
		T(a_token_file_is_private),
		T(a_token_is_one_word),
		T(a_long_path_works),
	};

	return CHECK_RUN("client", tests);
}
