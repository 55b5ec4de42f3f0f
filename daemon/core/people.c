/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets as [main] brings them. Invariant: a socket is served only
 * after its user has a row, and no longer than [main] says; runs of a user who
 * is served no more go on, as they would after a logout.
 */
#include "daemon/core/people.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/grant.h"
#include "daemon/core/kept.h"
#include "daemon/http/http.h"
#include "lib/ctlproto.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define TOKEN_MAX 64

struct entrance {
	TAILQ_ENTRY(entrance) link;
	uid_t uid;
	int fd; /* ours as long as it is listened to */
};

struct people_limit {
	SLIST_ENTRY(people_limit) link;
	struct ctl_limit limit;
};

struct people {
	struct app *app;
	TAILQ_HEAD(, entrance) entrances;
	SLIST_HEAD(, people_limit) limits; /* of whom there are any */
};

struct people *
people_new(struct app *app)
{
	struct people *p = xcalloc(1, sizeof(*p));

	p->app = app;
	TAILQ_INIT(&p->entrances);
	SLIST_INIT(&p->limits);
	return p;
}

static void
entrance_free(struct people *p, struct entrance *e)
{
	TAILQ_REMOVE(&p->entrances, e, link);
	(void)close(e->fd);
	free(e);
}

static struct people_limit *
find_limit(const struct people *p, uid_t uid, enum ctl_what what)
{
	struct people_limit *l;

	SLIST_FOREACH(l, &p->limits, link)
	if (l->limit.uid == uid && l->limit.what == what)
		return l;
	return NULL;
}

const struct ctl_limit *
people_limit(const struct people *p, uid_t uid, enum ctl_what what)
{
	const struct people_limit *l = find_limit(p, uid, what);

	return l != NULL ? &l->limit : NULL;
}

static void
end_limit(struct people *p, uid_t uid, enum ctl_what what)
{
	struct people_limit *l = find_limit(p, uid, what);

	if (l == NULL)
		return;
	SLIST_REMOVE(&p->limits, l, people_limit, link);
	free(l);
}

/* After the server, which watches them. */
void
people_free(struct people *p)
{
	struct people_limit *l;
	struct entrance *e;

	if (p == NULL)
		return;
	while ((e = TAILQ_FIRST(&p->entrances)) != NULL)
		entrance_free(p, e);
	while ((l = SLIST_FIRST(&p->limits)) != NULL)
		end_limit(p, l->limit.uid, l->limit.what);
	free(p);
}

static int
serve(struct people *p, const struct ctl_listen *m, int fd)
{
	int err;

	/* The proxy is nobody: the cookies behind it say who somebody is. */
	if (m->web)
		return http_server_listen(p->app->server, fd, m->uid);
	err = auth_serve(p->app->auth, m->uid, m->name, m->by_web == 1);
	if (err == 0)
		err = http_server_listen_for(p->app->server, fd, m->uid);
	return err;
}

static bool
word_listen(struct people *p, struct buf *body, struct seqpkt_fds *fds)
{
	struct ctl_listen m;
	struct entrance *e;
	int err;

	if (!ctl_get_listen(body, &m) || fds->n != 1)
		return false;
	/* A draining server takes no new listener; [main] tells the next. */
	err = p->app->draining ? -ESHUTDOWN : serve(p, &m, fds->fd[0]);
	if (err != 0) {
		log_errorx("people", "cannot serve user=%s uid=%u: %s", m.name,
		    m.uid, err < 0 ? strerror(-err) : err_name(err));
		return true;
	}
	e = xcalloc(1, sizeof(*e));
	e->uid = m.uid;
	e->fd = fds->fd[0];
	fds->n = 0;
	TAILQ_INSERT_TAIL(&p->entrances, e, link);
	if (m.kind == CTL_API)
		log_info("people", "serving user=%s uid=%u", m.name, m.uid);
	return true;
}

static bool
word_unlisten(struct people *p, struct buf *body, const struct seqpkt_fds *fds)
{
	struct entrance *e, *next;
	struct ctl_unlisten m;

	if (!ctl_get_unlisten(body, &m) || fds->n != 0)
		return false;
	log_info("people", "no longer serving uid=%u", m.uid);
	auth_serve_no_more(p->app->auth, m.uid);
	/* The helper has ended it, or is about to. */
	grant_forget(p->app->grants, m.uid);
	http_server_unlisten(p->app->server, m.uid);
	TAILQ_FOREACH_SAFE (e, &p->entrances, link, next)
		if (e->uid == m.uid)
			entrance_free(p, e);
	/* Who comes back is told of again, but of limits that there are. */
	for (int i = 0; i < CTL_WHATS; i++)
		end_limit(p, m.uid, (enum ctl_what)i);
	return true;
}

static bool
word_output(struct people *p, struct buf *body, const struct seqpkt_fds *fds)
{
	struct ctl_output m;

	if (!ctl_get_output(body, &m) || fds->n != 0)
		return false;
	kept_allow(p->app->runs, m.uid, m.bytes);
	return true;
}

static const char *const limits[CTL_WHATS] = {
	[CTL_WORKTREES] = "worktrees",
	[CTL_TRANSFER] = "transfer",
};

static bool
word_limit(struct people *p, struct buf *body, const struct seqpkt_fds *fds)
{
	struct people_limit *l;
	struct ctl_limit m;

	if (!ctl_get_limit(body, &m) || fds->n != 0)
		return false;
	end_limit(p, m.uid, (enum ctl_what)m.what);
	log_info("people", "limit uid=%u %s mb=%" PRIu64 " by %s", m.uid,
	    limits[m.what], m.mb, m.mb > 0 ? m.by : "nothing");
	if (m.mb == 0)
		return true;
	l = xcalloc(1, sizeof(*l));
	l->limit = m;
	SLIST_INSERT_HEAD(&p->limits, l, link);
	return true;
}

/* The file is root's; we have it open and cannot find it. */
static bool
word_service(struct people *p, struct buf *body, const struct seqpkt_fds *fds)
{
	struct ctl_service m;
	char text[TOKEN_MAX];
	ssize_t n;
	bool ok;

	if (!ctl_get_service(body, &m) || fds->n != 1)
		return false;
	n = pread(fds->fd[0], text, sizeof(text), 0);
	ok = n > 0 &&
	     auth_service(p->app->auth, text, (size_t)n, m.previous, m.until);
	secret_wipe(text, sizeof(text));
	if (!ok)
		log_errorx("people",
		    "the service token is none: nobody can come through nginx");
	return true;
}

bool
people_word(struct people *p, char what, struct buf *body,
    struct seqpkt_fds *fds)
{
	if (what == CTL_LISTEN)
		return word_listen(p, body, fds);
	if (what == CTL_UNLISTEN)
		return word_unlisten(p, body, fds);
	if (what == CTL_OUTPUT)
		return word_output(p, body, fds);
	if (what == CTL_LIMIT)
		return word_limit(p, body, fds);
	return what == CTL_SERVICE && word_service(p, body, fds);
}
