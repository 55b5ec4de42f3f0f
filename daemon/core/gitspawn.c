/* SPDX-License-Identifier: MIT */
/*
 * What the helper is asked for when a command is to run: in which profile, by
 * which name, and what it is given. Invariant: a git has the pins before every
 * word of a caller's.
 */
#include "daemon/core/gitspawn.h"

#include "daemon/core/git.h"
#include "daemon/core/gitpins.h"
#include "lib/gitproto.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static void
add_configs(struct priv_spawn *s, const char *const *configs)
{
	for (; configs != NULL && *configs != NULL; configs++) {
		s->argv[s->argc++] = xstrdup("-c");
		s->argv[s->argc++] = xstrdup(*configs);
	}
}

static char **
copies(const char *const *list, unsigned *n)
{
	char **out = xcalloc(count(list) + 1, sizeof(char *));

	for (; list != NULL && *list != NULL; list++)
		out[(*n)++] = xstrdup(*list);
	return out;
}

static const struct {
	const char *profile, *program;
} as[] = {
	[GIT_AS_GIT] = { "git", "git" },
	[GIT_AS_WORKER] = { "git", GITPROTO_PROGRAM },
	[GIT_AS_HOST] = { "login", NULL },
	[GIT_AS_PUSH] = { "push", "rdv-push" },
};

void
gitspawn_fill(struct priv_spawn *s, const struct git_call *call)
{
	size_t n = 2 + 2 * count(git_pins) + 2 * count(call->configs) +
		   count(call->argv);

	(void)str_copy(s->profile, as[call->as].profile, sizeof(s->profile));
	(void)str_copy(s->label, "git", sizeof(s->label));
	s->io = PRIV_IO_PIPES;
	s->cwd = xstrdup(call->dir);
	s->argv = xcalloc(n, sizeof(char *));
	if (as[call->as].program != NULL)
		s->argv[s->argc++] = xstrdup(as[call->as].program);
	if (call->as == GIT_AS_GIT) {
		add_configs(s, git_pins);
		add_configs(s, call->configs);
	}
	for (const char *const *p = call->argv; *p != NULL; p++)
		s->argv[s->argc++] = xstrdup(*p);
	s->paths = copies(call->paths, &s->pathc);
	s->hosts = copies(call->hosts, &s->hostc);
	if (s->hostc > 0)
		s->net = PRIV_NET_LIST;
}
