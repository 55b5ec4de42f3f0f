/* SPDX-License-Identifier: MIT */
/*
 * Everything about nginx except when to start it again. Its configuration has
 * relative paths only, so no path ever needs quoting; of the settings, hosts
 * are written into it, which have no byte that means anything there (A04).
 */
#include "cli/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/allowed.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "cli/proc.h"
#include "cli/settings.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PORT_FILE    "web-port"
#define PORT_DEFAULT 7717
/* nginx's own; while it starts again this many callers wait. */
#define BACKLOG	     511
#define TEMPLATE_MAX 65536
#define TOKEN_LEN    44 /* base64 of 32 bytes */
#define BASE64 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

struct sentence {
	char *why;
	size_t size;
};

static int
say(const struct sentence *s, int err, const char *what, const char *detail)
{
	(void)snprintf(s->why, s->size, "%s: %s", what, detail);
	return err;
}

static int
listen_on(unsigned port, int *out)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, one = 1, err;

	/* nginx leaves an inherited socket as it is: it must not block. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -errno;
	/* Connections of the last run in TIME_WAIT would keep the port busy. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in sin = { .sin_port = 0 };
	socklen_t len = sizeof(sin);

	if (getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		return 0;
	return ntohs(sin.sin_port);
}

/* A bookmark keeps working when the port of last time is free. */
static unsigned
remembered(int server_dir)
{
	uint64_t port = 0;
	size_t len;
	char *text;

	if (path_read_private(server_dir, PORT_FILE, 16, &text, &len) != 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	(void)str_to_u64(text, 1, 65535, &port);
	free(text);
	return (unsigned)port;
}

/*
 * A port that was asked for is taken or refused; without a wish any will do,
 * the familiar ones first.
 */
int
front_listen(int server_dir, unsigned want, int *fd, unsigned *port, char *why,
    size_t whysize)
{
	struct sentence s = { why, whysize };
	unsigned tries[] = { want, PORT_DEFAULT, 0 };
	char name[32];
	size_t i;
	int rc = 0;

	if (want == 0)
		tries[0] = remembered(server_dir);
	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (i == 0 && tries[0] == 0)
			continue;
		rc = listen_on(tries[i], fd);
		if (rc == 0)
			break;
		if (want != 0) {
			(void)snprintf(name, sizeof(name), "127.0.0.1:%u",
			    want);
			return say(&s, RDV_E_BUSY, name, strerror(-rc));
		}
	}
	if (rc != 0)
		return say(&s, rc, "127.0.0.1", strerror(-rc));
	*port = port_of(*fd);
	return 0;
}

void
front_remember(int server_dir, unsigned port)
{
	char text[16];
	int n;

	if (remembered(server_dir) == port)
		return;
	n = snprintf(text, sizeof(text), "%u\n", port);
	/* Only a wish for next time: without it another port is found. */
	(void)path_write_private(server_dir, PORT_FILE, text, (size_t)n);
}

/* What the placeholders of the template stand for. */
struct front_words {
	unsigned port;
	struct allowed allowed;
};

static void
put_port(struct buf *out, const struct front_words *w)
{
	buf_printf(out, "%u", w->port);
}

/* The sockets are root's then; others cannot. */
static void
put_user(struct buf *out, const struct front_words *w)
{
	(void)w;
	if (geteuid() == 0)
		buf_put_text(out, "user root;");
}

static void
put_hosts(struct buf *out, const struct front_words *w)
{
	allowed_put_hosts(&w->allowed, out);
}

static void
put_origins(struct buf *out, const struct front_words *w)
{
	allowed_put_origins(&w->allowed, out);
}

static void
put_names(struct buf *out, const struct front_words *w)
{
	allowed_put_names(&w->allowed, out);
}

static const struct {
	const char *name;
	void (*put)(struct buf *out, const struct front_words *w);
} words[] = {
	{ "@PORT@", put_port },
	{ "@USER@", put_user },
	{ "@HOSTS@", put_hosts },
	{ "@ORIGINS@", put_origins },
	{ "@NAMES@", put_names },
};

/* Replaces each @NAME@ that we know. */
static void
put_rendered(struct buf *out, const char *text, const struct front_words *w)
{
	const size_t n = sizeof(words) / sizeof(words[0]);
	const char *at;
	size_t i;

	while ((at = strchr(text, '@')) != NULL) {
		buf_put(out, text, (size_t)(at - text));
		for (i = 0; i < n && !str_starts(at, words[i].name); i++)
			;
		if (i < n)
			words[i].put(out, w);
		else
			buf_put_u8(out, '@');
		text = at + (i < n ? strlen(words[i].name) : 1);
	}
	buf_put_text(out, text);
}

/* Bounded: it is our own file, but it may have been damaged. */
static int
read_template(const char *share, struct buf *out)
{
	char path[4096], piece[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/proxy-conf/rdv.conf.in", share);
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(out, piece, n);
	(void)fclose(f);
	(void)buf_cstr(out);
	return buf_ok(out) && out->len > 0 ? 0 : -EIO;
}

/* Writing costs two syncs of the disk: an unchanged file is left alone. */
static int
write_changed(int dir, const char *name, const struct buf *b)
{
	size_t len;
	char *old;
	bool same;

	if (path_read_private(dir, name, b->len, &old, &len) == 0) {
		same = len == b->len && memcmp(old, b->data, len) == 0;
		secret_free(old, len);
		if (same)
			return 0;
	}
	return path_write_private(dir, name, b->data, b->len);
}

/* The directory of a file that lies where the user wants it, or -errno. */
static int
open_above(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *above;
	int dir, err;

	if (slash == NULL)
		return -EINVAL;
	*name = slash + 1;
	above = xstrndup(path, (size_t)(slash - path) + 1);
	dir = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = errno;
	free(above);
	return dir == -1 ? -err : dir;
}

/*
 * Nothing else is passed on, to nginx or to rdvd: the path is a setting, and
 * whoever can change those must not learn other files of ours by it.
 */
static bool
is_token(const char *text)
{
	return strspn(text, BASE64) == TOKEN_LEN &&
	       text[TOKEN_LEN + strspn(text + TOKEN_LEN, " \r\n")] == '\0';
}

/* The only file with a secret in it: in a 0700 directory, 0600, renamed in. */
static int
write_token(const char *path, int dir)
{
	struct buf b;
	size_t len;
	const char *name = "";
	char *token;
	int above, rc;

	above = open_above(path, &name);
	if (above < 0)
		return above;
	rc = path_read_private(above, name, 256, &token, &len);
	(void)close(above);
	if (rc != 0)
		return rc;
	if (!is_token(token)) {
		secret_free(token, len);
		return RDV_E_MALFORMED;
	}
	buf_init_secret(&b, 1024);
	/* Cut at whatever nginx would read as more than text. */
	buf_printf(&b, "proxy_set_header X-RDV-Service-Token \"%.*s\";\n",
	    TOKEN_LEN, token);
	secret_free(token, len);
	rc = write_changed(dir, "service-token.conf", &b);
	buf_done(&b);
	return rc;
}

/* A link that is right already, or nothing or an old link in its place. */
static int
link_to(int dir, const char *name, const char *share, const char *below)
{
	char target[4096], old[4096];
	ssize_t n;

	(void)snprintf(target, sizeof(target), "%s/%s", share, below);
	n = readlinkat(dir, name, old, sizeof(old) - 1);
	old[n > 0 ? n : 0] = '\0';
	if (strcmp(old, target) == 0)
		return 0;
	if (n > 0 && unlinkat(dir, name, 0) == -1)
		return -errno;
	return symlinkat(target, dir, name) == -1 ? -errno : 0;
}

static int
render_into(const struct cli *cli, int dir, const struct front_words *w,
    const char *token_file)
{
	struct buf text, out;
	int rc;

	buf_init(&text, TEMPLATE_MAX);
	buf_init(&out, TEMPLATE_MAX * 2 + allowed_room(&w->allowed));
	rc = read_template(cli->share_dir, &text);
	if (rc == 0) {
		put_rendered(&out, buf_cstr(&text), w);
		rc = write_changed(dir, "nginx.conf", &out);
	}
	if (rc == 0)
		rc = link_to(dir, "web", cli->share_dir, "web");
	if (rc == 0)
		rc = link_to(dir, "snippets", cli->share_dir,
		    "proxy-conf/snippets");
	if (rc == 0)
		rc = write_token(token_file, dir);
	buf_done(&out);
	buf_done(&text);
	return rc;
}

static int
render_below(const struct cli *cli, int server_dir, const struct front_words *w,
    const char *token_file, const struct sentence *s)
{
	int dir, tmp, rc;

	dir = path_private_dir(server_dir, "nginx");
	if (dir < 0)
		return say(s, dir, "server/nginx", strerror(-dir));
	tmp = path_private_dir(dir, "tmp");
	if (tmp >= 0)
		(void)close(tmp);
	rc = tmp < 0 ? tmp : render_into(cli, dir, w, token_file);
	(void)close(dir);
	if (rc == RDV_E_MALFORMED)
		return say(s, rc, token_file, "is no service token");
	if (rc < 0)
		return say(s, rc, "cannot write nginx's configuration",
		    strerror(-rc));
	if (rc > 0)
		return say(s, rc, "server/nginx",
		    "a file there is not private to you");
	return 0;
}

int
front_render(const struct cli *cli, int server_dir, unsigned port,
    const struct js *settings, char *why, size_t whysize)
{
	struct sentence s = { why, whysize };
	struct front_words w = { .port = port };
	char *token = settings_path(settings, "auth.service_token_file");
	int rc;

	if (allowed_take(&w.allowed,
		settings_value(settings, "auth.allowed_hosts")))
		rc = render_below(cli, server_dir, &w, token, &s);
	else
		rc = say(&s, RDV_E_INVALID, "auth.allowed_hosts",
		    "not all of them are hosts");
	allowed_done(&w.allowed);
	free(token);
	return rc;
}

/*
 * nginx reads NGINX as it does when it replaces itself: descriptors that listen
 * already. Its environment is otherwise empty, and -e keeps it from the log
 * file it was built with, which an ordinary account may not open.
 */
int
front_start(const struct cli *cli, int listener, pid_t *pid, char *why,
    size_t whysize)
{
	struct sentence s = { why, whysize };
	const char *argv[] = { "nginx", "-e", "stderr", "-p", "./", "-c",
		"nginx.conf", NULL };
	char nginx[4096], env[32];
	const char *envp[] = { env, "LC_ALL=C", NULL };
	char *dir = xasprintf("%s/server/nginx", cli->base);
	struct proc_spec spec = { .path = nginx,
		.argv = argv,
		.envp = envp,
		.cwd = dir,
		.keep = { listener, -1 } };
	int rc = 0;

	(void)snprintf(env, sizeof(env), "NGINX=%d;", listener);
	if (!proc_find("nginx", nginx, sizeof(nginx)))
		rc = say(&s, RDV_E_SPAWN, "nginx is not installed",
		    "apt-get install nginx-light, or rdv up --no-web");
	else if ((rc = proc_spawn(&spec, pid)) != 0)
		rc = say(&s, RDV_E_SPAWN, nginx, strerror(-rc));
	free(dir);
	return rc;
}

struct front_probe {
	int fd;
	struct http *http;
};

struct front_probe *
front_probe_new(unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct front_probe *p;
	char request[128];
	int fd, n;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return NULL;
	/* By address: rdvd answers to this Host whatever else is allowed. */
	n = snprintf(request, sizeof(request),
	    "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
	    "Connection: close\r\n\r\n",
	    port);
	/* Our own backlog takes both at once: nothing here waits for nginx. */
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    send(fd, request, (size_t)n, MSG_NOSIGNAL) != n) {
		(void)close(fd);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->fd = fd;
	p->http = http_new(NULL, NULL);
	return p;
}

int
front_probe_fd(const struct front_probe *p)
{
	return p->fd;
}

int
front_probe_read(struct front_probe *p)
{
	char piece[4096];
	size_t used;
	ssize_t n;
	int rc;

	n = recv(p->fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	rc = http_feed(p->http, piece, n > 0 ? (size_t)n : 0, &used);
	if (rc == 0)
		return 0;
	return rc == RDV_E_EXISTS ? http_status(p->http) : -EPROTO;
}

void
front_probe_free(struct front_probe *p)
{
	if (p == NULL)
		return;
	http_free(p->http);
	(void)close(p->fd);
	free(p);
}
