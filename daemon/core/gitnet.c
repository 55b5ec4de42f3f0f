/* SPDX-License-Identifier: MIT */
/*
 * What a git with a network is told before its own words. Invariant: what a
 * server, a repository or an account's settings say never adds a program, a
 * credential or another transport to it.
 */
#include "daemon/core/gitnet.h"

#include "daemon/core/gitpins.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/log.h"

#define SAID_MAX (CLONE_SAID_MAX * (6 * CLONE_TEXT_MAX + 3) + 2)

/*
 * The account's and the system's configuration are not read: neither their
 * rewriting of URLs nor their filters, helpers and templates take part. Nobody
 * is there to be asked.
 */
static const char *const environment[] = {
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_ASKPASS=/bin/false",
	"SSH_ASKPASS=/bin/false",
	"GIT_LFS_SKIP_SMUDGE=1",
	"LC_ALL=C.UTF-8",
	/*
	 * An unknown host is refused: nobody has looked at its key. What is
	 * forwarded or kept open by the account's ssh_config is not, here.
	 */
	("GIT_SSH_COMMAND=ssh -oBatchMode=yes -oStrictHostKeyChecking=yes "
	 "-oConnectTimeout=30 -oServerAliveInterval=15 -oForwardAgent=no "
	 "-oForwardX11=no -oClearAllForwardings=yes -oPermitLocalCommand=no "
	 "-oControlMaster=no -oControlPath=none"),
	NULL,
};

/*
 * Beside gitpins.h. Objects are checked as they come. Where a server leads on
 * to is another URL than the one that was judged.
 */
static const char *const pins[] = {
	"transfer.fsckObjects=true",
	"transfer.bundleURI=false",
	"http.followRedirects=false",
	"http.lowSpeedLimit=1",
	"http.lowSpeedTime=120",
	"core.fsync=all",
	"advice.detachedHead=false",
	NULL,
};

void
gitnet_add(struct gitnet *g, const char *word, const char *value)
{
	if (g->n + 2 >= GITNET_WORDS)
		fatal("gitnet", "argv is too short");
	g->argv[g->n++] = word;
	if (value != NULL)
		g->argv[g->n++] = value;
	g->argv[g->n] = NULL;
}

static void
add_pins(struct gitnet *g, const char *const *list)
{
	for (; *list != NULL; list++)
		gitnet_add(g, "-c", *list);
}

void
gitnet_begin(struct gitnet *g, struct arena *a, enum clone_way way,
    const char *const *more)
{
	g->n = 0;
	gitnet_add(g, "env", NULL);
	for (size_t i = 0; environment[i] != NULL; i++)
		gitnet_add(g, environment[i], NULL);
	for (; more != NULL && *more != NULL; more++)
		gitnet_add(g, *more, NULL);
	gitnet_add(g,
	    arena_printf(a, "GIT_ALLOW_PROTOCOL=%s", clone_ways[way].protocol),
	    "git");
	add_pins(g, git_pins);
	add_pins(g, pins);
}

const char *
gitnet_said(struct arena *a, const struct clone_talk *t)
{
	struct js *list = js_array();
	const char *line, *text;
	struct buf b;

	for (size_t i = 0; (line = clone_said(t, i)) != NULL; i++)
		js_push_str(list, line);
	buf_init(&b, SAID_MAX);
	js_finish(list, &b);
	text = buf_ok(&b) ? arena_strdup(a, buf_cstr(&b)) : NULL;
	buf_done(&b);
	return text;
}

static void
add_count(struct js *o, const char *key, int64_t n)
{
	if (n < 0)
		js_add_str(o, key, NULL);
	else
		js_add_int(o, key, n);
}

struct js *
gitnet_progress(const struct clone_progress *p)
{
	struct js *o = js_object();

	js_add_str(o, "phase", p->phase != NULL ? p->phase : "connecting");
	add_count(o, "done", p->done);
	add_count(o, "total", p->total);
	add_count(o, "percent", p->percent);
	add_count(o, "bytes", p->bytes);
	add_count(o, "bytes_per_second", p->rate);
	return o;
}
